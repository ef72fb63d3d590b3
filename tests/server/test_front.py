"""The process that a client starts, over real pipes: quick listing, a faithful relay, an end in bounded time."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from mcp import Client, StdioServerParameters

from kanban_mcp.server import front
from kanban_mcp.server.framing import FRAME_LIMIT
from kanban_mcp.server.listing import CAPABILITIES_KEY, CLIENT_KEY, VERSION_KEY
from kanban_mcp.server.snapshot import path_of
from tests.server.conftest import call, clean_environment, initialize

MODERN = {VERSION_KEY: "2026-07-28", CAPABILITIES_KEY: {}, CLIENT_KEY: {"name": "raw", "version": "1"}}
PATIENCE_S = 60  # a machine that runs other suites beside this one loads the SDK slowly


class Process:
    """A server process and its pipes."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        command = [sys.executable, "-m", "kanban_mcp", "serve", *arguments]
        pipe = subprocess.PIPE
        self.popen = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
        self._buffer = b""

    def send(self, *messages: Any) -> None:
        """Write messages, or bytes as they are."""
        assert self.popen.stdin is not None
        for message in messages:
            raw = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.popen.stdin.write(raw + b"\n")
        self.popen.stdin.flush()

    def receive(self) -> Any:
        """Return the next message, None at the end of the output."""
        assert self.popen.stdout is not None
        deadline = time.monotonic() + PATIENCE_S
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self.popen.stdout], [], [], max(0, deadline - time.monotonic()))
            assert ready, "no answer in time"
            data = os.read(self.popen.stdout.fileno(), 1 << 16)
            if not data:
                return None
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def ask(self, message: dict[str, Any]) -> Any:
        """Send a request and return its reply, passing over whatever else comes."""
        self.send(message)
        while (reply := self.receive()) is not None:
            if reply.get("id") == message["id"]:
                return reply
        raise AssertionError("the server ended")

    def shake_hands(self, version: str = "2025-11-25") -> Any:
        """Open a connection of the handshake era."""
        reply = self.ask(initialize(version=version))
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return reply["result"]

    def end(self) -> list[Any]:
        """Close our side and return everything that still came."""
        assert self.popen.stdin is not None
        self.popen.stdin.close()
        replies = list(iter(self.receive, None))
        self.popen.wait(PATIENCE_S)
        return replies

    def errors(self) -> str:
        """Return what it wrote to stderr; after its end."""
        assert self.popen.stderr is not None
        return self.popen.stderr.read().decode()


