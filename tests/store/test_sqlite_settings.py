"""How SQLite is set up, which is what durability and the safety of foreign keys rest on."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from kanban_mcp.store import migrate
from kanban_mcp.store.base import Tx
from kanban_mcp.store.sqlite import SqliteFile
from kanban_mcp.store.statements import Statements
from kanban_mcp.store.version import SQLITE_VERSION, has_wal_reset_bug
from tests.store.conftest import TINY, Child, tiny_options

FULL, NORMAL = 2, 1


def synchronous(tx: Tx) -> int:
    return int(tx.value("synchronous"))


@pytest.mark.proves("S3")
def test_a_write_survives_a_power_cut_and_only_a_write_soon_does_not_promise_it(board: Path) -> None:
    with SqliteFile(board, tiny_options()) as file:
        asked = [file.write(synchronous), file.write_soon(synchronous), file.write_soon(synchronous)]
        assert [*asked, file.write(synchronous)] == [FULL, NORMAL, NORMAL, FULL]


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("foreign_keys", 1),
        ("journal_size_limit", 8 << 20),
        ("trusted_schema", 0),
        ("mmap_size", 0),
    ],
)
def test_an_open_board_is_set_up_for_safety(board: Path, pragma: str, value: object) -> None:
    with SqliteFile(board, tiny_options()) as file:
        file.read(lambda _: None)
        assert file._opened is not None
        assert file._opened.conn.execute(f"PRAGMA {pragma}").fetchone()[0] == value


def test_a_checkpoint_empties_the_log_and_loses_nothing(board: Path) -> None:
    with SqliteFile(board, tiny_options()) as file:
        file.write(lambda tx: tx.run("add_amount", by=41, name="first"))
        assert board.with_name("board.db-wal").stat().st_size > 0
        file.checkpoint()
        assert board.with_name("board.db-wal").stat().st_size == 0
        assert file.read(lambda tx: tx.value("amount", name="first")) == 42


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("3.6.23", False),
        ("3.7.0", True),
        ("3.40.1", True),
        ("3.44.5", True),
        ("3.44.6", False),
        ("3.45.0", True),
        ("3.50.6", True),
        ("3.50.7", False),
        ("3.51.2", True),
        ("3.51.3", False),
        ("3.52.0", True),
        ("3.53.4", False),
    ],
)
def test_the_versions_with_the_wal_reset_bug_are_known(version: str, affected: bool) -> None:
    assert has_wal_reset_bug(tuple(int(part) for part in version.split("."))) is affected


def test_the_librarys_version_is_the_one_in_use() -> None:
    conn = sqlite3.connect(":memory:")
    assert conn.execute("SELECT sqlite_version()").fetchone()[0] == SQLITE_VERSION
    conn.close()


def test_an_engines_own_wording_of_a_query_wins(tmp_path: Path) -> None:
    (tmp_path / "sqlite").mkdir()
    (tmp_path / "a.sql").write_text("-- why; and how\n-- more\n\nSELECT 1\n", encoding="utf-8")
    (tmp_path / "b.sql").write_text("SELECT 'common'", encoding="utf-8")
    (tmp_path / "sqlite" / "b.sql").write_text("SELECT 'own'", encoding="utf-8")
    mine, other = Statements("sqlite", tmp_path), Statements("other", tmp_path)
    assert (mine["a"], mine["b"], other["b"]) == ("SELECT 1", "SELECT 'own'", "SELECT 'common'")
    assert (mine.names(), other.names()) == (["a", "b"], ["a", "b"])


@pytest.mark.proves("T17")
def test_a_board_being_made_is_closed_to_others_from_its_first_byte(
    child: Callable[..., Child], tmp_path: Path
) -> None:
    process = child(
        """
        from kanban_mcp.store import migrate
        os.umask(0)
        path = Path(sys.argv[1])
        real = migrate.statements
        def looking(sql):
            for statement in real(sql):
                yield statement
                for each in path.parent.iterdir():
                    print(each.name, oct(each.stat().st_mode & 0o777))
        migrate.statements = looking
        migrate.create(path, migrate.load(TINY / "migrations"), lambda: 0)
        """,
        tmp_path / "board.db",
    )
    code, said, errors = process.ends()
    assert code == 0, errors
    assert set(re.findall(r"\S+ 0o\d+", said)) >= {"board.db.new 0o600"}
    assert {line.split()[1] for line in said.splitlines()} == {"0o600"}


def test_what_a_killed_maker_left_is_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "board.db"
    migrate.create(path, migrate.load(TINY / "migrations"), lambda: 0)
    path.rename(tmp_path / "board.db.new")  # killed just before the link
    with SqliteFile(path, tiny_options()) as file:
        file.write(lambda tx: tx.run("add_thing", name="a"))
        assert file.read(lambda tx: tx.value("thing_count")) == 1
    assert not (tmp_path / "board.db.new").exists()


def test_a_new_directory_is_closed_to_others_whatever_its_name(tmp_path: Path) -> None:
    with SqliteFile(tmp_path / "data" / "mine.db", tiny_options()) as file:
        file.write(lambda tx: tx.run("add_thing", name="a"))
    assert oct((tmp_path / "data").stat().st_mode & 0o777) == "0o700"
