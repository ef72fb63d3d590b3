"""The reaper: one pass over what the clock has ended, again and again.

Safety never depends on it: claim sweeps expired leases itself. It makes the board true while nobody claims. Two at
once, one killed anywhere, or none: each step is a compare-and-swap in one transaction.
"""

import logging
import random
import signal
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio
from anyio.abc import TaskStatus

from kanban_mcp.domain.errors import BoardError

logger = logging.getLogger(__name__)

Counts = dict[str, int]
JITTER = 0.1  # part of the period by which a pass may come early or late, so that several reapers drift apart


class Reapable(Protocol):
    """What a reaper needs of a board; `service.board.Board` is one."""

    async def reap(self) -> Counts:
        """Do one pass."""
        ...


async def run_once(board: Reapable) -> Counts:
    """Do one pass. Returns counts by what was done, empty when there was nothing to do.

    Raises:
        BoardError: the board cannot be used now; nothing was changed.
    """
    return await board.reap()


async def run(
    board: Reapable,
    every_s: float,
    stop: anyio.Event,
    *,
    pause: Callable[[float, anyio.Event], Awaitable[None]] | None = None,
    jitter: Callable[[], float] = random.random,
) -> int:
    """Repeat `run_once` until `stop` is set. Returns the number of passes.

    A failing pass is logged and the next one tries again: a board that is busy, or was moved, may come back.

    Args:
        board: what to reap.
        every_s: seconds from one pass to the next, give or take `JITTER`.
        stop: ends the loop, at once when it waits, else after the pass under way.
        pause: waits for the next pass; tests replace it.
        jitter: returns a number from 0 to 1.
    """
    passes = 0
    while not stop.is_set():
        await _pass(board)
        passes += 1
        await (pause or _pause)(every_s * (1 + JITTER * (2 * jitter() - 1)), stop)
    return passes


async def _pass(board: Reapable) -> None:
    try:
        counts = await run_once(board)
    except BoardError as error:
        logger.warning("pass failed: %s", error)
    except Exception:  # the outermost frame of a loop that has to go on
        logger.exception("pass failed")
    else:
        if counts:
            logger.info("%s", describe(counts))


def describe(counts: Counts) -> str:
    """Return the counts of a pass as one line, `idle` for none."""
    return ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in counts.items()) or "idle"


async def _pause(seconds: float, stop: anyio.Event) -> None:
    with anyio.move_on_after(seconds):
        await stop.wait()


async def run_until_signalled(board: Reapable, every_s: float) -> int:
    """Run until SIGTERM or SIGINT; the pass under way is finished first. Returns the number of passes."""
    stop = anyio.Event()
    async with anyio.create_task_group() as group:
        await group.start(_stop_on_signals, stop)
        logger.info("a pass every %g s", every_s)
        passes = await run(board, every_s, stop)
        group.cancel_scope.cancel()
    return passes


async def _stop_on_signals(stop: anyio.Event, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()  # before the first pass: whoever starts us may stop us as soon as we speak
        async for _ in signals:
            stop.set()
