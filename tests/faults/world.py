"""Real processes for a case, and how late this machine is, for cases that promise something within seconds."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.arena import Arena
from tests.faults.base import Place


@contextmanager
def arena_of(place: Place) -> Iterator[Arena]:
    """Open an arena in the folder of a case; every process on it is ended and reaped."""
    arena = Arena(place.at("arena"), place.seed)
    try:
        yield arena
    finally:
        arena.end()


class Lateness:
    """How much later than asked this process woke up while the block ran, in seconds: what a loaded machine takes."""

    def __enter__(self) -> "Lateness":
        self.seconds = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while True:
            since = time.monotonic()
            if self._over.wait(0.02):
                return
            self.seconds += max(0.0, time.monotonic() - since - 0.021)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
