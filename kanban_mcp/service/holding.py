"""Which run a call speaks for, and why not: the fence (DESIGN §5).

A worker is fenced by its run, not by its task: the open run of the task must be one of the caller's own. When it is
not, the row is read in the same transaction and the true reason is named, because "you lost it" without who and why
makes a model guess.
"""

from dataclasses import dataclass

from kanban_mcp.domain.clock import age, duration
from kanban_mcp.domain.errors import (
    BoardError,
    Cancelled,
    Finished,
    HeldBy,
    LeaseLost,
    NotYours,
    WhichTask,
)
from kanban_mcp.domain.ids import TaskId, parse_run, parse_task
from kanban_mcp.domain.policy import BEATS_PER_LEASE
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.tasks import Run, Task
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.records import run_from, run_of, task_of, worker_id
from kanban_mcp.store.base import Tx


@dataclass(frozen=True, slots=True)
class Held:
    """A task and the open run that holds it, which is the caller's."""

    task: Task
    run: Run


class Repeated(Exception):
    """The call repeats the one that ended this very run; it gets the first answer."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.name)
        self.run = run


def require_held(tx: Tx, call: Call, task_id: str | None, run_id: str | None, verb: str) -> Held:
    """Return the task and run that the call speaks for.

    Raises:
        Repeated: the caller's run ended by this very verb; answer with what was said then.
        LeaseLost, Finished, NotYours, WhichTask, Cancelled, HeldBy, NotFound: why it holds nothing here.
    """
    task, run = _select(tx, call, task_id, run_id, verb)
    if not run.is_open:
        raise why_closed(tx, call, run, verb)
    require_process(tx, call, run)
    return Held(task or task_of(tx, run.task_id), run)


def _select(tx: Tx, call: Call, task_id: str | None, run_id: str | None, verb: str) -> tuple[Task | None, Run]:
    """Return the run that the call means, and its task where that had to be read for it."""
    named = parse_task(task_id) if task_id else None
    if run_id:
        run = run_of(tx, parse_run(run_id))
        if run.worker_id != worker_id(tx, call):
            raise _not_yours(call, task_of(tx, run.task_id), run)
        if named is not None and run.task_id != named:
            raise NotYours(f"{run.name} is a run of {task_of(tx, run.task_id).name}.", hint="Leave run_id out.")
        return None, run
    if named is not None:
        task = task_of(tx, named)
        return task, _run_on(tx, call, task)
    return None, _only_run(tx, call, verb)


def _run_on(tx: Tx, call: Call, task: Task) -> Run:
    """Return the caller's newest run on the task."""
    mine = worker_id(tx, call)
    row = None if mine is None else tx.one("newest_run_of_worker", task_id=task.id, worker_id=mine)
    if row is None:
        holder = None if task.run_id is None else run_of(tx, task.run_id)
        raise _not_yours(call, task, holder)
    return run_from(row)


def _only_run(tx: Tx, call: Call, verb: str) -> Run:
    """Return the run meant by a call without an id: the only one held, after saying what was lost."""
    mine = worker_id(tx, call)
    if mine is None:
        raise _holds_nothing()
    held = [run_from(row) for row in tx.all("open_runs_of_worker", worker_id=mine)]
    tell_loss(tx, call, verb)
    if len(held) == 1 and not tx.value("worker_several", id=mine):
        return held[0]
    if held:
        raise WhichTask(_listing(tx, held), hint="Repeat the call with task_id.")
    row = tx.one("newest_run_of_worker_anywhere", worker_id=mine)
    if row is None:
        raise _holds_nothing()
    return run_from(row)


def tell_loss(tx: Tx, call: Call, verb: str) -> None:
    """Refuse a call that names no run while this connection has not heard that others closed one of its runs.

    Sub-agents that cannot be told apart share a worker: one that does not know of its loss would otherwise keep the
    next one's task alive, or go on writing for a task that is another's by now.

    Raises:
        LeaseLost, Cancelled: which run, and why; each loss is told once.
    """
    lost = _untold(tx, call)
    if lost is not None:
        call.session.told.add(lost.id)
        raise why_closed(tx, call, lost, verb)


