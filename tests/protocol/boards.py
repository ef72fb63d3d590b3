"""Looks at a board's file from outside: whether anything was committed, and whether everything in it fits together."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path


class Witness:
    """Sees every commit of others to a board."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)

    def state(self) -> str:
        """Return a digest of every row of every table."""
        digest = hashlib.sha256()
        tables = self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            digest.update(table.encode())
            for row in self._db.execute(f'SELECT * FROM "{table}"'):
                digest.update(repr(row).encode())
        return digest.hexdigest()

    def commits(self) -> int:
        """Return a number that changes with every commit of another connection."""
        (number,) = self._db.execute("PRAGMA data_version").fetchone()
        return int(number)

    def close(self) -> None:
        """Look no more."""
        self._db.close()


def titles(path: Path) -> list[str]:
    """Return the titles of all tasks, oldest first; none when there is no board."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'tasks'").fetchone():
            return []
        return [title for (title,) in db.execute("SELECT title FROM tasks ORDER BY id")]


def damage(path: Path) -> list[str]:
    """Return what does not fit together in a board's file."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        found = [text for (text,) in db.execute("PRAGMA integrity_check") if text != "ok"]
        found += [f"foreign key: {row}" for row in db.execute("PRAGMA foreign_key_check")]
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'tasks'").fetchone():
            for what, query in CHECKS.items():
                found += [f"{what}: task {number}" for (number,) in db.execute(query)]
    return found


CHECKS = {
    "a task is worked on without an open run": """
        SELECT id FROM tasks WHERE state = 'in_progress'
         AND (SELECT count(*) FROM runs WHERE runs.task_id = tasks.id AND outcome IS NULL) <> 1""",
    "an open run of a task that nobody works on": """
        SELECT id FROM tasks WHERE state NOT IN ('in_progress', 'awaiting_review')
         AND EXISTS (SELECT 1 FROM runs WHERE runs.task_id = tasks.id AND outcome IS NULL)""",
    "a task without its first event": """
        SELECT id FROM tasks WHERE NOT EXISTS (SELECT 1 FROM events WHERE events.task_id = tasks.id)""",
    "an event of a task that is not there": """
        SELECT task_id FROM events WHERE task_id IS NOT NULL AND task_id NOT IN (SELECT id FROM tasks)""",
}
