"""Opening a board file: every check that stands between a path and the first statement of a transaction."""

import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kanban_mcp.domain.errors import BoardBusy, NotFound
from kanban_mcp.store import migrate
from kanban_mcp.store.errors import READ_ONLY, VANISHED, unavailable
from kanban_mcp.store.lock import WriteLock
from kanban_mcp.store.place import (
    check_file,
    check_folder,
    check_local,
    close_to_others,
    is_writable,
    make_private,
    read_mounts,
)
from kanban_mcp.store.statements import QUERIES

Synchronous = Literal["FULL", "NORMAL", "OFF"]

_BUSY_SLICE_S = 0.25  # how long SQLite itself waits for a foreign lock before we look at our own deadline again
_READER_PATIENCE_S = 0.25  # how long opening for a read waits for writers before it goes ahead without the lock
_STATEMENTS_KEPT = 256
_SETTINGS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 8388608",
    "PRAGMA trusted_schema = OFF",
)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class SqliteOptions:
    """How a board is opened. Only tests and benchmarks change anything but the first two.

    `may_create`: the first write creates the board if there is none (a read never does). `lock_wait_s`: how long a call
    waits for other writers before `BoardBusy`. `synchronous`: what `write` promises; OFF is for tests.
    """

    may_create: bool = False
    lock_wait_s: float = 5.0
    synchronous: Synchronous = "FULL"
    queries: Path = QUERIES
    migrations: Path = migrate.MIGRATIONS
    mounts: Callable[[], str] = read_mounts
    wall_ms: Callable[[], int] = _wall_ms


@dataclass(frozen=True, slots=True)
class Opened:
    """An open connection and what it was opened on. `identity` is device and inode of the file."""

    conn: sqlite3.Connection
    identity: tuple[int, int]
    read_only: bool = False


def open_board(
    path: Path, named: Path, options: SqliteOptions, lock: WriteLock, deadline: float, *, reading: bool
) -> Opened:
    """Open the board at `path` (resolved; `named` as the user wrote it), under `lock`.

    Creates it where a write may, upgrades it where needed; a read-only file or directory is opened for reading only.

    Raises:
        NotFound: there is no board, and this call may not create one.
        BoardBusy: the lock was not to be had until `deadline`.
        BoardUnavailable, ConfigError: the place or the file is refused.
        sqlite3.Error: SQLite refused it; see `errors.board_error`.
    """
    exists = check_file(path) is not None
    if not exists and (reading or not options.may_create):
        raise no_board(path, may_create=options.may_create)
    if not exists:
        make_private(path.parent)
    check_folder(named.parent)
    check_local(path.parent, options.mounts)
    if not is_writable(path):
        return _open_read_only(path, options)
    make_private(path.parent)
    try:
        lock.acquire(min(deadline, time.monotonic() + _READER_PATIENCE_S) if reading else deadline)
    except BoardBusy as busy:
        if not reading:
            raise
        # A stopped writer must not blind everybody else. Nothing but an upgrade needs the lock now, and an open
        # never checkpoints.
        return _open(path, options, busy=busy)
    try:
        if check_file(path) is None:  # looked at again: another process may have created it meanwhile
            if exists:
                raise unavailable(path, *VANISHED)
            _check_no_log(path)
            migrate.create(path, migrate.load(options.migrations), options.wall_ms)
        return _open(path, options)
    finally:
        lock.release()


def _check_no_log(path: Path) -> None:
    """Refuse to make a board beside the log of another: SQLite would write the old pages over the new ones."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size > 0:
        raise unavailable(
            path,
            "the file is missing, but its write-ahead log is still there",
            hint=f"put the file back; or, if the board is to be gone, move {log.name} away too",
        )


def no_board(path: Path, *, may_create: bool = False) -> NotFound:
    """Return the refusal for a place without a board; `may_create` says that a write would make it."""
    hint = "kanban_create makes it with its first task." if may_create else "run kanban-mcp init to make one."
    return NotFound(f"There is no board at {path} yet.", hint=hint)


def _open(path: Path, options: SqliteOptions, busy: BoardBusy | None = None) -> Opened:
    """Open an existing board; `busy` is what to raise when it needs an upgrade, for which we have no lock."""
    conn = _connect(path, "mode=rw")
    try:
        steps = migrate.load(options.migrations)
        version = migrate.version_of(conn, path)  # before anything that would write to somebody else's database
        migrate.check_not_newer(version, steps, path)
        if busy and version < steps[-1].version:
            raise busy
        mode = conn.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise unavailable(path, f"its file system allows no write-ahead log (SQLite answers {mode!r})")
        for setting in _SETTINGS:
            conn.execute(setting)
        if version < steps[-1].version:
            migrate.upgrade(conn, path, steps, options.wall_ms)
        found = path.stat()
        if found.st_uid == os.geteuid() and found.st_mode & 0o077:
            close_to_others(path)
        return Opened(conn, (found.st_dev, found.st_ino))
    except BaseException:
        conn.close()
        raise


def _open_read_only(path: Path, options: SqliteOptions) -> Opened:
    if check_file(path) is None:
        raise unavailable(path, *READ_ONLY)
    has_log = path.with_name(f"{path.name}-wal").exists()
    # Without a log SQLite would want to create one; `immutable` tells it that nobody writes here.
    conn = _connect(path, "mode=ro" if has_log else "immutable=1")
    try:
        steps = migrate.load(options.migrations)
        version = migrate.version_of(conn, path)
        migrate.check_not_newer(version, steps, path)
        if version < steps[-1].version:
            raise unavailable(
                path, "it needs an upgrade, but the file or its directory is read-only", hint=READ_ONLY[1]
            )
        found = path.stat()
        return Opened(conn, (found.st_dev, found.st_ino), read_only=True)
    except BaseException:
        conn.close()
        raise


def _connect(path: Path, how: str) -> sqlite3.Connection:
    conn = sqlite3.connect(
        f"file:{_in_uri(path)}?{how}",
        uri=True,
        timeout=_BUSY_SLICE_S,
        isolation_level=None,  # BEGIN and COMMIT are ours
        cached_statements=_STATEMENTS_KEPT,
    )
    conn.row_factory = sqlite3.Row
    return conn


def _in_uri(path: Path) -> str:
    """Escape what SQLite would read as the end of the path.

    Not with urllib, which costs a light call 3 ms from Python 3.12 on (before, pathlib loads it anyway).
    """
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