def _untold(tx: Tx, call: Call) -> Run | None:
    """Return the newest run that others closed and of which this connection has not heard yet.

    A loss from before this connection is told only while the worker has claimed nothing since.
    """
    newest: int | None = None
    mine = worker_id(tx, call)
    for row in () if mine is None else tx.all("lost_runs", worker_id=mine):
        if row["id"] in call.session.told:
            continue
        if call.session.lasting and row["ended_at_ms"] >= call.session.since_ms:
            return run_from(row)
        newest = newest or tx.value("newest_run_id_of_worker", worker_id=mine)
        if row["id"] == newest:
            return run_from(row)
    return None


def _listing(tx: Tx, held: list[Run]) -> str:
    names = [f"{task_of(tx, run.task_id).name} ({run.name})" for run in held]
    return f"You hold {', '.join(names[:10])}."


def _holds_nothing() -> WhichTask:
    return WhichTask("You hold no task.", hint="kanban_claim takes one; kanban_show says what is ready.")


def _not_yours(call: Call, task: Task, holder: Run | None) -> BoardError:
    if holder is None or not holder.is_open:
        hint = f'kanban_claim(task_id="{task.name}") if you want to work on it.'
        return NotYours(f"You do not hold {task.name}: it is {task.state} and you have no run on it.", hint=hint)
    since = age(holder.started_at_ms, call.now.wall_ms)
    return NotYours(
        f"{task.name} is held by {holder.worker_name} ({holder.name}, since {since}), not by you.",
        hint="Call without task_id and run_id for your own task.",
    )


def why_closed(tx: Tx, call: Call, run: Run, verb: str) -> Exception:
    """Say why a run of the caller no longer holds its task: reclaimed, cancelled, superseded, or finished by itself."""
    if run.ended_by == "self" and run.verb == verb:
        return Repeated(run)
    if run.ended_by == "self" or run.outcome is Outcome.PARKED:
        return _finished(tx, call, run)
    call.session.told.add(run.id)
    task = task_of(tx, run.task_id)
    if run.outcome is Outcome.CANCELLED:
        return _cancelled(call, task, run)
    return LeaseLost(_lost_text(tx, call, task, run), hint=_lost_hint(task, run))


def _finished(tx: Tx, call: Call, run: Run) -> BoardError:
    task = task_of(tx, run.task_id)
    when = age(run.ended_at_ms or 0, call.now.wall_ms)
    if run.outcome is Outcome.PARKED:
        hint = "kanban_claim takes other work; a person's decision makes this task ready again."
        return LeaseLost(
            f"{run.name} parked {task.name} {when} ago, waiting for a decision. Nothing was written.", hint=hint
        )
    return Finished(
        f"{run.name} already ended {task.name} {when} ago ({run.outcome}); it is {task.state} now. "
        "Nothing was written.",
        hint="kanban_claim takes other work, or end this session.",
    )


def _cancelled(call: Call, task: Task, run: Run) -> BoardError:
    when = age(run.ended_at_ms or 0, call.now.wall_ms)
    reason = f': "{run.error}"' if run.error else ""
    kept = " Your branch is kept." if run.branch else ""
    return Cancelled(
        f"{task.name} was cancelled by {run.ended_by} {when} ago{reason}. Nothing was written.",
        hint=f"Stop working on it.{kept} kanban_claim takes other work.",
    )


def _lost_text(tx: Tx, call: Call, task: Task, run: Run) -> str:
    when = age(run.ended_at_ms or 0, call.now.wall_ms)
    what = f"{run.outcome} {when} ago" if run.outcome else f"closed {when} ago"
    why = f", {run.error}" if run.error else ""
    return f"{run.name} no longer holds {task.name}: {what}{why}; {whose_now(tx, task)}. Nothing was written."


