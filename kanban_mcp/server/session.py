"""What one connection is: its toolset, its board, and from its first call on, who calls.

Everything about a connection lives here and in the closures of its server; nothing is global, so that one process can
serve many connections.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kanban_mcp.domain.principals import Authority
from kanban_mcp.server.identity import Origin
from kanban_mcp.server.toolsets import OPERATOR
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session


async def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class OpenBoard:
    """An open board with what belongs to the place it was opened in.

    `role` is what the settings say; `is_person` says whether an operator's server speaks for a person now.
    """

    board: Board
    role: str | None = None
    is_person: Callable[[], Awaitable[bool]] = _never


class LazyBoard:
    """The board of a process, opened at the first call that needs it.

    Listing tools must work where no board exists yet, and a board that could not be opened is tried again by the next
    call: what was wrong may have been mended meanwhile.
    """

    def __init__(self, open_board: Callable[[], Awaitable[OpenBoard]]) -> None:
        self._open = open_board
        self._opened: OpenBoard | None = None
        self._opening = asyncio.Lock()

    async def get(self) -> OpenBoard:
        """Return the board.

        Raises:
            ConfigError, BoardUnavailable: it cannot be opened; the text says why.
        """
        async with self._opening:
            if self._opened is None:
                self._opened = await self._open()
            return self._opened

    async def close(self) -> None:
        """Close the board if it was ever opened."""
        if self._opened is not None:
            await self._opened.board.close()


class ClientSession:
    """One connection. The worker's identity is fixed by the first call: only a call can name the client's session."""

    def __init__(self, toolset: str, board: LazyBoard, origin: Origin) -> None:
        self.toolset = toolset
        self.board = board
        self.origin = origin
        self._session: Session | None = None

    async def call(self, client: str, meta: Mapping[str, Any]) -> tuple[Board, Session]:
        """Return the board and this connection's session on it; both are made by the first call.

        Raises:
            ConfigError, BoardUnavailable: the board cannot be opened, or the environment hands over what is no id.
        """
        opened = await self.board.get()
        if self._session is None:
            self._session = Session(self.origin.caller(client, meta, opened.role))
        await self._recognise(self._session, opened)
        return opened.board, self._session

    async def _recognise(self, session: Session, opened: OpenBoard) -> None:
        """Make the caller of an operator's server a person, for as long as it may be one."""
        if self.toolset != OPERATOR:
            return
        was_handed_work = session.caller.handed_task is not None or session.caller.handed_run is not None
        is_person = not was_handed_work and await opened.is_person()
        authority = Authority.PERSON if is_person else Authority.ORCHESTRATOR
        session.caller = replace(session.caller, authority=authority)

    async def look_around(self, session: Session) -> None:
        """Read the git facts of the working directory again; a claim records where its run will work."""
        place = await self.origin.place()
        session.caller = replace(session.caller, branch=place.branch, base=place.head, isolated=place.linked)
