"""The one place where a task changes state: the table decides, the swap writes, the ripple keeps the queue rule.

Every verb ends here, so that no call path can forget the event, the dependents or the fence.
"""

from typing import Any

from kanban_mcp.domain.errors import BoardBusy
from kanban_mcp.domain.ids import RunId
from kanban_mcp.domain.runs import Outcome, counts
from kanban_mcp.domain.states import TERMINAL, Place, Verb, next_state
from kanban_mcp.domain.tasks import Run, Task
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.ripple import ripple
from kanban_mcp.store.base import Tx

_FIXED = {"waits_after", "waits_subtasks", "held", "created_by", "made_by_worker", "made_by_run", "created_at_ms"}
_WRITTEN = tuple(name for name in Task._fields if name not in _FIXED)


def move(
    tx: Tx, call: Call, task: Task, verb: Verb, *, changed: Task | None = None, run_id: RunId | None = None
) -> Task:
    """Move `task` by `verb` and write it, with every change in `changed` (a replaced copy of `task`).

    `run_id` is the run that holds the task afterwards, for the places that have one. Returns the task as it now stands.

    Raises:
        IllegalTransition: the table has no such move.
    """
    changed = changed or task
    place = next_state(task.state, task.kind, verb, changed.facts, name=task.name)
    return put(tx, call, task, changed, place, run_id)


def put(tx: Tx, call: Call, before: Task, changed: Task, place: Place, run_id: RunId | None = None) -> Task:
    """Write a task at its new place, held by `run_id` or by nobody, and let its dependents know."""
    ended = place.state in TERMINAL
    after = changed._replace(
        run_id=run_id,
        state=place.state,
        kind=place.kind,
        ended_at_ms=(before.ended_at_ms or call.now.wall_ms) if ended else None,
        archived_at_ms=changed.archived_at_ms if ended else None,
        updated_at_ms=call.now.wall_ms,
    )
    save(tx, before, after)
    ripple(tx, call, before, after)
    return after


def save(tx: Tx, before: Task, after: Task) -> None:
    """Write a task by compare-and-swap on its state and its run.

    Inside one writing transaction the swap cannot lose; it is the last guard should a path read outside of it.
    """
    values = {name: getattr(after, name) for name in _WRITTEN}
    swapped = tx.run("save_task", **values, was_state=before.state, was_kind=before.kind, was_run=before.run_id)
    if swapped != 1:
        raise BoardBusy(f"{before.name} changed while this call looked at it. Nothing was written.", hint="Call again.")


def end_run(
    tx: Tx, call: Call, task: Task, run: Run, outcome: Outcome, *, verb: str, by: str = "self", **facts: Any
) -> Task:
    """Close an open run and count it; returns `task` with its counter moved (not yet written).

    `by` is `self` when the worker ended the run, else who did; a repeated call of the worker is answered by `verb`.
    `facts` are further columns of the run: summary, error, evidence, ...
    """
    counted = counts(outcome)
    columns = {
        "summary": None,
        "metadata": None,
        "evidence": None,
        "checks": None,
        "result_commit": None,
        "error": None,
    }
    closed = tx.run(
        "end_run",
        **(columns | facts),
        id=run.id,
        at_ms=call.now.wall_ms,
        outcome=outcome,
        counted=counted,
        ended_by=by,
        verb=verb,
    )
    if closed != 1:
        raise BoardBusy(f"{run.name} was closed while this call looked at it. Nothing was written.", hint="Call again.")
    if tx.value("open_run_count", worker_id=run.worker_id) == 0:
        tx.run("set_several", worker_id=run.worker_id, several=0)
    return task._replace(counted=task.counted + counted)


def log(tx: Tx, call: Call, kind: str, before: Task, after: Task, run: Run | None = None, **data: Any) -> None:
    """Record a move as an event with where the task came from and went to."""
    record(tx, call, kind, after.id, run.id if run else None, **_places(before, after), **data)


def _places(before: Task, after: Task) -> dict[str, str]:
    if before.place == after.place:
        return {}
    words = {"from": str(before.state), "to": str(after.state)}
    return words | ({"waits_as": str(after.kind)} if after.kind else {})
