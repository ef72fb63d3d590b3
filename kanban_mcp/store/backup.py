"""Copies of a live board, written by SQLite itself; the file is never copied by hand.

Before a migration `VACUUM INTO`; for people the online backup API, which tells how far it is.
"""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from kanban_mcp.domain.errors import BoardUnavailable
from kanban_mcp.store.errors import unavailable

KEPT = 3  # automatic backups per board; those a person asks for are never removed
_PAGES = 500  # copied between two reports of progress: 2 MB
Progress = Callable[[int, int], None]  # pages copied, pages in all


def copy_live(
    conn: sqlite3.Connection,
    target: Path,
    *,
    replace: bool = False,
    progress: Progress | None = None,
) -> None:
    """Copy the board that `conn` is reading, in one snapshot, to `target` (mode 0600), and check the copy.

    `conn` has a read transaction open: the copy is the board of that moment, writers go on meanwhile, and their commits
    do not make the copy start anew. It appears whole and checked, or not at all. `replace` takes the place of a file.

    Raises:
        BoardUnavailable: `target` is there already, cannot be written, or the copy is damaged.
        sqlite3.Error: the board could not be read, or the disk is full.
    """
    _require_place(target, replace)
    draft = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        _copy(conn, draft, target, progress)
        if replace:
            draft.replace(target)
        else:
            os.link(draft, target)  # never replaces what is there
    except FileExistsError as error:
        raise _taken(target) from error
    except OSError as error:
        raise _refused(target, f"{error.strerror}", hint="choose another place") from error
    finally:
        for leftover in (draft, draft.with_name(f"{draft.name}-journal")):
            leftover.unlink(missing_ok=True)


def _require_place(target: Path, replace: bool) -> None:
    try:
        found = target.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _refused(target, f"{error.strerror}", hint="choose another place") from error
    if not stat.S_ISREG(found.st_mode):
        raise _refused(target, "something that is no file is already there", hint="choose another name")
    if not replace:
        raise _taken(target)


def _refused(target: Path, what: str, hint: str) -> BoardUnavailable:
    return BoardUnavailable(f"The backup {target} was not written: {what}.", hint=f"{hint}.")


def _taken(target: Path) -> BoardUnavailable:
    return _refused(
        target, "a file is already there", hint="choose another name for the backup, or --force to replace it"
    )


def _copy(conn: sqlite3.Connection, draft: Path, target: Path, progress: Progress | None) -> None:
    def told(_: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # flushed as a whole below
        conn.backup(copy, pages=_PAGES, progress=told)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, readable from a read-only place too
        _require_sound(copy, target)
    with draft.open("rb") as written:
        os.fsync(written.fileno())


def _require_sound(copy: sqlite3.Connection, target: Path) -> None:
    found = copy.execute("PRAGMA integrity_check(3)").fetchall()
    if found != [("ok",)]:
        said = "; ".join(str(row[0]) for row in found)
        raise _refused(
            target,
            f"the copy did not pass SQLite's integrity check ({said[:300]}), so the board itself is damaged",
            hint="run kanban-mcp doctor, and keep older backups",
        )


def backup_into(conn: sqlite3.Connection, target: Path) -> None:
    """Write a copy of the board that `conn` has open to `target`, mode 0600; it appears whole or not at all.

    Raises:
        BoardUnavailable: `target` exists already or its directory cannot be written.
    """
    draft = target.with_name(f"{target.name}.partial")
    draft.unlink(missing_ok=True)
    try:
        # Created here because SQLite would give the copy the umask's mode; it accepts an empty file as target.
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise unavailable(
            target, f"the backup cannot be written ({error.strerror})", hint="choose another place"
        ) from error
    try:
        conn.execute("VACUUM INTO ?", (str(draft),))
        os.link(draft, target)  # never replaces what is there
    except FileExistsError as error:
        raise _taken(target) from error
    finally:
        draft.unlink(missing_ok=True)


def backup_before(conn: sqlite3.Connection, path: Path, version: int, wall_ms: int, *, keep: int = KEPT) -> Path:
    """Keep the board as it is before migration `version`, in `backups/` beside it, and drop all but the newest `keep`.

    An upgrade over many versions keeps them all: the one before its first step is the one to go back to.
    """
    from datetime import UTC, datetime  # rarely needed, and every start would pay for it

    folder = path.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    stamp = datetime.fromtimestamp(wall_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
    target = folder / f"{path.name}.before-{version:04d}.{stamp}"
    target.unlink(missing_ok=True)  # an earlier try in the same millisecond that did not come to the migration
    backup_into(conn, target)
    for old in sorted(folder.glob(f"{path.name}.before-*"), key=_stamp)[:-keep]:
        old.unlink()
    return target


def _stamp(backup: Path) -> str:
    return backup.name.rpartition(".before-")[2].partition(".")[2]
