"""The whole board on one page: columns, counts, and first of all what waits for people (DESIGN §3, §12)."""

from kanban_mcp.domain.clock import age
from kanban_mcp.domain.ids import task_name
from kanban_mcp.domain.inputs import Priority
from kanban_mcp.domain.states import TaskState
from kanban_mcp.domain.texts import shorten
from kanban_mcp.service.call import Call
from kanban_mcp.service.inbox import PAGE_MOST, waiting_items
from kanban_mcp.service.reading import rows_in_state
from kanban_mcp.service.results import BoardView, Json
from kanban_mcp.store.base import Row, Tx

COLUMNS = (
    ("Triage", TaskState.TRIAGE),
    ("Pending", TaskState.PENDING),
    ("Ready", TaskState.READY),
    ("In progress", TaskState.IN_PROGRESS),
    ("Review", TaskState.AWAITING_REVIEW),
    ("Blocked", TaskState.BLOCKED),
    ("Done", TaskState.DONE),
    ("Failed", TaskState.FAILED),
)  # cancelled and archived cards are hidden


def board_view(tx: Tx, call: Call, per_column: int) -> BoardView:
    """Return every column with at most `per_column` cards, and what waits for people."""
    counts = {row["state"]: row["n"] - row["archived"] for row in tx.all("state_counts")}
    waiting = waiting_items(tx, call, PAGE_MOST)
    return BoardView(
        next=_next(waiting, counts),
        paused=bool(tx.value("is_paused")) or None,
        waiting=waiting,
        columns=[_column(tx, call, name, state, counts[state], per_column) for name, state in COLUMNS],
    )


def _next(waiting: list[Json], counts: dict[str, int]) -> str:
    if waiting:
        return f"{len(waiting)} wait for you; first: {waiting[0]['do']}"
    if counts["in_progress"] or counts["ready"]:
        return f"{counts['in_progress']} in progress, {counts['ready']} ready. Nothing waits for you."
    return "Nothing waits for you." if any(counts.values()) else "The board is empty: kanban-mcp create, or plan."


def _column(tx: Tx, call: Call, name: str, state: TaskState, count: int, limit: int) -> Json:
    rows = rows_in_state(tx, state, None, limit)
    return {"name": name, "state": str(state), "count": count, "cards": [_card(tx, call, row) for row in rows]}


def _card(tx: Tx, call: Call, row: Row) -> Json:
    now = call.now
    stale = row["lease_until_ms"] is not None and now.lease_over(row["lease_until_ms"], row["lease_boot"])
    waits = tx.all("waited_for", id=row["id"], limit=3) if row["state"] == TaskState.PENDING else []
    return {
        "id": task_name(row["id"]),
        "title": row["title"],
        "kind": row["kind"],
        "assignee": row["assignee"],
        "priority": "" if row["priority"] == Priority.NORMAL else Priority(row["priority"]).name.lower(),
        "attempt": f"{row['counted']}/{row['allowed']}" if row["counted"] else "",
        "age": age(row["ended_at_ms"] or row["updated_at_ms"], now.wall_ms),
        "worker": row["worker_name"],
        "stale": stale or None,
        "note": shorten(row["note"] or "", 200),
        "waits_for": [task_name(wait["id"]) for wait in waits],
    }
