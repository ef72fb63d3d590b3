"""What the board makes of a client's hooks: beat, fence, remind, hand back (DESIGN §6).

Each event is judged by a read first; most need no more. `look` answers, or says that something has to be written: then
`act` does both in one transaction. Hooks speak for a session's runs without taking them over (DESIGN §5).
"""

from collections.abc import Sequence
from typing import NamedTuple

from kanban_mcp.domain import hooks
from kanban_mcp.domain.clock import age
from kanban_mcp.domain.hooks import HookEvent
from kanban_mcp.domain.ids import RunId
from kanban_mcp.domain.states import Kind
from kanban_mcp.domain.tasks import Run
from kanban_mcp.domain.texts import shorten
from kanban_mcp.service import fence
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.holding import extend, is_beat_due, why_closed
from kanban_mcp.service.records import run_from, task_of, worker_id
from kanban_mcp.store.base import Row, Tx

MESSAGES_SHOWN = 5
MESSAGE_LIMIT = 500  # characters of each


class Reaction(NamedTuple):
    """What a hook answers: a reason to deny the tool call, a reason to go on instead of stopping, and text."""

    deny: str = ""
    block: str = ""
    context: str = ""


class Seen(NamedTuple):
    """The outcome of `look`: the answer so far, and whether `act` is needed for the whole of it."""

    reaction: Reaction = Reaction()
    must_act: bool = False


def look(tx: Tx, call: Call, event: HookEvent) -> Seen:
    """Answer an event as far as reading goes."""
    if event.name == hooks.PRE_TOOL:
        lost = fence.loss(tx, call) if event.changes_something else None
        return Seen(must_act=lost is not None)
    if event.name in hooks.BEATS:
        return Seen(Reaction(context=_news(tx, call)), bool(_due(tx, call)))
    if event.name == hooks.STOP:
        return Seen(must_act=bool(_to_remind(tx, call, event)))
    if event.name == hooks.AGENT_STOP:
        return Seen(must_act=bool(_own_runs(tx, call)))
    return Seen()


def act(tx: Tx, call: Call, event: HookEvent) -> Reaction:
    """Do what an event asks for, judged afresh: it may have changed since `look`."""
    if event.name == hooks.PRE_TOOL:
        return _deny(tx, call)
    if event.name in hooks.BEATS:
        return Reaction(context=_beat(tx, call))
    if event.name == hooks.STOP:
        return _remind(tx, call, _to_remind(tx, call, event))
    if event.name == hooks.AGENT_STOP:
        return _end_agent(tx, call, event)
    return Reaction()


# Before a tool call -----------------------------------------------------------------------------------------


def _deny(tx: Tx, call: Call) -> Reaction:
    lost = fence.loss(tx, call)
    if lost is None:
        return Reaction()
    fence.fence(tx, call, lost)
    why = why_closed(tx, call, lost, "")
    call.session.told.discard(lost.id)  # a model may overlook why a call was denied: the board tells it once more
    return Reaction(deny=f"{why} Editing and running are denied until you call kanban_show.")


# After a tool call: alive, and what came in -----------------------------------------------------------------


def _speaking(tx: Tx, call: Call) -> list[Run]:
    """Return the open runs that the session is alive for: the caller's, and its session's when a sub-agent calls.

    While a sub-agent works, the agent that waits for it makes no call by which its own lease could live.
    """
    keys = dict.fromkeys((call.caller.key, call.caller.root))
    ids = [found for key in keys if (found := tx.value("worker_by_key", key=key)) is not None]
    return [run_from(row) for worker in ids for row in tx.all("open_runs_of_worker", worker_id=worker)]


def _due(tx: Tx, call: Call) -> list[Run]:
    """Return the runs whose lease has lost a tenth, and those whose messages were handed over by an earlier call."""
    return [run for run in _speaking(tx, call) if is_beat_due(call, run) or _given(call, run) > run.seen_message]


def _given(call: Call, run: Run) -> int:
    return call.session.given.get(run.id, 0)


def _beat(tx: Tx, call: Call) -> str:
    for run in _due(tx, call):
        extend(tx, call, run)
        if _given(call, run) > run.seen_message:
            tx.run("set_seen_message", id=run.id, seen=_given(call, run))
    return _news(tx, call)


