"""What doctor sees of a board's file and place, without changing a byte of either."""

import fcntl
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from kanban_mcp.domain.diagnostics import Finding, Level
from kanban_mcp.domain.errors import BoardError, BoardUnavailable
from kanban_mcp.store import health, migrate
from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import SqliteFile

SOON = 30.0


@pytest.fixture
def board(tmp_path: Path) -> Path:
    path = tmp_path / ".kanban" / "board.db"
    with SqliteFile(path, SqliteOptions(may_create=True)) as file:
        file.write(lambda tx: tx.run("set_paused", paused=0))
    return path


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mode) for path in folder.iterdir()}


def integrity(path: Path, seconds: float = SOON) -> Finding:
    with health.looking(path, time.monotonic() + seconds) as look:
        return look.integrity()


def test_a_sound_board_has_nothing_but_good_findings_and_stays_as_it_is(board: Path) -> None:
    before = snapshot(board.parent)
    found = [*health.place_findings(board), *health.lock_findings(board)]
    with health.looking(board, time.monotonic() + SOON) as look:
        found += [look.schema(), *look.journal(), look.integrity()]
    assert {finding.level for finding in found} == {Level.OK}
    assert snapshot(board.parent) == before, "no log, no shared memory, no mode, no byte"


def test_a_board_in_use_is_looked_at_through_its_log_and_shows_what_is_in_it(board: Path) -> None:
    with SqliteFile(board) as file:
        file.write(lambda tx: tx.run("set_paused", paused=1))
        assert board.with_name("board.db-wal").stat().st_size > 0
        with health.looking(board, time.monotonic() + SOON) as look:
            assert look.tx.value("is_paused") == 1
            assert [finding.what for finding in look.journal()] == ["wal"]
            assert look.integrity().level is Level.OK


def test_looking_cannot_write(board: Path) -> None:
    with pytest.raises(BoardError), health.looking(board, time.monotonic() + SOON) as look:
        look.tx.run("set_paused", paused=1)


@pytest.mark.parametrize(("name", "mode"), [("", 0o644), ("-wal", 0o640), (".lock", 0o604)])
def test_what_others_may_read_is_named_with_the_command_that_closes_it(board: Path, name: str, mode: int) -> None:
    file = board.with_name(f"board.db{name}")
    file.touch()
    file.chmod(mode)
    found = by_name(health.place_findings(board))["modes"]
    assert (found.level, found.fix) == (Level.WARNING, f"chmod 0600 {file}")
    assert file.stat().st_mode & 0o777 == mode, "doctor changes nothing"
    board.parent.chmod(0o755)
    assert any(f"chmod 0700 {board.parent}" == each.fix for each in health.place_findings(board))


def test_a_network_mount_is_a_problem(board: Path) -> None:
    table = f"server:/x {board.parent.parent} nfs4 rw 0 0\n"
    found = by_name(health.place_findings(board, lambda: table))["place"]
    assert (found.level, "nfs4" in found.what, "KANBAN_DB" in found.fix) == (Level.PROBLEM, True, True)


def test_a_full_disk_and_a_huge_log_are_told(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = os.statvfs_result((4096, 4096, 100, 10, 10, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: room)
    assert by_name(health.place_findings(board))["disk"].level is Level.PROBLEM
    with board.with_name("board.db-wal").open("wb") as log:
        log.truncate(65 << 20)
    found = by_name(health.place_findings(board))["log"]
    assert (found.level, "65 MB" in found.what) == (Level.WARNING, True)


def test_a_lock_that_somebody_keeps_names_the_process(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_LOCK_PATIENCE_S", 0.0)
    lock = board.with_name("board.db.lock")
    with lock.open("r+b") as held:
        held.write(b"4711 1000".ljust(64))
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        [found] = health.lock_findings(board)
    assert (found.level, "4711" in found.what, "kill -CONT 4711" in found.fix) == (Level.PROBLEM, True, True)
    assert [each.level for each in health.lock_findings(board)] == [Level.OK]
    lock.unlink()
    assert health.lock_findings(board) == []
    os.mkfifo(lock)
    assert health.lock_findings(board)[0].level is Level.OK, "a pipe in its place blocks nobody"


@pytest.mark.parametrize(
    ("version", "level"),
    [("3.40.1", Level.NOTE), ("3.44.6", Level.OK), ("3.50.7", Level.OK), ("3.51.2", Level.NOTE), ("3.51.3", Level.OK),
     ("3.52.0", Level.NOTE), ("3.53.4", Level.OK)],
)  # fmt: skip
def test_the_library_is_named_with_its_bug(version: str, level: Level) -> None:
    found = health.library_finding(version)
    assert (found.level, found.what.startswith(version)) == (level, True)


def test_an_older_and_a_newer_schema_are_told_and_nothing_is_upgraded(board: Path, tmp_path: Path) -> None:
    newest = migrate.load()[-1].version
    for version, level in ((newest + 1, Level.PROBLEM), (newest - 1, Level.NOTE)):
        with closing(sqlite3.connect(board)) as file, file:
            file.execute("DELETE FROM schema_migrations WHERE version >= ?", (newest,))
            if version > newest:
                file.execute("INSERT INTO schema_migrations VALUES (?, 'x', 'x', 0)", (version,))
        before = snapshot(board.parent)
        with health.looking(board, time.monotonic() + SOON) as look:
            found = look.schema()
        assert (found.level, f"version {version}" in found.what) == (level, True)
        assert snapshot(board.parent) == before


def test_damage_is_found_and_named(board: Path) -> None:
    with closing(sqlite3.connect(board)) as file, file:
        file.execute("INSERT INTO events (kind, actor, at_ms) VALUES ('note', 'mia', 0)")
        file.execute("PRAGMA writable_schema = ON")
        file.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, '(task_id, id)', '(kind, id)') WHERE name = 'events_task'"
        )
    found = integrity(board)
    assert (found.level, "damaged" in found.what, "back-up.md" in found.fix) == (Level.PROBLEM, True, True)


def test_dangling_references_are_damage_too(board: Path) -> None:
    with closing(sqlite3.connect(board)) as file, file:
        file.execute("PRAGMA foreign_keys = OFF")
        file.execute("INSERT INTO events (task_id, kind, actor, at_ms) VALUES (99, 'note', 'mia', 0)")
    assert "dangling references" in integrity(board).what


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be one" * 100])
def test_what_is_no_board_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "board.db"
    path.write_bytes(content)
    if not content:
        assert by_name(health.place_findings(path))["place"].level is Level.PROBLEM
    with pytest.raises(BoardUnavailable), health.looking(path, time.monotonic() + SOON) as look:
        look.schema()


def test_a_check_that_takes_too_long_ends_and_says_so(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_STEPS", 1)
    with health.looking(board, time.monotonic() + SOON) as look:
        look._conn.set_progress_handler(lambda: True, 1)
        found = look.integrity()
    assert (found.level, "--wait" in found.fix) == (Level.NOTE, True)


def test_a_passed_deadline_ends_every_statement(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_STEPS", 1)
    with pytest.raises(BoardError), health.looking(board, time.monotonic() - 1) as look:
        look.tx.all("newest_events", limit=10)


def test_a_path_that_reads_like_an_uri_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a?b#c%41" / "board.db"
    path.parent.mkdir()
    with SqliteFile(path, SqliteOptions(may_create=True)) as file:
        file.write(lambda tx: tx.run("set_paused", paused=0))
    assert integrity(path).level is Level.OK
