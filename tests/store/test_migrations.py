"""Schema versions: applied whole or not at all, recorded, and with a copy of the board from before."""

import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import BoardUnavailable
from kanban_mcp.store import migrate
from kanban_mcp.store.base import Tx
from kanban_mcp.store.sqlite import SqliteFile
from tests.store.conftest import TINY, Child, tiny_options

SECOND = """\
ALTER TABLE things ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey';
CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT;
INSERT INTO extra (id) SELECT id FROM things;
"""


def names(tx: Tx) -> list[str]:
    return [row["name"] for row in tx.all("things")]


def inside(path: Path, sql: str) -> list[tuple[object, ...]]:
    conn = sqlite3.connect(path)
    try:
        return conn.execute(sql).fetchall()
    finally:
        conn.close()


def tables(path: Path) -> set[object]:
    return {row[0] for row in inside(path, "SELECT name FROM sqlite_schema WHERE type = 'table'")}


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """A folder with the tiny schema and a second step."""
    folder = tmp_path / "migrations"
    shutil.copytree(TINY / "migrations", folder)
    (folder / "0002_colour.sql").write_text(SECOND, encoding="utf-8")
    return folder


def test_a_new_board_has_every_step_recorded_and_no_backup(tmp_path: Path, steps: Path) -> None:
    path = tmp_path / ".kanban" / "board.db"
    with SqliteFile(path, tiny_options(migrations=steps, wall_ms=lambda: 1234)) as file:
        file.write(lambda tx: tx.insert("insert_thing", name="a", amount=0, parent=None))
    recorded = inside(path, "SELECT version, name, length(checksum), at_ms FROM schema_migrations")
    assert recorded == [(1, "tiny", 64, 1234), (2, "colour", 64, 1234)]
    assert inside(path, "PRAGMA application_id") == [(migrate.APPLICATION_ID,)]
    assert inside(path, "PRAGMA journal_mode") == [("wal",)]
    assert sorted(each.name for each in path.parent.iterdir()) == ["board.db", "board.db.lock"]


def test_the_mark_in_sql_is_the_application_id() -> None:
    assert migrate._MARK.endswith(f" {migrate.APPLICATION_ID}")


def test_an_older_board_is_copied_and_then_brought_up_to_date(board: Path, steps: Path) -> None:
    with SqliteFile(board, tiny_options(migrations=steps, wall_ms=lambda: 1_700_000_000_123)) as file:
        assert file.read(names) == ["first"]
    assert "extra" in tables(board)
    backup = board.parent / "backups" / "board.db.before-0002.20231114T221320.123"
    assert [each.name for each in backup.parent.iterdir()] == [backup.name]
    assert oct(backup.stat().st_mode & 0o777) == "0o600"
    assert "extra" not in tables(backup)
    with SqliteFile(backup, tiny_options()) as old:
        assert old.read(names) == ["first"]


@pytest.mark.proves("hermes-4")
def test_a_board_that_is_up_to_date_is_not_copied(board: Path) -> None:
    with SqliteFile(board, tiny_options()) as file:
        file.read(names)
    assert not (board.parent / "backups").exists()


@pytest.mark.proves("hermes-4")
def test_an_upgrade_keeps_all_its_backups_and_the_next_one_only_the_newest_three(board: Path, steps: Path) -> None:
    (board.parent / "backups").mkdir()
    (board.parent / "backups" / "board.db.mine").touch()
    for number in range(3, 7):
        (steps / f"000{number}_more.sql").write_text(f"CREATE TABLE more{number} (id) ;", encoding="utf-8")
    clock = iter(range(1_700_000_000_000, 1_800_000_000_000, 86_400_000))
    each = [f"before-{number:04}" for number in range(2, 7)]
    assert _upgraded(board, steps, clock) == [*each, "mine"]
    (steps / "0007_more.sql").write_text("CREATE TABLE more7 (id) ;", encoding="utf-8")
    assert _upgraded(board, steps, clock) == ["before-0005", "before-0006", "before-0007", "mine"]


def _upgraded(board: Path, steps: Path, clock: Iterator[int]) -> list[str]:
    """Open the board, and return what stands in its folder of backups then."""
    with SqliteFile(board, tiny_options(migrations=steps, wall_ms=lambda: next(clock))) as file:
        file.read(names)
    return sorted(each.name.split(".")[2] for each in (board.parent / "backups").iterdir())


def test_a_step_that_fails_changes_nothing_and_is_tried_again_by_the_next_open(board: Path, steps: Path) -> None:
    (steps / "0003_broken.sql").write_text("CREATE TABLE half (id); INSERT INTO nowhere VALUES (1);", encoding="utf-8")
    file = SqliteFile(board, tiny_options(migrations=steps))
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        file.read(names)
    assert "extra" in tables(board), "the step before it is complete"
    assert "half" not in tables(board)
    (steps / "0003_broken.sql").write_text("CREATE TABLE half (id);", encoding="utf-8")
    assert file.read(names) == ["first"]
    file.close()
    assert "half" in tables(board)


def test_a_step_that_leaves_dangling_references_is_refused(board: Path, steps: Path) -> None:
    (steps / "0002_colour.sql").write_text("UPDATE things SET parent = 99;", encoding="utf-8")
    file = SqliteFile(board, tiny_options(migrations=steps))
    with pytest.raises(BoardUnavailable, match="dangling references"):
        file.read(names)
    assert not file.is_open
    assert inside(board, "SELECT parent FROM things") == [(None,)]


