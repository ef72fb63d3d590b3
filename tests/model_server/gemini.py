"""Gemini generateContent and streamGenerateContent: what Gemini CLI speaks."""

import json
import re

from tests.model_server.reply import Event, Json, Reply
from tests.model_server.script import Failure
from tests.model_server.seen import Hearing, ModelRequest, OfferedTool, ToolResult, text_of

_PATH = re.compile(r"/models/([^/:]+):(stream)?[gG]enerateContent$")


class Gemini:
    name = "gemini"

    def serves(self, path: str) -> bool:
        return bool(_PATH.search(path))

    def read(self, path: str, body: Json) -> ModelRequest:
        heard = Hearing(system=[text_of((body.get("systemInstruction") or {}).get("parts"))])
        functions = [one for group in body.get("tools") or [] for one in group.get("functionDeclarations", [])]
        heard.tools = [OfferedTool(one["name"], one.get("description", "")) for one in functions]
        for message in body.get("contents", []):
            if message.get("role") == "model":
                heard.assistant()
            else:
                _read_user(heard, message.get("parts", []))
        found = _PATH.search(path)
        return heard.request(self.name, found[1] if found else "", bool(found and found[2]))

    def whole(self, reply: Reply) -> Json:
        text = [{"text": reply.text}] if reply.text else []
        calls = [{"functionCall": {"name": call.tool.name, "args": call.arguments}} for call in reply.calls]
        content = {"role": "model", "parts": text + calls}
        return {
            "candidates": [{"index": 0, "finishReason": "STOP", "content": content}],
            "modelVersion": reply.model,
            "responseId": reply.id,
            "usageMetadata": {
                "promptTokenCount": reply.input_tokens,
                "candidatesTokenCount": reply.output_tokens,
                "totalTokenCount": reply.input_tokens + reply.output_tokens,
            },
        }

    def events(self, reply: Reply) -> list[Event]:
        return [(None, self.whole(reply))]

    def error(self, failure: Failure) -> Json:
        return {"error": {"code": failure.status, "message": failure.message, "status": failure.kind}}


def _read_user(heard: Hearing, parts: list[Json]) -> None:
    for part in parts:
        if "functionResponse" in part:
            answer = part["functionResponse"].get("response", {})
            output = answer.get("output")
            text = output if isinstance(output, str) else json.dumps(answer)
            heard.results.append(ToolResult(text, "error" in answer))
        else:
            heard.users.append(text_of(part))
