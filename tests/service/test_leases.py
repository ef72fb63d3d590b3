"""Leases: exactly as long as they say, on the clock that does not jump, and only for the run a call addresses."""

from pathlib import Path

import pytest

from kanban_mcp.domain.errors import Invalid, LeaseLost, WhichTask
from kanban_mcp.domain.policy import Policy
from kanban_mcp.service.board import Board
from tests.conftest import Clock, MakeBoard, orchestrator, worker
from tests.service.conftest import Refused
from tests.service.helpers import MINUTE, REASON, SUMMARY, ask, done, ready, state, take

LEASE = 5 * MINUTE
HOUR = 60 * MINUTE


@pytest.mark.parametrize(("after", "ended"), [(LEASE - 1, False), (LEASE, True), (LEASE + 1, True)])
async def test_a_lease_ends_exactly_when_it_says(board: Board, clock: Clock, after: int, ended: bool) -> None:
    task = await take(board, worker("w"))
    clock.advance(after)
    assert (await board.reap()).get("reclaimed", 0) == ended
    assert (await state(board, task))[0] == ("ready" if ended else "in_progress")


@pytest.mark.proves("L1")
async def test_a_worker_that_never_calls_again_is_reclaimed_and_one_that_beats_is_not(
    board: Board, clock: Clock
) -> None:
    """The first line of seeds/001's anti-fake-pass."""
    silent, alive = await take(board, worker("silent")), await take(board, worker("alive"))
    for _ in range(4):
        clock.advance(2 * MINUTE)
        await board.heartbeat(worker("alive"))
        await board.reap()
    assert (await state(board, silent))[0] == "ready"
    assert (await state(board, alive))[0] == "in_progress"


@pytest.mark.proves("L4")
async def test_a_heartbeat_says_what_it_extended_to(board: Board, clock: Clock) -> None:
    s = worker("w")
    task = await take(board, s)
    clock.advance(LEASE - 1)
    beat = await board.heartbeat(s, note="Running tests in src/auth/")
    assert (beat.task_id, beat.run_id, beat.lease_expires_in_s) == (task, "run-1", 300)
    shown = await board.show(orchestrator(), task_id=task)
    assert shown.run["note"] == "Running tests in src/auth/"  # type: ignore[union-attr]


@pytest.mark.proves("hermes-26")
async def test_a_heartbeat_that_extends_nothing_is_an_error(board: Board, clock: Clock, refused: Refused) -> None:
    """hermes 26: the caller sees that its beat did not count."""
    s = worker("w")
    await take(board, s)
    clock.advance(LEASE)
    await board.reap()
    with refused(LeaseLost, "no longer holds"):
        await board.heartbeat(s)


@pytest.mark.proves("hermes-24", "L4")
async def test_an_announced_long_command_keeps_the_lease_that_long(board: Board, clock: Clock) -> None:
    s = worker("w")
    task = await take(board, s)
    assert (await board.heartbeat(s, expect_s=1800)).lease_expires_in_s == 1800
    clock.advance(10 * MINUTE)
    assert (await board.heartbeat(s)).lease_expires_in_s == 1200, "a later beat must not cut it short"
    clock.advance(20 * MINUTE - 1)
    assert await board.reap() == {}
    clock.advance(1)
    assert await board.reap() == {"reclaimed": 1}
    assert (await state(board, task))[0] == "ready"


async def test_more_than_half_an_hour_cannot_be_announced(board: Board, refused: Refused) -> None:
    s = worker("w")
    await take(board, s)
    for wrong in (-1, 1801):
        with refused(Invalid, "1800"):
            await board.heartbeat(s, expect_s=wrong)


async def test_a_call_renews_only_the_run_it_addresses(board: Board, clock: Clock) -> None:
    s = worker("w")
    first, second = await take(board, s), await take(board, s)
    clock.advance(4 * MINUTE)
    await board.heartbeat(s, task_id=second)
    clock.advance(MINUTE)
    assert await board.reap() == {"reclaimed": 1}
    assert [(await state(board, t))[0] for t in (first, second)] == ["ready", "in_progress"]


async def test_the_wall_clock_may_jump_an_hour_either_way_and_no_lease_moves(board: Board, clock: Clock) -> None:
    s = worker("w")
    task = await take(board, s)
    for jump in (HOUR, -2 * HOUR):
        clock.wall(jump)
        assert await board.reap() == {}
        assert (await board.show(s)).run["lease_expires_in_s"] == 300  # type: ignore[union-attr]
    clock.advance(LEASE - 1)
    assert (await board.heartbeat(s)).lease_expires_in_s == 300
    assert (await state(board, task))[0] == "in_progress"


async def test_a_restart_of_the_machine_ends_every_lease(board: Board, clock: Clock, refused: Refused) -> None:
    s = worker("w")
    task = await take(board, s)
    await board.heartbeat(s, expect_s=1800)
    clock.reboot()
    assert await board.reap() == {"reclaimed": 1}
    with refused(LeaseLost, "the machine was restarted"):
        await board.heartbeat(s, task_id=task)


async def test_an_expired_lease_whose_run_is_open_is_still_accepted(board: Board, clock: Clock) -> None:
    s = worker("w")
    await take(board, s)
    clock.advance(3 * HOUR)
    assert (await board.heartbeat(s)).lease_expires_in_s == 300
    clock.advance(3 * HOUR)
    assert (await board.complete(s, summary=SUMMARY)).state == "done"


