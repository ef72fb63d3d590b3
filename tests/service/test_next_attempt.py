"""What an attempt leaves to the one after it, however it ended."""

from collections.abc import Awaitable, Callable

import pytest

from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from tests.conftest import Clock, worker
from tests.service.helpers import ready, take

NOTE = "Lexer done; the grammar for strings is half way, see grammar.py"
End = Callable[[Board, Session, Clock], Awaitable[object]]


async def fails(board: Board, s: Session, clock: Clock) -> None:
    await board.fail(s, reason="The schema service answers 503 to every call")


async def falls_silent(board: Board, s: Session, clock: Clock) -> None:
    clock.advance(board.policy.lease_for_ms)
    await board.reap()


async def puts_it_off(board: Board, s: Session, clock: Clock) -> None:
    await board.block(s, reason="The build server is down", kind="transient", until="1m")


@pytest.mark.proves("hermes-37")
@pytest.mark.parametrize("end", [fails, falls_silent, puts_it_off])
async def test_the_last_note_and_why_it_ended_are_told_to_the_next_attempt(
    board: Board, clock: Clock, end: End
) -> None:
    """hermes 37: a retry that starts from nothing does the work twice."""
    s = worker("first")
    task = await take(board, s, await ready(board))
    await board.heartbeat(s, note=NOTE)
    await end(board, s, clock)
    clock.advance(3_600_000)
    claimed = await board.claim(worker("second"), task_id=task)
    assert claimed.task is not None
    told = claimed.task.previous_attempts
    assert len(told) == 1
    assert NOTE in str(told[0])
    assert any(word in str(told[0]) for word in ("503", "without a call", "build server"))
