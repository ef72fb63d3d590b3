"""SQLite's errors in the board's words: what, which file, what next. Told apart by code, never by text."""

import os
import sqlite3
from pathlib import Path

from kanban_mcp.domain.errors import BoardBusy, BoardUnavailable
from kanban_mcp.store.base import ConstraintViolation, UniqueViolation

VANISHED = (
    "the file was removed or replaced while it was in use",
    "find out what moved it and put it back, then start a new session so that the board is opened again",
)
READ_ONLY = (
    "the file or its directory is read-only",
    "make both writable for this user, or copy the board elsewhere and set KANBAN_DB",
)
NO_ROOM_HINT = ("check the free space, the quota and the owner of its directory, then try again",)
NO_MEMORY = ("this process is out of memory", "end what uses it, or try again with a smaller call")
FAILURES = (sqlite3.Error, MemoryError)
"""What a statement may raise: SQLite tells that memory ran out (SQLITE_NOMEM) as Python's own error."""
_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_NO_ROOM = {sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_SHMSIZE}
_TELLING = {
    sqlite3.SQLITE_PERM: (
        "access to the file was refused",
        "check the owner and the mode of the file and its directory",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the file cannot be opened",
        "check that the directory exists, belongs to this user and that not too many files are open",
    ),
    sqlite3.SQLITE_READONLY: READ_ONLY,
}
_PROGRAM_ERRORS = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_MISMATCH}
_NEARLY_FULL_BYTES = 1 << 20


def unavailable(path: Path, what: str, hint: str = "") -> BoardUnavailable:
    """Return the refusal for a board file that cannot be used."""
    return BoardUnavailable(f"The board {path} cannot be used: {what}. Nothing was written.", hint=hint and f"{hint}.")


def code_of(error: Exception) -> int:
    """Return the extended result code, 0 when Python's own layer raised (wrong parameters, wrong thread)."""
    return getattr(error, "sqlite_errorcode", 0) or 0


def is_busy(error: Exception) -> bool:
    """Say whether SQLite's own lock was in the way, so that trying again may succeed."""
    return code_of(error) & 0xFF in _BUSY


def constraint(error: sqlite3.IntegrityError) -> ConstraintViolation:
    """Return the typed form of a refused row."""
    text = str(error)
    if code_of(error) not in _UNIQUE:
        return ConstraintViolation(text)
    # Only the text names the columns; what kind of error it is was told by the code above.
    _, _, detail = text.partition(": ")
    if detail.startswith("index "):
        return UniqueViolation(text, index=detail.removeprefix("index ").strip("'"))
    return UniqueViolation(text, columns=[column.strip() for column in detail.split(",") if column.strip()])


def board_error(error: Exception, path: Path) -> Exception:
    """Return the `BoardBusy` or `BoardUnavailable` that `error` on the board at `path` means.

    A mistake in the program (a wrong column, a missing parameter) is returned as it is: to call it a board that is
    unavailable would hide it.
    """
    if isinstance(error, MemoryError):
        return unavailable(path, *NO_MEMORY)
    if not isinstance(error, sqlite3.Error):
        return error
    code = code_of(error)
    primary = code & 0xFF
    if isinstance(error, sqlite3.IntegrityError) and primary == sqlite3.SQLITE_CONSTRAINT:
        return constraint(error)
    if primary in _BUSY:
        return BoardBusy(
            f"The board {path} is busy: another program (not a kanban-mcp process) keeps SQLite's own lock on it. "
            "Nothing was written.",
            hint="close the program that has the file open (a database browser, a shell), then try again.",
        )
    if code == 0 or primary in _PROGRAM_ERRORS:
        return error
    return unavailable(path, *_file_trouble(error, code, path))


def _file_trouble(error: sqlite3.Error, code: int, path: Path) -> tuple[str, str]:
    """Return what is wrong with the file and what to do about it."""
    primary = code & 0xFF
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return VANISHED
    if primary == sqlite3.SQLITE_FULL or (code in _NO_ROOM and _is_nearly_full(path)):
        return "the disk is full", "free some space, then try again; everything acknowledged so far is safe"
    if code in _NO_ROOM:
        # A quota or a file size limit reaches SQLite as a failed write, not as a full disk.
        what = f"a write failed ({error.sqlite_errorname}), most often a full disk, a quota or a file size limit"
        return what, "check the free space, quota and `ulimit -f`, then try again"
    if primary in _DAMAGED:
        return f"the file is damaged or no database ({error})", _restore_hint(path)
    return _TELLING.get(primary, (f"SQLite reports {error.sqlite_errorname}: {error}", "run kanban-mcp doctor"))


def _restore_hint(path: Path) -> str:
    backups = sorted((path.parent / "backups").glob(f"{path.name}.*"), key=lambda backup: backup.stat().st_mtime)
    newest = f", newest: {backups[-1]}" if backups else ""
    return f"stop what uses it, move the file away and put a backup in its place (backups are in backups/{newest})"


def _is_nearly_full(path: Path) -> bool:
    try:
        room = os.statvfs(path.parent)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < _NEARLY_FULL_BYTES
