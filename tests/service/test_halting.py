"""Halting the board: a drain waits for what runs, a stop ends it, and only a person may."""

import anyio
import pytest

from kanban_mcp.domain.errors import Forbidden, LeaseLost
from kanban_mcp.service.board import Board
from tests.conftest import Clock, orchestrator, person, worker
from tests.service.helpers import SUMMARY, ready, state, take


async def test_a_drain_returns_when_the_last_run_has_ended(board: Board) -> None:
    s = worker()
    task = await take(board, s)
    await board.pause(person(), paused=True)
    told: list[int] = []
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            running = anyio.Event()

            def progress(left: int) -> None:
                told.append(left)
                running.set()

            group.start_soon(lambda: board.drain(person(), progress=progress))
            await running.wait()
            assert not (await board.claim(worker("another"))).claimed
            await board.complete(s, task_id=task, summary=SUMMARY)
    assert (told[0], told[-1]) == (1, 0)


async def test_a_drain_of_an_idle_board_returns_at_once(board: Board) -> None:
    await board.create_if_missing()
    with anyio.fail_after(10):
        await board.drain(person())


async def test_a_drain_takes_back_what_a_dead_worker_holds(board: Board, clock: Clock) -> None:
    task = await take(board, worker())
    await board.pause(person(), paused=True)
    clock.advance(board.policy.lease_for_ms)
    with anyio.fail_after(10):
        await board.drain(person())
    assert await state(board, task) == ("ready", "")


async def test_stopping_all_ends_every_run_and_fences_it(board: Board) -> None:
    sessions = [worker(f"w{at}") for at in range(3)]
    tasks = [await take(board, s) for s in sessions]
    await board.request_approval(sessions[2], summary="DROP TABLE sessions", wait_s=0)
    idle = await ready(board, "Nobody works on it")
    halted = await board.stop_all(person(), reason="Going home")
    assert halted.stopped == tasks
    assert [await state(board, task) for task in tasks] == [
        ("blocked", "needs_input"), ("blocked", "needs_input"), ("awaiting_review", "parked")
    ]  # fmt: skip
    assert await state(board, idle) == ("ready", "")
    for s in sessions:
        with pytest.raises(LeaseLost):
            await board.heartbeat(s)
    assert (await board.stop_all(person())).stopped == []


async def test_only_a_person_stops_all_even_when_nobody_works(board: Board) -> None:
    await board.create_if_missing()
    for s in (orchestrator(), worker()):
        with pytest.raises(Forbidden, match="Only a person"):
            await board.stop_all(s)
    task = await take(board, worker("w1"))
    with pytest.raises(Forbidden):
        await board.stop_all(orchestrator())
    assert await state(board, task) == ("in_progress", "")
