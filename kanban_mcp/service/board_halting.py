"""Halting the board: claims paused, running work drained or stopped, as one call each."""

from collections.abc import Callable

from kanban_mcp.domain import inputs
from kanban_mcp.service import deciding, reaping
from kanban_mcp.service.plumbing import Plumbing
from kanban_mcp.service.results import Halted
from kanban_mcp.service.session import Session

DRAIN_STEP_S = 5.0  # how often a drain looks at the clock: a dead worker's lease ends without a signal


class Halting(Plumbing):
    """Pause, drain, stop all."""

    async def pause(self, s: Session, *, paused: bool) -> None:
        """Stop or allow claims on the whole board; what runs goes on."""
        await self._write(s, deciding.pause, paused)

    async def drain(self, s: Session, *, progress: Callable[[int], None] | None = None) -> None:
        """Return once nothing is worked on any more; `progress` is told how many runs are still open.

        It takes back what dead workers hold, as any claim would: on a paused board nobody else may do it.
        """
        while True:
            mark = await self._feed.mark()
            if await self._read(self._own, reaping.is_reap_due):
                await self._write(self._own, reaping.reap)
            left = len(await self._read(s, deciding.held_tasks))
            if progress is not None:
                progress(left)
            if not left:
                return
            await self._feed.changed(mark, DRAIN_STEP_S)

    async def stop_all(self, s: Session, *, reason: str = "") -> Halted:
        """End every open run at once; only a person releases the tasks again. Refused without the operator key."""
        return await self._write(s, deciding.stop_all, inputs.text(reason, "reason"))
