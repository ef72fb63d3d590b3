"""Schema versions of a board on SQLite: a numbered list of files, each applied whole or not at all.

The caller holds the write lock for everything here.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kanban_mcp.domain.errors import BoardUnavailable
from kanban_mcp.store.backup import KEPT, backup_before
from kanban_mcp.store.errors import unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
APPLICATION_ID = 0x6B6E6264  # "knbd": tells a board from any other SQLite file
_MARK = "PRAGMA application_id = 1802396260"  # the same number: a pragma takes no parameter
_RECORD = (
    "CREATE TABLE schema_migrations ("
    "version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT"
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: `0001_board.sql` is version 1, name `board`."""

    version: int
    name: str
    file: Path

    @property
    def sql(self) -> str:
        """Return the text of the step."""
        return self.file.read_text(encoding="utf-8")


def load(folder: Path = MIGRATIONS) -> list[Migration]:
    """Return the steps in order. Their numbers must run 1, 2, 3 … without a gap."""
    steps = []
    for file in sorted(folder.glob("[0-9]*.sql")):
        number, _, name = file.stem.partition("_")
        steps.append(Migration(int(number), name, file))
    if [step.version for step in steps] != list(range(1, len(steps) + 1)) or not steps:
        raise RuntimeError(f"the migrations in {folder} are not numbered 1, 2, 3 …")
    return steps


def version_of(conn: sqlite3.Connection, path: Path) -> int:
    """Return the schema version of the board that `conn` has open.

    Raises:
        BoardUnavailable: the file is a database of another program.
    """
    if conn.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise _foreign(path)
    if not conn.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'").fetchone():
        raise _foreign(path)
    version = conn.execute("SELECT max(version) FROM schema_migrations").fetchone()[0]
    if version is None:
        raise _foreign(path)
    return int(version)


def check_not_newer(version: int, steps: list[Migration], path: Path) -> None:
    """Refuse a board that a newer program has changed: this one does not know its rules."""
    if version > steps[-1].version:
        raise unavailable(
            path,
            f"its schema is version {version}, this program knows up to version {steps[-1].version}",
            hint="upgrade kanban-mcp-server to the version that wrote it",
        )


def create(path: Path, steps: list[Migration], wall_ms: Callable[[], int]) -> None:
    """Make a new board at `path`, which must not exist; a crash leaves no board rather than half of one.

    SQLite builds it under another name and it appears at `path` by one `link`, which never replaces a file. (Built in
    place, a crash would leave an empty file, which is refused for good reason: see `place.check_file`.)
    """
    draft = path.with_name(f"{path.name}.new")
    for leftover in (draft, Path(f"{draft}-journal")):  # of a creator that was killed: we hold the lock
        leftover.unlink(missing_ok=True)
    conn = sqlite3.connect(draft, isolation_level=None)
    try:
        draft.chmod(0o600)  # still empty; -journal, -wal and -shm take over the mode of their database
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("BEGIN IMMEDIATE")
        conn.execute(_MARK)
        conn.execute(_RECORD)
        for step in steps:
            _apply(conn, step, wall_ms())
        conn.execute("COMMIT")
    finally:
        conn.close()
    os.link(draft, path)
    draft.unlink()
    _sync_folder(path.parent)


def upgrade(conn: sqlite3.Connection, path: Path, steps: list[Migration], wall_ms: Callable[[], int]) -> None:
    """Bring an existing board to the newest version: per step a backup, then one transaction."""
    coming = steps[version_of(conn, path) :]
    for step in coming:
        backup_before(conn, path, step.version, wall_ms(), keep=max(KEPT, len(coming)))
        # Off while tables are rebuilt (a pragma that is ignored inside a transaction); checked before the commit.
        conn.execute("PRAGMA foreign_keys = OFF")
        conn.execute("BEGIN IMMEDIATE")
        try:
            _apply(conn, step, wall_ms())
            _check_references(conn, path, step)
            conn.execute("COMMIT")
        except BaseException:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            raise
        finally:
            conn.execute("PRAGMA foreign_keys = ON")


def statements(sql: str) -> Iterator[str]:
    """Split a script into statements. Semicolons inside triggers, strings and comments do not end one."""
    text = ""
    for piece in sql.split(";")[:-1]:
        text += f"{piece};"
        if sqlite3.complete_statement(text):
            yield text.strip()
            text = ""
    rest = text + sql.rpartition(";")[2]
    if any(line.strip() and not line.lstrip().startswith("--") for line in rest.splitlines()):
        raise ValueError(f"the script ends inside a statement: {rest.strip()[:80]!r}")


def _apply(conn: sqlite3.Connection, step: Migration, at_ms: int) -> None:
    import hashlib  # rarely needed, and every start would pay for it

    sql = step.sql
    for statement in statements(sql):
        conn.execute(statement)
    checksum = hashlib.sha256(sql.encode()).hexdigest()
    conn.execute("INSERT INTO schema_migrations VALUES (?, ?, ?, ?)", (step.version, step.name, checksum, at_ms))


def _check_references(conn: sqlite3.Connection, path: Path, step: Migration) -> None:
    broken = conn.execute("PRAGMA foreign_key_check").fetchone()
    if broken:
        raise unavailable(path, f"migration {step.version} would leave table {broken[0]} with dangling references")


def _foreign(path: Path) -> BoardUnavailable:
    return unavailable(
        path,
        "it is a database of another program, not a kanban-mcp board",
        hint="name another file with KANBAN_DB or --db",
    )


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
