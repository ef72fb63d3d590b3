"""Slips that the fuzz and its kind have found, each with the test that keeps it mended."""

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest

from kanban_mcp.server import front
from kanban_mcp.server.owed import Owed
from tests.protocol.frames import call, dumped
from tests.protocol.wire import Wire
from tests.server.conftest import RecordingBoard, a_session

INTERNAL_ERROR = -32603


def test_a_path_that_is_no_text_is_told_and_does_not_end_the_server(tmp_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    Path(odd).mkdir()
    wire = Wire(tmp_path, KANBAN_DB=f"{odd}/board.db")
    try:
        wire.shake_hands()
        assert "caf?/board.db" in wire.call("kanban_list")["content"][0]["text"]
        assert wire.call("kanban_create", title="Write the parser")["structuredContent"]["task_id"] == "TASK-001"
        assert "counts" in wire.call("kanban_list")["structuredContent"]
    finally:
        wire.kill()


@pytest.mark.parametrize("uri", ["kanban://board", "kanban://task/TASK-001"])
async def test_a_resource_that_breaks_tells_the_client_nothing_of_why(raw: Any, uri: str) -> None:
    secret = RuntimeError("password is swordfish")
    client = await raw(a_session(RecordingBoard(list=secret, show=secret)))
    await client.shake_hands()
    client.send({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": uri}})
    error = (await client.receive())["error"]
    assert error["code"] == INTERNAL_ERROR
    assert "swordfish" not in json.dumps(error)
    assert "log reference" in error["message"]


class SlowBoot:
    """A server that is loaded only after the client's input has ended, and answers a while after that."""

    failure = ""

    def __init__(self, load_s: float) -> None:
        self.loaded_at: float | None = None
        self._load_s = load_s
        self._thread: threading.Timer | None = None

    @property
    def started(self) -> bool:
        """Say whether it was started."""
        return self._thread is not None

    def start(self, end: Any) -> None:
        """Begin to load."""
        self._thread = threading.Timer(self._load_s, self._serve, [end])
        self._thread.start()

    def _serve(self, end: Any) -> None:
        self.loaded_at = time.monotonic()
        request = json.loads(end.recv(1 << 16))
        reply = threading.Timer(self._load_s / 2, self._reply, [end, request["id"]])
        reply.start()

    def _reply(self, end: Any, request_id: Any) -> None:
        end.sendall(b'{"jsonrpc":"2.0","id":' + json.dumps(request_id).encode() + b',"result":{}}\n')
        end.close()

    def is_over(self, _timeout_s: float = 0.0) -> bool:
        """It is, as far as anybody asks."""
        return True


def test_a_server_that_loads_longer_than_the_exit_takes_still_gets_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "EXIT_S", 0.4)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    (client_in, ours), (theirs, client_out) = os.pipe(), os.pipe()
    os.write(ours, call(1, "kanban_show") + b"\n")
    os.close(ours)
    assert front.Front(client_in, client_out, None, cast(front.Boot, SlowBoot(0.5))).run() == 0
    os.close(client_out)
    with open(theirs, "rb") as output:  # noqa: PTH123  a file descriptor
        assert json.loads(output.read()) == {"jsonrpc": "2.0", "id": 1, "result": {}}
    os.close(client_in)


def test_a_request_is_owed_its_answer_as_often_as_its_id_was_used() -> None:
    owed = Owed()
    for request_id, method in ((1, "a"), (1, "b"), ("1", "c"), ("x", "d")):
        owed.add(request_id, method)
    owed.settle("1")
    owed.settle(1)
    owed.settle("nobody")
    assert bool(owed)
    assert owed.take_all() == [(1, "a"), ("x", "d")]
    assert not owed


def test_the_last_answers_come_although_an_id_was_used_twice_and_the_input_has_ended(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    try:
        wire.shake_hands()
        wire.send(
            call(7, "kanban_create", title="Write the parser") + b"\n" + dumped(id=7, method="prompts/list") + b"\n"
        )
        wire.close_input()
        assert [reply["id"] for reply in wire.rest()] == [7, 7]
        assert wire.process.wait(20) == 0
    finally:
        wire.kill()
