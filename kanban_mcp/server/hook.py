"""`kanban_hook`: what a client's hooks call on the server it is connected to. Listed nowhere, refused to a model.

It answers from what this process knows, without starting one: a few milliseconds where a command takes fifty. It never
fails: an error would only be noise in a person's session, and the fence does not hold without a board anyway.
"""

import logging
from collections.abc import Mapping
from typing import Any

import mcp.types as types

from kanban_mcp.domain import hooks
from kanban_mcp.domain.errors import BoardError
from kanban_mcp.domain.hooks import HookEvent, read_event
from kanban_mcp.hooks.answers import answer as hook_answer
from kanban_mcp.server.identity import MODEL_META
from kanban_mcp.server.session import ClientSession
from kanban_mcp.server.tool import compact_json

logger = logging.getLogger(__name__)

NAME = "kanban_hook"


CLIENTS = ("claude", "codex")
"""How those clients name themselves that call a server's tools from hooks, and mark what their model calls."""


def is_for(name: str, client: str, meta: Mapping[str, Any]) -> bool:
    """Say whether a call is a hook's. A model that guesses the name gets the answer for a tool that is not there.

    Other clients have no such hooks and mark nothing: there the call can only be the model's.
    """
    return name == NAME and client.startswith(CLIENTS) and not any(field in meta for field in MODEL_META)


async def answer(
    session: ClientSession, client: str, meta: Mapping[str, Any], given: Mapping[str, Any]
) -> types.CallToolResult:
    """Answer one hook call: the hook's JSON as text, {} where there is nothing to say."""
    name = given.get("event")
    said: dict[str, Any] = {}
    if isinstance(name, str) and name in hooks.EVENTS:
        try:
            said = await _said(session, client, meta, read_event(name, given))
            await session.note_hook(str(given.get("client")))
        except BoardError as error:
            logger.info("hook %s: %s", name, error)
        except Exception:
            logger.exception("hook %s failed", name)
    return types.CallToolResult(content=[types.TextContent(type="text", text=compact_json(said))])


async def _said(session: ClientSession, client: str, meta: Mapping[str, Any], event: HookEvent) -> dict[str, Any]:
    named = event.session if client.startswith("codex") else ""
    if event.name == hooks.PRE_TOOL and event.tool_use and event.speaks_to_the_board:
        session.note_use(event.tool_use, event.agent)
    board, known = await session.call(client, meta, session=named, agent=event.agent)
    return hook_answer(event, await board.hook(known, event))