def _news(tx: Tx, call: Call) -> str:
    """Return what others wrote to the held tasks since they were last told.

    It counts as given only when the next hook of this session calls: an answer that got lost is said again.
    """
    return "\n".join(filter(None, (_news_of(tx, call, run) for run in _speaking(tx, call))))


def _news_of(tx: Tx, call: Call, run: Run) -> str:
    after = max(run.seen_message, _given(call, run))
    rows = tx.all("unseen_messages", task_id=run.task_id, after=after, worker_id=run.worker_id)
    if not rows:
        return ""
    call.session.handing[run.id] = rows[-1]["id"]
    task = task_of(tx, run.task_id)
    said = [_message(call, row) for row in rows[-MESSAGES_SHOWN:]]
    return "\n".join([f"New on {task.name}, which you hold; read it, then go on (whole in kanban_show):", *said])


def _message(call: Call, row: Row) -> str:
    about = f', on "{shorten(row["re"], 100)}"' if row["re"] else ""
    when = age(row["at_ms"], call.now.wall_ms)
    return f"- {row['kind']} from {row['author']}, {when} ago{about}: {shorten(row['body'], MESSAGE_LIMIT)}"


def given(tx: Tx, call: Call, handed: dict[RunId, int]) -> None:
    """Note which messages have been printed, by run, for a hook that ends with its answer."""
    for run, message in handed.items():
        tx.run("set_seen_message", id=run, seen=message)


# The end of a turn ------------------------------------------------------------------------------------------


def _to_remind(tx: Tx, call: Call, event: HookEvent) -> list[Run]:
    """Return the runs that a turn ends without, to be said once each.

    Not while a person decides (the wait is what it should do), nor while something of the session still works.
    """
    mine = worker_id(tx, call)
    if mine is None or event.is_repeat or event.is_busy or _agents_at_work(tx, call, mine):
        return []
    held = [run_from(row) for row in tx.all("open_runs_of_worker", worker_id=mine)]
    return [run for run in held if _is_worked_on(tx, run) and not _was_reminded(tx, run)]


def _agents_at_work(tx: Tx, call: Call, mine: int) -> bool:
    rows = tx.all("open_runs_of_family", root=call.caller.root)
    return any(row["worker_id"] != mine and not call.is_gone(run_from(row).process) for row in rows)


def _is_worked_on(tx: Tx, run: Run) -> bool:
    return task_of(tx, run.task_id).kind is not Kind.ASKING


def _was_reminded(tx: Tx, run: Run) -> bool:
    return bool(tx.value("was_reminded", task_id=run.task_id, run_id=run.id))


def _remind(tx: Tx, call: Call, runs: Sequence[Run]) -> Reaction:
    if not runs:
        return Reaction()
    for run in runs:
        record(tx, call, "reminded", run.task_id, run.id)
    names = ", ".join(f"{task_of(tx, run.task_id).name} ({run.name})" for run in runs[:5])
    return Reaction(
        block=f"You still hold {names} on the kanban board. If the work is finished: kanban_complete(summary, "
        "evidence). If you cannot go on: kanban_block(reason) or kanban_fail(reason). If you only wait for the "
        "person's answer here, stop again: this is said once, and the task stays yours while its lease lasts."
    )


def _own_runs(tx: Tx, call: Call) -> list[Run]:
    """Return the open runs of a sub-agent that has claimed by itself; what its session holds is not its to end."""
    own = tx.value("worker_by_key", key=call.caller.key) if call.caller.is_sub_agent else None
    return [] if own is None else [run_from(row) for row in tx.all("open_runs_of_worker", worker_id=own)]


def _end_agent(tx: Tx, call: Call, event: HookEvent) -> Reaction:
    """Remind a sub-agent of its task once; when it ends all the same, the task goes back at once."""
    runs = _own_runs(tx, call)
    working = [run for run in runs if _is_worked_on(tx, run) and not _was_reminded(tx, run)]
    if working and not event.is_repeat:
        return _remind(tx, call, working)
    if runs:
        from kanban_mcp.service.handing_back import hand_back  # once in a sub-agent's life

        for run in runs:
            hand_back(tx, call, run, "the sub-agent that held it ended")
    return Reaction()
