"""Whether a session may go on editing: not after others closed its run, until it has heard of that from the board.

The verbs refuse by themselves whatever a lost run writes (`holding`). This is for what the board cannot see: a client's
hook asks before each tool call, and denies what edits or runs. `fenced` and `told` on the task's record say that it
was stopped and that it knows, so that it ends alike whichever process is asked next.
"""

from kanban_mcp.domain.tasks import Run
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.records import run_from, worker_id
from kanban_mcp.store.base import Tx

FENCED, TOLD = "fenced", "told"


def loss(tx: Tx, call: Call) -> Run | None:
    """Return the caller's newest run if others closed it, it holds nothing else, and it has not been told yet."""
    run = _last_lost(tx, call)
    return None if run is None or run.id in call.session.told or _said(tx, run) == TOLD else run


def fence(tx: Tx, call: Call, run: Run) -> None:
    """Put on record that the run's session was stopped, once."""
    if _said(tx, run) is None:
        record(tx, call, FENCED, run.task_id, run.id)


def is_fenced(tx: Tx, call: Call) -> bool:
    """Say whether a hook has stopped the caller and nothing has told it more since."""
    run = _last_lost(tx, call)
    return run is not None and _said(tx, run) == FENCED


def lift(tx: Tx, call: Call) -> None:
    """Put on record that the caller knows of its loss, if a hook has stopped it for that."""
    run = _last_lost(tx, call)
    if run is not None and _said(tx, run) == FENCED:
        record(tx, call, TOLD, run.task_id, run.id)


def tell(tx: Tx, call: Call, run: Run) -> None:
    """Put on record that the caller knows of its loss, before any hook had to stop it."""
    if _said(tx, run) != TOLD:
        record(tx, call, TOLD, run.task_id, run.id)


def _last_lost(tx: Tx, call: Call) -> Run | None:
    mine = worker_id(tx, call)
    row = None if mine is None else tx.one("newest_run_of_worker_anywhere", worker_id=mine)
    if row is None or row["ended_at_ms"] is None or row["ended_by"] == "self":
        return None
    return None if tx.value("open_run_count", worker_id=mine) else run_from(row)


def _said(tx: Tx, run: Run) -> str | None:
    said: str | None = tx.value("last_fence_event", task_id=run.task_id, run_id=run.id)
    return said