@pytest.mark.proves("hermes-17")
async def test_a_lease_that_is_over_reads_as_stale_with_no_reaper_running(board: Board, clock: Clock) -> None:
    task = await take(board, worker("w"))
    clock.advance(LEASE)
    shown = await board.show(orchestrator(), task_id=task)
    assert shown.run["stale"] is True  # type: ignore[union-attr]
    assert "gone silent" in shown.next
    assert (await board.list(orchestrator())).tasks[0]["stale"] is True


async def test_who_was_only_silent_goes_on_with_the_same_attempt_and_uses_a_snooze(
    board: Board, clock: Clock, board_path: Path
) -> None:
    s = worker("laptop")
    task = await take(board, s)
    for expected in (1, 2):
        clock.advance(LEASE)
        await board.reap()
        again = await board.claim(s, task_id=task)
        assert again.task.attempt == 1  # type: ignore[union-attr]
        assert ask(board_path, "SELECT counted FROM tasks") == 0
        assert ask(board_path, "SELECT snoozes FROM tasks") == expected
    assert ask(board_path, "SELECT COUNT(*) FROM runs WHERE outcome = 'reclaimed' AND counted = 1") == 0


async def test_a_first_reclaim_waits_for_nothing_even_after_a_failure(board: Board, clock: Clock) -> None:
    await board.create(orchestrator(), title="Write the parser", assignee="implementer")
    first, second, third = worker("first"), worker("second"), worker("third")
    await board.claim(first, assignee="implementer")
    await board.fail(first, reason="the grammar file is not in the repository")
    clock.advance(60_000)  # past the backoff of the failure
    await board.claim(second, assignee="implementer")
    clock.advance(300_000)
    await board.reap()
    assert (await board.claim(third, assignee="implementer")).claimed


async def test_backoff_does_not_bind_who_was_only_silent(board: Board, clock: Clock) -> None:
    task = await take(board, worker("other"))
    clock.advance(LEASE)
    await board.reap()
    s = worker("laptop")
    await take(board, s, task)
    clock.advance(LEASE)
    await board.reap()
    assert (await board.claim(worker("third"), task_id=task)).reason == "not_due"
    again = await board.claim(s, task_id=task)
    assert again.task.attempt == 2  # type: ignore[union-attr]


async def test_silence_is_forgiven_only_as_often_as_snoozes_are_left(make_board: MakeBoard, clock: Clock) -> None:
    board = make_board(Policy(max_snoozes=1))
    s = worker("laptop")
    task = await take(board, s)
    attempts = []
    for _ in range(3):
        clock.advance(LEASE)
        await board.reap()
        clock.advance(HOUR)
        again = await board.claim(s, task_id=task)
        attempts.append(again.task.attempt)  # type: ignore[union-attr]
    assert attempts == [1, 2, 3]


async def test_once_somebody_else_had_the_task_the_silence_counts(board: Board, clock: Clock) -> None:
    s, other = worker("laptop"), worker("other")
    task = await take(board, s)
    clock.advance(LEASE)
    await take(board, other, task)
    await board.block(other, kind="transient", reason="the service is down for now", until="1m")
    clock.advance(LEASE)
    assert (await board.claim(s, task_id=task)).task.attempt == 2  # type: ignore[union-attr]


@pytest.mark.proves("hermes-29")
async def test_three_silent_deaths_and_the_task_is_failed_with_three_attempts(
    board: Board, clock: Clock, board_path: Path
) -> None:
    """hermes 29: a worker that dies before its first heartbeat uses an attempt like any other."""
    task = await ready(board)
    for n in range(3):
        await take(board, worker(f"w{n}"), task)
        clock.advance(LEASE)
        await board.reap()
        clock.advance(HOUR)
    assert await state(board, task) == ("failed", "")
    assert ask(board_path, "SELECT group_concat(outcome || ':' || attempt) FROM runs") == (
        "reclaimed:1,reclaimed:2,reclaimed:3"
    )


@pytest.mark.proves("hermes-27")
async def test_a_task_is_taken_back_once_however_many_reapers_look(make_board: MakeBoard, clock: Clock) -> None:
    """hermes 27: several reapers on one board do what one does."""
    boards = [make_board() for _ in range(3)]
    for n in range(5):
        await take(boards[0], worker(f"w{n}"))
    clock.advance(LEASE)
    counts = [await each.reap() for each in boards]
    assert counts == [{"reclaimed": 5}, {}, {}]


async def test_taking_back_the_first_time_waits_for_nothing_and_the_second_time_backs_off(
    board: Board, clock: Clock, board_path: Path
) -> None:
    task = await ready(board)
    for n, waits in ((1, False), (2, True)):
        await take(board, worker(f"w{n}"), task)
        clock.advance(LEASE)
        await board.reap()
        due = ask(board_path, "SELECT due_at_ms FROM tasks")
        assert (due is not None) == waits
    assert clock.now.wall_ms + 5_000 <= due <= clock.now.wall_ms + 10_000


async def test_holding_nothing_is_said_as_such(board: Board, refused: Refused) -> None:
    await done(board, await ready(board))
    with refused(WhichTask, "You hold no task"):
        await board.heartbeat(worker("never-seen"))


async def test_a_reaper_pass_on_a_quiet_board_does_nothing_at_all(board: Board, board_path: Path) -> None:
    s = worker("w")
    await take(board, s)
    await board.fail(s, reason="The service it needs was shut down", retry=False)
    before = ask(board_path, "SELECT MAX(id) FROM events")
    assert await board.reap() == {}
    assert ask(board_path, "SELECT MAX(id) FROM events") == before
    assert REASON