def test_a_step_may_rebuild_a_table_that_others_refer_to(board: Path, steps: Path) -> None:
    rebuild = (
        "CREATE TABLE new_things (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, amount INTEGER, parent INTEGER"
        " REFERENCES things (id)) STRICT; INSERT INTO new_things SELECT * FROM things;"
        " DROP TABLE things; ALTER TABLE new_things RENAME TO things;"
    )
    (steps / "0002_colour.sql").write_text(rebuild, encoding="utf-8")
    with SqliteFile(board, tiny_options()) as file:
        file.write(lambda tx: tx.insert("insert_thing", name="child", amount=0, parent=1))
    with SqliteFile(board, tiny_options(migrations=steps)) as file:
        assert file.read(names) == ["first", "child"]
        with pytest.raises(Exception, match="FOREIGN KEY"):
            file.write(lambda tx: tx.insert("insert_thing", name="orphan", amount=0, parent=77))


DIES = """
from kanban_mcp.store import migrate
path, steps, after = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
real = migrate.statements
def dying(sql):
    for number, statement in enumerate(real(sql)):
        if number == after:
            os.kill(os.getpid(), signal.SIGKILL)
        yield statement
    if after == -1:
        os.kill(os.getpid(), signal.SIGKILL)
migrate.statements = dying
SqliteFile(path, options(migrations=steps)).write(lambda tx: None)
"""


@pytest.mark.parametrize("after", [0, 1, 2, -1])
def test_a_kill_in_the_middle_of_an_upgrade_leaves_the_old_board(
    child: Callable[..., Child], board: Path, steps: Path, after: int
) -> None:
    code, _, errors = child(DIES, board, steps, after).ends()
    assert code == -signal.SIGKILL, errors
    with SqliteFile(board, tiny_options()) as old:
        assert old.read(names) == ["first"]
    assert "extra" not in tables(board)
    with SqliteFile(board, tiny_options(migrations=steps)) as new:
        assert new.read(names) == ["first"]
    assert "extra" in tables(board)


@pytest.mark.parametrize("after", [0, 1, 2, -1])
def test_a_kill_in_the_middle_of_making_a_board_leaves_none_and_the_next_makes_it(
    child: Callable[..., Child], tmp_path: Path, after: int
) -> None:
    path = tmp_path / ".kanban" / "board.db"
    code, _, errors = child(DIES, path, TINY / "migrations", after).ends()
    assert code == -signal.SIGKILL, errors
    assert not path.exists()
    with SqliteFile(path, tiny_options()) as file:
        file.write(lambda tx: tx.insert("insert_thing", name="a", amount=0, parent=None))
        assert file.read(names) == ["a"]
    assert sorted(each.name for each in path.parent.iterdir()) == ["board.db", "board.db.lock"]


@pytest.mark.proves("hermes-5")
def test_a_file_that_appears_while_a_board_is_made_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "board.db"
    path.write_bytes(b"somebody's")
    with pytest.raises(FileExistsError):
        migrate.create(path, migrate.load(TINY / "migrations"), lambda: 0)
    assert path.read_bytes() == b"somebody's"


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("SELECT 1; SELECT 2;", 2),
        ("-- a; b\nSELECT 1;\n-- the end; really\n", 1),
        ("SELECT ';' ; SELECT ';;';", 2),
        ("/* ; */ SELECT 1;", 1),
        ("CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; SELECT 2; END; SELECT 3;", 2),
        ("", 0),
        ("-- nothing\n", 0),
    ],
)
def test_a_script_is_split_where_statements_end_and_nowhere_else(sql: str, count: int) -> None:
    assert len(list(migrate.statements(sql))) == count


def test_a_script_that_ends_inside_a_statement_is_refused() -> None:
    with pytest.raises(ValueError, match="ends inside"):
        list(migrate.statements("SELECT 1; SELECT 2"))


@pytest.mark.parametrize("files", [[], ["0002_x.sql"], ["0001_x.sql", "0003_x.sql"], ["0001_x.sql", "0001_y.sql"]])
def test_steps_must_be_numbered_without_gaps(tmp_path: Path, files: list[str]) -> None:
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(RuntimeError, match="not numbered"):
        migrate.load(tmp_path)


COLD = """
path = Path(sys.argv[1])
tell("ready")
told()
with SqliteFile(path, options()) as file:
    for n in range(25):
        file.write(lambda tx: tx.insert("insert_thing", name=f"{os.getpid()}-{n}", amount=0, parent=None))
        tell(f"{os.getpid()}-{n}")
    file.read(lambda tx: tx.all("things"))
tell("end")
"""


def test_eight_processes_that_start_cold_at_once_make_one_board_and_lose_nothing(
    child: Callable[..., Child], tmp_path: Path
) -> None:
    path = tmp_path / ".kanban" / "board.db"
    children = [child(COLD, path) for _ in range(8)]
    for each in children:
        assert each.says() == "ready"
    for each in children:
        each.tell()
    acknowledged = set()
    for each in children:
        while (said := each.says()) != "end":
            acknowledged.add(said)
        assert each.ends()[0] == 0
    with SqliteFile(path, tiny_options()) as file:
        assert set(file.read(names)) == acknowledged
    assert len(acknowledged) == 8 * 25
    assert inside(path, "SELECT count(*) FROM schema_migrations") == [(1,)]
    assert inside(path, "PRAGMA integrity_check") == [("ok",)]
    assert not path.with_name("board.db-wal").exists()
