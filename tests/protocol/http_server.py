"""Our server behind the SDK's HTTP transport, for the official suites, which speak nothing else.

For tests only: the product speaks stdio. What is served is the very object that `serve_connection` builds for a stdio
client, on a board of its own.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from kanban_mcp import app
from kanban_mcp.server.identity import Origin
from kanban_mcp.server.mcp_server import build_server
from kanban_mcp.server.session import ClientSession, LazyBoard, OpenBoard
from kanban_mcp.server.toolsets import ORCHESTRATOR
from kanban_mcp.service.session import Session
from tests.protocol.fixtures import add_fixtures

START_S = 60  # a busy machine loads slowly


@contextmanager
def serving(folder: Path, *, with_fixtures: bool = False) -> Iterator[str]:
    """Serve a board in `folder` on a free loopback port; yields the address of the MCP endpoint.

    `with_fixtures` adds the tools, resources and prompts that the conformance suite looks for.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = _Host(folder, listener, with_fixtures)
        thread = threading.Thread(target=host.run, name="http", daemon=True)
        thread.start()
        try:
            if not host.is_up.wait(START_S):
                raise RuntimeError(f"the HTTP server did not start within {START_S} s")
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        finally:
            host.stop()
            thread.join(START_S)


class _Host:
    """One HTTP server on a listening socket; `run` belongs to a thread of its own."""

    def __init__(self, folder: Path, listener: socket.socket, with_fixtures: bool) -> None:
        self._folder, self._listener, self._with_fixtures = folder, listener, with_fixtures
        self._origin = Origin.of_this_process(ORCHESTRATOR)
        self._server: uvicorn.Server | None = None
        self.is_up = threading.Event()

    def run(self) -> None:
        """Serve until `stop`."""
        asyncio.run(self._serve())

    def stop(self) -> None:
        """End the server at its next turn; open streams a second later."""
        if self._server is not None:
            self._server.should_exit = True

    async def _serve(self) -> None:
        board = LazyBoard(self._open_board)
        server = build_server(ClientSession(ORCHESTRATOR, board, self._origin))
        if self._with_fixtures:
            add_fixtures(server)
        config = uvicorn.Config(server.streamable_http_app(), log_level="critical", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        asyncio.get_running_loop().call_soon(self.is_up.set)
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            await board.close()

    async def _open_board(self) -> OpenBoard:
        environment = {"KANBAN_DB": str(self._folder / "board.db"), "KANBAN_CONFIG_HOME": str(self._folder / "keys")}
        board = app.open_board(app.set_up(self._folder, environment))
        await board.create(Session(self._origin.caller("suite", {})), title="Read the board")
        return OpenBoard(board)
