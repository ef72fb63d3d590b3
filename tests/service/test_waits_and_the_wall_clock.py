"""A wait is a length of time: setting the wall clock cannot strand a task, and a date that somebody named stays one."""

from pathlib import Path

import pytest

from kanban_mcp.domain.clock import CLOCK_STEP_MS
from kanban_mcp.service.board import Board
from kanban_mcp.store.statements import Statements
from tests.conftest import Clock, orchestrator, worker
from tests.service.helpers import MINUTE, REASON, ask, ready, take

HOUR, DAY = 60 * MINUTE, 24 * 60 * MINUTE
WAIT = 15 * MINUTE


async def snoozed(board: Board, until: str | None = None) -> str:
    s = worker("first")
    task = await take(board, s)
    await board.block(s, reason=REASON, kind="transient", until=until)
    return task


async def may_start(board: Board, task: str) -> bool:
    by_role = await board.claim(worker("second"))
    assert by_role.claimed or by_role.reason in ("not_due", "none_ready")
    assert (by_role.reason == "not_due") == (not by_role.claimed), "a board with work on it never says that it has none"
    return by_role.claimed


@pytest.mark.parametrize("back", [HOUR, DAY, 31 * DAY])
async def test_a_clock_set_back_ends_a_wait_instead_of_stretching_it(board: Board, clock: Clock, back: int) -> None:
    task = await snoozed(board)
    assert not await may_start(board, task)
    clock.wall(-back)
    assert await may_start(board, task)


@pytest.mark.parametrize("back", [1_000, CLOCK_STEP_MS])
async def test_a_small_step_of_the_clock_ends_no_wait_and_lengthens_it_by_no_more(
    board: Board, clock: Clock, back: int
) -> None:
    task = await snoozed(board)
    clock.wall(-back)
    assert not await may_start(board, task)
    clock.advance(WAIT + CLOCK_STEP_MS)
    assert await may_start(board, task)


@pytest.mark.parametrize("elapsed", [0, MINUTE, 14 * MINUTE])
@pytest.mark.parametrize("back", [2 * MINUTE, 10 * MINUTE, HOUR, 31 * DAY])
async def test_whenever_the_clock_is_set_back_nobody_waits_longer_from_then_on_than_the_wait_and_a_minute(
    board: Board, clock: Clock, elapsed: int, back: int
) -> None:
    task = await snoozed(board)
    clock.advance(elapsed)
    clock.wall(-back)
    at_once = await may_start(board, task)
    assert at_once == (back > elapsed + CLOCK_STEP_MS)
    clock.advance(WAIT + CLOCK_STEP_MS)
    assert at_once or await may_start(board, task)


async def test_a_backoff_is_a_wait_too(board: Board, clock: Clock) -> None:
    s = worker("first")
    task = await take(board, s)
    await board.fail(s, reason="The fixture was wrong, tried two others")
    assert not await may_start(board, task)
    clock.wall(-31 * DAY)
    assert await may_start(board, task)


async def test_a_named_date_follows_the_clock(board: Board, clock: Clock) -> None:
    task = await ready(board)
    await board.update(orchestrator(), task_id=task, due_at="1h")
    clock.wall(-31 * DAY)
    assert not await may_start(board, task)
    clock.wall(31 * DAY + HOUR)
    assert await may_start(board, task)


async def test_a_date_named_over_a_wait_is_a_date(board: Board, clock: Clock, board_path: Path) -> None:
    task = await snoozed(board)
    await board.update(orchestrator(), task_id=task, due_at="2h")
    assert ask(board_path, "SELECT due_from_ms FROM tasks") is None
    clock.wall(-DAY)
    assert not await may_start(board, task)


async def test_the_task_itself_its_list_and_its_view_agree_that_the_wait_is_over(board: Board, clock: Clock) -> None:
    task = await snoozed(board)
    assert any("not before" in flag for flag in (await board.show(orchestrator(), task_id=task)).flags)  # type: ignore[union-attr]  # an id always shows a task
    clock.wall(-DAY)
    assert (await board.show(orchestrator(), task_id=task)).flags == []  # type: ignore[union-attr]  # as above
    assert [row["id"] for row in (await board.show(worker("second"))).ready] == [task]  # type: ignore[union-attr]  # holds nothing
    assert (await board.claim(worker("second"), task_id=task)).claimed


@pytest.mark.parametrize("query", ["next_ready", "ready_for", "why_nothing"])
def test_the_queries_and_the_rule_name_one_step(query: str) -> None:
    assert f"wall_ms + {CLOCK_STEP_MS}" in Statements("sqlite")[query]
