"""F7: the Nth call into SQLite fails, once or from then on, for every N of every command.

The refusal is typed, nothing is written, nobody else is locked out by it, and the next call works.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from kanban_mcp.domain.errors import BoardBusy, BoardError, BoardUnavailable
from kanban_mcp.store import opening
from kanban_mcp.store.base import Tx
from kanban_mcp.store.sqlite import SqliteFile
from tests.faults.base import Case, Figures, Place
from tests.faults.boards import COMMANDS, OPTIONS, Command, DirectStore, board_on, copy_to

IMPATIENT = replace(OPTIONS, lock_wait_s=0.0)


def _sqlite(kind: type[sqlite3.Error], text: str, code: int, name: str) -> Callable[[], Exception]:
    def make() -> Exception:
        error = kind(text)
        error.sqlite_errorcode, error.sqlite_errorname = code, name
        return error

    return make


OPERATIONAL = sqlite3.OperationalError
KINDS: dict[str, Callable[[], Exception]] = {
    "io": _sqlite(OPERATIONAL, "disk I/O error", sqlite3.SQLITE_IOERR_WRITE, "SQLITE_IOERR_WRITE"),
    "full": _sqlite(OPERATIONAL, "database or disk is full", sqlite3.SQLITE_FULL, "SQLITE_FULL"),
    "oom": MemoryError,
    "busy": _sqlite(OPERATIONAL, "database is locked", sqlite3.SQLITE_BUSY, "SQLITE_BUSY"),
    "interrupt": _sqlite(OPERATIONAL, "interrupted", sqlite3.SQLITE_INTERRUPT, "SQLITE_INTERRUPT"),
}


@dataclass
class Plan:
    """Which call fails. `at` 0: none, only count."""

    at: int = 0
    lasts: bool = False
    error: Callable[[], Exception] = MemoryError
    count: int = 0
    met: int = 0

    def set(self, at: int, error: Callable[[], Exception], *, lasts: bool) -> None:
        self.at, self.error, self.lasts, self.count, self.met = at, error, lasts, 0, 0

    def here(self) -> None:
        self.count += 1
        if self.at and (self.count == self.at or (self.lasts and self.count > self.at)):
            self.met += 1
            raise self.error()


def failing(plan: Plan) -> Any:
    """Return a connection class whose calls pass the plan first."""

    class Failing(sqlite3.Connection):
        def execute(self, *given: Any) -> sqlite3.Cursor:
            plan.here()
            return super().execute(*given)

        def executemany(self, *given: Any) -> sqlite3.Cursor:
            plan.here()
            return super().executemany(*given)

    return Failing


@contextmanager
def planned(plan: Plan) -> Iterator[None]:
    """Let boards that are opened inside pass the plan."""
    with mock.patch.object(opening.sqlite3, "connect", _connector(plan)):
        yield


def _connector(plan: Plan) -> Callable[..., sqlite3.Connection]:
    real = sqlite3.connect
    return lambda *given, **named: real(*given, **named, factory=failing(plan))


@dataclass
class Course:
    """One command on one board, whose plan is set before each try."""

    command: Command
    path: Path
    is_cold: bool  # the failing call opens the board, too

    def __post_init__(self) -> None:
        self.witness = sqlite3.connect(copy_to(self.path.parent), isolation_level=None)
        self.other = SqliteFile(self.path, IMPATIENT)
        self.other.write(_nothing_written)
        self.plan = Plan()
        self.store = DirectStore(self.path, IMPATIENT)

    def version(self) -> int:
        """Return a number that moves with every commit of anybody else's connection."""
        return int(self.witness.execute("PRAGMA data_version").fetchone()[0])

    async def calls(self) -> int:
        """Return how many calls the command makes, done on a copy of its own."""
        path = copy_to(self.path.parent / "count")
        with planned(self.plan):
            store = DirectStore(path, IMPATIENT)
            await (_warm(store) if not self.is_cold else _nothing())
            self.plan.count = 0
            await self.command.do(board_on(store))
            await store.close()
        return self.plan.count

    async def fails(self, at: int, kind: str, *, lasts: bool) -> bool:
        """Let call `at` fail; returns False when the command did not need it and went through."""
        if self.is_cold:
            await self.store.close()
        before = self.version()
        with planned(self.plan):
            if not self.is_cold:
                await _warm(self.store)
            self.plan.set(at, KINDS[kind], lasts=lasts)
            where = f"{self.command.name}, call {at}, {kind}{' and all after' if lasts else ''}"
            try:
                await self.command.do(board_on(self.store))
            except BoardError as error:
                self._is_right(error, kind, where)
            else:
                assert self.plan.met, f"{where}: was never reached"
                await self._anew()
                return False
            # Nobody else is kept out by what could not even be undone.
            self.other.write(_nothing_written)
            self.plan.at = 0
            has_written = self.version() != before
            assert not has_written or self.command.transactions > 1, f"{where}: refused, and something was written"
            await _warm(self.store)  # the next call works
        if has_written:  # its first transaction, before the one that failed
            await self._anew()
        return True

    def _is_right(self, error: BoardError, kind: str, where: str) -> None:
        wanted = BoardBusy if kind == "busy" else BoardUnavailable
        assert isinstance(error, wanted), f"{where}: {error!r}"
        assert "Nothing was written" in str(error), f"{where}: {error}"
        assert "Next:" in str(error), f"{where}: {error}"

    async def _anew(self) -> None:
        """Go on with a fresh copy after the command went through."""
        await self.end()
        self.__post_init__()

    async def end(self) -> None:
        self.plan.at = 0
        await self.store.close()
        self.other.close()
        self.witness.close()


async def _warm(store: DirectStore) -> None:
    """Bring a connection to where it usually is: open, its last call a read."""
    await store.write(_nothing_written)
    await store.read(_nothing_written)


async def _nothing() -> None:
    return None


def _nothing_written(tx: Tx) -> None:
    tx.value("newest_task")


async def each_call(place: Place, commands: tuple[Command, ...], *, is_cold: bool) -> Figures:
    tries = through = calls = 0
    for number, command in enumerate(commands):
        course = Course(command, place.at(number) / "board.db", is_cold)
        (course.path.parent / "count").mkdir()
        total = await course.calls()
        calls += total
        for kind in KINDS:
            for lasts in (False, True):
                for at in range(1, total + 1):
                    through += not await course.fails(at, kind, lasts=lasts)
                    tries += 1
        await course.end()
    return {"commands": len(commands), "calls": calls, "failures": tries, "survived": through, "written": 0}


def warm(place: Place) -> Figures:
    return asyncio.run(each_call(place, COMMANDS, is_cold=False))


def cold(place: Place) -> Figures:
    return asyncio.run(each_call(place, COMMANDS[:1], is_cold=True))


CASES = (
    Case("F7", "nth-call", "the Nth call of each command into SQLite fails, once or from then on", warm),
    Case("F7", "nth-call-opening", "the same from the opening of the board on", cold),
)
