"""What waits for a person: approvals, submitted work, questions, dead letters, waits that nobody will end.

Ordered by how many tasks wait behind each, near or far: the decision that frees most comes first (DESIGN §12).
"""

import json

from kanban_mcp.domain.clock import age
from kanban_mcp.domain.ids import TaskId, task_name
from kanban_mcp.domain.inputs import Priority
from kanban_mcp.domain.states import Kind, TaskState
from kanban_mcp.domain.texts import shorten
from kanban_mcp.service.call import Call
from kanban_mcp.service.results import Inbox, Json
from kanban_mcp.store.base import Row, Tx

PAGE_MOST = 50  # on the page of the board
INBOX_MOST = 500
_RANK = {TaskState.AWAITING_REVIEW: 0, TaskState.BLOCKED: 1, TaskState.FAILED: 2, TaskState.PENDING: 3}


def inbox(tx: Tx, call: Call, limit: int) -> Inbox:
    """Return what waits for people, at most `limit` items (up to 500), those first that most tasks wait for."""
    most = min(max(limit, 1), INBOX_MOST)
    items = waiting_items(tx, call, most + 1)
    cut = "more wait; settle these first, or show more with --limit" if len(items) > most else ""
    shown = items[:most]
    text = f"{len(items) if not cut else f'over {most}'} wait for you; first: {shown[0]['do']}" if shown else ""
    return Inbox(next=text or "Nothing waits for you.", waiting=shown, truncated=cut)


def waiting_items(tx: Tx, call: Call, most: int) -> list[Json]:
    """Return at most `most` items, each with the command that settles it."""
    rows = tx.all("waiting_on_people", limit=most)
    listed = {row["id"] for row in rows}
    found = [(_item(call, row, _behind(tx, row["id"])), row) for row in rows]
    seen: set[TaskId] = set()
    for row in tx.all("dead_dependencies", limit=most):
        if row["cause"] in listed or row["id"] in seen:
            continue  # its cause waits for a person itself; or it waits for several, of which the first tells enough
        seen.add(row["id"])
        found.append((_dead(call, row, _behind(tx, row["id"])), row))
    found.sort(key=lambda pair: _order(*pair))
    return [item for item, _ in found][:most]


def _order(item: Json, row: Row) -> tuple[int, int, int, int]:
    is_dead = "cause" in row.keys()  # noqa: SIM118 - a row is no mapping
    state = TaskState.PENDING if is_dead else TaskState(row["state"])
    return -item["behind"], _RANK[state], int(row["priority"]), int(row["id"])


def _behind(tx: Tx, task_id: TaskId) -> int:
    return int(tx.value("behind", id=task_id))


def _item(call: Call, row: Row, behind: int) -> Json:
    name = task_name(row["id"])
    question = json.loads(row["blocked"] or "{}") if row["state"] == TaskState.BLOCKED else {}
    what, said, do = _ask(row, name, str(question.get("reason", "")))
    return {
        "id": name,
        "title": row["title"],
        "what": what,
        "text": shorten(said, 400),
        "options": question.get("options", [])[:10],
        "default": shorten(str(question.get("default", "")), 200),
        "age": age(row["asked_at_ms"] or row["updated_at_ms"], call.now.wall_ms),
        "expires": _expires(call, row),
        "role": row["assignee"],
        "priority": "" if row["priority"] == Priority.NORMAL else Priority(row["priority"]).name.lower(),
        "behind": behind,
        "do": do,
        "or": _otherwise(row, name),
    }


def _expires(call: Call, row: Row) -> str:
    """Say when a request that is near its end will have expired; it is asked for anew then, never granted."""
    left = (row["expires_at_ms"] or 0) - call.now.wall_ms
    return f"expires in {age(0, left)}" if 0 < left < 86_400_000 else ""


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


def _dead(call: Call, row: Row, behind: int) -> Json:
    name, cause = task_name(row["id"]), task_name(row["cause"])
    return {
        "id": name,
        "title": row["title"],
        "what": f"waits for {cause}, which is {row['cause_state']}",
        "age": age(row["cause_ended_ms"], call.now.wall_ms),
        "role": row["assignee"],
        "behind": behind,
        "do": f"kanban-mcp retry {cause}",
        "or": f"kanban-mcp cancel {name}",
    }
