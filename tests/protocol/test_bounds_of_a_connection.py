"""A client that floods the server, reads nothing, or both costs a bounded amount of memory and loses no answer."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from kanban_mcp.server.connection import MOST_OPEN
from kanban_mcp.server.framing import INVALID_REQUEST, PARSE_ERROR
from kanban_mcp.service import results
from tests.protocol.frame_fuzz import MEMORY_KIB
from tests.protocol.frames import call, dumped
from tests.protocol.wire import Gone, Wire
from tests.server.conftest import RecordingBoard, a_session

STALLED_S = 2.0  # nothing has moved for so long: the server has stopped reading


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    """A server that has been loaded and used."""
    opened = Wire(tmp_path)
    try:
        opened.shake_hands()
        opened.call("kanban_create", title="Write the parser")
        yield opened
        assert "Traceback" not in opened.errors()
    finally:
        opened.kill()


def flood(wire: Wire, data: bytes) -> tuple[int, int]:
    """Send all bytes while nobody reads, as far as the server takes them; returns bytes sent and KiB grown."""
    before, _ = wire.memory_kib()
    sent = wire.send_unread(data, STALLED_S)
    _, most = wire.memory_kib()
    return sent, most - before


@pytest.mark.parametrize(
    ("frame", "count"),
    [
        (b"x\n", 4_000_000),
        (dumped(id=1, method="nothing") + b"\n", 200_000),
        (dumped(id=1, method="tools/list") + b"\n", 20_000),
    ],
    ids=["nonsense", "requests", "listings"],
)
def test_a_flood_that_nobody_reads_the_answers_to_is_not_read_on(wire: Wire, frame: bytes, count: int) -> None:
    sent, grown = flood(wire, frame * count)
    assert sent < len(frame) * count, "the server took everything: this was no flood"
    assert grown < MEMORY_KIB


def test_every_request_of_a_flood_is_answered_once_somebody_reads(wire: Wire) -> None:
    count = 5_000
    frames = b"".join(dumped(id=number, method="prompts/list") + b"\nx\n" for number in range(count))
    before, _ = wire.memory_kib()
    writing = threading.Thread(target=lambda: wire.send_unread(frames))
    writing.start()
    replies = [wire.receive() for _ in range(2 * count)]
    writing.join()
    assert sorted(reply["id"] for reply in replies if "result" in reply) == list(range(count))
    assert sum(reply.get("error", {}).get("code") == PARSE_ERROR for reply in replies) == count
    _, most = wire.memory_kib()
    assert most - before < MEMORY_KIB


def test_a_frame_without_an_end_is_not_kept(wire: Wire) -> None:
    before, _ = wire.memory_kib()
    for _ in range(100):
        wire.send(b"x" * (1 << 20))
    _, most = wire.memory_kib()
    assert most - before < MEMORY_KIB / 2
    wire.send(b"\n")
    assert wire.receive()["error"]["code"] == INVALID_REQUEST
    assert wire.ask("ping")["result"] == {}


def test_many_waits_at_a_time_are_all_heard_and_all_cancelled(wire: Wire) -> None:
    waits = 200
    for number in range(waits):
        wire.send(call(number, "kanban_wait", task_ids=["TASK-001"], until="terminal") + b"\n")
    assert wire.ask("prompts/list")["result"]
    for number in range(waits):
        wire.send(dumped(method="notifications/cancelled", params={"requestId": number}) + b"\n")
    assert "counts" in wire.call("kanban_list")["structuredContent"]
    wire.close_input()
    assert list(wire.rest()) == []
    assert wire.process.wait(10) == 0


def test_a_server_whose_answers_nobody_will_ever_read_ends(wire: Wire) -> None:
    flood(wire, (dumped(id=1, method="tools/list") + b"\n") * 2_000)
    wire.close_output()
    with suppress(Gone):
        wire.send_unread(b"x\n" * 1_000_000)
    assert wire.process.wait(10) == 0


async def test_a_connection_runs_so_many_calls_at_a_time_and_loses_none(raw: Any) -> None:
    running, most, go_on = 0, 0, anyio.Event()

    async def wait(_session: Any, **_arguments: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go_on.wait()
        running -= 1
        return results.Waited(next="Go on.", done=True, changed=[], attention=[])

    client = await raw(a_session(RecordingBoard(wait=wait)))
    await client.shake_hands()
    for number in range(MOST_OPEN + 50):
        client.send(call(number, "kanban_wait"))
    while most < MOST_OPEN:
        await anyio.lowlevel.checkpoint()
    for _ in range(500):
        await anyio.lowlevel.checkpoint()
    go_on.set()
    replies = [await client.receive() for _ in range(MOST_OPEN + 50)]
    assert sorted(reply["id"] for reply in replies) == list(range(MOST_OPEN + 50))
    assert most == MOST_OPEN
