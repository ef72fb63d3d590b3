"""A real `kanban-mcp serve` and its pipes, for clients that send what no client should."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0  # a machine that runs other suites beside this one answers slowly


class Gone(Exception):
    """The server ended, or closed its output."""


class Wire:
    """One server process. Every read has a deadline."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("KANBAN_", "CLAUDE", "CODEX"))}
        own = {"KANBAN_DB": str(folder / "board.db"), "KANBAN_CONFIG_HOME": str(folder / "keys")}
        self._errors = (folder / f"stderr-{time.monotonic_ns()}").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kanban_mcp", "serve", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=folder,
            env={**kept, **own, **environment},
            bufsize=0,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self._in, False)
        self._rest = b""

    def send(self, data: bytes) -> None:
        """Write bytes, reading answers meanwhile: a client that only writes may wait for ever.

        Raises:
            Gone: the server reads no more.
        """
        deadline = time.monotonic() + PATIENCE_S
        while data:
            readable, writable, _ = select.select([self._out], [self._in], [], max(0.0, deadline - time.monotonic()))
            if not readable and not writable:
                raise TimeoutError("the server does not read")
            if readable:
                self._read()
            if writable:
                data = data[self._write(data) :]

    def send_unread(self, data: bytes, patience_s: float = PATIENCE_S) -> int:
        """Write bytes and read nothing, until all are gone or nothing has moved for `patience_s`. Returns how many."""
        sent = 0
        while sent < len(data) and select.select([], [self._in], [], patience_s)[1]:
            sent += self._write(data[sent : sent + (1 << 16)])
        return sent

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._in, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            raise Gone from None

    def receive(self, patience_s: float = PATIENCE_S) -> Any:
        """Return the next message.

        Raises:
            Gone: there is none any more.
            TimeoutError: none came in time.
        """
        deadline = time.monotonic() + patience_s
        while b"\n" not in self._rest:
            if not select.select([self._out], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError("no answer in time")
            self._read()
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def _read(self) -> None:
        data = os.read(self._out, 1 << 16)
        if not data:
            raise Gone
        self._rest += data

    def ask(self, method: str, params: Any = None, request_id: Any = "ask") -> Any:
        """Send a request and return its reply, passing over whatever else comes."""
        message = {"jsonrpc": "2.0", "id": request_id, "method": method} | (
            {} if params is None else {"params": params}
        )
        self.send(json.dumps(message).encode() + b"\n")
        while (reply := self.receive()).get("id") != request_id or "method" in reply:
            pass
        return reply

    def call(self, tool: str, **arguments: Any) -> Any:
        """Call a tool in the handshake era; returns its result."""
        return self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]

    def shake_hands(self, version: str = "2025-11-25") -> Any:
        """Open a connection of the handshake era; returns the result."""
        hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "wire", "version": "1"}}
        reply = self.ask("initialize", hello)
        self.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        return reply["result"]

    def close_input(self) -> None:
        """End our side; the answers still come."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def close_output(self) -> None:
        """Stop reading for good."""
        assert self.process.stdout is not None
        self.process.stdout.close()

    def rest(self) -> Iterator[Any]:
        """Yield what still comes, to the end of the output."""
        while True:
            try:
                yield self.receive()
            except Gone:
                return

    def wait(self, limit_s: float) -> float:
        """Wait for the end of the process; returns the seconds that it took.

        Raises:
            TimeoutExpired: it takes longer than `limit_s`.
        """
        began = time.monotonic()
        self.process.wait(limit_s)
        return time.monotonic() - began

    def wait_for_handlers(self) -> None:
        """Wait until the process catches SIGTERM: before that, a signal meets an interpreter that is just starting."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._status().get("SigCgt", 0) & 1 << (signal.SIGTERM - 1):
            assert time.monotonic() < deadline, "the process never catches SIGTERM"
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.005)
                return

    def _status(self) -> dict[str, int]:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        words = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
        numbers = {name: int(words[name][0]) for name in ("VmRSS", "VmHWM") if name in words}
        return {**numbers, "SigCgt": int(words["SigCgt"][0], 16)}

    def memory_kib(self) -> tuple[int, int]:
        """Return what the process holds now and what it has held at most, in KiB."""
        found = self._status()
        return found["VmRSS"], found["VmHWM"]

    def errors(self) -> str:
        """Return what it has written to stderr so far."""
        self._errors.seek(0)
        return self._errors.read().decode()

    def kill(self) -> None:
        """End it hard and close everything."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self._errors):
            if pipe is not None:
                pipe.close()
