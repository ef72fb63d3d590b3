"""The shape of every answer (DESIGN §6).

A success is one JSON object, shown by some clients as structured content and by others as text, so both say the same.
An error is text only: a client that prefers structured content would otherwise show the model something else than
`[code] what, which id, what next`.
"""

import json
import logging
import uuid
from difflib import get_close_matches
from typing import Any

import mcp.types as types

from kanban_mcp.domain.errors import BoardError, NotFound
from kanban_mcp.domain.inputs import shown
from kanban_mcp.server.tool import Tool, compact_json
from kanban_mcp.service.results import to_json

logger = logging.getLogger(__name__)


def answered(result: Any) -> types.CallToolResult:
    """Return a result of the board as structured content with its compact text copy."""
    content = to_json(result)
    text = compact_json(content)
    if (valid := text.encode(errors="replace").decode()) != text:  # a path may hold bytes that are no text
        text, content = valid, json.loads(valid)
    return types.CallToolResult(content=[_text(text)], structured_content=content)


def refused(error: BoardError) -> types.CallToolResult:
    """Return a refusal: the complete text for the model, nothing else."""
    return types.CallToolResult(content=[_text(str(error))], is_error=True)


def broken(tool: str) -> types.CallToolResult:
    """Return the answer to a call that failed with the exception being handled."""
    return types.CallToolResult(content=[_text(what_broke(tool))], is_error=True)


def what_broke(what: str) -> str:
    """Log the exception being handled and return an honest text that leaks nothing of it."""
    reference = uuid.uuid4().hex[:8]
    logger.exception("%s failed (reference %s)", what, reference)
    return (
        f"[internal] {what} failed inside the server, not by your fault (log reference {reference}). "
        "It may or may not have taken effect. Next: kanban_show tells how things stand; if that fails, tell the person."
    )


def no_such_tool(name: str, offered: dict[str, Tool], known: dict[str, Tool], toolset: str) -> NotFound:
    """Return the refusal of a tool that this server does not offer, naming the nearest one."""
    if name in known:
        hint = f"It belongs to the {known[name].toolset} toolset, which a person gives. kanban_show says what to do."
        return NotFound(f"{name} is not offered here: this server has the {toolset} toolset.", hint=hint)
    nearest = get_close_matches(name[:64], offered, n=1, cutoff=0.5)
    hint = f"Did you mean {nearest[0]}?" if nearest else f"Tools: {', '.join(offered)}."
    return NotFound(f"There is no tool {shown(name)}.", hint=hint)


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)
