"""The board: every verb as one call, one transaction, one hop (DESIGN §13).

A method reads its arguments into values, sends one transaction function to the store and wakes those who wait. It holds
no rule: the rules are in `domain/`, what is written in the transaction functions beside this module.
"""

from collections.abc import AsyncIterator, Sequence

from kanban_mcp.domain.ids import parse_task
from kanban_mcp.service import (
    boarding,
    fence,
    founding,
    presence,
    reading,
    reaping,
)
from kanban_mcp.service.board_deciding import Deciding
from kanban_mcp.service.board_halting import Halting
from kanban_mcp.service.board_hooks import Hooks
from kanban_mcp.service.board_planning import Planning
from kanban_mcp.service.board_telling import Telling
from kanban_mcp.service.board_work import Work
from kanban_mcp.service.results import (
    BoardView,
    Event,
    Listing,
    Overview,
    TaskView,
)
from kanban_mcp.service.session import Session

FOLLOW_STEP_S = 60.0  # how often a follower looks even though no change was signalled


class Board(Work, Planning, Deciding, Hooks, Halting, Telling):
    """Async facade of one board.

    Args:
        store: where the board is kept.
        clock: reads the clocks; injected so that tests move time.
        is_gone: says whether a process has ended.
        verifier: looks at files and git for the completion gates.
    """

    async def show(self, s: Session, *, task_id: str | None = None, run_id: str | None = None) -> TaskView | Overview:
        """Return the caller's task, any task, or what a caller that holds nothing should do."""
        await self._take_handed(s)
        shown, is_fenced = await self._read(s, reading.shown, task_id, run_id, self._role(s, None))
        if is_fenced:
            await self._write(s, fence.lift)
        return shown

    async def list(
        self, s: Session, *, state: str | None = None, assignee: str | None = None, limit: int = 50
    ) -> Listing:
        """Return counts per state and one short row per task."""
        return await self._read(s, reading.listing, state, assignee, limit)

    async def view(self, s: Session, *, per_column: int = 20) -> BoardView:
        """Return the whole board: what waits for people, and the columns with at most `per_column` cards each."""
        return await self._read(s, boarding.board_view, per_column)

    async def events(self, *, after: int | None = 0, limit: int = 500, task_id: str | None = None) -> Sequence[Event]:
        """Return the change feed above an event id, oldest first; its newest `limit` lines when `after` is None."""
        task = parse_task(task_id) if task_id else None
        return await self._store.read(reading.events, after, limit, task)

    async def follow(self, *, after: int, task_id: str | None = None) -> AsyncIterator[Event]:
        """Yield the events above an id as they are committed, by any process; ends only when the caller stops."""
        task = parse_task(task_id) if task_id else None
        while True:
            mark = await self._feed.mark()  # before the read: what is committed in between must wake us
            batch = await self._store.read(reading.events, after, 500, task)
            for event in batch:
                after = event.id
                yield event
            if not batch:
                await self._feed.changed(mark, FOLLOW_STEP_S)

    # The board's own --------------------------------------------------------------------------------------------

    async def standing(self) -> presence.Standing:
        """Return which board this is and which processes work on it now; who calls is judged from it."""
        return await self._store.read(presence.standing, self._clock().boot_id)

    async def identity(self) -> founding.Identity:
        """Return which board this is."""
        return await self._store.read(founding.identity)

    async def found(self, operator_hash: str) -> founding.Identity:
        """Create the board if the store may, keep the hash of its operator key, return its identity."""
        await self._write(self._own, founding.set_operator_hash, operator_hash)
        return await self.identity()

    async def create_if_missing(self) -> founding.Identity:
        """Create the board if there is none and the store may; return its identity."""
        return await self._store.write(founding.identity)

    async def reap(self) -> dict[str, int]:
        """Do one reaper pass; returns counts by what was done, empty when there was nothing to do."""
        if not await self._read(self._own, reaping.is_reap_due):
            return {}
        return await self._write(self._own, reaping.reap)

    async def close(self) -> None:
        """Finish what was sent before, then close the store."""
        self._checks.close()
        await self._store.close()
