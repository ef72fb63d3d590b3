"""The page of the whole board, its feed, and who works on it."""

import anyio
import pytest

from kanban_mcp.domain.principals import ProcessId
from kanban_mcp.service.board import Board
from kanban_mcp.service.boarding import COLUMNS
from kanban_mcp.service.results import to_json
from tests.conftest import Clock, MakeBoard, orchestrator, person, worker


async def test_columns_stand_in_the_order_of_the_design_and_hide_what_was_put_away(board: Board) -> None:
    for title in ("One", "Two", "Three"):
        await board.create(orchestrator(), title=title)
    await board.cancel(orchestrator(), task_id="1")
    await board.cancel(orchestrator(), task_id="2")
    await board.archive(orchestrator(), task_id="2")
    view = await board.view(person())
    assert [column["name"] for column in view.columns] == [name for name, _ in COLUMNS]
    cards = {card["id"] for column in view.columns for card in column["cards"]}
    assert cards == {"TASK-003"}


async def test_a_column_shows_a_few_cards_and_counts_all(board: Board) -> None:
    for number in range(9):
        await board.create(orchestrator(), title=f"Task {number}", priority="urgent" if number == 8 else "normal")
    ready = next(column for column in (await board.view(person(), per_column=3)).columns if column["name"] == "Ready")
    assert ready["count"] == 9
    assert [card["id"] for card in ready["cards"]] == ["TASK-009", "TASK-001", "TASK-002"], "in the order of claims"


@pytest.mark.proves("hermes-17")
async def test_a_silent_worker_is_stale_for_every_reader_before_any_reaper(board: Board, clock: Clock) -> None:
    await board.create(orchestrator(), title="Write the parser")
    await board.claim(worker())
    clock.advance(board.policy.lease_for_ms)
    running = next(column for column in (await board.view(person())).columns if column["state"] == "in_progress")
    assert running["cards"][0]["stale"] is True


async def test_an_approval_shows_the_exact_text_and_leaves_when_decided(board: Board) -> None:
    await board.create(orchestrator(), title="Run the migration")
    session = worker()
    await board.claim(session)
    await board.request_approval(session, summary="DROP TABLE sessions", irreversible=True, wait_s=0)
    [item] = (await board.view(person())).waiting
    assert (item["what"], item["text"]) == ("asks to do something irreversible", "DROP TABLE sessions")
    assert (item["do"], item["or"]) == ("kanban-mcp approve TASK-001", 'kanban-mcp reject TASK-001 -m "…"')
    await board.approve(person(), task_id="1")
    assert "waiting" not in to_json(await board.view(person()))


async def test_an_idle_view_writes_nothing(board: Board) -> None:
    await board.create(orchestrator(), title="One")
    before = await board.events(limit=100)
    await board.view(person())
    assert await board.events(limit=100) == before


async def test_the_newest_events_come_oldest_first(board: Board) -> None:
    for number in range(5):
        await board.create(orchestrator(), title=f"Task {number}")
    await board.comment(orchestrator(), task_id="2", body="Mind the tabs")
    assert [event.task_id for event in await board.events(after=None, limit=2)] == ["TASK-005", "TASK-002"]
    assert [event.kind for event in await board.events(after=None, limit=9, task_id="2")] == ["created", "commented"]
    assert [event.kind for event in await board.events(after=None, limit=1, task_id="2")] == ["commented"]


@pytest.mark.parametrize("writes_before_reading", [False, True])
async def test_a_follower_misses_nothing_that_another_connection_commits(
    make_board: MakeBoard, writes_before_reading: bool
) -> None:
    reader, writer = make_board(), make_board()
    await writer.create(orchestrator(), title="Task 0")
    seen: list[int] = []
    first = anyio.Event()

    async def follow() -> None:
        async for event in reader.follow(after=0):
            seen.append(event.id)
            first.set()
            if len(seen) == 6:
                return

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(follow)
            if not writes_before_reading:
                await first.wait()
            for number in range(1, 6):
                await writer.create(orchestrator(), title=f"Task {number}")
    assert seen == [1, 2, 3, 4, 5, 6]


async def test_standing_names_the_processes_of_open_runs_of_this_boot(board: Board, clock: Clock) -> None:
    for title in ("One", "Two"):
        await board.create(orchestrator(), title=title)
    first = worker("w1")
    await board.claim(first)
    await board.claim(worker("w2", boot="boot-0"))
    standing = await board.standing()
    assert [(run.task, run.run, run.worker_key) for run in standing.runs] == [("TASK-001", "run-1", first.caller.key)]
    assert standing.runs[0].process == first.caller.process
    assert isinstance(standing.runs[0].process, ProcessId)
    await board.fail(first, reason="The sample files are missing")
    assert (await board.standing()).runs == []
