"""A raw MCP client over pipes: the least a client can add to a measurement."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

SDK_SERVER = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("bare", log_level="ERROR")
@server.tool()
async def echo(text: str) -> str:
    return text
server.run()
"""


class Wire:
    """One stdio server and its session; times are seconds since the spawn."""

    def __init__(self, command: Sequence[str], cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        self._at = 0
        self._started = time.perf_counter()
        whole = {**os.environ, **(env or {})}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, cwd=cwd, env=whole, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def send(self, method: str, params: dict[str, Any] | None = None, *, notify: bool = False) -> int:
        """Send a request or notification; returns the request's id."""
        frame: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            frame["params"] = params
        if not notify:
            self._at += 1
            frame["id"] = self._at
        self._write(frame)
        return self._at

    def _write(self, frame: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(frame).encode() + b"\n")
        self._process.stdin.flush()

    def reply(self, request: int) -> dict[str, Any]:
        """Return the reply to a request, passing over everything else."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not line.startswith(b"{"):
                continue  # some servers of others log to stdout
            frame: dict[str, Any] = json.loads(line)
            if "method" in frame:
                self._serve(frame)
            elif frame.get("id") == request:
                return frame
        raise EOFError("the server ended")

    def _serve(self, frame: dict[str, Any]) -> None:
        """Answer a server that asks for the client's folders before it says anything else."""
        if "id" in frame:
            self._write({"jsonrpc": "2.0", "id": frame["id"], "result": {"roots": []}})

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and return its reply."""
        return self.reply(self.send(method, params))

    def handshake(self) -> None:
        """Open the session as clients of today do."""
        self.ask(
            "initialize",
            {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}},
        )
        self.send("notifications/initialized", notify=True)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; returns the result."""
        result: dict[str, Any] = self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]
        return result

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the spawn."""
        return (time.perf_counter() - self._started) * 1000


def kanban(db: Path, *options: str) -> list[str]:
    """Return the command of our server."""
    return [sys.executable, "-m", "kanban_mcp", "serve", "--db", str(db), *options]


def bare() -> list[str]:
    """Return the command of a bare SDK server with one tool."""
    return [sys.executable, "-c", SDK_SERVER]
