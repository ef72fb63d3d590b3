"""Anthropic Messages: what Claude Code speaks."""

import json
from collections.abc import Iterator

from tests.model_server.reply import Event, Json, Reply
from tests.model_server.script import Failure
from tests.model_server.seen import Hearing, ModelRequest, OfferedTool, ToolResult, text_of


class Anthropic:
    name = "anthropic"

    def serves(self, path: str) -> bool:
        return path.endswith("/messages")

    def read(self, path: str, body: Json) -> ModelRequest:
        heard = Hearing(system=[text_of(body.get("system"))])
        heard.tools = [OfferedTool(tool["name"], tool.get("description", "")) for tool in body.get("tools") or []]
        for message in body.get("messages", []):
            if message["role"] == "assistant":
                heard.assistant()
            else:
                _read_user(heard, message["content"])
        return heard.request(self.name, body.get("model", ""), bool(body.get("stream")))

    def whole(self, reply: Reply) -> Json:
        return _message(reply) | {"content": _blocks(reply), "stop_reason": _stop(reply), "usage": _usage(reply)}

    def events(self, reply: Reply) -> list[Event]:
        start = _message(reply) | {"content": [], "stop_reason": None, "usage": _usage(reply) | {"output_tokens": 1}}
        delta = {"stop_reason": _stop(reply), "stop_sequence": None}
        return [
            _event("message_start", message=start),
            *(event for index, block in enumerate(_blocks(reply)) for event in _block_events(index, block)),
            _event("message_delta", delta=delta, usage=_usage(reply)),
            _event("message_stop"),
        ]

    def error(self, failure: Failure) -> Json:
        return {
            "type": "error",
            "error": {"type": failure.kind, "message": failure.message},
            "request_id": "req_scripted",
        }


def _read_user(heard: Hearing, content: object) -> None:
    """Read a user message: tool results stand in it beside the client's reminders."""
    for block in content if isinstance(content, list) else [{"type": "text", "text": content}]:
        if block["type"] == "tool_result":
            heard.results.append(ToolResult(text_of(block.get("content")), bool(block.get("is_error"))))
        elif block["type"] == "text":
            heard.users.append(text_of(block))


def _message(reply: Reply) -> Json:
    head = {"id": f"msg_{reply.id}", "type": "message", "role": "assistant"}
    return head | {"model": reply.model, "stop_sequence": None}


def _blocks(reply: Reply) -> list[Json]:
    text = [{"type": "text", "text": reply.text}] if reply.text else []
    return text + [
        {"type": "tool_use", "id": f"toolu_{call.id}", "name": call.tool.name, "input": call.arguments}
        for call in reply.calls
    ]


def _block_events(index: int, block: Json) -> Iterator[Event]:
    if block["type"] == "text":
        start, delta = block | {"text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        start, delta = block | {"input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    yield _event("content_block_start", index=index, content_block=start)
    yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


def _event(name: str, **data: object) -> Event:
    return name, {"type": name, **data}


def _stop(reply: Reply) -> str:
    return "tool_use" if reply.calls else "end_turn"


def _usage(reply: Reply) -> Json:
    tokens = {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens}
    return tokens | {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
