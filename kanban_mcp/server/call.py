"""One tool call as a handler sees it: the board, the caller's session, and a way to report progress."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kanban_mcp.server.session import ClientSession
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session

Progress = Callable[[float, str], Awaitable[None]]

PATIENT_CLIENTS = frozenset({"claude-code"})
"""Clients whose tool calls may last many minutes as long as progress is reported (reference: real clients)."""

SHORT_WAIT_S = 45  # the least call limit among the other clients is 60 s


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler works with beside its arguments."""

    board: Board
    session: Session
    progress: Progress
    client: str
    connection: ClientSession

    async def look_around(self) -> None:
        """Bring the caller's place up to date: the branch and commit that a run will start from."""
        await self.connection.look_around(self.session)

    def bounded(self, timeout_s: int) -> int:
        """Return the wait, cut to what the client is known to sit through."""
        return timeout_s if self.client in PATIENT_CLIENTS else min(timeout_s, SHORT_WAIT_S)
