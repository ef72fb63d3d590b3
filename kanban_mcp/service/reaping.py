"""The reaper's pass: what the clock ended, and the audit of the graph (DESIGN §3: what the board shows is true)."""

from collections.abc import Callable, Mapping

from kanban_mcp.domain.ids import task_name
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import Kind, Place, TaskState, Verb, queue
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.moves import end_run, put
from kanban_mcp.service.records import approval_from, open_approval, run_of, task_from, task_of
from kanban_mcp.service.ripple import recount
from kanban_mcp.service.sweeping import Counts, close_request, is_sweep_due, sweep, unask
from kanban_mcp.store.base import Row, Tx

BATCH = 500


def is_reap_due(tx: Tx, call: Call) -> bool:
    """Say, without the write lock, whether a pass would find anything."""
    if is_sweep_due(tx, call) or any(tx.all(query, limit=1) for query in _REPAIRS):
        return True
    return any(_is_news(tx, row) for row in tx.all("dead_dependencies", limit=BATCH))


def reap(tx: Tx, call: Call) -> Counts:
    """Do one pass. Returns counts by what was done; an empty result is an idle pass."""
    done = sweep(tx, call, BATCH)
    done.update(audit(tx, call))
    dead = [row for row in tx.all("dead_dependencies", limit=BATCH) if _is_news(tx, row)]
    for row in dead:
        record(tx, call, "dead_dependency", row["id"], None, because=row["cause"], state=row["cause_state"])
    return done | ({"dead_dependencies": len(dead)} if dead else {})


def _is_news(tx: Tx, row: Row) -> bool:
    """Say whether a dead dependency has not been reported since its cause ended."""
    return not tx.value(
        "is_dead_dependency_told", task_id=row["id"], cause=row["cause"], since_ms=row["cause_ended_ms"]
    )


def audit(tx: Tx, call: Call) -> Counts:
    """Repair cards whose waits or run disagree with their links and runs, and say so as events.

    Our own writes cannot cause that; a foreign tool that edits the file can, and a card that lies must not stay.
    """
    repaired = 0
    for query, repair in _REPAIRS.items():
        for row in tx.all(query, limit=BATCH):
            repaired += repair(tx, call, row)
    return {"repaired": repaired} if repaired else {}


def _close_orphan(tx: Tx, call: Call, row: Row) -> bool:
    run = run_of(tx, row["id"])
    task = task_of(tx, run.task_id)
    end_run(tx, call, task, run, Outcome.CANCELLED, verb="repair", by="board", error="the task was not held by it")
    record(tx, call, "repaired", task.id, run.id, what="an open run that held nothing")
    return True


def _free(tx: Tx, call: Call, row: Row) -> bool:
    task = task_from(row)
    is_asking = task.kind is Kind.ASKING and open_approval(tx, task.id) is not None
    place = Place(TaskState.AWAITING_REVIEW, Kind.PARKED) if is_asking else Place(queue(task.unmet))
    put(tx, call, task, task, place)
    record(tx, call, "repaired", task.id, task.run_id, what="its run had ended", to=str(place.state))
    return True


def _void(tx: Tx, call: Call, row: Row) -> bool:
    request = approval_from(row)
    close_request(tx, call, request, "voided", by="board")
    record(tx, call, "repaired", request.task_id, request.run_id, what="an open request of a task that does not ask")
    return True


def _unask(tx: Tx, call: Call, row: Row) -> bool:
    task = task_from(row)
    unask(tx, call, task, Verb.EXPIRE, "The request that this task waited for is gone")
    record(tx, call, "repaired", task.id, task.run_id, what="it waited for a decision that nobody could make")
    return True


def _recount(tx: Tx, call: Call, row: Row) -> bool:
    before = task_of(tx, row["id"])
    if not recount(tx, call, before.id):
        return False
    after = task_of(tx, before.id)
    waits = {"was": [before.waits_after, before.waits_subtasks, int(before.held)]}
    record(
        tx, call, "repaired", after.id, None, what="its waits disagreed with its links", to=str(after.state), **waits
    )
    return True


_REPAIRS: Mapping[str, Callable[[Tx, Call, Row], bool]] = {
    "orphan_runs": _close_orphan,
    "tasks_with_ended_run": _free,
    "requests_without_ask": _void,
    "asks_without_request": _unask,
    "wrong_waits": _recount,
}


def dead_dependencies(tx: Tx, limit: int = 100) -> list[dict[str, str]]:
    """Return live tasks that wait for something that will not happen by itself, with what they wait for."""
    return [
        {
            "id": task_name(row["id"]),
            "title": row["title"],
            "because": task_name(row["cause"]),
            "state": row["cause_state"],
            "relation": row["relation"],
        }
        for row in tx.all("dead_dependencies", limit=limit)
    ]
