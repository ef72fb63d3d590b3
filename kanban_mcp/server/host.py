"""The heavy half of the process: importing it loads the SDK; `run` serves the one connection behind a socket."""

import asyncio
import logging
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from kanban_mcp.server.connection import serve_connection
from kanban_mcp.server.identity import Origin
from kanban_mcp.server.session import ClientSession, LazyBoard, OpenBoard

_LOG_FORMAT = "kanban-mcp %(levelname)s %(name)s: %(message)s"


def run(end: Any, toolset: str, open_board: Callable[[], Awaitable[OpenBoard]]) -> None:
    """Serve the connection behind `end`, a socket whose file descriptor is taken over, until it closes."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format=_LOG_FORMAT)
    asyncio.run(_serve(end, toolset, open_board))


async def _serve(end: Any, toolset: str, open_board: Callable[[], Awaitable[OpenBoard]]) -> None:
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=end.detach()))
    board = LazyBoard(open_board)
    try:
        await serve_connection(reader, writer, ClientSession(toolset, board, Origin.of_this_process(toolset)))
    finally:
        writer.close()
        await board.close()
