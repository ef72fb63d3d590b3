"""The reaper's pass: what the clock ended, and the audit of the graph (DESIGN §3: what the board shows is true)."""

from kanban_mcp.domain.ids import TaskId, task_name
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import Place, queue
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.moves import end_run, put
from kanban_mcp.service.records import run_from, task_from, task_of
from kanban_mcp.service.ripple import recount
from kanban_mcp.service.sweeping import Counts, is_sweep_due, sweep
from kanban_mcp.store.base import Row, Tx

BATCH = 500
_AUDITS = ("orphan_runs", "tasks_with_ended_run", "wrong_waits")


def is_reap_due(tx: Tx, call: Call) -> bool:
    """Say, without the write lock, whether a pass would find anything."""
    if is_sweep_due(tx, call) or any(tx.all(query, limit=1) for query in _AUDITS):
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
    done: Counts = {}
    for row in tx.all("orphan_runs", limit=BATCH):
        _close_orphan(tx, call, row["id"])
        done["repaired"] = done.get("repaired", 0) + 1
    for row in tx.all("tasks_with_ended_run", limit=BATCH):
        task = task_from(row)
        place = Place(queue(task.unmet))
        put(tx, call, task, task, place)
        record(tx, call, "repaired", task.id, task.run_id, what="its run had ended", to=str(place.state))
        done["repaired"] = done.get("repaired", 0) + 1
    for row in tx.all("wrong_waits", limit=BATCH):
        if _recount(tx, call, row["id"]):
            done["repaired"] = done.get("repaired", 0) + 1
    return done


def _close_orphan(tx: Tx, call: Call, run_id: int) -> None:
    row = tx.one("run", id=run_id)
    if row is not None:
        run = run_from(row)
        task = task_of(tx, run.task_id)
        end_run(tx, call, task, run, Outcome.CANCELLED, verb="repair", by="board", error="the task was not held by it")
        record(tx, call, "repaired", task.id, run.id, what="an open run that held nothing")


def _recount(tx: Tx, call: Call, task_id: TaskId) -> bool:
    before = task_of(tx, task_id)
    if not recount(tx, call, before.id):
        return False
    after = task_of(tx, before.id)
    waits = {"was": [before.waits_after, before.waits_subtasks, int(before.held)]}
    record(
        tx, call, "repaired", after.id, None, what="its waits disagreed with its links", to=str(after.state), **waits
    )
    return True


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
