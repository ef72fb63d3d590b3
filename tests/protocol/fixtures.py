"""The names that the official conformance suite looks for, on top of our own tools, resources and prompts.

For tests only. They run through the server object of the product, so they show that its dispatch carries every kind of
content, errors and rising progress; what they return is what the suite wants to see.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import mcp.types as types
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from kanban_mcp.server.mcp_server import Context, rising

PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6364f8ff1f0003030200efbf5cf40000000049454e44ae426082"
    )
).decode()
SILENCE = base64.b64encode(b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0@\x1f\0\0\1\0\x08\0data\0\0\0\0").decode()
TEMPLATE = "test://template/"

TEXT = types.TextContent(type="text", text="This is a simple text response for testing.")
IMAGE = types.ImageContent(type="image", data=PIXEL, mime_type="image/png")
AUDIO = types.AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")


def _embedded(uri: str) -> types.EmbeddedResource:
    text = types.TextResourceContents(uri=uri, mime_type="text/plain", text="This is an embedded resource content.")
    return types.EmbeddedResource(type="resource", resource=text)


CONTENT: Mapping[str, list[Any]] = {
    "test_simple_text": [TEXT],
    "test_image_content": [IMAGE],
    "test_audio_content": [AUDIO],
    "test_embedded_resource": [_embedded("test://embedded-resource")],
    "test_multiple_content_types": [TEXT, IMAGE, _embedded("test://mixed-content-resource")],
}
"""Tools that only return content."""


async def _failing(_ctx: Context) -> types.CallToolResult:
    text = types.TextContent(type="text", text="This tool intentionally returns an error for testing")
    return types.CallToolResult(content=[text], is_error=True)


async def _progressing(ctx: Context) -> types.CallToolResult:
    report = rising(ctx)
    for value in (0, 50, 20, 100):  # 20 must not arrive: progress only ever rises
        await report(value, f"{value} of 100")
    return types.CallToolResult(content=[TEXT])


async def _needing_sampling(ctx: Context) -> types.CallToolResult:
    declared = ctx.session.client_params.capabilities if ctx.session.client_params else None
    if declared is None or declared.sampling is None:
        missing = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "the client has to declare sampling", missing)
    return types.CallToolResult(content=[TEXT])


ACTING: Mapping[str, Callable[[Context], Awaitable[types.CallToolResult]]] = {
    "test_error_handling": _failing,
    "test_tool_with_progress": _progressing,
    "test_missing_capability": _needing_sampling,
}
"""Tools that do something first."""

PROMPTS = {
    "test_simple_prompt": [],
    "test_prompt_with_arguments": ["arg1", "arg2"],
    "test_prompt_with_embedded_resource": ["resourceUri"],
    "test_prompt_with_image": [],
}


def add_fixtures(server: Server[Any]) -> None:
    """Let a server offer the suite's names, too; whatever else is asked for is answered as before."""
    _add(server, "tools/list", types.PaginatedRequestParams, _list_tools)
    _add(server, "tools/call", types.CallToolRequestParams, _call_tool)
    _add(server, "resources/list", types.PaginatedRequestParams, _list_resources)
    _add(server, "resources/templates/list", types.PaginatedRequestParams, _list_templates)
    _add(server, "resources/read", types.ReadResourceRequestParams, _read)
    _add(server, "prompts/list", types.PaginatedRequestParams, _list_prompts)
    _add(server, "prompts/get", types.GetPromptRequestParams, _get_prompt)


def _add(server: Server[Any], method: str, params: type[Any], more: Callable[..., Awaitable[Any]]) -> None:
    entry = server.get_request_handler(method)
    assert entry is not None
    own = entry.handler

    async def handler(ctx: Context, given: Any) -> Any:
        return await more(own, ctx, given)

    server.add_request_handler(method, params, handler)


async def _list_tools(own: Any, ctx: Context, params: Any) -> Any:
    listed = await own(ctx, params)
    schema = {"type": "object", "properties": {}}
    names = (*CONTENT, *ACTING)
    more = [types.Tool(name=name, description="For the conformance suite.", input_schema=schema) for name in names]
    return listed.model_copy(update={"tools": [*listed.tools, *more]})


async def _call_tool(own: Any, ctx: Context, params: Any) -> Any:
    if params.name in CONTENT:
        return types.CallToolResult(content=CONTENT[params.name])
    return await (ACTING[params.name](ctx) if params.name in ACTING else own(ctx, params))


async def _list_resources(own: Any, ctx: Context, params: Any) -> Any:
    listed = await own(ctx, params)
    more = [
        types.Resource(name="text", uri="test://static-text", mime_type="text/plain"),
        types.Resource(name="binary", uri="test://static-binary", mime_type="image/png"),
    ]
    return listed.model_copy(update={"resources": [*listed.resources, *more]})


async def _list_templates(own: Any, ctx: Context, params: Any) -> Any:
    listed = await own(ctx, params)
    more = types.ResourceTemplate(name="template", uri_template=TEMPLATE + "{id}/data", mime_type="application/json")
    return listed.model_copy(update={"resource_templates": [*listed.resource_templates, more]})


async def _read(own: Any, ctx: Context, params: Any) -> Any:
    uri = str(params.uri)
    if uri == "test://static-text":
        text = "This is the content of the static text resource."
        content: Any = types.TextResourceContents(uri=uri, mime_type="text/plain", text=text)
    elif uri == "test://static-binary":
        content = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PIXEL)
    elif uri.startswith(TEMPLATE):
        number = uri.removeprefix(TEMPLATE).partition("/")[0]
        text = f'{{"id":"{number}","templateTest":true,"data":"Data for ID: {number}"}}'
        content = types.TextResourceContents(uri=uri, mime_type="application/json", text=text)
    else:
        return await own(ctx, params)
    return types.ReadResourceResult(contents=[content])


async def _list_prompts(own: Any, ctx: Context, params: Any) -> Any:
    listed = await own(ctx, params)
    more = [
        types.Prompt(
            name=name,
            description="For the conformance suite.",
            arguments=[types.PromptArgument(name=argument, required=True) for argument in arguments],
        )
        for name, arguments in PROMPTS.items()
    ]
    return listed.model_copy(update={"prompts": [*listed.prompts, *more]})


async def _get_prompt(own: Any, ctx: Context, params: Any) -> Any:
    if params.name not in PROMPTS:
        return await own(ctx, params)
    given = params.arguments or {}
    text = types.TextContent(type="text", text="Please use this: " + ", ".join(map(repr, given.values())))
    content: list[Any] = [text]
    if params.name == "test_prompt_with_embedded_resource":
        content = [_embedded(given["resourceUri"]), text]
    elif params.name == "test_prompt_with_image":
        content = [IMAGE, text]
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=one) for one in content])
