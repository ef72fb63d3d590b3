"""One SQLite connection to a board: opens the file, then runs transactions, all in the calling thread.

The CLI's light path uses it as it is, so this module imports neither asyncio nor aiosqlite (`store/aio.py` does).
"""

import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from kanban_mcp.domain.errors import BoardError, BoardUnavailable
from kanban_mcp.store.backup import Progress, copy_live
from kanban_mcp.store.base import Tx
from kanban_mcp.store.errors import (
    FAILURES,
    NO_ROOM_HINT,
    READ_ONLY,
    VANISHED,
    board_error,
    code_of,
    is_busy,
    unavailable,
)
from kanban_mcp.store.lock import WriteLock
from kanban_mcp.store.opening import Opened, SqliteOptions, Synchronous, open_board
from kanban_mcp.store.sqlite_tx import SqliteTx
from kanban_mcp.store.statements import Statements

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT = SqliteOptions()
_SET_SYNCHRONOUS: Mapping[Synchronous, str] = {
    "FULL": "PRAGMA synchronous = FULL",
    "NORMAL": "PRAGMA synchronous = NORMAL",
    "OFF": "PRAGMA synchronous = OFF",
}
_CLOSE_WAIT_S = 1.0


class SqliteFile:
    """The board at `path` through one connection, opened by the first call that needs it.

    A call that fails to open leaves nothing open, so the next one tries afresh. Not shared between threads, nor across
    a fork (SQLite's locks do not survive one).
    """

    def __init__(self, path: Path, options: SqliteOptions = DEFAULT) -> None:
        self.path = path.resolve()  # one lock file per board, whatever name it is reached by
        self.options = options
        self._path_text = str(self.path)
        self._named = path.absolute()
        self._pid = os.getpid()
        self._lock = WriteLock(self.path.with_name(f"{self.path.name}.lock"))
        self._statements = Statements("sqlite", options.queries)
        self._soon: Synchronous = "NORMAL" if options.synchronous == "FULL" else options.synchronous
        self._opened: Opened | None = None
        self._dropped: Opened | None = None  # what a connection that had to be given up was opened on
        self.beside: SqliteFile | None = None  # this program's other connection to the same board
        self._tx: SqliteTx | None = None
        self._synchronous: Synchronous | None = None  # as last set on the connection; None: not set yet
        self._query_only = False

    @property
    def is_open(self) -> bool:
        """Say whether the connection is open."""
        return self._opened is not None

    def deadline(self) -> float:
        """Return until when a call made now may wait for others, in seconds of `time.monotonic()`."""
        return time.monotonic() + self.options.lock_wait_s

    def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` in a write transaction; see `base.Store.write`."""
        return self.transact(self.deadline(), False, fn, args, kwargs)

    def write_soon(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` in a write transaction that a power cut may undo; see `base.Store.write_soon`."""
        return self.transact(self.deadline(), True, fn, args, kwargs)

    def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` on one snapshot; see `base.Store.read`."""
        return self.look(self.deadline(), fn, args, kwargs)

    def transact(
        self, deadline: float, soon: bool, fn: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> T:
        """Do the work of `write` and `write_soon`, waiting for other writers until `deadline`."""
        opened = self._ready(deadline, reading=False)
        if opened.read_only:
            raise unavailable(self.path, *READ_ONLY)
        self._lock.acquire(deadline)
        try:
            self._check_identity(opened)
            self._begin(opened.conn, soon, deadline)
            return self._committed(opened.conn, fn, args, kwargs)
        except FAILURES as error:
            raise board_error(error, self.path) from error
        finally:
            self._lock.release()

    def look(self, deadline: float, fn: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> T:
        """Do the work of `read`. It runs again from its start when SQLite's own recovery was in the way."""
        while True:
            opened = self._ready(deadline, reading=True)
            try:
                return self._on_snapshot(opened, fn, args, kwargs)
            except FAILURES as error:
                if is_busy(error) and time.monotonic() < deadline:
                    continue
                if code_of(error) == sqlite3.SQLITE_READONLY and not opened.read_only:
                    raise  # `fn` tried to write in a read: a mistake in the program, not a read-only file
                raise board_error(error, self.path) from error

    def data_version(self) -> int:
        """Return SQLite's change counter; see `base.Store.data_version`. Commits of this connection do not count."""
        opened = self._ready(self.deadline(), reading=True)
        self._check_identity(opened)
        try:
            return int(opened.conn.execute("PRAGMA data_version").fetchone()[0])
        except FAILURES as error:
            raise board_error(error, self.path) from error

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file and truncate it, as far as readers allow."""
        opened = self._ready(self.deadline(), reading=True)
        self._lock.acquire(self.deadline())
        try:
            self._check_identity(opened)
            opened.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except FAILURES as error:
            raise board_error(error, self.path) from error
        finally:
            self._lock.release()

    def backup(self, target: Path, *, replace: bool = False, progress: Progress | None = None) -> None:
        """Write a consistent, checked copy of the live board to `target`; see `backup.copy_live`.

        The lock is held only until the snapshot stands: from then on nobody has to wait for the copy.

        Raises:
            BoardUnavailable: `target` is there (and `replace` is not given), is the board itself, or cannot be written.
        """
        opened = self._ready(self.deadline(), reading=True)
        self._require_elsewhere(target)
        try:
            self._pin(opened)
            copy_live(opened.conn, target, replace=replace, progress=progress)
        except FAILURES as error:
            raise board_error(error, target) from error
        finally:
            self._roll_back(opened.conn)

    def _pin(self, opened: Opened) -> None:
        """Begin a read transaction on the board as it is now."""
        if not opened.read_only:
            self._lock.acquire(self.deadline())
        try:
            self._check_identity(opened)
            opened.conn.execute("BEGIN")
            opened.conn.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
        finally:
            self._lock.release()

    def _require_elsewhere(self, target: Path) -> None:
        """Refuse to write over the board or one of the files that belong to it."""
        mine = [self.path, *(self.path.with_name(f"{self.path.name}{end}") for end in ("-wal", "-shm", ".lock"))]
        if target.resolve() in mine or any(
            target.exists() and each.exists() and target.samefile(each) for each in mine
        ):
            raise BoardUnavailable(f"{target} is the board itself.", hint="Choose another name for the backup.")

    def close(self) -> None:
        """Close the connection under the write lock, because the last one to close checkpoints. Twice is harmless."""
        if os.getpid() != self._pid:
            return
        opened, self._opened, self._tx = self._opened, None, None
        if opened is not None and not opened.read_only:
            with suppress(BoardError):  # without it, SQLite's own lock still keeps this checkpoint off a writer
                self._lock.acquire(time.monotonic() + _CLOSE_WAIT_S)
        try:
            if opened is not None:
                opened.conn.close()
        finally:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ready(self, deadline: float, *, reading: bool) -> Opened:
        if os.getpid() != self._pid:
            raise unavailable(self.path, "its connection was carried across a fork", hint="open it after the fork")
        if self._opened is None:
            known = self._dropped or (self.beside and self.beside._opened)
            if known:
                self._check_identity(known)  # a board that is gone is no board to be made anew
            try:
                opened = open_board(self.path, self._named, self.options, self._lock, deadline, reading=reading)
            except FAILURES as error:
                raise board_error(error, self.path) from error
            except OSError as error:  # making a board, or a copy of it before an upgrade, where there is no room
                raise unavailable(self.path, f"it cannot be opened ({error.strerror})", *NO_ROOM_HINT) from error
            self._synchronous, self._query_only = None, False
            self._opened, self._tx = opened, SqliteTx(opened.conn, self._statements)
        return self._opened

    def _check_identity(self, opened: Opened) -> None:
        """Refuse when the path no longer names the file that is open: what we wrote would be lost with it."""
        try:
            now = os.stat(self._path_text)  # noqa: PTH116 - on every call's way, half the price of Path.stat
        except OSError:
            raise unavailable(self.path, *VANISHED) from None
        if (now.st_dev, now.st_ino) != opened.identity:
            raise unavailable(self.path, *VANISHED)

    def _begin(self, conn: sqlite3.Connection, soon: bool, deadline: float) -> None:
        """Begin a write transaction; wait for programs that do not know our lock until `deadline`."""
        self._set_query_only(conn, False)
        # Worth a pragma: on an ordinary disk a FULL commit takes about 400 us, a NORMAL one 50 us.
        level = self._soon if soon else self.options.synchronous
        if self._synchronous != level:
            conn.execute(_SET_SYNCHRONOUS[level])
            self._synchronous = level
        while True:
            try:
                conn.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() >= deadline:
                    raise
                self._lock.note("waiting for another program")

    def _committed(
        self, conn: sqlite3.Connection, fn: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> T:
        try:
            result = fn(self._tx, *args, **kwargs)
            conn.execute("COMMIT")
        except BaseException:
            self._roll_back(conn)
            raise
        return result

    def _roll_back(self, conn: sqlite3.Connection) -> None:
        """End a transaction without its effects, if there is one. Never fails: the first error is the one to tell.

        A transaction that cannot be undone keeps SQLite's lock, and with it every other program out. Closing its
        connection undoes it; the next call opens the board again, if it is still the same file.
        """
        try:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
        except FAILURES:
            self._dropped, self._opened, self._tx = self._opened, None, None
            with suppress(*FAILURES):
                conn.close()

    def _on_snapshot(self, opened: Opened, fn: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> T:
        conn = opened.conn
        self._check_identity(opened)
        self._set_query_only(conn, True)
        conn.execute("BEGIN")
        try:
            return fn(self._tx, *args, **kwargs)
        finally:
            self._roll_back(conn)

    def _set_query_only(self, conn: sqlite3.Connection, value: bool) -> None:
        """Let SQLite refuse writes in reads: a write that got past our lock would break what the lock is for."""
        if self._query_only != value:
            conn.execute("PRAGMA query_only = ON" if value else "PRAGMA query_only = OFF")
            self._query_only = value
