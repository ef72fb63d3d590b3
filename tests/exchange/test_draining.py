"""Healthy workers bring any board without circles to its end: nothing stays ready while somebody asks for it."""

from pathlib import Path

import pytest

from kanban_mcp.exchange import beads
from kanban_mcp.service.board import Board
from tests.conftest import worker
from tests.exchange.conftest import Bring
from tests.exchange.shapes import as_lines, make_issues
from tests.service.helpers import SUMMARY, ask_all


@pytest.mark.proves("L3")
@pytest.mark.parametrize("seed", range(4))
async def test_two_workers_drain_an_imported_graph_to_its_last_task(
    bring: Bring, board: Board, board_path: Path, seed: int
) -> None:
    await bring(beads.read(as_lines(make_issues(seed, count=100)), "issues.jsonl"))
    workers = [worker("one"), worker("two")]
    turns = 0
    while any([await one_task(board, s) for s in workers]):
        turns += 1
        assert turns <= 100
    assert ask_all(board_path, "SELECT DISTINCT state FROM tasks") == [("done",)]


async def one_task(board: Board, s: object) -> bool:
    claimed = await board.claim(s)  # type: ignore[arg-type]  # a session, as the helper returns it
    if claimed.task is None:
        assert claimed.reason == "none_ready", claimed
        return False
    await board.complete(s, task_id=claimed.task.id, summary=SUMMARY)  # type: ignore[arg-type]  # as above
    return True
