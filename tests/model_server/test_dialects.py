"""One conversation in the words of four providers: read alike, answered in the form each client parses."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.model_server.conftest import Heard, Post
from tests.model_server.script import Found, Step, call, script
from tests.model_server.server import ModelServer

RESULT = '{"task_id":"TASK-001"}'
TOLD = script(
    call("kanban_show"),
    Step("Done soon.", call("kanban_complete", task_id=Found("task_id")).calls, input_tokens=7, output_tokens=3),
)
SCHEMA = {"type": "object"}
CALLED = {"task_id": "TASK-001"}


@dataclass(frozen=True)
class Provider:
    """A provider's path and its request for the second turn of the conversation."""

    name: str
    path: str
    body: dict[str, Any]


def _function(name: str) -> dict[str, Any]:
    return {"name": name, "description": f"What {name} does.", "parameters": SCHEMA}


ANTHROPIC = Provider(
    "anthropic",
    "/v1/messages?beta=true",
    {
        "model": "m",
        "system": [{"type": "text", "text": "Be brief."}],
        "tools": [{"name": f"mcp__kanban__kanban_{verb}", "input_schema": SCHEMA} for verb in ("show", "complete")],
        "messages": [
            {"role": "user", "content": "Work."},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "x", "input": {}}]},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": RESULT}]},
                    {"type": "text", "text": "A reminder."},
                ],
            },
        ],
    },
)
RESPONSES = Provider(
    "responses",
    "/v1/responses",
    {
        "model": "m",
        "instructions": "Be brief.",
        "tools": [
            {"type": "function", **_function("shell")},
            {
                "type": "namespace",
                "name": "mcp__kanban",
                "description": "Start with kanban_show.",
                "tools": [_function("kanban_show"), _function("kanban_complete")],
            },
        ],
        "input": [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Rules."}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Work."}]},
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "call_id": "1", "name": "x", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "1", "output": RESULT},
        ],
    },
)
CHAT = Provider(
    "chat",
    "/v1/chat/completions",
    {
        "model": "m",
        "tools": [
            {"type": "function", "function": _function(f"kanban_kanban_{verb}")} for verb in ("show", "complete")
        ],
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Work."},
            {"role": "assistant", "content": None, "tool_calls": []},
            {"role": "tool", "tool_call_id": "1", "content": RESULT},
        ],
    },
)
GEMINI = Provider(
    "gemini",
    "/v1beta/models/m:{stream}enerateContent",
    {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "tools": [
            {"functionDeclarations": [_function("mcp_kanban_kanban_show"), _function("mcp_kanban_kanban_complete")]}
        ],
        "contents": [
            {"role": "user", "parts": [{"text": "Work."}]},
            {"role": "model", "parts": [{"functionCall": {"name": "x", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "x", "response": {"output": RESULT}}}]},
        ],
    },
)
PROVIDERS = pytest.mark.parametrize("provider", [ANTHROPIC, RESPONSES, CHAT, GEMINI], ids=lambda one: one.name)


def ask(model: ModelServer, post: Post, provider: Provider, *, stream: bool) -> Heard:
    path = provider.path.format(stream="streamG" if stream else "g")
    more = {} if provider is GEMINI else {"stream": stream}
    return post(model, path, **provider.body, **more)


@PROVIDERS
@pytest.mark.parametrize("stream", [True, False])
def test_a_request_is_read_alike_in_every_dialect(provider: Provider, stream: bool, post: Post) -> None:
    with ModelServer(TOLD) as model:
        assert ask(model, post, provider, stream=stream).status == 200
    [asked] = model.asked
    seen = asked.request
    assert (seen.dialect, seen.model, seen.stream, seen.turns) == (provider.name, "m", stream, 1)
    assert "Be brief." in seen.system
    assert seen.users[0] == "Work."
    assert [result.text for result in seen.fresh] == [result.text for result in seen.results] == [RESULT]
    assert not seen.results[0].is_error
    assert seen.offered("kanban_show")
    assert seen.offered("kanban_fail") is None
    assert asked.reply is not None
    assert asked.reply.calls[0].arguments == CALLED


def test_anthropic_streams_each_block_with_its_start_and_stop(post: Post) -> None:
    with ModelServer(TOLD) as model:
        events = ask(model, post, ANTHROPIC, stream=True).events
    assert [name for name, _ in events] == [data["type"] for _, data in events]
    blocks = [data["content_block"] for name, data in events if name == "content_block_start"]
    assert [block["type"] for block in blocks] == ["text", "tool_use"]
    assert blocks[1]["name"] == "mcp__kanban__kanban_complete"
    partial = [data["delta"] for name, data in events if name == "content_block_delta"]
    assert json.loads(partial[1]["partial_json"]) == CALLED
    assert events[-2][1]["delta"]["stop_reason"] == "tool_use"
    assert events[-2][1]["usage"]["output_tokens"] == 3


def test_anthropic_whole_holds_the_same_blocks(post: Post) -> None:
    with ModelServer(TOLD) as model:
        body = ask(model, post, ANTHROPIC, stream=False).json
    assert [block["type"] for block in body["content"]] == ["text", "tool_use"]
    assert body["content"][1]["input"] == CALLED


def test_responses_gives_the_namespace_back_with_the_call(post: Post) -> None:
    with ModelServer(TOLD) as model:
        events = ask(model, post, RESPONSES, stream=True).events
    items = [data["item"] for name, data in events if name == "response.output_item.done"]
    assert [item["type"] for item in items] == ["message", "function_call"]
    assert (items[1]["name"], items[1]["namespace"]) == ("kanban_complete", "mcp__kanban")
    assert json.loads(items[1]["arguments"]) == CALLED
    assert events[-1][0] == "response.completed"
    assert events[-1][1]["response"]["output"] == items
    assert [data["sequence_number"] for _, data in events] == list(range(len(events)))


def test_what_is_said_about_a_group_of_tools_is_read_with_its_tools(post: Post) -> None:
    with ModelServer(TOLD) as model:
        ask(model, post, RESPONSES, stream=True)
    assert "Start with kanban_show.\nWhat kanban_show does." in model.first.everything


def test_chat_ends_its_stream_with_done(post: Post) -> None:
    with ModelServer(TOLD) as model:
        events = ask(model, post, CHAT, stream=True).events
    assert events[-1] == (None, "[DONE]")
    message = events[0][1]["choices"][0]["delta"]
    assert message["content"] == "Done soon."
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == CALLED
    assert events[1][1]["choices"][0]["finish_reason"] == "tool_calls"
    assert events[1][1]["usage"]["total_tokens"] == 10


def test_gemini_puts_text_and_call_into_the_parts(post: Post) -> None:
    with ModelServer(TOLD) as model:
        [(_, body)] = ask(model, post, GEMINI, stream=True).events
    parts = body["candidates"][0]["content"]["parts"]
    assert parts == [{"text": "Done soon."}, {"functionCall": {"name": "mcp_kanban_kanban_complete", "args": CALLED}}]


def test_an_assistant_turn_of_several_items_counts_once(post: Post) -> None:
    more = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hm."}]}
    with ModelServer(TOLD) as model:
        post(model, RESPONSES.path, **{**RESPONSES.body, "input": [*RESPONSES.body["input"][:3], more]})
    assert model.first.turns == 1


def test_results_that_an_assistant_turn_followed_are_no_longer_fresh(post: Post) -> None:
    said = {"role": "assistant", "content": "Hm."}
    with ModelServer(TOLD) as model:
        post(model, CHAT.path, **{**CHAT.body, "messages": [*CHAT.body["messages"], said]})
    assert (len(model.first.results), model.first.fresh) == (1, ())
