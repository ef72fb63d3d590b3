"""The whole board on one page: columns, counts, and first of all what waits for people (DESIGN §3, §12)."""

import json

from kanban_mcp.domain.clock import age
from kanban_mcp.domain.ids import TaskId, task_name
from kanban_mcp.domain.inputs import Priority
from kanban_mcp.domain.states import Kind, TaskState
from kanban_mcp.domain.texts import shorten
from kanban_mcp.service.call import Call
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
WAITING_MOST = 50


def board_view(tx: Tx, call: Call, per_column: int) -> BoardView:
    """Return every column with at most `per_column` cards, and what waits for people."""
    counts = {row["state"]: row["n"] for row in tx.all("state_counts")}
    waiting = _waiting(tx, call)
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
    rows = tx.all("tasks_in_state", state=str(state), assignee=None, limit=limit)
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


def _waiting(tx: Tx, call: Call) -> list[Json]:
    rows = tx.all("waiting_on_people", limit=WAITING_MOST)
    items = [_item(call, row) for row in rows]
    listed = {row["id"] for row in rows}
    dead = [row for row in tx.all("dead_dependencies", limit=WAITING_MOST) if row["cause"] not in listed]
    seen: set[TaskId] = set()
    for row in dead:
        if row["id"] not in seen:  # a card may wait for several that ended badly; the first one tells enough
            seen.add(row["id"])
            items.append(_dead(call, row))
    return items[:WAITING_MOST]


def _item(call: Call, row: Row) -> Json:
    name = task_name(row["id"])
    question = json.loads(row["blocked"] or "{}") if row["state"] == TaskState.BLOCKED else {}
    what, said, do = _ask(row, name, str(question.get("reason", "")))
    return {
        "id": name,
        "title": row["title"],
        "what": what,
        "text": shorten(said, 400),
        "options": question.get("options", [])[:10],
        "age": age(row["asked_at_ms"] or row["updated_at_ms"], call.now.wall_ms),
        "behind": row["behind"],
        "do": do,
        "or": _otherwise(row, name),
    }


def _ask(row: Row, name: str, reason: str) -> tuple[str, str, str]:
    """Return what the card waits for, in whose words, and the command that settles it."""
    if row["kind"] in (Kind.ASKING, Kind.PARKED):
        what = "asks to do something irreversible" if row["irreversible"] else "asks for approval"
        return what, row["asked"] or "", f"kanban-mcp approve {name}"
    if row["kind"] == Kind.REVIEW:
        return "submitted its work", row["said"] or "", f"kanban-mcp approve {name}"
    if row["state"] == TaskState.BLOCKED:
        what = "cannot go on" if row["kind"] == Kind.CAPABILITY else "asks a question"
        return what, reason, f'kanban-mcp answer {name} -m "…"'
    tries = "1 attempt" if row["counted"] == 1 else f"{row['counted']} attempts"
    return f"failed after {tries}", row["said"] or "", f'kanban-mcp retry {name} -m "…"'


def _otherwise(row: Row, name: str) -> str:
    if row["state"] == TaskState.AWAITING_REVIEW:
        return f'kanban-mcp reject {name} -m "…"'
    return f"kanban-mcp cancel {name}"


def _dead(call: Call, row: Row) -> Json:
    name, cause = task_name(row["id"]), task_name(row["cause"])
    return {
        "id": name,
        "title": row["title"],
        "what": f"waits for {cause}, which is {row['cause_state']}",
        "age": age(row["cause_ended_ms"], call.now.wall_ms),
        "do": f"kanban-mcp retry {cause}",
        "or": f"kanban-mcp cancel {name}",
    }
