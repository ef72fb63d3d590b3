"""OpenAI Chat Completions: what OpenCode and most libraries speak."""

from tests.model_server.reply import Event, Json, Reply
from tests.model_server.script import Failure
from tests.model_server.seen import Hearing, ModelRequest, OfferedTool, ToolResult, text_of


class Chat:
    name = "chat"

    def serves(self, path: str) -> bool:
        return path.endswith("/chat/completions")

    def read(self, path: str, body: Json) -> ModelRequest:
        functions = [tool["function"] for tool in body.get("tools") or []]
        heard = Hearing(tools=[OfferedTool(each["name"], each.get("description", "")) for each in functions])
        for message in body.get("messages", []):
            _read_message(heard, message["role"], text_of(message.get("content")))
        return heard.request(self.name, body.get("model", ""), bool(body.get("stream")))

    def whole(self, reply: Reply) -> Json:
        choice = {"index": 0, "message": _message(reply), "finish_reason": _stop(reply)}
        return _head(reply, "chat.completion") | {"choices": [choice], "usage": _usage(reply)}

    def events(self, reply: Reply) -> list[Event]:
        return [
            (None, _chunk(reply, _message(reply), None)),
            (None, _chunk(reply, {}, _stop(reply)) | {"usage": _usage(reply)}),
            (None, "[DONE]"),
        ]

    def error(self, failure: Failure) -> Json:
        return openai_error(failure)


def openai_error(failure: Failure) -> Json:
    """Return the error body that both OpenAI protocols share."""
    return {"error": {"message": failure.message, "type": failure.kind, "code": failure.kind, "param": None}}


def _read_message(heard: Hearing, role: str, text: str) -> None:
    if role == "assistant":
        heard.assistant()
    elif role == "tool":
        heard.results.append(ToolResult(text))
    elif role == "user":
        heard.users.append(text)
    else:
        heard.system.append(text)


def _head(reply: Reply, kind: str) -> Json:
    return {"id": f"chatcmpl-{reply.id}", "object": kind, "created": 0, "model": reply.model}


def _chunk(reply: Reply, delta: Json, stop: str | None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": stop}
    return _head(reply, "chat.completion.chunk") | {"choices": [choice]}


def _message(reply: Reply) -> Json:
    calls = [
        {
            "index": index,
            "id": f"call_{call.id}",
            "type": "function",
            "function": {"name": call.tool.name, "arguments": call.arguments_text},
        }
        for index, call in enumerate(reply.calls)
    ]
    message: Json = {"role": "assistant", "content": reply.text or None}
    return message | ({"tool_calls": calls} if calls else {})


def _stop(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "stop"


def _usage(reply: Reply) -> Json:
    total = reply.input_tokens + reply.output_tokens
    return {"prompt_tokens": reply.input_tokens, "completion_tokens": reply.output_tokens, "total_tokens": total}
