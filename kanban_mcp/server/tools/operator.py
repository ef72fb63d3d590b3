"""What only a person may do. The board refuses both without the operator key, whatever toolset was asked for."""

from typing import Any

from kanban_mcp.server import params as p
from kanban_mcp.server.call import Call
from kanban_mcp.server.schema import shape
from kanban_mcp.server.tool import WRITES, tool
from kanban_mcp.server.toolsets import OPERATOR

DECIDED = shape(next=str, task_id=str, state=str)


@tool(OPERATOR, WRITES, DECIDED)
async def kanban_approve(call: Call, task_id: p.AnyTask, note: p.DecisionNote = "") -> Any:
    """Grant the open request of a task, or accept its work in review. For people only: needs the operator key."""
    return await call.board.approve(call.session, task_id=task_id, note=note)


@tool(OPERATOR, WRITES, DECIDED)
async def kanban_reject(call: Call, task_id: p.AnyTask, note: p.DecisionNote = "") -> Any:
    """Refuse the open request of a task, or send its work back; the note says what to change. Needs the operator
    key."""
    return await call.board.reject(call.session, task_id=task_id, note=note)


TOOLS = (kanban_approve, kanban_reject)
