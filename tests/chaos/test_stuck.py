"""A writer that stands still with the lock in hand, and a disk that is full: a clear error, nothing lost, then on."""

import signal
import time

import pytest

from tests.chaos.arena import Arena, until


@pytest.mark.proves("L6")
def test_a_writer_stopped_with_the_lock_is_named_within_six_seconds_and_outlived(arena: Arena) -> None:
    stuck, other = arena.spawn_ready(2)
    server = arena.serve()
    server.open()
    other.call("create", title="Before")
    assert server.call("list")["counts"]["ready"] == 1
    stuck.tell("stop_inside")
    until("the writer stands still", stuck.is_stopped)
    since = time.monotonic()
    other.tell("create", title="Meanwhile")
    number = server.ask("create", title="Meanwhile, over stdio")
    answers = [other.hear(), server.answer(number)]
    took = time.monotonic() - since
    for answer in answers:
        assert answer.get("error") == "board_busy", answer
        assert f"process {stuck.pid} has held its write lock" in answer["text"]
    assert took < 6.0, f"{took:.1f} s"
    assert other.call("list")["counts"]["ready"] == 1, "a stopped writer blinds nobody"
    stuck.signal(signal.SIGCONT)
    since = time.monotonic()
    assert "error" not in other.call("create", title="After")
    assert "error" not in server.call("create", title="After, over stdio")
    assert time.monotonic() - since < 1.0
    assert stuck.hear() == {"went": "on"}
    life = arena.check(frozenset({"board_busy"}))
    assert {task["title"] for task in life.tasks} == {"Before", "After", "After, over stdio"}


def test_a_full_disk_is_a_typed_error_and_the_board_goes_on_when_there_is_room(arena: Arena) -> None:
    writer, reader = arena.spawn_ready(2)

    def create(at: int) -> str:
        return str(writer.call("create", title=f"Task {at}", context="x" * 2_000).get("error", ""))

    assert not create(0)
    wal = arena.path.with_name("board.db-wal")
    writer.call("limit_files", size=wal.stat().st_size + 60_000)
    codes = [create(at) for at in range(1, 120)]
    assert set(codes) == {"", "board_unavailable"}, set(codes)
    kept = 1 + codes.count("")
    assert reader.call("list")["counts"]["ready"] == kept, "an acknowledged write is missing, or a refused one there"
    writer.call("limit_files", size=0)
    assert not create(200), "there is room again"
    life = arena.check(frozenset({"board_unavailable"}))
    assert len(life.tasks) == kept + 1
