"""Deleting a board: its file, what SQLite and the lock keep beside it, and its backups; nothing else."""

import time
from contextlib import suppress
from pathlib import Path

from kanban_mcp.store.errors import unavailable
from kanban_mcp.store.location import is_own_gitignore
from kanban_mcp.store.lock import WriteLock
from kanban_mcp.store.place import BOARD_FOLDER

LOCK_WAIT_S = 5.0
_BESIDE = ("-wal", "-shm", "-journal", "")


def remove_board(path: Path) -> None:
    """Delete a board while nobody writes to it. A `.kanban` that is empty then goes as well.

    Raises:
        BoardBusy: another process keeps the write lock.
        BoardUnavailable: a file cannot be deleted.
    """
    lock = WriteLock(path.with_name(f"{path.name}.lock"))
    lock.acquire(time.monotonic() + LOCK_WAIT_S)
    try:
        for suffix in _BESIDE:
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        for backup in (path.parent / "backups").glob(f"{path.name}.*"):
            backup.unlink()
        lock.path.unlink(missing_ok=True)
    except OSError as error:
        raise unavailable(path, f"it cannot be deleted ({error.strerror})") from error
    finally:
        lock.close()
    with suppress(OSError):
        (path.parent / "backups").rmdir()
    if path.parent.name == BOARD_FOLDER:
        _remove_folder(path.parent)


def _remove_folder(folder: Path) -> None:
    """Remove the board's directory, if only the `.gitignore` that we wrote is left in it."""
    if [entry.name for entry in folder.iterdir()] == [".gitignore"] and is_own_gitignore(folder):
        (folder / ".gitignore").unlink()
    with suppress(OSError):
        folder.rmdir()
