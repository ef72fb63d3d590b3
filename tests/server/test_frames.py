"""Bytes that are no message cost one error reply; the connection and its other calls live on."""

import json
from typing import Any

import anyio
import pytest

from kanban_mcp.server.framing import FRAME_LIMIT, Oversize, Splitter, frame_id
from kanban_mcp.service import results
from tests.server.conftest import RecordingBoard, a_session, call, initialize

PARSE_ERROR, INVALID_REQUEST = -32700, -32600


async def is_alive(client: Any) -> bool:
    client.send(call("alive", "kanban_list"))
    reply = await client.receive()
    return reply["id"] == "alive" and "result" in reply


@pytest.mark.proves("T23")
@pytest.mark.parametrize(
    ("frame", "code", "request_id"),
    [
        (b"nonsense", PARSE_ERROR, None),
        (b"{", PARSE_ERROR, None),
        (b"\xff\xfe\x00", PARSE_ERROR, None),
        (b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{', PARSE_ERROR, 7),
        (b'{"jsonrpc":"2.0","id":"a b","method":"x","params":{"n":01}}', PARSE_ERROR, "a b"),
        (b'{"method":"x","params":{"text":"\\ud800"},"jsonrpc":"2.0","id":8}', PARSE_ERROR, 8),
        (b'{"method":"x","params":{"arguments":{"id":9}', PARSE_ERROR, None),
        (b"[]", INVALID_REQUEST, None),
        (b"17", INVALID_REQUEST, None),
        (b"null", INVALID_REQUEST, None),
        (b'{"jsonrpc":"1.0","id":10,"method":"ping"}', INVALID_REQUEST, 10),
        (b'{"jsonrpc":"2.0","id":11,"method":5}', INVALID_REQUEST, 11),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', INVALID_REQUEST, None),
        (b'[{"jsonrpc":"2.0","id":12,"method":"ping"}]', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":13,"method":"ping","params":[1]}', INVALID_REQUEST, 13),
        (b'{"jsonrpc":"2.0","id":14,"method":"x","params":{"a":' + b"[" * 60 + b"]" * 60 + b"}}", INVALID_REQUEST, 14),
        (b'{"jsonrpc":"2.0","id":15,"method":"x","params":{"a":' + b"[" * 9000 + b"]" * 9000 + b"}}", PARSE_ERROR, 15),
        (b'{"jsonrpc":"2.0","id":16,"method":"x","params":{"a":"' + b"x" * FRAME_LIMIT + b'"}}', INVALID_REQUEST, 16),
        (b'{"method":"x","params":{"a":"' + b"x" * FRAME_LIMIT + b'"},"jsonrpc":"2.0","id":17}', INVALID_REQUEST, 17),
        (b"x" * (3 * FRAME_LIMIT), INVALID_REQUEST, None),
    ],
    ids=range(22),
)
async def test_a_frame_that_is_no_message_gets_an_error_reply(
    raw: Any, frame: bytes, code: int, request_id: Any
) -> None:
    client = await raw(a_session())
    await client.shake_hands()
    client.send(frame)
    reply = await client.receive()
    assert (reply["id"], reply["error"]["code"]) == (request_id, code)
    assert "pydantic" not in json.dumps(reply)
    assert len(json.dumps(reply)) < 300
    assert await is_alive(client)


async def test_a_frame_just_under_the_limit_is_read(raw: Any) -> None:
    client = await raw(a_session())
    await client.shake_hands()
    message = call(1, "kanban_comment", task_id="TASK-001", body="")
    room = FRAME_LIMIT - len(json.dumps(message))
    message["params"]["arguments"]["body"] = "x" * room
    client.send(message)
    assert "at most 65,536 bytes" in (await client.receive())["result"]["content"][0]["text"]


async def test_an_argument_nested_too_deep_is_refused_by_its_tool(raw: Any) -> None:
    client = await raw(a_session())
    await client.shake_hands()
    value: Any = 1
    for _ in range(34):
        value = [value]
    client.send(call(1, "kanban_complete", summary="S", metadata={"a": value}))
    reply = await client.receive()
    assert reply["result"]["content"][0]["text"].startswith("[invalid] metadata is nested deeper than 32 levels.")


async def test_brackets_inside_text_are_no_nesting(raw: Any) -> None:
    client = await raw(a_session())
    await client.shake_hands()
    client.send(call(1, "kanban_comment", task_id="TASK-001", body="[{" * 500))
    assert (await client.receive())["result"]["structuredContent"]["task_id"] == "TASK-001"


async def test_frames_arrive_whole_however_the_bytes_are_cut(raw: Any) -> None:
    client = await raw(a_session())
    await client.shake_hands()
    for byte in json.dumps(call(1, "kanban_list")).encode() + b"\r\n\n  \n":
        client.writer.write(bytes([byte]))
        await client.writer.drain()
    assert (await client.receive())["id"] == 1


async def test_an_id_used_twice_is_answered_twice(raw: Any) -> None:
    client = await raw(a_session())
    await client.shake_hands()
    client.send(call(1, "kanban_list"), call(1, "kanban_show"))
    replies = [await client.receive(), await client.receive()]
    assert [reply["id"] for reply in replies] == [1, 1]


async def test_pipelined_frames_are_answered_after_the_input_has_ended(raw: Any) -> None:
    client = await raw(a_session())
    client.send(initialize(), *(call(n, "kanban_list") for n in (1, 2)))
    client.writer.write(json.dumps(call(3, "kanban_show")).encode())  # no line end after the last one
    replies = await client.rest()
    assert sorted(reply["id"] for reply in replies) == [0, 1, 2, 3]
    assert all("result" in reply for reply in replies)


async def test_a_wait_does_not_keep_a_closed_connection_alive(raw: Any) -> None:
    async def wait(_session: Any, **_arguments: Any) -> Any:
        await anyio.sleep_forever()

    client = await raw(a_session(RecordingBoard(wait=wait)))
    await client.shake_hands()
    client.send(call(1, "kanban_wait", task_ids=["TASK-001"]))
    with anyio.fail_after(5):
        (reply,) = await client.rest()
    assert reply["error"]["message"] == "Connection closed"


@pytest.mark.proves("L7")
async def test_a_client_that_vanishes_ends_its_calls(raw: Any) -> None:
    ended = anyio.Event()

    async def wait(_session: Any, *, progress: Any, **_arguments: Any) -> Any:
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    client = await raw(a_session(RecordingBoard(wait=wait)))
    await client.shake_hands()
    client.send(call(1, "kanban_wait", task_ids=["TASK-001"]))
    await client.writer.drain()
    client.writer.transport.abort()
    with anyio.fail_after(5):
        await ended.wait()


async def test_answers_of_many_calls_do_not_mix(raw: Any) -> None:
    async def show(_session: Any, *, task_id: str, run_id: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return results.Listing(next=f"{task_id} " + "x" * 5000, counts={}, tasks=[], truncated="")

    client = await raw(a_session(RecordingBoard(show=show)))
    await client.shake_hands()
    client.send(*(call(n, "kanban_show", task_id=f"TASK-{n}") for n in range(200)))
    for _ in range(200):
        reply = await client.receive()
        assert reply["result"]["structuredContent"]["next"].startswith(f"TASK-{reply['id']} ")


def test_the_splitter_holds_at_most_one_frame_of_the_limit() -> None:
    splitter = Splitter(limit=10)
    assert splitter.feed(b"12345") == []
    assert splitter.feed(b"67890\nab\r\n\n") == [b"1234567890", b"ab"]
    (refused,) = splitter.feed(b"x" * 25 + b"\n")
    assert isinstance(refused, Oversize)
    assert refused.size == 25
    assert splitter.feed(b"y" * 11) == []
    assert splitter.feed(b"z" * 1000) == []
    assert len(splitter._held) == 0
    (refused,) = splitter.feed(b"\nok\n")[:1]
    assert isinstance(refused, Oversize)
    assert refused.size == 1011
    assert splitter.close() == []
    splitter.feed(b"last")
    assert splitter.close() == [b"last"]


def test_an_id_inside_the_arguments_is_never_taken_for_the_frames_own() -> None:
    assert frame_id(b'{"method":"x","params":{"id":5},"broken') is None
    assert frame_id(b'{"method":"x","params":{"id":5}}}') is None
    assert frame_id(b'{"id":"\\u0041","method":') == "A"
    assert frame_id(b'{"jsonrpc":"2.0","method":"x","id":5,"params":{"id":6}') == 5
