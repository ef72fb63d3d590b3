"""What is wrong with a board's file and its place, without changing either: `doctor` looks through this.

Opening a board as everybody else does would close its modes, upgrade its schema and switch its journal on. Here SQLite
opens it read-only; where no write-ahead log lies beside it, as a file that nobody writes (`immutable`), because a
read-only connection would leave a log behind. The file itself is never opened by hand (`place.py`).
"""

import errno
import fcntl
import os
import shlex
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kanban_mcp.domain.diagnostics import Finding, note, ok, problem, warning
from kanban_mcp.domain.errors import BoardError
from kanban_mcp.store import migrate
from kanban_mcp.store.errors import board_error
from kanban_mcp.store.place import BOARD_FOLDER, check_file, check_folder, check_local, read_mounts
from kanban_mcp.store.sqlite_tx import SqliteTx
from kanban_mcp.store.statements import Statements
from kanban_mcp.store.version import SQLITE_VERSION, has_wal_reset_bug

BOARD = "board"
SIDECARS = ("", "-wal", "-shm", ".lock")
_LARGE_LOG = 64 << 20  # bytes; at rest it is cut to 8 MB, a busy board stays far below this
_LOW_SPACE, _NO_SPACE = 1 << 30, 64 << 20
_LOCK_PATIENCE_S = 1.0
_STEPS = 100_000  # instructions of SQLite's machine between two looks at the clock
_WAL_FIX = "3.51.3, 3.50.7 and 3.44.6"


def place_findings(path: Path, mounts: Callable[[], str] = read_mounts) -> list[Finding]:
    """Look at the directory, the files and the disk of a board that exists, with `stat` only."""
    checks: tuple[Callable[[], object], ...] = (
        lambda: check_local(path.parent, mounts),
        lambda: check_folder(path.parent),
        lambda: check_file(path),
    )
    refused = [finding for check in checks for finding in _refusal(check)]
    return [*refused, *_modes(path), *_space(path), *_log(path)]


def _refusal(check: Callable[[], object]) -> Iterator[Finding]:
    try:
        check()
    except BoardError as refused:
        why = "kanban-mcp refuses to open the board there."
        yield problem(BOARD, "place", refused.message, why, refused.hint or "kanban-mcp config")


def _modes(path: Path) -> Iterator[Finding]:
    files = [path.with_name(path.name + end) for end in SIDECARS]
    wanted = [(file, 0o600) for file in files if file.exists()]
    if path.parent.name == BOARD_FOLDER:
        wanted.insert(0, (path.parent, 0o700))
    loose = [(each, mode) for each, mode in wanted if each.stat().st_mode & 0o777 & ~mode]
    for each, mode in loose:
        yield warning(
            BOARD, "modes", f"{each} can be read or written by others ({each.stat().st_mode & 0o777:04o}).",
            "Who can read the board reads every task; who can write it can forge one.",
            f"chmod {mode:04o} {shlex.quote(str(each))}",
        )  # fmt: skip
    if not loose:
        yield ok(BOARD, "modes", "directory and files are yours alone")


def _space(path: Path) -> Iterator[Finding]:
    room = os.statvfs(path.parent)
    free = room.f_bavail * room.f_frsize
    text, why = f"{free >> 20:,} MB free", "A full disk refuses every write; what was acknowledged stays."
    if free < _NO_SPACE:
        yield problem(BOARD, "disk", text, why, f"free some space: df -h {shlex.quote(str(path.parent))}")
    elif free < _LOW_SPACE:
        yield warning(BOARD, "disk", text, why, f"free some space: df -h {shlex.quote(str(path.parent))}")
    else:
        yield ok(BOARD, "disk", text)


def _log(path: Path) -> Iterator[Finding]:
    try:
        size = path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return
    if size > _LARGE_LOG:
        yield warning(
            BOARD, "log", f"The write-ahead log has {size >> 20:,} MB.",
            "A reader that never ends its transaction keeps it from being cut; every read gets slower.",
            f"end what holds the file open: lsof {shlex.quote(str(path))}",
        )  # fmt: skip


