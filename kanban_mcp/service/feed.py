"""Wakes those who wait for a change: at once inside this process, by polling the store's version across processes.

SQLite tells nobody, but `PRAGMA data_version` costs about 2 µs to ask, so a waiter asks every 25 ms and slows down to
250 ms after ten seconds. Nobody polls while nobody waits.
"""

from collections.abc import Awaitable, Callable

import anyio

QUICK_S = 0.025
SLOW_S = 0.25
QUICK_FOR_S = 10.0
PROGRESS_EVERY_S = 5.0

Progress = Callable[[float, str], Awaitable[None]]


class Feed:
    """The change signal of one store."""

    def __init__(self, version: Callable[[], Awaitable[int]]) -> None:
        self._version = version
        self._woken: anyio.Event | None = None  # made by whoever waits: most commits have nobody to wake

    def wake(self) -> None:
        """Wake every waiter of this process; called after each commit."""
        if self._woken is not None:
            self._woken.set()
            self._woken = None

    async def mark(self) -> tuple[anyio.Event, int]:
        """Return a mark to wait from. Take it before reading the state that decides whether to wait."""
        woken = self._woken = self._woken or anyio.Event()
        return woken, await self._version()

    async def changed(self, since: tuple[anyio.Event, int], timeout_s: float) -> bool:
        """Return True when anything was committed since the mark, False after `timeout_s` seconds."""
        woken, version = since
        started = anyio.current_time()
        while True:
            if woken.is_set() or await self._version() != version:
                return True
            waited = anyio.current_time() - started
            if waited >= timeout_s:
                return False
            pause = QUICK_S if waited < QUICK_FOR_S else SLOW_S
            with anyio.move_on_after(min(pause, timeout_s - waited)):
                await woken.wait()


class Ticker:
    """Reports progress at most every five seconds, so that clients keep a waiting call open."""

    def __init__(self, progress: Progress | None, text: str) -> None:
        self._progress = progress
        self._text = text
        self._started = anyio.current_time()
        self._next = self._started + PROGRESS_EVERY_S

    async def tick(self) -> None:
        """Report if it is time."""
        now = anyio.current_time()
        if self._progress is not None and now >= self._next:
            self._next = now + PROGRESS_EVERY_S
            await self._progress(now - self._started, self._text)