def whose_now(tx: Tx, task: Task) -> str:
    if task.run_id is None:
        return f"it is {task.state} now" if task.ended_at_ms or task.kind else "nobody has taken it since"
    now = run_of(tx, task.run_id)
    return f"{now.name} ({now.role or now.worker_name}) works on it now"


def _lost_hint(task: Task, run: Run) -> str:
    kept = f" Your commits stay on {run.branch}." if run.branch else ""
    if task.run_id is None and task.ended_at_ms is None and not task.kind:
        return f'kanban_claim(task_id="{task.name}") to go on; your files are untouched.'
    return f"Stop editing.{kept} kanban_claim takes other work."


def silence(call: Call, run: Run) -> str:
    """Say how a lease ran out, for the run's error."""
    if run.lease_boot != call.now.boot_id:
        return "the machine was restarted"
    quiet = max(0, call.now.wall_ms - run.beat_at_ms) // 1000
    return (
        f"after {duration(quiet)} without a call"
        if quiet < 120
        else f"after {age(run.beat_at_ms, call.now.wall_ms)} without a call"
    )


def require_process(tx: Tx, call: Call, run: Run) -> None:
    """Let only one living server process speak for a run; a new one adopts what a dead one held (DESIGN §5).

    Raises:
        HeldBy: the process that spoke for the run so far is still running.
    """
    caller = call.caller
    if run.process == caller.process or not caller.adopts or _helps(tx, call, run):
        return
    if not run.is_handed_over and not call.is_gone(run.process):
        raise HeldBy(
            f"{run.name} is held by another process of this session (pid {run.pid}), which is still running.",
            hint="Use that connection, or end it first.",
        )
    _adopt(tx, call, run)


def _helps(tx: Tx, call: Call, run: Run) -> bool:
    """Say whether a sub-agent speaks for its session's run: its own server process (Codex) takes nothing over."""
    return call.caller.is_sub_agent and run.worker_id != tx.value("worker_by_key", key=call.caller.key)


def _adopt(tx: Tx, call: Call, run: Run) -> None:
    process, client = call.caller.process, call.caller.client
    tx.run(
        "adopt_run",
        id=run.id,
        pid=process.pid,
        pid_started=process.started,
        host=process.host,
        boot_id=process.boot_id,
        client_pid=client.pid if client else None,
        client_started=client.started if client else None,
    )
    record(tx, call, "adopted", run.task_id, run.id, pid=process.pid)


def extend(tx: Tx, call: Call, run: Run, *, for_ms: int | None = None, note: str | None = None) -> int:
    """Extend the lease of the addressed run, and of no other: a forgotten task must not live on its owner's calls.

    Returns the seconds until the lease ends.
    """
    lease_ms = max(for_ms or 0, call.policy.lease_for_ms)
    until = call.now.mono_ms + lease_ms
    if run.lease_boot == call.now.boot_id:
        until = max(until, run.lease_until_ms)  # an announced long command keeps what it asked for
    tx.run("beat_run", id=run.id, until=until, boot=call.now.boot_id, at_ms=call.now.wall_ms, note=note)
    return -(-(until - call.now.mono_ms) // 1000)


def is_beat_due(call: Call, run: Run) -> bool:
    """Say whether a tenth of the run's lease is gone, so that proving it alive once more is worth a write."""
    least = call.policy.lease_for_ms - call.policy.lease_for_ms // BEATS_PER_LEASE
    return run.lease_boot != call.now.boot_id or run.lease_until_ms - call.now.mono_ms <= least


def has_dealt(tx: Tx, call: Call, task_id: TaskId) -> bool:
    """Say whether the caller holds or has held the task, or a task below it.

    A session and its sub-agents are one worker here: what one of them does, none of them may judge (ADR 4). A subtask
    that they made and have never held is excepted: its maker may steer it (DESIGN §5).
    """
    return bool(tx.value("has_dealt", task_id=task_id, root=call.caller.root))
