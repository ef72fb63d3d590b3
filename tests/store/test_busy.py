"""Waiting for other writers: bounded, naming who is in the way, and never in the way of readers."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import BoardBusy
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.base import Tx
from kanban_mcp.store.lock import WriteLock
from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import SqliteFile
from tests.store.conftest import Child, tiny_options


def add(tx: Tx) -> int:
    return tx.run("add_amount", by=1, name="first")


def amount(tx: Tx) -> int:
    return int(tx.value("amount", name="first"))


@pytest.fixture
def hasty(board: Path) -> Iterator[SqliteFile]:
    """The board, already open, with little patience."""
    with SqliteFile(board, tiny_options(lock_wait_s=0.2)) as file:
        file.read(amount)
        yield file


@pytest.mark.proves("hermes-7")
def test_a_writer_waits_for_the_deadline_and_then_names_the_holder(holder: Child, board: Path) -> None:
    started = time.monotonic()
    with SqliteFile(board, tiny_options(lock_wait_s=0.2)) as file:
        with pytest.raises(BoardBusy, match=rf"process {holder.pid} has held its write lock for \d+\.\d s") as caught:
            file.write(add)
        assert 0.2 <= time.monotonic() - started < 2
        assert str(caught.value).startswith("[board_busy] ")
        assert "Nothing was written. Next: try again" in str(caught.value)
        holder.tell()
        assert holder.says() == "released"
        assert file.write(add) == 1
        assert file.read(amount) == 2


def test_a_holder_that_is_killed_frees_the_lock_and_leaves_nothing_behind(holder: Child, hasty: SqliteFile) -> None:
    with pytest.raises(BoardBusy):
        hasty.write(add)
    os.kill(holder.pid, signal.SIGKILL)
    holder.ends()
    assert hasty.write(add) == 1
    assert hasty.read(amount) == 2


def test_a_stopped_holder_blinds_nobody(holder: Child, board: Path) -> None:
    os.kill(holder.pid, signal.SIGSTOP)
    with SqliteFile(board, tiny_options()) as fresh:
        assert fresh.read(amount) == 1


async def test_a_read_does_not_wait_behind_a_writer_that_waits(holder: Child, board: Path) -> None:
    store = SqliteStore(board, tiny_options(lock_wait_s=30))
    writing = asyncio.create_task(store.write(add))
    assert await asyncio.wait_for(store.read(amount), 10) == 1
    assert not writing.done()
    holder.tell()
    assert await asyncio.wait_for(writing, 30) == 1
    assert await store.read(amount) == 2
    await store.close()


async def test_calls_that_queue_behind_each_other_share_one_deadline(holder: Child, board: Path) -> None:
    store = SqliteStore(board, tiny_options(lock_wait_s=0.5))
    started = time.monotonic()
    answers = await asyncio.gather(*(store.write(add) for _ in range(8)), return_exceptions=True)
    assert time.monotonic() - started < 2
    assert {type(answer) for answer in answers} == {BoardBusy}
    holder.tell()
    holder.says()
    await store.close()


@pytest.mark.proves("L6")
def test_a_foreign_program_with_the_file_locked_is_told_apart_from_one_of_ours(hasty: SqliteFile) -> None:
    foreign = sqlite3.connect(hasty.path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(BoardBusy, match="not a kanban-mcp process"):
        hasty.write(add)
    assert time.monotonic() - started < 0.2 + 1
    assert hasty.read(amount) == 1
    foreign.execute("COMMIT")
    foreign.close()
    assert hasty.write(add) == 1


def test_a_foreign_lock_that_is_given_back_in_time_is_waited_for(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = sqlite3.connect(board, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    real = WriteLock.note

    def note(self: WriteLock, what: str = "") -> None:
        real(self, what)
        if what:  # SQLite's own patience is over, ours is not
            foreign.execute("COMMIT")

    monkeypatch.setattr(WriteLock, "note", note)
    with SqliteFile(board, tiny_options(lock_wait_s=30)) as file:
        assert file.write(add) == 1
    foreign.close()


def test_the_ones_behind_are_told_what_the_holder_waits_for(board: Path) -> None:
    lock = WriteLock(board.with_name("board.db.lock"))
    lock.acquire(0)
    lock.note("waiting for another program")
    with SqliteFile(board, tiny_options(lock_wait_s=0)) as file, pytest.raises(BoardBusy, match="waiting for another"):
        file.write(add)
    lock.close()


@pytest.mark.proves("L6")
def test_the_default_patience_keeps_a_call_below_six_seconds() -> None:
    from kanban_mcp.store import opening

    assert SqliteOptions().lock_wait_s + opening._BUSY_SLICE_S < 6


def test_a_transaction_inside_a_transaction_is_refused_instead_of_waiting_for_itself(hasty: SqliteFile) -> None:
    with pytest.raises(RuntimeError, match="not reentrant"):
        hasty.write(lambda _: hasty.write(add))
    assert hasty.write(add) == 1


def test_pauses_between_tries_grow_and_stay_small(tmp_path: Path) -> None:
    first, pauses = WriteLock(tmp_path / "x.lock"), []
    first.acquire(0)
    second = WriteLock(
        tmp_path / "x.lock", sleep=lambda s: (pauses.append(s), first.release() if len(pauses) == 40 else 0)
    )
    second.acquire(time.monotonic() + 60)
    assert len(pauses) == 40
    assert all(0.0002 <= pause <= 0.0053 for pause in pauses)
    first.close()
    second.close()


def test_a_lock_file_that_was_removed_does_not_let_two_in(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    first, second, third = WriteLock(path), WriteLock(path), WriteLock(path)
    first.acquire(0)
    first.release()
    second.acquire(0)
    path.unlink()
    third.acquire(0)
    second.release()
    with pytest.raises(BoardBusy):
        first.acquire(0)  # it had the removed file open
    for lock in (first, second, third):
        lock.close()


@pytest.mark.parametrize("content", [b"", b"garbage", b"12", b"\xff\xfe " * 9, b"1 x y"])
def test_a_lock_file_with_odd_content_still_makes_a_clear_refusal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.lock"
    first, second = WriteLock(path), WriteLock(path)
    first.acquire(0)
    path.write_bytes(content)
    with pytest.raises(BoardBusy, match="another process holds its write lock"):
        second.acquire(0)
    first.close()
    second.close()