Serve = Callable[..., Process]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Return a function that starts a server on a board of this test."""
    started: list[Process] = []

    def start(*arguments: str, **environment: str) -> Process:
        defaults = {"KANBAN_DB": str(tmp_path / "board.db"), "KANBAN_CONFIG_HOME": str(tmp_path / "keys")}
        process = Process(clean_environment(**{**defaults, **environment}), *arguments)
        started.append(process)
        return process

    yield start
    for process in started:
        process.popen.kill()
        process.popen.wait()
        for pipe in (process.popen.stdin, process.popen.stdout, process.popen.stderr):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue


def text_of(reply: Any) -> str:
    return str(reply["result"]["content"][0]["text"])


def tools_in(toolset: str) -> Any:
    return json.loads(path_of(toolset).read_text())["tools"]


# Listing and relaying -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_a_handshake_client_of_any_date_lists_and_calls(serve: Serve, version: str) -> None:
    process = serve()
    hello = process.shake_hands(version)
    assert (hello["protocolVersion"], hello["serverInfo"]["name"]) == (version, "kanban")
    listed = process.ask({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert listed["result"]["tools"] == tools_in("orchestrator")
    created = process.ask(call(2, "kanban_create", title="Write the parser"))
    assert created["result"]["structuredContent"]["task_id"] == "TASK-001"
    assert process.ask({"jsonrpc": "2.0", "id": 3, "method": "ping"})["result"] == {}
    assert process.end() == []  # the server's own replies to what the front answered never show
    assert process.popen.returncode == 0


def test_a_modern_client_discovers_lists_and_calls(serve: Serve) -> None:
    process = serve("--toolset", "worker")
    meta = {"_meta": MODERN}
    found = process.ask({"jsonrpc": "2.0", "id": "d", "method": "server/discover", "params": meta})
    assert found["result"]["supportedVersions"] == ["2026-07-28"]
    listed = process.ask({"jsonrpc": "2.0", "id": "l", "method": "tools/list", "params": meta})
    assert listed["result"]["tools"] == tools_in("worker")
    created = process.ask(call("c", "kanban_create", MODERN, title="Write the parser"))
    assert created["result"]["structuredContent"]["task_id"] == "TASK-001"
    assert process.end() == []


def test_a_date_nobody_knows_is_negotiated_by_the_server(serve: Serve) -> None:
    process = serve()
    assert process.shake_hands("2031-01-01")["protocolVersion"] == "2025-11-25"
    listed = process.ask({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert listed["result"]["tools"] == tools_in("orchestrator")


@pytest.mark.parametrize("era", ["legacy", "auto", "2026-07-28"])
async def test_the_sdks_own_client_works_through_the_front(tmp_path: Path, era: str) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "kanban_mcp", "serve"],
        env=clean_environment(KANBAN_DB=str(tmp_path / "board.db")),
    )
    async with Client(server, mode=era) as client:
        assert len((await client.list_tools()).tools) == 17
        created = await client.call_tool("kanban_create", {"title": "Write the parser"})
        assert created.structured_content["task_id"] == "TASK-001"
        refused = await client.call_tool("kanban_create", {"titel": "x"})
        assert refused.is_error
        assert "TASK-001" in (await client.read_resource("kanban://board")).contents[0].text


def test_an_id_used_again_right_after_the_front_answered_it_gets_its_own_reply(serve: Serve) -> None:
    process = serve()
    process.send(initialize(request_id=0), call(0, "kanban_nothing"))
    assert "protocolVersion" in process.receive()["result"]
    assert "There is no tool" in text_of(process.receive())
    assert process.end() == []


def test_two_calls_run_side_by_side_and_a_cancelled_one_is_never_answered(serve: Serve) -> None:
    process = serve()
    process.shake_hands()
    process.ask(call(1, "kanban_create", title="Write the parser"))
    process.send(call(2, "kanban_wait", task_ids=["TASK-001"], until="terminal"))
    assert process.ask(call(3, "kanban_list"))["id"] == 3
    process.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}})
    assert process.ask(call(4, "kanban_list"))["id"] == 4
    assert process.end() == []


def test_bytes_that_are_no_message_cost_one_error_reply(serve: Serve) -> None:
    process = serve()
    process.shake_hands()
    process.send(b"nonsense")
    assert process.receive()["error"]["code"] == -32700
    process.send(b'{"jsonrpc":"2.0","id":5,"method":"x","params":{"a":"' + b"x" * FRAME_LIMIT + b'"}}')
    assert process.receive()["id"] == 5
    process.send(b'{"jsonrpc":"2.0","id":6,"method":"x","params":{"a":' + b"[" * 9000 + b"]" * 9000 + b"}}")
    assert process.receive()["id"] == 6
    assert process.ask(call(7, "kanban_list"))["id"] == 7


def test_a_client_that_does_not_read_loses_nothing(serve: Serve) -> None:
    process = serve()
    process.shake_hands()
    count = 400  # listings of 13 kB: many times what the relay holds for a client
    lists = [{"jsonrpc": "2.0", "id": n, "method": "tools/list"} for n in range(count)]
    calls = [call(count + n, "kanban_nothing") for n in range(count)]
    frames = [frame for pair in zip(lists, calls, strict=True) for frame in pair]
    writing = threading.Thread(target=lambda: process.send(*frames))
    writing.start()
    writing.join(1)  # by now a relay that blocks on a write would stand still
    assert sorted(process.receive()["id"] for _ in range(2 * count)) == list(range(2 * count))
    writing.join()


# The end --------------------------------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_although_the_input_ended_at_once(serve: Serve) -> None:
    process = serve()
    process.send(
        initialize(),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        call(2, "kanban_create", title="Write the parser"),
    )
    replies = process.end()
    assert [reply["id"] for reply in replies] == [0, 1, 2]
    assert replies[2]["result"]["structuredContent"]["task_id"] == "TASK-001"
    assert process.popen.returncode == 0


def test_an_input_that_ends_at_once_ends_the_process(serve: Serve) -> None:
    process = serve()
    assert process.end() == []
    assert process.popen.returncode == 0
    assert process.errors() == ""


def waiting(serve: Serve) -> Process:
    """Return a server process in the middle of a long wait."""
    process = serve()
    process.shake_hands()
    process.ask(call(1, "kanban_create", title="Write the parser"))
    process.send(call(2, "kanban_wait", task_ids=["TASK-001"], until="terminal"))
    process.ask(call(3, "kanban_list"))
    return process


def test_a_wait_does_not_outlive_its_client(serve: Serve) -> None:
    process = waiting(serve)
    began = time.monotonic()
    (reply,) = process.end()
    assert reply["id"] == 2
    assert "error" in reply
    assert time.monotonic() - began < 5


@pytest.mark.proves("L7")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_even_in_a_wait(serve: Serve, number: int) -> None:
    process = waiting(serve)
    process.popen.send_signal(number)
    assert process.popen.wait(5) == 0
    assert "Traceback" not in process.errors()


def test_a_client_that_reads_nothing_and_leaves_does_not_keep_the_process(serve: Serve) -> None:
    process = serve()
    process.shake_hands()
    for number in range(20):  # 260 kB: four times what the pipe takes
        process.send({"jsonrpc": "2.0", "id": number, "method": "tools/list"})
    assert process.popen.stdin is not None
    process.popen.stdin.close()
    assert process.popen.wait(10) == 0


class DeafBoot:
    """A server that was loaded and then never reads, writes or ends."""

    loaded_at, failure = 0.0, ""

    def __init__(self) -> None:
        self.end: Any = None

    @property
    def started(self) -> bool:
        """Say whether it was started."""
        return self.end is not None

    def start(self, end: Any) -> None:
        """Keep the socket and do nothing."""
        self.end = end

    def is_over(self, _timeout_s: float = 0.0) -> bool:
        """It never is."""
        return False


def test_a_server_that_hangs_leaves_no_orphan_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "EXIT_S", 0.2)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    (client_in, ours), (_, client_out) = os.pipe(), os.pipe()
    os.write(ours, json.dumps(call(1, "kanban_show")).encode() + b"\n")
    os.close(ours)
    boot = DeafBoot()
    assert front.Front(client_in, client_out, None, cast(front.Boot, boot)).run() == 0
    boot.end.close()


def test_a_client_that_stops_reading_for_good_ends_the_process(serve: Serve) -> None:
    process = waiting(serve)
    assert process.popen.stdout is not None
    process.popen.stdout.close()
    assert process.popen.wait(PATIENCE_S) == 0


def test_stray_prints_and_children_cannot_touch_the_protocol() -> None:
    code = (
        "import os; from kanban_mcp.server.front import take_stdio\n"
        "ours = take_stdio(); print('stray'); os.system('echo child; cat'); os.write(ours[1], b'wire')\n"
        "os.write(ours[1], os.read(ours[0], 100))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, input=b" in")
    assert done.stdout == b"wire in"
    assert sorted(done.stderr.split()) == [b"child", b"stray"]


def test_the_bare_command_serves_when_its_input_is_no_terminal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kanban_mcp"]
    frames = json.dumps(initialize()).encode() + b"\n"
    done = subprocess.run(command, input=frames, capture_output=True, check=True, env=clean_environment(), cwd=tmp_path)
    assert json.loads(done.stdout)["result"]["serverInfo"]["name"] == "kanban"


def test_without_an_input_there_is_nobody_to_serve(tmp_path: Path) -> None:
    command = f"exec {sys.executable} -m kanban_mcp serve <&-"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("kanban-mcp: no client to serve")


# When something is wrong ----------------------------------------------------------------------------------------


def test_a_server_that_cannot_be_loaded_lists_its_tools_and_says_why_at_each_call(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['mcp_types'] = None")
    process = serve(PYTHONPATH=str(tmp_path))
    process.shake_hands()
    listed = process.ask({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert len(listed["result"]["tools"]) == 17
    for number in (2, 3):
        reply = process.ask(call(number, "kanban_show"))
        assert reply["result"]["isError"] is True
        assert text_of(reply).startswith("[board_unavailable] The kanban server is not running: ModuleNotFoundError")
    prompts = process.ask({"jsonrpc": "2.0", "id": 4, "method": "prompts/list"})
    assert "[board_unavailable]" in prompts["error"]["message"]
    assert process.end() == []
    assert process.errors().count("\n") == 1
    assert process.errors().count("Traceback") == 0


def test_a_setting_that_cannot_be_read_is_named_at_each_call(serve: Serve) -> None:
    process = serve(KANBAN_TOOLSET="orchestra")
    process.shake_hands()
    assert len(process.ask({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})["result"]["tools"]) == 17
    reply = process.ask(call(2, "kanban_show"))
    assert text_of(reply).startswith("[config] toolset")
    assert "orchestrator" in text_of(reply)


def test_a_missing_board_is_named_and_may_appear_later(serve: Serve, tmp_path: Path) -> None:
    process = serve()
    process.shake_hands()
    assert text_of(process.ask(call(1, "kanban_list"))).startswith("[not_found] There is no board")
    other = serve()
    other.shake_hands()
    other.ask(call(1, "kanban_create", title="Write the parser"))
    assert process.ask(call(2, "kanban_list"))["result"]["structuredContent"]["counts"]["ready"] == 1


# Who calls ------------------------------------------------------------------------------------------------------


def test_a_restarted_server_of_the_same_session_still_holds_its_task(serve: Serve) -> None:
    first = serve("--role", "tester", KANBAN_SESSION_ID="s-1")
    first.shake_hands()
    first.ask(call(1, "kanban_create", title="Test the parser", assignee="tester"))
    taken = first.ask(call(2, "kanban_claim"))["result"]["structuredContent"]
    assert (taken["claimed"], taken["task"]["id"]) == (True, "TASK-001")
    first.popen.kill()
    first.popen.wait()
    again = serve("--role", "tester", KANBAN_SESSION_ID="s-1")
    again.shake_hands()
    beat = again.ask(call(1, "kanban_heartbeat"))["result"]["structuredContent"]
    assert beat["run_id"] == taken["task"]["run"]["run_id"]
    other = serve("--role", "tester", KANBAN_SESSION_ID="s-2")
    other.shake_hands()
    assert other.ask(call(1, "kanban_heartbeat"))["result"]["isError"] is True
