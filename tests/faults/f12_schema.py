"""F12: a newer schema is refused with both versions; a kill at any statement of a step leaves the old or the new board.

The steps are those that ship, from every earlier version on.
"""

import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from kanban_mcp.domain.errors import BoardUnavailable
from kanban_mcp.store import migrate
from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import SqliteFile
from tests.faults.base import Case, Figures, Place
from tests.faults.child import forked, in_child

SHIPPED = migrate.load()


def _options(steps: Path = migrate.MIGRATIONS) -> SqliteOptions:
    return SqliteOptions(may_create=True, migrations=steps, mounts=lambda: "", synchronous="OFF")


def _make(path: Path, steps: Path = migrate.MIGRATIONS) -> None:
    with SqliteFile(path, _options(steps)) as file:
        file.write(lambda tx: None)


def _look(path: Path) -> tuple[int, list[Any], list[Any]]:
    """Return version, schema and what the board holds, past the program."""
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        version = conn.execute("SELECT max(version) FROM schema_migrations").fetchone()[0]
        schema = conn.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
        return version, schema, conn.execute("SELECT id, title FROM tasks").fetchall()


def _die_at(path: Path, at: int) -> None:
    """Open the board for a write and die before the `at`th statement of its steps; past the last one, just end."""
    count = 0
    real = migrate.statements

    def dying(sql: str) -> Any:
        nonlocal count
        for statement in real(sql):
            count += 1
            if count == at:
                signal.raise_signal(signal.SIGKILL)
            yield statement

    migrate.statements = dying
    _make(path)


def at_birth(place: Place) -> Figures:
    """Kill the maker of a board before each statement: no board then, and the next call makes a whole one."""
    return in_child(_at_birth, place.at("birth"))


def _at_birth(folder: Path) -> Figures:
    whole = folder / "whole.db"
    _make(whole)
    kills = 0
    for at in range(1, 1_000):
        path = folder / str(at) / "board.db"
        ended = forked(_die_at, path, at)
        if ended == 0:
            break
        kills += 1
        assert ended == -signal.SIGKILL
        assert not path.exists(), f"killed before statement {at}: half a board is there"
        _make(path)
        assert _look(path)[:2] == _look(whole)[:2]
        assert sorted(each.name for each in path.parent.iterdir()) == ["board.db", "board.db.lock"]
    return {"steps": len(SHIPPED), "kills": kills, "half made": 0}


def upgrades(place: Place) -> Figures:
    """Kill the upgrade of each earlier version before each statement: one of the versions, whole, with a copy first."""
    return in_child(_upgrades, place.at("upgrade"))


def _upgrades(folder: Path) -> Figures:
    kills = 0
    versions = range(1, len(SHIPPED))
    for version in versions:
        old = folder / f"v{version}" / "board.db"
        _make_old(old, version)
        states = {version: _look(old)}
        for later in range(version + 1, len(SHIPPED) + 1):
            states[later] = _states_of(folder / f"v{version}to{later}" / "board.db", version, later)
        for at in range(1, 1_000):
            path = folder / f"v{version}-{at}" / "board.db"
            path.parent.mkdir()
            shutil.copyfile(old, path)
            ended = forked(_die_at, path, at)
            if ended == 0:
                assert _look(path) == states[len(SHIPPED)]
                break
            kills += 1
            found = _look(path)
            assert found == states[found[0]], f"version {version} killed before statement {at}: in between"
            assert (path.parent / "backups").exists(), "no copy was made first"
            _make(path)
            assert _look(path) == states[len(SHIPPED)]
    return {"versions": len(versions), "kills": kills, "in between": 0}


def _make_old(path: Path, version: int) -> None:
    steps = path.parent / "steps"
    steps.mkdir(parents=True)
    for step in SHIPPED[:version]:
        shutil.copy(step.file, steps)
    _make(path, steps)
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute(
            "INSERT INTO tasks (title, state, allowed, max_attempts, created_by, created_at_ms, updated_at_ms)"
            " VALUES ('Kept', 'ready', 3, 3, 'mia', 1, 1)"
        )


def _states_of(path: Path, version: int, later: int) -> tuple[int, list[Any], list[Any]]:
    _make_old(path, version)
    steps = path.parent / "steps"
    for step in SHIPPED[:later]:
        shutil.copy(step.file, steps)
    with SqliteFile(path, _options(steps)) as file:
        file.write(lambda tx: None)
    return _look(path)


def newer(place: Place) -> Figures:
    """A board of each of the next versions is refused, with both numbers and what to do, and stays as it is."""
    tried = range(len(SHIPPED) + 1, len(SHIPPED) + 6)
    for version in tried:
        path = place.at("newer", version) / "board.db"
        _make(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as conn:
            conn.execute("INSERT INTO schema_migrations VALUES (?, 'later', '', 0)", (version,))
        before = path.read_bytes()
        said = []
        with SqliteFile(path, _options()) as file:
            for call in (file.write, file.read):
                try:
                    call(lambda tx: None)
                except BoardUnavailable as refusal:
                    said.append(str(refusal))
        assert len(said) == 2
        assert all(f"version {version}, this program knows up to version {len(SHIPPED)}" in each for each in said), said
        assert all("upgrade kanban-mcp-server" in each for each in said)
        assert path.read_bytes() == before
    return {"versions": len(tried), "refused": len(tried)}


CASES = (
    Case("F12", "birth", "kill -9 before each statement that makes a board", at_birth),
    Case("F12", "upgrade", "kill -9 before each statement that upgrades a board of an earlier version", upgrades),
    Case("F12", "newer", "a schema of a newer program", newer),
)
