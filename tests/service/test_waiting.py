"""Waiting: told what changed, once, and woken for exactly what needs somebody."""

import asyncio
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import Invalid, NotFound
from kanban_mcp.service.board import Board
from kanban_mcp.service.results import Waited
from kanban_mcp.service.session import Session
from tests.conftest import MakeBoard, orchestrator, person, worker
from tests.service.conftest import Refused
from tests.service.helpers import (
    REASON,
    SUMMARY,
    asking,
    blocked,
    done,
    dump,
    failed,
    in_review,
    parked,
    ready,
    take,
)


async def look(board: Board, s: Session, *tasks: str, until: str = "attention") -> Waited:
    return await board.wait(s, task_ids=tasks, until=until, timeout_s=0)


def changed(waited: Waited) -> list[str]:
    return [row["id"] for row in waited.changed]


async def is_due(board: Board, s: Session, *tasks: str, until: str = "attention") -> bool:
    """Say whether a wait answers by itself, well before its time."""
    call = asyncio.create_task(board.wait(s, task_ids=tasks, until=until, timeout_s=30))
    finished, _ = await asyncio.wait({call}, timeout=0.3)
    call.cancel()
    return bool(finished)


async def test_only_what_changed_since_the_last_wait_is_told(board: Board) -> None:
    s = orchestrator("watcher")
    first, second = await ready(board), await ready(board)
    assert changed(await look(board, s, first, second)) == [first, second]
    assert changed(await look(board, s, first, second)) == []
    await done(board, second)
    waited = await look(board, s, first, second)
    assert changed(waited) == [second]
    assert waited.changed[0]["summary"] == SUMMARY


async def test_a_wait_for_some_tasks_swallows_no_news_of_others(board: Board) -> None:
    s = orchestrator("watcher")
    first = await ready(board)
    second = await blocked(board, worker("w"))
    await look(board, s, first)
    waited = await look(board, s, second)
    assert changed(waited) == [second]
    await look(board, s, first)
    await board.answer(person(), task_id=second, answer="It is in .env")
    await look(board, s, first)
    assert changed(await look(board, s, second)) == [second]


@pytest.mark.parametrize("make", [blocked, asking, parked, in_review], ids=["blocked", "asking", "parked", "review"])
async def test_what_needs_somebody_ends_the_wait_once_and_then_no_busy_loop(board: Board, make: object) -> None:
    s = orchestrator("watcher")
    task = await make(board, worker("w"))  # type: ignore[operator]
    other = await ready(board)
    assert await is_due(board, s, task, other)
    waited = await look(board, s, task, other)
    assert [row["id"] for row in waited.attention] == [task]
    assert not waited.changed
    assert not await is_due(board, s, task, other)


async def test_a_question_that_comes_up_wakes_the_waiter(make_board: MakeBoard) -> None:
    here, there = make_board(), make_board()
    s, w = orchestrator("watcher"), worker("w")
    task = await take(here, w)
    await look(here, s, task)
    waiting = asyncio.create_task(here.wait(s, task_ids=[task], timeout_s=30))
    await asyncio.sleep(0)
    await there.block(w, reason=REASON)
    waited = await asyncio.wait_for(waiting, 5)
    assert waited.next.startswith(f"{task} blocked, needs an answer: kanban_show, then kanban_answer")


async def test_a_failed_task_wakes_and_a_finished_one_among_others_does_not(board: Board) -> None:
    s = orchestrator("watcher")
    first, second, third = [await ready(board) for _ in range(3)]
    await look(board, s, first, second, third)
    await done(board, first)
    assert not await is_due(board, s, first, second, third)
    await failed(board, second)
    assert await is_due(board, s, first, second, third)


async def test_a_dead_dependency_wakes_who_watches_only_the_task_that_waits(board: Board) -> None:
    s = orchestrator("watcher")
    cause = await ready(board)
    task = await ready(board, parents=[cause])
    await look(board, s, task)
    assert not await is_due(board, s, task)
    await failed(board, cause)
    assert await is_due(board, s, task)
    waited = await look(board, s, task)
    assert waited.attention[0]["what"] == f"waits for {cause}, which is failed"
    assert not await is_due(board, s, task)


@pytest.mark.parametrize("relation", ["after", "part_of"])
async def test_both_kinds_of_links_can_be_dead_ends(board: Board, relation: str) -> None:
    s = orchestrator("watcher")
    if relation == "after":
        cause = await ready(board)
        task = await ready(board, parents=[cause])
        await board.cancel(person(), task_id=cause)
    else:
        w = worker("w")
        task = await take(board, w)
        cause = (await board.create(w, title="Part", parents=[task])).task_id
        await board.block(w, reason=f"waits for {cause}")
        await failed(board, cause)
    waited = await look(board, s, task)
    assert [row["id"] for row in waited.attention] == [task]
    assert cause in waited.attention[0]["do"]


async def test_until_terminal_sleeps_through_questions_and_wakes_when_all_have_ended(board: Board) -> None:
    s = orchestrator("watcher")
    task, other = await blocked(board, worker("w")), await ready(board)
    assert not await is_due(board, s, task, other, until="terminal")
    await done(board, other)
    assert not await is_due(board, s, task, other, until="terminal")
    await board.cancel(person(), task_id=task)
    assert await is_due(board, s, task, other, until="terminal")
    waited = await look(board, s, task, other, until="terminal")
    assert waited.done
    assert waited.next.startswith("All 2 ended: 1 done.")


async def test_with_no_ids_everything_open_is_watched_and_what_ends_is_still_told(board: Board) -> None:
    s = orchestrator("watcher")
    first, second = await ready(board), await ready(board)
    assert changed(await look(board, s)) == [first, second]
    await done(board, first)
    waited = await look(board, s)
    assert changed(waited) == [first]
    assert waited.changed[0]["state"] == "done"
    await done(board, second)
    assert changed(await look(board, s)) == [second]
    assert (await look(board, s)).next.startswith("Nothing is open")


async def test_a_wait_reads_only(board: Board, board_path: Path) -> None:
    task = await blocked(board, worker("w"))
    before = dump(board_path)
    await look(board, orchestrator(), task)
    await look(board, orchestrator())
    assert dump(board_path) == before


async def test_a_waiter_is_kept_company_by_progress(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks: list[str] = []

    async def progress(_: float, text: str) -> None:
        ticks.append(text)

    monkeypatch.setattr("kanban_mcp.service.feed.PROGRESS_EVERY_S", 0.0)
    task = await ready(board)
    await board.wait(orchestrator(), task_ids=[task], timeout_s=0.05, progress=progress)
    assert ticks
    assert set(ticks) == {"waiting for tasks"}


async def test_unknown_tasks_and_words_are_refused(board: Board, refused: Refused) -> None:
    task = await ready(board)
    with refused(NotFound, "TASK-999"):
        await look(board, orchestrator(), task, "TASK-999")
    with refused(Invalid, "until"):
        await look(board, orchestrator(), task, until="blocked")
    with refused(Invalid, "at most 500"):
        await look(board, orchestrator(), *[task] * 501)
