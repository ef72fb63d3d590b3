"""A small MCP client over stdio: JSON lines to a server process of its own, one call at a time.

Standard library only, so that a demo worker starts as fast as its server. Every call and its answer goes into a
transcript, because a refused call leaves no trace on the board: nothing was changed.
"""

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

PROTOCOL = "2025-06-18"
CLOSE_S = 3.0


class Refused(Exception):
    """A tool answered with an error. `code` is what stands in the brackets of its text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
        self.code = text[1 : text.find("]")] if text.startswith("[") else ""


class ServerGone(Exception):
    """The server process ended while it was needed."""


class Transcript:
    """One worker's calls as JSON lines: `at_ms`, `who`, `tool`, `arguments`, and `answer` or `refused`."""

    def __init__(self, path: Path, who: str) -> None:
        self._path = path
        self._who = who

    def add(self, tool: str, arguments: Mapping[str, Any], **outcome: Any) -> None:
        """Append one call in a single write, so that a reader never sees half a line as whole."""
        line = {"at_ms": time.time_ns() // 1_000_000, "who": self._who, "tool": tool, "arguments": arguments}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line | outcome, ensure_ascii=False) + "\n")


class Client:
    """A connection to one server, which it starts in `cwd` and ends on `close`."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], name: str, transcript: Transcript, log: Path
    ) -> None:
        self._transcript = transcript
        with log.open("ab") as errors:
            self._server = subprocess.Popen(  # noqa: S603 - our own server, named by the demo
                command, cwd=cwd, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        self._ids = 0
        hello = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": {"name": name, "version": "1"}}
        self._request("initialize", hello)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return its structured answer.

        Raises:
            Refused: the tool answered with an error.
            ServerGone: the server ended.
        """
        reply = self._request("tools/call", {"name": tool, "arguments": arguments})
        error = reply.get("error")
        result = reply.get("result", {})
        if error is not None or result.get("isError"):
            text = error["message"] if error is not None else result["content"][0]["text"]
            self._transcript.add(tool, arguments, refused=text)
            raise Refused(text)
        answer: dict[str, Any] = result["structuredContent"]
        self._transcript.add(tool, arguments, answer=answer)
        return answer

    def close(self) -> None:
        """End the server: its input first, as the protocol asks, then the process."""
        server = self._server
        for stream in (server.stdin, server.stdout):
            try:
                if stream is not None:
                    stream.close()
            except OSError:
                continue  # it has gone already
        try:
            server.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def _request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._ids += 1
        self._send({"jsonrpc": "2.0", "id": self._ids, "method": method, "params": params})
        assert self._server.stdout is not None  # noqa: S101 - asked for as a pipe above
        for line in self._server.stdout:
            message: dict[str, Any] = json.loads(line)
            if message.get("id") == self._ids and "method" not in message:
                return message
        raise ServerGone(f"the server ended with exit code {self._server.wait()}")

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._server.stdin is not None  # noqa: S101 - asked for as a pipe above
        try:
            self._server.stdin.write(json.dumps(message).encode() + b"\n")
            self._server.stdin.flush()
        except BrokenPipeError:
            raise ServerGone("the server has closed its input") from None
