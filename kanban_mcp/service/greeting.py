"""The one line a session starts with: what it holds, what it lost, or what is ready for it."""

from kanban_mcp.domain.ids import run_name, task_name
from kanban_mcp.domain.texts import shorten
from kanban_mcp.service import fence
from kanban_mcp.service.call import Call
from kanban_mcp.service.holding import why_closed
from kanban_mcp.service.records import worker_id
from kanban_mcp.store.base import Row, Tx

LIMIT = 400  # characters: it stands in every session's context


def greet(tx: Tx, call: Call, role: str) -> tuple[str, bool]:
    """Return the line, "" when the board has nothing to say, and whether it tells of a lost run (`note_told`)."""
    mine = worker_id(tx, call)
    held = [] if mine is None else tx.all("open_runs_of_worker", worker_id=mine)
    if held:
        return shorten(_holding(tx, call, held), LIMIT), False
    if call.caller.handed_task is not None:
        return f"You were started for {task_name(call.caller.handed_task)}: call kanban_show.", False
    lost = fence.loss(tx, call)
    if lost is None:
        return shorten(_ready(tx, call, role), LIMIT), False
    return shorten(f"Kanban board: {why_closed(tx, call, lost, '')}", LIMIT), True


def note_told(tx: Tx, call: Call) -> None:
    """Put on record that the session has been told of its loss."""
    call.session.told.clear()  # by the line: what it told must not hide the run from the look-up
    lost = fence.loss(tx, call)
    if lost is not None:
        fence.tell(tx, call, lost)
        call.session.told.add(lost.id)


def _holding(tx: Tx, call: Call, held: list[Row]) -> str:
    names = [f'{task_name(row["task_id"])} "{_title(tx, row)}" ({run_name(row["id"])})' for row in held[:3]]
    left = min(call.now.lease_left_s(row["lease_until_ms"], row["lease_boot"]) for row in held)
    more = f" and {len(held) - 3} more" if len(held) > 3 else ""
    which = "" if len(held) == 1 else "(task_id)"
    return f"On the kanban board you hold {', '.join(names)}{more}; lease {left} s. kanban_show{which} has all of it."


def _title(tx: Tx, row: Row) -> str:
    return shorten(tx.value("task_title", id=row["task_id"]), 80)


def _ready(tx: Tx, call: Call, role: str) -> str:
    """Say what could be claimed; nothing when there is nothing, for most sessions have another business."""
    roles = [role] if role else []
    if role not in call.policy.read_only_roles:
        roles.append("")
    many = sum(len(tx.all("ready_for", assignee=name, wall_ms=call.now.wall_ms, limit=5)) for name in roles)
    if many:
        who, given = (f" for {role}", f'assignee="{role}"') if role else ("", "")
        return f"Kanban board: {many}{'+' if many >= 5 else ''} ready{who}; kanban_claim({given}) takes one."
    others = [row["assignee"] for row in tx.all("ready_roles")] if not role else []
    if not others:
        return ""
    return f'Kanban board: work is ready for {", ".join(others)}; kanban_claim(assignee="{others[0]}") takes that role.'
