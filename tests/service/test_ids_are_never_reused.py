"""The number of a run is its fence: one that was given out is never given out again, whatever became of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import BoardError
from kanban_mcp.service.board import Board
from tests.conftest import MakeBoard, orchestrator, person, worker
from tests.service.helpers import SUMMARY, ask, ready, take

TABLES = ("tasks", "runs", "approvals", "messages", "events")


@pytest.mark.proves("S19")
async def test_ids_go_on_after_everything_that_ended_was_archived(board: Board, board_path: Path) -> None:
    s = worker("w")
    for number in range(1, 4):
        task = await take(board, s)
        await board.complete(s, summary=SUMMARY)
        await board.archive(person(), task_id=task)
        assert (task, ask(board_path, "SELECT MAX(id) FROM runs")) == (f"TASK-{number:03d}", number)


async def test_a_call_that_was_refused_late_gives_its_number_to_nobody_who_could_be_mistaken_for_it(
    board: Board, board_path: Path
) -> None:
    first = await ready(board)
    with pytest.raises(BoardError):
        await board.plan(
            orchestrator(),
            tasks=[{"ref": "a", "title": "A"}, {"ref": "b", "title": "B", "part_of": ["a"], "after": ["TASK-099"]}],
        )
    assert ask(board_path, "SELECT COUNT(*) FROM tasks") == 1
    assert (first, await ready(board)) == ("TASK-001", "TASK-002"), "nobody was ever told of the numbers in between"


@pytest.mark.proves("S19")
@pytest.mark.parametrize("table", TABLES)
async def test_even_a_row_that_a_foreign_hand_removed_gives_its_number_to_nobody(
    make_board: MakeBoard, board_path: Path, table: str
) -> None:
    board = make_board()
    await take(board, worker("w"))
    await board.request_approval(worker("w"), summary="Drop the table users on staging", wait_s=0)
    await board.comment(orchestrator(), task_id="TASK-001", body="Look at this first")
    with closing(sqlite3.connect(board_path)) as file, file:
        for (trigger,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {trigger}")
        names = ", ".join(row[1] for row in file.execute(f"PRAGMA table_info({table})") if row[1] != "id")
        newest, *row = file.execute(f"SELECT id, {names} FROM {table} ORDER BY id DESC").fetchone()
        file.execute(f"DELETE FROM {table}")
        marks = ", ".join("?" * len(row))
        given = file.execute(f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id", row).fetchone()[0]
    assert given == newest + 1
