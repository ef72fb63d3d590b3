"""backup: a checked copy of a live board, which never replaces anything by itself and comes back by one move."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import BoardUnavailable
from kanban_mcp.store import backup
from kanban_mcp.store.base import Tx
from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import SqliteFile
from tests.cli.conftest import Cli
from tests.conftest import Clock


def _tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as file:
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: sorted(file.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


def _some_work(ready: Cli) -> None:
    ready("create", "Write the parser", "-c", "All of it", "-a", "file:parser.py")
    ready("create", "Test the parser", "-p", "1")
    ready.as_session("w1")
    ready("claim", "1")
    ready("block", "-m", "Which encoding should files have?", "--option", "utf-8")
    ready.as_session(None)


def test_a_board_comes_back_from_its_backup_whole(ready: Cli, project: Path) -> None:
    """The steps of docs/how-to/back-up.md, on a board whose file was lost."""
    _some_work(ready)
    assert ready("backup", "safe.db").code == 0
    board = project / ".kanban" / "board.db"
    kept, listed = _tables(project / "safe.db"), ready.ok("list")
    ready("create", "Lost with the file")
    for lost in board.parent.glob("board.db*"):
        lost.unlink()
    (project / "safe.db").rename(board)
    assert ready.ok("list") == listed
    assert _tables(board) == kept
    assert ready("answer", "1", "-m", "utf-8").code == 0, "the operator key still opens it"
    assert ready.ok("create", "Goes on")["task_id"] == "TASK-003"


def test_the_copy_is_private_complete_and_one_file(ready: Cli, project: Path) -> None:
    _some_work(ready)
    ran = ready("backup", "safe.db", "--json")
    assert ran.json == {
        "backup": str(project / "safe.db"), "bytes": (project / "safe.db").stat().st_size,
        "board": str(project / ".kanban" / "board.db"), "checked": True,
    }  # fmt: skip
    assert (project / "safe.db").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in project.glob("safe*")] == ["safe.db"]
    assert len(_tables(project / "safe.db")["tasks"]) == 2


def test_without_a_path_it_lies_beside_the_board_and_a_folder_gets_a_file(
    ready: Cli, project: Path, board_clock: Clock
) -> None:
    ready("backup")
    [first] = (project / ".kanban" / "backups").iterdir()
    assert first.name == "board.db.20270115T080000Z"
    assert first.parent.stat().st_mode & 0o777 == 0o700
    board_clock.advance(1_000)
    (project / "elsewhere").mkdir()
    ready("backup", "elsewhere")
    assert [path.name for path in (project / "elsewhere").iterdir()] == ["board.db.20270115T080001Z"]


def test_a_file_that_is_there_stays_unless_forced(ready: Cli, project: Path) -> None:
    (project / "safe.db").write_text("the only copy of something else")
    ran = ready("backup", "safe.db")
    assert (ran.code, "--force" in ran.err) == (3, True)
    assert (project / "safe.db").read_text() == "the only copy of something else"
    assert ready("backup", "safe.db", "--force").code == 0
    assert "tasks" in _tables(project / "safe.db")
    assert [path.name for path in project.glob("safe*")] == ["safe.db"]


@pytest.mark.parametrize("name", [".kanban/board.db", ".kanban/board.db-wal", ".kanban/board.db.lock", "link.db"])
def test_no_force_makes_it_write_over_the_board(ready: Cli, project: Path, name: str) -> None:
    (project / "link.db").hardlink_to(project / ".kanban" / "board.db")
    before = _tables(project / ".kanban" / "board.db")
    ran = ready("backup", name, "--force")
    assert (ran.code, "is the board itself" in ran.err) == (3, True)
    assert _tables(project / ".kanban" / "board.db") == before


def test_a_pipe_a_device_and_a_missing_folder_are_refused(ready: Cli, project: Path) -> None:
    os.mkfifo(project / "pipe")
    for name in ("pipe", "/dev/null", "missing/safe.db"):
        ran = ready("backup", name, "--force")
        assert (ran.code, ran.out) == (3, ""), name
        assert ran.err.startswith("[board_unavailable] The backup "), ran.err


def test_without_a_board_nothing_is_made(cli: Cli, project: Path) -> None:
    assert cli("backup").code == 1
    assert list(project.iterdir()) == []


def test_work_goes_on_during_the_copy_and_the_copy_is_of_one_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_PAGES", 1)
    path = tmp_path / "board.db"
    options = SqliteOptions(may_create=True, synchronous="OFF", lock_wait_s=0.5)
    with SqliteFile(path, options) as mine, SqliteFile(path, options) as other:
        mine.write(_note, 1)
        seen: list[tuple[int, int]] = []

        def progress(copied: int, total: int) -> None:
            seen.append((copied, total))
            if len(seen) < 4:
                other.write(_note, 2)  # would be refused as busy while the lock is held

        mine.backup(tmp_path / "copy.db", progress=progress)
        assert len(seen) == seen[-1][1] > 4, "each page once: nothing made it start anew"
        assert [row[3] for row in _tables(tmp_path / "copy.db")["events"]] == ["note 1"]
        mine.write(_note, 3)


def _note(tx: Tx, number: int) -> None:
    tx.run("append_event", task_id=None, run_id=None, kind=f"note {number}", actor="t", at_ms=0, data="{}")


def test_a_damaged_board_gives_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "board.db"
    with SqliteFile(path, SqliteOptions(may_create=True)) as file:
        for number in range(200):
            file.write(_note, number)
    _damage_an_index(path)
    with SqliteFile(path) as file, pytest.raises(BoardUnavailable, match="integrity check"):
        file.backup(tmp_path / "copy.db")
    assert list(tmp_path.glob("copy*")) == []


def _damage_an_index(path: Path) -> None:
    """Let an index say other than its table: what a lost page looks like."""
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("PRAGMA writable_schema = ON")
        file.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, '(task_id, id)', '(kind, id)') WHERE name = 'events_task'"
        )


def test_json_is_one_object(ready: Cli) -> None:
    assert list(json.loads(ready("backup", "--json").out)) == ["backup", "bytes", "board", "checked"]
