"""A raw MCP client of a real `kanban-mcp serve`, with a deadline on every read; it can kill, stop and continue it."""

import itertools
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.puppet import Answer
from tests.chaos.records import Record
from tests.chaos.warm import WarmProcess

if TYPE_CHECKING:
    from tests.chaos.terms import Op

PATIENCE_S = 30.0
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "chaos", "version": "1"}}


class ServerGone(Exception):
    """The server ended, or was killed, before it answered."""


def _cold(path: Path, home: Path, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "kanban_mcp", "serve", "--db", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=home,
        env=variables,
        bufsize=0,
    )


class Server:
    """One server process with its pipes."""

    def __init__(self, path: Path, home: Path, *, warm: bool = False, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KANBAN_", "CLAUDE"))}
        variables = kept | {"KANBAN_CONFIG_HOME": str(home / "keys")} | environment
        self.process = WarmProcess(path, home, variables) if warm else _cold(path, home, variables)
        self.record = Record(f"server {self.process.pid}")
        self._calls: dict[int, Op] = {}
        self._ids = itertools.count(1)
        self._rest = b""

    @property
    def pid(self) -> int:
        return self.process.pid

    def open(self) -> None:
        """Do the handshake."""
        self.receive(self.send("initialize", HELLO))
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool; returns its answer, or {error, text} for a refusal."""
        return self.answer(self.ask(tool, **arguments))

    def ask(self, tool: str, **arguments: Any) -> int:
        """Send a call without waiting; returns its id."""
        call = self.record.invoke(tool, arguments)
        number = self.send("tools/call", {"name": f"kanban_{tool}", "arguments": arguments})
        self._calls[number] = call
        return number

    def answer(self, number: int) -> Answer:
        """Wait for the answer of a call."""
        found = self._read(self.receive(number))
        self.record.outcome(self._calls.pop(number), found)
        return found

    def _read(self, reply: dict[str, Any]) -> Answer:
        if "error" in reply:
            return {"error": "protocol", "text": json.dumps(reply["error"])}
        result = reply["result"]
        if result.get("isError"):
            text = result["content"][0]["text"]
            return {"error": text[1 : text.index("]")], "text": text}
        found: Answer = result["structuredContent"]
        return found

    def send(self, method: str, params: dict[str, Any]) -> int:
        number = next(self._ids)
        self._write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return number

    def receive(self, number: int) -> dict[str, Any]:
        """Return the reply to a request; what else comes in between is passed over."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            frame: dict[str, Any] = json.loads(self._line(deadline))
            if frame.get("id") == number:
                return frame

    def _write(self, frame: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(frame).encode() + b"\n")
        except (BrokenPipeError, ValueError) as error:
            raise ServerGone from error

    def _line(self, deadline: float) -> bytes:
        assert self.process.stdout is not None
        while b"\n" not in self._rest:
            poll = select.poll()  # select() knows no descriptor past 1023
            poll.register(self.process.stdout.fileno(), select.POLLIN | select.POLLHUP)
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimeoutError(f"server {self.pid} did not answer within {PATIENCE_S} s")
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            if not chunk:
                raise ServerGone
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it hard and reap it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(timeout=10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
