"""The board and its tasks as resources, for clients that let people attach them."""

import mcp.types as types

from kanban_mcp.domain.errors import NotFound
from kanban_mcp.domain.inputs import shown
from kanban_mcp.server.call import Call
from kanban_mcp.server.tool import compact_json
from kanban_mcp.service.results import to_json

BOARD_URI = "kanban://board"
TASK_PREFIX = "kanban://task/"
_JSON = "application/json"

RESOURCES = (
    types.Resource(name="board", uri=BOARD_URI, description="Counts per state and one row per task", mime_type=_JSON),
)
TEMPLATES = (
    types.ResourceTemplate(
        name="task", uri_template=TASK_PREFIX + "{id}", description="One task with its context", mime_type=_JSON
    ),
)


async def read_resource(call: Call, uri: str) -> types.ReadResourceResult:
    """Return a resource as JSON.

    Raises:
        NotFound: there is no such resource or task.
    """
    if uri == BOARD_URI:
        text = compact_json(to_json(await call.board.list(call.session)))
    elif uri.startswith(TASK_PREFIX):
        text = compact_json(to_json(await call.board.show(call.session, task_id=uri.removeprefix(TASK_PREFIX))))
    else:
        hint = f"Resources: {BOARD_URI}, {TASK_PREFIX}TASK-001."
        raise NotFound(f"There is no resource {shown(uri)}.", hint=hint)
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=_JSON, text=text)])
