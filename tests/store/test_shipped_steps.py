"""The steps that ship: a board of every earlier version becomes what a new one is, and keeps what it holds."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.store import migrate
from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import SqliteFile

EARLIER = [step.version for step in migrate.load()[:-1]]
HOLDS = """
INSERT INTO tasks (title, state, allowed, max_attempts, due_at_ms, created_by, created_at_ms, updated_at_ms)
VALUES ('Written before', 'ready', 3, 3, 1234, 'mia', 1, 1);
"""


def make(path: Path, migrations: Path = migrate.MIGRATIONS) -> None:
    with SqliteFile(path, SqliteOptions(may_create=True, migrations=migrations)) as file:
        file.write(lambda _: None)


def shape(path: Path) -> dict[str, Any]:
    """Return tables with their columns in any order, indexes and triggers with their text."""
    with closing(sqlite3.connect(path)) as conn:
        names = [name for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        tables = {name: sorted(row[1:] for row in conn.execute(f"PRAGMA table_xinfo({name})")) for name in names}
        others = conn.execute("SELECT name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger')").fetchall()
        return {"tables": tables, "others": sorted(others, key=repr)}


@pytest.mark.parametrize("version", EARLIER)
def test_a_board_of_an_earlier_version_becomes_what_a_new_one_is(tmp_path: Path, version: int) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    for step in migrate.load()[:version]:
        shutil.copy(step.file, steps)
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    make(old, steps)
    with closing(sqlite3.connect(old)) as conn:
        conn.executescript(HOLDS)
    make(new)
    assert shape(old) != shape(new)
    with SqliteFile(old) as file:
        task = file.read(lambda tx: tx.one("task", id=1))
        assert task is not None
        assert (task["title"], task["due_at_ms"], task["due_from_ms"]) == ("Written before", 1234, None)
    assert shape(old) == shape(new)
    assert len(list((tmp_path / "backups").iterdir())) == len(migrate.load()) - version
