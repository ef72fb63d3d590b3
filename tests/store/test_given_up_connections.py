"""A connection that cannot even undo is given up: it keeps nobody out, and the next call starts afresh on its file."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.domain.errors import BoardUnavailable
from kanban_mcp.store import opening
from kanban_mcp.store.base import Tx
from kanban_mcp.store.lock import WriteLock
from kanban_mcp.store.sqlite import SqliteFile
from tests.store.conftest import tiny_options


class Stubborn(sqlite3.Connection):
    """A connection that refuses to roll back while `refuses`."""

    refuses = False

    def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
        if self.refuses and sql == "ROLLBACK":
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *given)


def insert(tx: Tx, name: str = "new") -> int:
    return tx.insert("insert_thing", name=name, amount=0, parent=None)


def names(tx: Tx) -> list[str]:
    return [row["name"] for row in tx.all("things")]


def insert_and_fail(tx: Tx) -> None:
    insert(tx, "half")
    raise ValueError("a mistake in the program")


@pytest.fixture
def stubborn(board: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteFile]:
    real = sqlite3.connect
    monkeypatch.setattr(opening.sqlite3, "connect", lambda *given, **more: real(*given, **more, factory=Stubborn))
    monkeypatch.setattr(Stubborn, "refuses", False)
    with SqliteFile(board, tiny_options(lock_wait_s=0.2)) as file:
        file.read(names)
        monkeypatch.setattr(Stubborn, "refuses", True)
        with pytest.raises(ValueError, match="a mistake"):
            file.write(insert_and_fail)
        yield file


def test_it_keeps_nobody_out_and_the_next_call_works(stubborn: SqliteFile, board: Path) -> None:
    assert not stubborn.is_open
    other = sqlite3.connect(board, timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("COMMIT")
    other.close()
    stubborn.write(insert)
    Stubborn.refuses = False
    assert stubborn.read(names) == ["first", "new"]


@pytest.mark.parametrize("is_replaced", [False, True])
def test_it_makes_no_board_in_the_place_of_one_that_vanished_meanwhile(
    stubborn: SqliteFile, board: Path, tmp_path: Path, is_replaced: bool
) -> None:
    (tmp_path / "kept.db").hardlink_to(board)  # or the other file might get the number of this one
    board.unlink()
    if is_replaced:
        with SqliteFile(tmp_path / "other.db", tiny_options()) as other:
            other.write(insert, "another board's")
        (tmp_path / "other.db").rename(board)
    with pytest.raises(BoardUnavailable, match="removed or replaced"):
        stubborn.write(insert)
    assert board.exists() == is_replaced


@pytest.mark.parametrize("call", ["write", "read"])
def test_memory_that_ran_out_is_a_typed_refusal(board: Path, call: str) -> None:
    def greedy(tx: Tx) -> None:
        raise MemoryError

    with SqliteFile(board, tiny_options()) as file:
        with pytest.raises(BoardUnavailable, match=r"out of memory.*Nothing was written"):
            getattr(file, call)(greedy)
        file.write(insert)
        assert file.read(names) == ["first", "new"]


def test_a_lock_file_that_cannot_be_written_on_a_full_disk_still_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("kanban_mcp.store.lock.os.pwrite", full)
    lock = WriteLock(tmp_path / "board.db.lock")
    lock.acquire(0)
    lock.close()


def test_a_board_that_cannot_be_made_for_lack_of_room_is_a_typed_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "board.db"
    with SqliteFile(path, tiny_options()) as file:
        with monkeypatch.context() as patch:
            patch.setattr("kanban_mcp.store.migrate.os.link", full)
            with pytest.raises(BoardUnavailable, match=r"No space left.*Next: check the free space"):
                file.write(insert)
        assert not path.exists()
        file.write(insert)
        assert file.read(names) == ["new"]
