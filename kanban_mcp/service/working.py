"""What the holder of a run does while it works: heartbeat and comment."""

from dataclasses import replace

from kanban_mcp.domain import inputs
from kanban_mcp.domain.clock import age
from kanban_mcp.domain.compact import compact
from kanban_mcp.domain.errors import Invalid, Limit
from kanban_mcp.domain.ids import RunId, TaskId, parse_task
from kanban_mcp.domain.inputs import TEXT_LIMIT
from kanban_mcp.domain.policy import SECOND, Policy
from kanban_mcp.domain.states import Verb, next_state
from kanban_mcp.domain.tasks import Run
from kanban_mcp.domain.texts import shorten
from kanban_mcp.service.brief import Beat, Done, Json, to_json
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.holding import extend, is_beat_due, require_held, tell_loss
from kanban_mcp.service.records import ensure_worker, task_of, worker_id
from kanban_mcp.store.base import Row, Tx

COMMENTS_PER_RUN = 100
ANSWER_LIMIT = 400  # characters of a heartbeat's answer (DESIGN §14)


def beat_terms(policy: Policy, note: str | None, expect_s: int) -> tuple[str | None, int]:
    """Return the note of a beat, cut to 500 characters, and the announced length in ms.

    Raises:
        Invalid: the announced command is longer than a lease may last, or the note is no plain text.
    """
    if not 0 <= expect_s <= policy.expect_cap_s:
        raise Invalid(f"expect_s {expect_s} is not between 0 and {policy.expect_cap_s}.", hint="Beat again later.")
    return (inputs.text(note, "note")[:500] if note else None), expect_s * SECOND


def heartbeat(tx: Tx, call: Call, task_id: str | None, run_id: str | None, note: str | None, expect_ms: int) -> Beat:
    """Extend the lease of the addressed run; hand over what has come in for it since.

    Raises:
        LeaseLost: the run no longer holds its task. A beat that did not extend the lease is never a success.
    """
    held = require_held(tx, call, task_id, run_id, "heartbeat")
    task, run = held.task, held.run
    next_state(task.state, task.kind, Verb.HEARTBEAT, task.facts, name=task.name)
    news = _hand_over(tx, run)
    left_s = extend(tx, call, run, for_ms=expect_ms, note=note or None)
    if note and note != run.note:
        record(tx, call, "note", task.id, run.id, note=note)
    beat = Beat("Go on.", task.name, run.name, left_s, "", [])
    return _with_news(call, beat, news) if news else beat


def quiet_beat(tx: Tx, call: Call, task_id: str | None, run_id: str | None) -> Beat | None:
    """Return the answer to a heartbeat that says nothing, where nothing needs to be written; else None.

    For callers that beat much more often than a lease needs: at most a tenth of it passes unextended, and news is
    never held back.

    Raises:
        LeaseLost: the run no longer holds its task, as for any heartbeat.
    """
    held = require_held(tx, call, task_id, run_id, "heartbeat")
    task, run = held.task, held.run
    news = tx.all("unseen_messages", task_id=run.task_id, after=run.seen_message, worker_id=run.worker_id)
    if news or is_beat_due(call, run):
        return None
    left_s = call.now.lease_left_s(run.lease_until_ms, run.lease_boot)
    return Beat("Go on.", task.name, run.name, left_s, "", [])


def _hand_over(tx: Tx, run: Run) -> list[Row]:
    """Return what others wrote to the task since this run was last told, oldest first, and mark it as given."""
    rows = tx.all("unseen_messages", task_id=run.task_id, after=run.seen_message, worker_id=run.worker_id)
    if rows:
        tx.run("set_seen_message", id=run.id, seen=rows[-1]["id"])
    return rows


def _with_news(call: Call, beat: Beat, rows: list[Row]) -> Beat:
    """Return the beat with what fits of the news into 400 characters; all of it stands in the task's view."""
    binding = [row for row in rows if row["kind"] != "comment"] or rows
    for kept, limit in ((rows, TEXT_LIMIT), (rows, 100), (rows, 50), (binding[-1:], 150), (binding[-1:], 60)):
        messages = [_news(call, row, limit) for row in kept]
        is_whole = len(kept) == len(rows) and all(len(row["body"]) <= limit for row in kept)
        where = "" if is_whole else f" ({len(rows)}, whole in kanban_show)"
        said = replace(beat, next=f"Read messages{where}, then go on.", messages=messages)
        if len(compact(to_json(said))) <= ANSWER_LIMIT:
            break
    return said


def _news(call: Call, row: Row, limit: int) -> Json:
    about = {"re": shorten(row["re"], limit)} if limit > 60 else {}
    when = age(row["at_ms"], call.now.wall_ms)
    return {"from": row["author"], "age": when, **about, "text": shorten(row["body"], limit)}


def comment(tx: Tx, call: Call, task_id: str, body: str, run_id: str | None) -> Done:
    """Leave a note on any task; the author is stamped from the connection.

    With `run_id`, or on the caller's own open run, the comment is fenced and renews that lease.

    Raises:
        LeaseLost: `run_id` names a run that no longer holds its task.
        Limit: the run has left 100 comments.
    """
    task = task_of(tx, parse_task(task_id))
    run = _speaking_run(tx, call, task.id, task.run_id, run_id)
    mine = ensure_worker(tx, call)
    if run is not None:
        if tx.value("comments_of_run", run_id=run.id) >= COMMENTS_PER_RUN:
            raise Limit(f"{run.name} has left {COMMENTS_PER_RUN} comments.", hint="Put the rest into your summary.")
        extend(tx, call, run)
    write_message(tx, call, task.id, "comment", body, worker=mine, run=run.id if run else None)
    record(tx, call, "commented", task.id, run.id if run else None)
    reach = "Its worker reads it at the next heartbeat." if task.run_id and run is None else "It stays with the task."
    return Done(next=reach, task_id=task.name, state=str(task.state), kind=str(task.kind), changed=[], also=[])


def _speaking_run(tx: Tx, call: Call, task: TaskId, open_run: RunId | None, run_id: str | None) -> Run | None:
    if run_id:
        return require_held(tx, call, None, run_id, "comment").run
    tell_loss(tx, call, "comment")
    mine = worker_id(tx, call)
    if open_run is None or mine is None or tx.value("run_worker", id=open_run) != mine:
        return None
    return require_held(tx, call, str(task), None, "comment").run


def write_message(
    tx: Tx,
    call: Call,
    task_id: TaskId,
    kind: str,
    body: str,
    *,
    re: str = "",
    worker: int | None = None,
    run: int | None = None,
) -> None:
    """Store a message with the task; it stays in the context of every later run until the task ends."""
    tx.run(
        "insert_message",
        task_id=task_id,
        kind=kind,
        author=call.caller.label,
        worker_id=worker,
        run_id=run,
        re=re,
        body=body,
        at_ms=call.now.wall_ms,
    )
