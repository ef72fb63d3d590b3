"""Copies of a live board, written by SQLite (`VACUUM INTO`: consistent, compact); the file is never copied by hand."""

import os
import sqlite3
from pathlib import Path

from kanban_mcp.store.errors import unavailable

KEPT = 3  # automatic backups per board; those a person asks for are never removed


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
        raise unavailable(target, "a file is already there", hint="choose another name for the backup") from error
    finally:
        draft.unlink(missing_ok=True)


def backup_before(conn: sqlite3.Connection, path: Path, version: int, wall_ms: int) -> Path:
    """Keep the board as it is before migration `version`, in `backups/` beside it, and drop all but the newest few."""
    from datetime import UTC, datetime  # rarely needed, and every start would pay for it

    folder = path.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    stamp = datetime.fromtimestamp(wall_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
    target = folder / f"{path.name}.before-{version:04d}.{stamp}"
    target.unlink(missing_ok=True)  # an earlier try in the same millisecond that did not come to the migration
    backup_into(conn, target)
    for old in sorted(folder.glob(f"{path.name}.before-*"), key=_stamp)[:-KEPT]:
        old.unlink()
    return target


def _stamp(backup: Path) -> str:
    return backup.name.rpartition(".before-")[2].partition(".")[2]
