"""What one connection is: its toolset, its board, and from its first call on, who calls.

Everything about a connection lives here and in the closures of its server; nothing is global, so that one process can
serve many connections.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kanban_mcp.domain.principals import Authority
from kanban_mcp.hooks.trace import EVERY_S, note_fired
from kanban_mcp.server.identity import USE_META, Origin, of_sub_agent, thread_of
from kanban_mcp.server.toolsets import OPERATOR
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session


async def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class OpenBoard:
    """An open board with what belongs to the place it was opened in.

    `role` is what the settings say; `is_person` says whether an operator's server speaks for a person now; `folder` is
    the board's directory, "" for none.
    """

    board: Board
    role: str | None = None
    is_person: Callable[[], Awaitable[bool]] = _never
    folder: str = ""


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


MOST_REMEMBERED = 512
"""Sub-agents and announced calls that a connection remembers; the oldest go first. What counts is on the board."""


def _forget_oldest(remembered: dict[str, Any]) -> None:
    while len(remembered) > MOST_REMEMBERED:
        del remembered[next(iter(remembered))]


class ClientSession:
    """One connection. The session's identity is fixed by the first call: only a call can name the client's session.

    Each sub-agent that can be told apart has a session of its own: Codex names it in `_meta`; in Claude Code a hook
    before the call does (`note_use`).
    """

    def __init__(self, toolset: str, board: LazyBoard, origin: Origin) -> None:
        self.toolset = toolset
        self.board = board
        self.origin = origin
        self._root: Session | None = None
        self._agents: dict[str, Session] = {}
        self._uses: dict[str, str] = {}  # tool call → the sub-agent that is about to make it
        self._main_thread: object = None  # what Codex calls its main agent
        self._trace_from = 0.0

    async def call(
        self, client: str, meta: Mapping[str, Any], *, session: str = "", agent: str = ""
    ) -> tuple[Board, Session]:
        """Return the board and the calling agent's session on it; both are made by its first call.

        `session` and `agent` are what a hook says about itself.

        Raises:
            ConfigError, BoardUnavailable: the board cannot be opened, or the environment hands over what is no id.
        """
        opened = await self.board.get()
        meta = {"sessionId": session, **meta} if session else meta
        if self._root is None:
            self._root = Session(self.origin.caller(client, meta, opened.role))
            self._main_thread = meta.get("sessionId") or meta.get("threadId")
        found = self._session_of(self._root, agent or self._agent(meta))
        await self._recognise(found, opened)
        return opened.board, found

    def note_use(self, tool_use: str, agent: str) -> None:
        """Note which sub-agent ("" for the main one) is about to call a tool of ours."""
        self._uses.pop(tool_use, None)
        self._uses[tool_use] = agent
        _forget_oldest(self._uses)

    async def note_hook(self, client: str) -> None:
        """Leave the trace that a hook of `client` ran; looked at once a minute at most."""
        now = time.monotonic()
        if now < self._trace_from:
            return
        self._trace_from = now + EVERY_S
        folder = (await self.board.get()).folder
        if folder:
            note_fired(folder, client, time.time())

    def _agent(self, meta: Mapping[str, Any]) -> str:
        use = meta.get(USE_META)
        if isinstance(use, str):
            return self._uses.pop(use, "")
        return thread_of(meta, self._main_thread)

    def _session_of(self, root: Session, agent: str) -> Session:
        caller = of_sub_agent(root.caller, agent)
        if caller.key == root.caller.key:
            return root
        found = self._agents.pop(caller.key, None) or Session(caller)
        self._agents[caller.key] = found
        _forget_oldest(self._agents)
        return found

    async def _recognise(self, session: Session, opened: OpenBoard) -> None:
        """Make the caller of an operator's server a person, for as long as it may be one."""
        if self.toolset != OPERATOR:
            return
        main = (self._root or session).caller  # a sub-agent's caller has no handed run
        was_handed_work = main.handed_task is not None or main.handed_run is not None
        is_person = not was_handed_work and await opened.is_person()
        authority = Authority.PERSON if is_person else Authority.ORCHESTRATOR
        session.caller = replace(session.caller, authority=authority)

    async def look_around(self, session: Session) -> None:
        """Read the git facts of the working directory again; a claim records where its run will work."""
        place = await self.origin.place()
        session.caller = replace(session.caller, branch=place.branch, base=place.head, isolated=place.linked)
