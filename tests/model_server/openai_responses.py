"""OpenAI Responses: what Codex speaks."""

from collections.abc import Iterator

from tests.model_server.openai_chat import openai_error
from tests.model_server.reply import Event, Json, Reply, ReplyCall
from tests.model_server.script import Failure
from tests.model_server.seen import Hearing, ModelRequest, OfferedTool, ToolResult, text_of


class Responses:
    name = "responses"

    def serves(self, path: str) -> bool:
        return path.endswith("/responses")

    def read(self, path: str, body: Json) -> ModelRequest:
        heard = Hearing(system=[body.get("instructions") or ""])
        heard.tools = [offered for tool in body.get("tools") or [] for offered in _tools(tool)]
        given = body.get("input")
        items = [{"role": "user", "content": given}] if isinstance(given, str) else given or []
        in_turn = False
        for item in items:
            in_turn = _read_item(heard, item, in_turn)
        return heard.request(self.name, body.get("model", ""), bool(body.get("stream")))

    def whole(self, reply: Reply) -> Json:
        return _response(reply) | {"status": "completed", "output": _items(reply), "usage": _usage(reply)}

    def events(self, reply: Reply) -> list[Event]:
        opened = _response(reply) | {"status": "in_progress", "output": [], "usage": None}
        data = [
            {"type": "response.created", "response": opened},
            *(event for place, item in enumerate(_items(reply)) for event in _item_events(place, item)),
            {"type": "response.completed", "response": self.whole(reply)},
        ]
        return [(str(event["type"]), event | {"sequence_number": number}) for number, event in enumerate(data)]

    def error(self, failure: Failure) -> Json:
        return openai_error(failure)


def _tools(tool: Json) -> Iterator[OfferedTool]:
    """Read one entry of the tool list; a namespace groups the tools of a server, and goes back with each call."""
    if tool.get("type") == "namespace":
        for inner in tool.get("tools", []):
            about = f"{tool.get('description', '')}\n{inner.get('description', '')}"
            yield OfferedTool(inner["name"], about, tool["name"])
    else:
        yield OfferedTool(tool.get("name") or tool.get("type", ""), tool.get("description", ""))


def _read_item(heard: Hearing, item: Json, in_turn: bool) -> bool:
    """Read one item; returns whether it belongs to an assistant turn, which may span several items."""
    kind, role = item.get("type", "message"), item.get("role")
    if kind.endswith("_call") or kind == "reasoning" or role == "assistant":
        if not in_turn:
            heard.assistant()
        return True
    if kind.endswith("_call_output"):
        heard.results.append(ToolResult(text_of(item.get("output"))))
    elif role in ("developer", "system"):
        heard.system.append(text_of(item.get("content")))
    else:
        heard.users.append(text_of(item.get("content")))
    return False


def _response(reply: Reply) -> Json:
    return {"id": f"resp_{reply.id}", "object": "response", "created_at": 0, "model": reply.model}


def _items(reply: Reply) -> list[Json]:
    part = {"type": "output_text", "text": reply.text, "annotations": []}
    message = {
        "type": "message",
        "id": f"msg_{reply.id}",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    return ([message] if reply.text else []) + [_call_item(call) for call in reply.calls]


def _call_item(call: ReplyCall) -> Json:
    item = {"type": "function_call", "id": f"fc_{call.id}", "call_id": f"call_{call.id}", "status": "completed"}
    group = {"namespace": call.tool.namespace} if call.tool.namespace else {}
    return item | {"name": call.tool.name, "arguments": call.arguments_text} | group


def _item_events(place: int, item: Json) -> Iterator[Json]:
    middle = _text_events if item["type"] == "message" else _argument_events
    emptied: Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
    opened = item | {"status": "in_progress"} | emptied
    yield {"type": "response.output_item.added", "output_index": place, "item": opened}
    yield from middle(place, item)
    yield {"type": "response.output_item.done", "output_index": place, "item": item}


def _text_events(place: int, item: Json) -> Iterator[Json]:
    [part] = item["content"]
    where = {"item_id": item["id"], "output_index": place, "content_index": 0}
    yield {"type": "response.content_part.added", **where, "part": part | {"text": ""}}
    yield {"type": "response.output_text.delta", **where, "delta": part["text"]}
    yield {"type": "response.output_text.done", **where, "text": part["text"]}
    yield {"type": "response.content_part.done", **where, "part": part}


def _argument_events(place: int, item: Json) -> Iterator[Json]:
    where = {"item_id": item["id"], "output_index": place}
    yield {"type": "response.function_call_arguments.delta", **where, "delta": item["arguments"]}
    yield {"type": "response.function_call_arguments.done", **where, "arguments": item["arguments"]}


def _usage(reply: Reply) -> Json:
    return {
        "input_tokens": reply.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": reply.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }
