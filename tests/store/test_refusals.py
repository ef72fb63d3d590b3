"""Every way in which a board file can be wrong: a clear refusal, nothing changed, and no open() of the file."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import BoardError, BoardUnavailable, ConfigError
from kanban_mcp.store import place
from kanban_mcp.store.base import Tx
from kanban_mcp.store.errors import board_error
from kanban_mcp.store.sqlite import SqliteFile
from tests.store.conftest import TINY, Child, tiny_options


def insert(tx: Tx, name: str = "new") -> int:
    return tx.insert("insert_thing", name=name, amount=0, parent=None)


def names(tx: Tx) -> list[str]:
    return [row["name"] for row in tx.all("things")]


def both_refused(path: Path, match: str, kind: type[BoardError] = BoardUnavailable) -> None:
    with SqliteFile(path, tiny_options()) as file:
        for call in (lambda: file.write(insert), lambda: file.read(names)):
            with pytest.raises(kind, match=match) as caught:
                call()
            assert str(path.parent) in str(caught.value)


@pytest.mark.proves("S18")
@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b"hello", "no database"),
        (b"x" * 600, "no database"),
        (b"SQLite format 3\0" + b"\0" * 40, "no database"),
        (os.urandom(20_000), "no database"),
    ],
    ids=["empty", "short", "text", "torn header", "noise"],
)
def test_what_is_no_board_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes, match: str) -> None:
    path = tmp_path / "board.db"
    path.write_bytes(content)
    both_refused(path, match)
    assert path.read_bytes() == content
    assert not path.with_name("board.db-wal").exists()


@pytest.mark.proves("S18")
@pytest.mark.parametrize(
    ("application_id", "table"),
    [
        (0, "notes"),
        (12345, "notes"),
        (0x6B6E6264, "notes"),
        (0, "schema_migrations"),
        (0x6B6E6264, "schema_migrations"),
    ],
)
def test_a_database_of_another_program_is_refused_and_left_as_it_is(
    tmp_path: Path, application_id: int, table: str
) -> None:
    path = tmp_path / "board.db"
    conn = sqlite3.connect(path)
    conn.executescript(f"PRAGMA application_id = {application_id}; CREATE TABLE {table} (version);")
    if application_id == 0:
        conn.execute(f"INSERT INTO {table} VALUES (1)")
    conn.commit()
    conn.close()
    before = path.read_bytes()
    both_refused(path, "another program")
    assert path.read_bytes() == before


@pytest.mark.proves("S18")
def test_a_newer_schema_is_refused_with_both_versions(board: Path) -> None:
    conn = sqlite3.connect(board)
    conn.execute("INSERT INTO schema_migrations VALUES (7, 'later', '', 0)")
    conn.commit()
    conn.close()
    both_refused(board, r"version 7, this program knows up to version 1\. .*upgrade")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["directory", "pipe"])
def test_what_is_no_file_is_refused_without_hanging(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "board.db")
    both_refused(tmp_path / "board.db", "not a regular file")


def test_a_damaged_page_is_named_as_damage_with_the_newest_backup(board: Path) -> None:
    backups = board.parent / "backups"
    backups.mkdir()
    (backups / "board.db.before-0002.x").write_bytes(b"")
    with board.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (board.stat().st_size - 4096))
    with SqliteFile(board, tiny_options()) as damaged, pytest.raises(BoardUnavailable, match="damaged") as caught:
        damaged.read(names)
    assert "board.db.before-0002.x" in str(caught.value)


@pytest.mark.proves("S18")
def test_a_truncated_board_is_refused(board: Path) -> None:
    os.truncate(board, 4096)
    both_refused(board, "damaged")


@pytest.mark.proves("hermes-5")
@pytest.mark.parametrize("how", ["removed", "replaced", "directory moved"])
def test_a_file_that_vanishes_while_open_is_noticed_by_the_next_call(board: Path, tmp_path: Path, how: str) -> None:
    with SqliteFile(board, tiny_options()) as file:
        file.write(insert)
        if how == "removed":
            board.unlink()
        elif how == "replaced":
            with SqliteFile(tmp_path / "other.db", tiny_options()) as other:
                other.write(insert)
            (tmp_path / "other.db").rename(board)
        else:
            board.parent.rename(tmp_path / "elsewhere")
        for call in (lambda: file.write(insert, "lost"), lambda: file.read(names), file.data_version):
            with pytest.raises(BoardUnavailable, match="removed or replaced"):
                call()
        if how == "removed":
            assert not board.exists(), "a write must not bring back an empty board"


def test_no_board_is_made_beside_the_log_of_one_that_was_removed(board: Path) -> None:
    """SQLite would take the old log for the new file's and write old pages over it."""
    with SqliteFile(board, tiny_options()) as alive:
        alive.write(insert, "old")
        board.unlink()
        with SqliteFile(board, tiny_options()) as file, pytest.raises(BoardUnavailable, match="log is still there"):
            file.write(insert)
    assert not board.exists()
    board.with_name("board.db-wal").rename(board.with_name("old-wal"))
    with SqliteFile(board, tiny_options()) as file:
        file.write(insert)
        assert file.read(names) == ["new"]


def test_a_connection_carried_across_a_fork_is_refused_in_the_child(board: Path) -> None:
    with SqliteFile(board, tiny_options()) as file:
        file.write(insert)
        pid = os.fork()
        if pid == 0:
            try:
                file.write(insert, "child")
            except BoardUnavailable as refusal:
                os._exit(0 if "fork" in str(refusal) else 2)
            finally:
                os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        file.write(insert, "parent")
        assert file.read(names) == ["first", "new", "parent"]


READ_ONLY = """
become(int(sys.argv[2]))
path, tiny = Path(sys.argv[1]), Path(sys.argv[3])
with SqliteFile(path, options(queries=tiny / "queries", migrations=tiny / "migrations")) as file:
    try:
        print([row["name"] for row in file.read(lambda tx: tx.all("things"))])
    except Exception as refusal:
        print(refusal)
    try:
        file.write(lambda tx: tx.run("add_amount", by=1, name="first"))
    except Exception as refusal:
        print(refusal)
print(sorted(os.listdir(path.parent)))
"""


@pytest.fixture
def readable_tmp(tmp_path: Path) -> Path:
    """A folder that another user can reach (pytest's own are closed to others)."""
    ours = [folder for folder in (tmp_path, *tmp_path.parents) if "pytest" in str(folder)]  # workers of -n nest deeper
    for folder in ours:
        folder.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("mode", [(0o500, 0o600), (0o500, 0o400), (0o700, 0o400)], ids=["directory", "both", "file"])
def test_a_read_only_place_can_be_read_and_says_so_to_a_writer_leaving_nothing_behind(
    child: Callable[..., Child], board: Path, readable_tmp: Path, plain_user: int, mode: tuple[int, int]
) -> None:
    board.with_name("board.db.lock").unlink()
    for path in (board.parent, board):
        os.chown(path, plain_user, -1)
    board.parent.chmod(mode[0])
    board.chmod(mode[1])
    tiny = shutil.copytree(TINY, readable_tmp / "tiny")  # the checkout may be closed to that user
    process = child(READ_ONLY, board, plain_user, tiny)
    assert process.says() == "['first']"
    refusal = process.says()
    assert refusal.startswith("[board_unavailable]")
    assert "read-only" in refusal
    assert process.says() == "['board.db']"
    board.parent.chmod(0o700)


FULL = """
import resource
path = Path(sys.argv[1])
def fill(tx):
    tx.many("add_thing", [{"name": "x" * 500 + str(n)} for n in range(2000)])
with SqliteFile(path, options()) as file:
    file.write(lambda tx: tx.insert("insert_thing", name="kept", amount=0, parent=None))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    try:
        file.write(fill)
    except Exception as refusal:
        print(refusal)
    print(file.read(lambda tx: tx.value("thing_count")))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    file.write(fill)
    print(file.read(lambda tx: tx.value("thing_count")))
"""


def test_a_file_that_may_not_grow_is_refused_keeps_what_was_acknowledged_and_recovers_without_a_restart(
    child: Callable[..., Child], board: Path
) -> None:
    code, said, errors = child(FULL, board).ends()
    assert code == 0, errors
    refusal, count, later = said.splitlines()
    assert refusal.startswith("[board_unavailable]")
    assert "full disk" in refusal
    assert (count, later) == ("2", "2002")
    conn = sqlite3.connect(board)
    assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    conn.close()


def test_a_full_disk_is_called_full(board: Path) -> None:
    with SqliteFile(board, tiny_options()) as file:
        file.read(names)
        opened = file._opened
        assert opened is not None
        opened.conn.execute("PRAGMA max_page_count = 1")
        with pytest.raises(BoardUnavailable, match=r"the disk is full.*free some space"):
            file.write(lambda tx: tx.many("add_thing", [{"name": "x" * 900 + str(n)} for n in range(100)]))
        assert file.read(names) == ["first"]
        opened.conn.execute("PRAGMA max_page_count = 100000")
        file.write(insert)


def test_a_failed_write_on_a_disk_without_room_is_called_full_too(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    error.sqlite_errorname = "SQLITE_IOERR_WRITE"
    assert "a write failed (SQLITE_IOERR_WRITE)" in str(board_error(error, board))
    room = os.statvfs(board.parent)
    fields = list(room)
    fields[4] = 0  # f_bavail
    monkeypatch.setattr("kanban_mcp.store.errors.os.statvfs", lambda _: os.statvfs_result(fields))
    assert "the disk is full" in str(board_error(error, board))


@pytest.mark.proves("hermes-8")
@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("server:/x / nfs4 rw 0 0", "nfs4"),
        ("//host/x / cifs rw 0 0", "cifs"),
        ("host / 9p rw 0 0", "9p"),
        ("tag / virtiofs rw 0 0", "virtiofs"),
        ("me@host: / fuse.sshfs rw 0 0", "fuse.sshfs"),
    ],
)
def test_a_network_mount_is_refused_before_anything_is_created(tmp_path: Path, table: str, kind: str) -> None:
    path = tmp_path / ".kanban" / "board.db"
    file = SqliteFile(path, tiny_options(mounts=lambda: table))
    with pytest.raises(ConfigError, match=rf"\({kind} at /\).*Next: put the board on a local disk"):
        file.write(insert)
    assert list(path.parent.iterdir()) == []


def test_the_nearest_mount_decides_and_the_last_of_two_on_one_point() -> None:
    table = (
        "server:/x / nfs rw 0 0\n/dev/sda /home ext4 rw 0 0\nserver:/y /home/me/net\\040work nfs rw 0 0\n"
        "a /both nfs rw 0 0\nb /both ext4 rw 0 0\n\nbroken line\n"
    )
    assert place.mount_of(Path("/home/me/project"), table) == ("/home", "ext4")
    assert place.mount_of(Path("/home/me/net work/x"), table) == ("/home/me/net work", "nfs")
    assert place.mount_of(Path("/homestead"), table) == ("/", "nfs")
    assert place.mount_of(Path("/both/x"), table) == ("/both", "ext4")
    assert place.mount_of(Path("/x"), "") == ("", "")
    place.check_local(Path("/x"), lambda: "")


def test_the_real_mount_table_knows_the_working_directory() -> None:
    if place.read_mounts():
        assert place.mount_of(Path.cwd(), place.read_mounts())[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's link")
def test_a_board_directory_that_is_another_users_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / ".kanban"
    link.symlink_to(tmp_path / "real")
    os.chown(link, 65534, 65534, follow_symlinks=False)
    linked = SqliteFile(link / "board.db", tiny_options())
    with pytest.raises(BoardUnavailable, match="symbolic link made by another user"):
        linked.write(insert)
    assert list((tmp_path / "real").iterdir()) == []
    os.chown(link, os.geteuid(), -1, follow_symlinks=False)
    with SqliteFile(link / "board.db", tiny_options()) as file:
        file.write(insert)


def test_two_names_of_one_board_share_one_lock(board: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.symlink_to(board)
    with SqliteFile(other, tiny_options()) as file:
        file.write(insert)
        assert file.path == board.resolve()
    assert not other.with_name("other.db.lock").exists()


@pytest.mark.proves("hermes-2")
def test_the_program_never_opens_the_database_file_by_hand(child: Callable[..., Child], board: Path) -> None:
    """Closing such a descriptor would drop SQLite's locks of the whole process."""
    process = child(
        """
        touched = []
        def note(event, args):
            if event == "open" and Path(str(args[0])).name in ("board.db", "board.db-wal", "board.db-shm"):
                touched.append(args[0])
        sys.addaudithook(note)
        path = Path(sys.argv[1])
        for each in (path, path.with_name("fresh") / "board.db"):
            with SqliteFile(each, options()) as file:
                file.write_soon(lambda tx: tx.run("add_amount", by=1, name="first"))
                file.read(lambda tx: tx.all("things"))
                file.data_version()
                file.checkpoint()
                file.backup(each.with_name("copy.db"))
        print(touched)
        """,
        board,
    )
    assert process.says() == "[]"


@pytest.mark.proves("T17")
def test_every_file_of_a_board_is_closed_to_others_whatever_the_umask(
    child: Callable[..., Child], tmp_path: Path
) -> None:
    process = child(
        """
        os.umask(0o022)
        path = Path(sys.argv[1])
        file = SqliteFile(path, options())
        file.write(lambda tx: tx.insert("insert_thing", name="a", amount=0, parent=None))
        file.backup(path.with_name("copy.db"))
        for each in sorted(path.parent.iterdir()):
            print(each.name, oct(each.stat().st_mode & 0o777))
        print(oct(path.parent.stat().st_mode & 0o777))
        """,
        tmp_path / ".kanban" / "board.db",
    )
    names = ["board.db", "board.db-shm", "board.db-wal", "board.db.lock", "copy.db"]
    assert [process.says() for _ in names] == [f"{name} 0o600" for name in names]
    assert process.says() == "0o700"


def test_an_open_board_and_directory_of_ours_are_closed_to_others_when_next_opened(board: Path) -> None:
    board.chmod(0o644)
    board.parent.chmod(0o755)
    with SqliteFile(board, tiny_options()) as file:
        file.write(insert)
        assert stat.S_IMODE(board.stat().st_mode) == 0o600
        assert stat.S_IMODE(board.with_name("board.db-wal").stat().st_mode) == 0o600
        assert stat.S_IMODE(board.parent.stat().st_mode) == 0o700


def test_a_directory_the_user_chose_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with SqliteFile(tmp_path / "mine.db", tiny_options()) as file:
        file.write(insert)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_backup_never_replaces_a_file_and_holds_everything(board: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with SqliteFile(board, tiny_options()) as file:
        file.write(insert)
        file.backup(copy)
        before = copy.stat()
        with pytest.raises(BoardUnavailable, match="already there"):
            file.backup(copy)
    assert copy.stat().st_mtime_ns == before.st_mtime_ns
    assert [each.name for each in tmp_path.iterdir() if "partial" in each.name] == []
    with SqliteFile(copy, tiny_options()) as restored:
        assert restored.read(names) == ["first", "new"]
