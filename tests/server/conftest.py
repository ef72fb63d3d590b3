"""A board that only records, raw connections, and SDK clients of both protocol eras."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from mcp import Client

from kanban_mcp.domain.principals import ProcessId
from kanban_mcp.server.connection import serve_connection
from kanban_mcp.server.identity import Origin
from kanban_mcp.server.mcp_server import build_server
from kanban_mcp.server.session import ClientSession, LazyBoard, OpenBoard
from kanban_mcp.service import results
from kanban_mcp.service.board import Board

ERAS = ("legacy", "auto")
PROCESS = ProcessId(pid=4711, started="100", host="laptop", boot_id="boot-1")

CANNED: dict[str, Any] = {
    "show": results.Overview(next="You hold nothing.", holding=[], ready=[], waiting=[], paused=None),
    "list": results.Listing(next="1 task.", counts={"ready": 1}, tasks=[{"id": "TASK-001"}], truncated=""),
    "claim": results.Claimed(next="Nothing is ready.", claimed=False, reason="none_ready", detail="", task=None),
    "create": results.Created("Go on.", "TASK-001", "ready", "after", [], []),
}


class RecordingBoard:
    """Answers every verb with a canned result and remembers how it was called."""

    def __init__(self, **overrides: Any) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.sessions: list[Any] = []
        self._answers = {**CANNED, **overrides}

    def __getattr__(self, verb: str) -> Any:
        async def answer(session: Any = None, **arguments: Any) -> Any:
            self.calls.append((verb, arguments))
            self.sessions.append(session)
            found = self._answers.get(verb, results.Done("Go on.", "TASK-001", "ready", "", [], []))
            if isinstance(found, Exception):
                raise found
            return await found(session, **arguments) if callable(found) else found

        return answer

    async def close(self) -> None:
        """Nothing to close."""


def a_session(
    board: Any = None,
    toolset: str = "orchestrator",
    env: Mapping[str, str] | None = None,
    role: str | None = None,
    is_person: bool = False,
    **origin: Any,
) -> ClientSession:
    """Return the session of a connection to `board`, by a process that names its session unless `env` says else."""
    environment = {"KANBAN_SESSION_ID": "one"} if env is None else env

    async def has_key() -> bool:
        return is_person

    where = {"workdir": Path("/nowhere"), "process": PROCESS, **origin}
    served = RecordingBoard() if board is None else board

    async def opened() -> OpenBoard:
        if isinstance(served, Exception):
            raise served
        return OpenBoard(cast(Board, served), role, has_key)

    return ClientSession(toolset, LazyBoard(opened), Origin(toolset=toolset, environment=environment, **where))


@asynccontextmanager
async def connected(session: ClientSession, era: str = "auto") -> AsyncIterator[Client]:
    """Connect an SDK client of one era to a server of this session, inside the process."""
    async with Client(build_server(session), mode=era) as client:
        yield client


def text_of(result: Any) -> str:
    """Return the text of a tool result."""
    (content,) = result.content
    return str(content.text)


class RawClient:
    """A client that writes bytes, for everything an SDK client would never send."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *messages: Any) -> None:
        """Send messages, or bytes as they are."""
        for message in messages:
            raw = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.writer.write(raw + b"\n")

    async def receive(self) -> Any:
        """Return the next message, None at the end."""
        line = await self.reader.readline()
        return json.loads(line) if line else None

    async def shake_hands(self, version: str = "2025-11-25") -> Any:
        """Open a connection of the handshake era."""
        self.send(initialize(version=version), {"jsonrpc": "2.0", "method": "notifications/initialized"})
        return await self.receive()

    async def rest(self) -> list[Any]:
        """Close our side and return everything that still came."""
        self.writer.write_eof()
        return [json.loads(line) for line in (await self.reader.read()).splitlines()]


def initialize(request_id: Any = 0, version: str = "2025-11-25") -> dict[str, Any]:
    """Return the request that opens a handshake connection."""
    hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
    return {"jsonrpc": "2.0", "id": request_id, "method": "initialize", "params": hello}


def call(request_id: Any, tool: str, meta: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    """Return a tools/call request."""
    params = {"name": tool, "arguments": arguments} | ({"_meta": meta} if meta else {})
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


Connect = Callable[[ClientSession], Any]


@pytest.fixture
async def raw() -> AsyncIterator[Callable[[ClientSession], Any]]:
    """Return a function that serves a session over a socket pair and returns a raw client of it."""
    import socket

    tasks, writers = [], []

    async def connect(session: ClientSession) -> RawClient:
        near, far = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=far)
        tasks.append(asyncio.create_task(_serve(reader, writer, session)))
        client = RawClient(*await asyncio.open_connection(sock=near, limit=1 << 24))
        writers.append(client.writer)
        return client

    yield connect
    for writer in writers:
        writer.close()
    await asyncio.wait_for(asyncio.gather(*tasks), 10)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: ClientSession) -> None:
    try:
        await serve_connection(reader, writer, session)
    finally:
        writer.close()


def clean_environment(**more: str) -> dict[str, str]:
    """Return an environment for a server process without anything of ours in it but `more`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("KANBAN_", "CLAUDE", "CODEX"))}
    return {**kept, **more}