def lock_findings(path: Path) -> list[Finding]:
    """Look whether somebody keeps the write lock: a stopped process would block every writer."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return []  # nobody has written yet
    try:
        if _is_free(descriptor):
            return [ok(BOARD, "lock", "writers get their turn")]
        holder = (os.pread(descriptor, 64, 0).decode(errors="replace").split() or ["?"])[0]
    finally:
        os.close(descriptor)
    who = holder if holder.isdigit() else "PID"
    return [
        problem(
            BOARD,
            "lock",
            f"Process {holder} has kept the write lock for over {_LOCK_PATIENCE_S:.0f} s.",
            "Nobody can write; calls end with [board_busy].",
            f"ps -p {who} -o pid,stat,etime,args: a stopped one (T) goes on with kill -CONT {who}",
        )
    ]


def _is_free(descriptor: int) -> bool:
    """Say whether a shared lock is to be had within a second: held for an instant only, no writer notices."""
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES) or time.monotonic() >= deadline:
                return False
            time.sleep(0.005)
            continue
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return True


def library_finding(version: str = SQLITE_VERSION) -> Finding:
    """Tell which SQLite library runs, and whether it has the WAL-reset bug."""
    numbers = tuple(int(part) for part in version.split("."))
    if not has_wal_reset_bug(numbers):
        return ok(BOARD, "SQLite", f"{version}, has the fix of the WAL-reset bug")
    return note(
        BOARD, "SQLite", f"{version} has the WAL-reset bug (fixed in {_WAL_FIX}).",
        "kanban-mcp is safe all the same: it writes and checkpoints under one lock. Another program that writes to the "
        "file is not.",
        "open board.db with no other program; a newer Python brings a newer SQLite",
    )  # fmt: skip


@contextmanager
def looking(path: Path, deadline: float) -> Iterator["Look"]:
    """Open a board for looking only, on one snapshot; statements end at `deadline` (seconds of `time.monotonic()`).

    Raises:
        BoardError: SQLite cannot open it.
    """
    has_log = path.with_name(f"{path.name}-wal").exists()
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    try:
        conn = sqlite3.connect(
            f"file:{quoted}?{'mode=ro' if has_log else 'immutable=1'}", uri=True, timeout=0.25, isolation_level=None
        )
    except sqlite3.Error as error:
        raise _told(error, path) from error
    with closing(conn):
        conn.row_factory = sqlite3.Row
        conn.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        try:
            conn.execute("PRAGMA query_only = ON")
            conn.execute("BEGIN")
            yield Look(path, conn, has_log)
        except sqlite3.Error as error:
            raise _told(error, path) from error


def _told(error: sqlite3.Error, path: Path) -> Exception:
    return board_error(error, path)


class Look:
    """A board that is open for looking."""

    def __init__(self, path: Path, conn: sqlite3.Connection, has_log: bool) -> None:
        self.path = path
        self._conn = conn
        self._has_log = has_log
        self.tx = SqliteTx(conn, Statements("sqlite"))

    def schema(self) -> Finding:
        """Compare the schema with what this program knows.

        Raises:
            BoardError: it is no board.
        """
        version, newest = migrate.version_of(self._conn, self.path), migrate.load()[-1].version
        if version > newest:
            return problem(
                BOARD, "schema", f"version {version}, this program knows {newest}",
                "A newer kanban-mcp has changed the board; this one does not know its rules and refuses it.",
                "pip install --upgrade kanban-mcp-server",
            )  # fmt: skip
        if version < newest:
            return note(
                BOARD, "schema", f"version {version}; the next command upgrades it to {newest}",
                "A backup is made first; sessions of an older kanban-mcp cannot use it afterwards.",
                "kanban-mcp list",
            )  # fmt: skip
        return ok(BOARD, "schema", f"version {version}")

    def journal(self) -> list[Finding]:
        """Look at the journal mode; without a log beside the file nothing can be said, and need not be."""
        if not self._has_log:
            return []
        mode = self._conn.execute("PRAGMA journal_mode").fetchone()[0]
        if mode == "wal":
            return [ok(BOARD, "journal", "wal")]
        return [
            warning(
                BOARD,
                "journal",
                f"The journal mode is {mode}, not wal.",
                "Another program has changed it.",
                "kanban-mcp list sets it again",
            )
        ]

    def integrity(self) -> Finding:
        """Let SQLite check every page, index and reference, as far as the deadline allows."""
        try:
            said = [str(row[0]) for row in self._conn.execute("PRAGMA integrity_check(5)").fetchall()]
            broken = self._conn.execute("PRAGMA foreign_key_check").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return note(
                BOARD, "integrity", "SQLite's integrity check did not end in time.",
                "A large board takes longer.", "kanban-mcp doctor --wait 300",
            )  # fmt: skip
        if said != ["ok"] or broken:
            what = "; ".join(said[:3]) if said != ["ok"] else f"table {broken[0]} has dangling references"
            return problem(
                BOARD, "integrity", f"The file is damaged: {what[:300]}",
                "What it says can be wrong or missing.",
                "stop every session and put a backup in its place (docs/how-to/back-up.md)",
            )  # fmt: skip
        return ok(BOARD, "integrity", "SQLite's integrity check passed")
