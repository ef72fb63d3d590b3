"""Archiving: hidden from the board and from the numbers above its columns, one task or all that ended long ago."""

from pathlib import Path

import pytest

from kanban_mcp.domain.errors import Forbidden, Invalid
from kanban_mcp.service import board_deciding
from kanban_mcp.service.board import Board
from tests.conftest import Clock, orchestrator, person, worker
from tests.service.helpers import ask, ask_all, done, failed, ready

DAY = 86_400_000


async def _counts(board: Board) -> dict[str, int]:
    return {column["name"]: column["count"] for column in (await board.view(person())).columns}


async def _finish(board: Board, titles: int) -> None:
    for at in range(titles):
        await done(board, await ready(board, f"Task {at}"))


async def test_the_number_above_a_column_counts_what_it_shows(board: Board) -> None:
    await _finish(board, 3)
    await failed(board, await ready(board, "Hopeless"))
    await board.archive(orchestrator(), task_id="1")
    await board.archive(orchestrator(), task_id="4")
    counts = await _counts(board)
    assert (counts["Done"], counts["Failed"]) == (2, 0)
    assert (await board.list(orchestrator())).next == "No open task.", "an archived failure waits for nobody"
    assert (await board.list(orchestrator())).counts["done"] == 3, "history is still counted there"


async def test_a_task_that_comes_back_counts_again_wherever_it_stands(board: Board) -> None:
    await _finish(board, 1)
    await board.archive(orchestrator(), task_id="1")
    await board.retry(person(), task_id="1")
    assert await _counts(board) == {**dict.fromkeys(await _counts(board), 0), "Ready": 1}


async def test_the_kept_numbers_are_those_of_the_rows(board: Board, board_path: Path) -> None:
    await _finish(board, 4)
    await board.cancel(orchestrator(), task_id=await ready(board, "Withdrawn"))
    for task in ("1", "2", "5"):
        await board.archive(orchestrator(), task_id=task)
    await board.retry(person(), task_id="2")
    kept = ask_all(board_path, "SELECT state, archived FROM state_counts WHERE archived > 0 ORDER BY state")
    counted = ask_all(
        board_path, "SELECT state, COUNT(*) FROM tasks WHERE archived_at_ms IS NOT NULL GROUP BY state ORDER BY state"
    )
    assert kept == counted == [("cancelled", 1), ("done", 1)]


async def test_all_that_is_done_and_old_enough_goes_at_once_in_batches(
    board: Board, clock: Clock, board_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_deciding, "ARCHIVE_BATCH", 2)
    await _finish(board, 5)
    await failed(board, await ready(board, "Hopeless"))
    clock.advance(7 * DAY)
    await _finish(board, 1)
    told: list[int] = []
    hidden = await board.archive_ended(orchestrator(), states=["done"], older_than_ms=7 * DAY, progress=told.append)
    assert (hidden.archived, told) == (5, [2, 4, 5, 5])
    assert ask_all(board_path, "SELECT id FROM tasks WHERE archived_at_ms IS NULL") == [(6,), (7,)]
    assert ask(board_path, "SELECT COUNT(*) FROM events WHERE kind = 'archived'") == 5
    again = await board.archive_ended(orchestrator(), states=["done"], older_than_ms=7 * DAY)
    assert (again.archived, ask(board_path, "SELECT COUNT(*) FROM events WHERE kind = 'archived'")) == (0, 5)


async def test_several_states_go_together_and_what_is_open_never_does(board: Board) -> None:
    await _finish(board, 1)
    await failed(board, await ready(board, "Hopeless"))
    await board.cancel(orchestrator(), task_id=await ready(board, "Withdrawn"))
    await ready(board, "Open")
    hidden = await board.archive_ended(orchestrator(), states=["done", "failed", "cancelled"], older_than_ms=0)
    assert hidden.archived == 3
    with pytest.raises(Invalid, match="ready"):
        await board.archive_ended(orchestrator(), states=["ready"], older_than_ms=0)


async def test_a_worker_may_not_hide_the_work_of_all(board: Board) -> None:
    await _finish(board, 1)
    with pytest.raises(Forbidden):
        await board.archive_ended(worker(), states=["done"], older_than_ms=0)
    assert (await _counts(board))["Done"] == 1
