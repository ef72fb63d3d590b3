"""One MCP server object per connection, on the SDK's low-level class: its session lives in this closure."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import mcp.types as types
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from kanban_mcp import __version__
from kanban_mcp.domain.errors import BoardError
from kanban_mcp.server import hook, texts
from kanban_mcp.server.answers import answered, broken, no_such_tool, refused, what_broke
from kanban_mcp.server.call import Call, Progress
from kanban_mcp.server.resources import RESOURCES, TEMPLATES, read_resource
from kanban_mcp.server.session import ClientSession
from kanban_mcp.server.tool import Tool
from kanban_mcp.server.tools import BY_NAME, tools_of

Context = ServerRequestContext[Any, Any]

_STABLE = CacheHint(ttl_ms=3_600_000, scope="private")
"""What a process lists never changes while it lives; it may differ between the toolsets of two processes."""

CACHE_HINTS: Any = dict.fromkeys(
    ("tools/list", "prompts/list", "resources/list", "resources/templates/list", "server/discover"), _STABLE
)


def build_server(session: ClientSession) -> Server[Any]:
    """Build the server of one connection."""
    offered = {tool.name: tool for tool in tools_of(session.toolset)}

    async def list_tools(_ctx: Context, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool.listed() for tool in offered.values()])

    async def call_tool(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        meta, given = request_meta(ctx), params.arguments or {}
        client = client_name(ctx)
        if hook.is_for(params.name, client, meta):
            return await hook.answer(session, client, meta, given)
        return await _call_tool(ctx, params, session, offered)

    async def read(ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        with _told_as_protocol_errors("resources/read"):
            return await read_resource(await call_of(ctx, session), str(params.uri))

    async def get_prompt(_ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        with _told_as_protocol_errors("prompts/get"):
            return texts.prompt(params.name, params.arguments or {})

    return Server(
        "kanban",
        version=__version__,
        instructions=texts.INSTRUCTIONS,
        cache_hints=CACHE_HINTS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=_list_resources,
        on_list_resource_templates=_list_templates,
        on_read_resource=read,
        on_list_prompts=_list_prompts,
        on_get_prompt=get_prompt,
    )


async def _call_tool(
    ctx: Context, params: types.CallToolRequestParams, session: ClientSession, offered: dict[str, Tool]
) -> types.CallToolResult:
    tool = offered.get(params.name)
    try:
        if tool is None:
            raise no_such_tool(params.name, offered, BY_NAME, session.toolset)
        arguments = tool.read(params.arguments)
        return answered(await tool.handler(await call_of(ctx, session), **arguments))
    except BoardError as error:
        return refused(error)
    except Exception:  # noqa: BLE001  broken() logs it; a model must get an answer, whatever failed
        return broken(params.name)


@contextmanager
def _told_as_protocol_errors(method: str) -> Iterator[None]:
    """Turn what goes wrong with a request that has no error result into a protocol error that leaks nothing."""
    try:
        yield
    except BoardError as error:
        raise MCPError(code=types.INVALID_PARAMS, message=str(error)) from None
    except Exception:  # noqa: BLE001  what_broke() logs it; the SDK would tell the client the exception's own text
        raise MCPError(code=types.INTERNAL_ERROR, message=what_broke(method)) from None


async def call_of(ctx: Context, session: ClientSession) -> Call:
    """Return what a handler works with. The board is opened here at the latest."""
    client = client_name(ctx)
    board, known = await session.call(client, request_meta(ctx))
    return Call(board, known, rising(ctx), client, session)


def client_name(ctx: Context) -> str:
    """Return how the client calls itself, '' when it does not say."""
    params = ctx.session.client_params
    return params.client_info.name if params is not None else ""


def request_meta(ctx: Context) -> Mapping[str, Any]:
    """Return the request's `_meta` as it was sent."""
    meta = (ctx.params or {}).get("_meta")
    return meta if isinstance(meta, Mapping) else {}


def rising(ctx: Context) -> Progress:
    """Return a progress report that only ever rises, as the protocol demands; harmless without a token."""
    last = -1.0

    async def report(value: float, message: str) -> None:
        nonlocal last
        if value > last:
            last = value
            await ctx.session.report_progress(value, message=message)

    return report


async def _list_resources(_ctx: Context, _params: Any) -> types.ListResourcesResult:
    return types.ListResourcesResult(resources=list(RESOURCES))


async def _list_templates(_ctx: Context, _params: Any) -> types.ListResourceTemplatesResult:
    return types.ListResourceTemplatesResult(resource_templates=list(TEMPLATES))


async def _list_prompts(_ctx: Context, _params: Any) -> types.ListPromptsResult:
    return types.ListPromptsResult(prompts=list(texts.PROMPTS))
