"""The asyncio face of a board on SQLite: each call is one hop to the thread that owns the connection."""

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar, cast

import aiosqlite

from kanban_mcp.store.base import Tx
from kanban_mcp.store.errors import unavailable
from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import DEFAULT, SqliteFile

P = ParamSpec("P")
T = TypeVar("T")


class OneHop(aiosqlite.Connection):
    """`aiosqlite`'s connection thread with a public one-hop call, `run(fn)`.

    What the thread owns is a `SqliteFile`, which opens on first use *inside* the thread: there is no hop for opening
    and nothing that a cancelled caller could leave half open. aiosqlite itself only ever asks it to close.

    Rests on private names of aiosqlite 0.22 (`_execute`, `_connection`, `_thread`); `tests/store/test_one_hop.py`
    fails when they change.
    """

    def __init__(self, file: SqliteFile) -> None:
        connection = cast(sqlite3.Connection, file)
        super().__init__(lambda: connection, iter_chunk_size=1)
        self._connection = connection
        self._thread.daemon = True  # a store nobody closed must not keep the interpreter from exiting
        self._thread.start()

    async def run(self, fn: Callable[[], T]) -> T:
        """Run `fn` in the thread and return its result. If the caller is cancelled, `fn` still runs to its end."""
        return cast(T, await self._execute(fn))  # type: ignore[no-untyped-call]  # aiosqlite leaves it unannotated


class SqliteStore:
    """`base.Store` on SQLite: one connection to write, one to read, each in a thread of its own, opened when used."""

    engine = "sqlite"

    def __init__(self, path: Path, options: SqliteOptions = DEFAULT) -> None:
        self._file = SqliteFile(path, options)
        self._view = SqliteFile(path, options)
        self._file.beside, self._view.beside = self._view, self._file
        self._writer: OneHop | None = None
        self._reader: OneHop | None = None
        self._closed = False

    @property
    def path(self) -> Path:
        """Return where the board is, links resolved."""
        return self._file.path

    async def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` in a write transaction; see `base.Store.write`."""
        # The deadline counts from here, not from the moment the thread is free: two queued calls wait 5 s, not 10.
        return await self._writing().run(partial(self._file.transact, self._file.deadline(), False, fn, args, kwargs))

    async def write_soon(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` in a write transaction that a power cut may undo; see `base.Store.write_soon`."""
        return await self._writing().run(partial(self._file.transact, self._file.deadline(), True, fn, args, kwargs))

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` on one snapshot; see `base.Store.read`."""
        return await self._reading().run(partial(self._view.look, self._view.deadline(), fn, args, kwargs))

    async def data_version(self) -> int:
        """Return the change counter, which counts the commits of this store's `write` too; see `base.Store`."""
        return await self._reading().run(self._view.data_version)

    async def backup(self, target: Path) -> None:
        """Write a consistent copy of the live board to `target`, which must not exist."""
        await self._writing().run(partial(self._file.backup, target))

    async def close(self) -> None:
        """Finish what was sent before, then close both connections; the reader first, so that it is not the last."""
        self._closed = True
        reader, self._reader = self._reader, None
        writer, self._writer = self._writer, None
        for hop in (reader, writer):
            if hop is not None:
                await hop.close()

    def _writing(self) -> OneHop:
        if self._writer is None:
            self._writer = self._hop_to(self._file)
        return self._writer

    def _reading(self) -> OneHop:
        if self._reader is None:
            self._reader = self._hop_to(self._view)
        return self._reader

    def _hop_to(self, file: SqliteFile) -> OneHop:
        if self._closed:
            raise unavailable(self.path, "it was closed by this program")
        return OneHop(file)
