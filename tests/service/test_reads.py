"""Reads never write, never create, and say what to do next (hermes 49, 53)."""

from pathlib import Path

import pytest

from kanban_mcp.domain.errors import Invalid, NotFound
from kanban_mcp.service.board import Board
from tests.conftest import orchestrator, worker
from tests.service.helpers import blocked, done, dump, parked, ready, take


@pytest.mark.proves("hermes-49")
async def test_no_read_creates_a_board(board: Board, board_path: Path) -> None:
    """hermes 49."""
    s = orchestrator()
    for read in (board.show(s), board.list(s), board.view(s), board.wait(s, timeout_s=0), board.events(), board.reap()):
        with pytest.raises(NotFound):
            await read
    assert not board_path.exists()


async def test_no_read_changes_a_board(board: Board, board_path: Path) -> None:
    s = worker("w")
    task = await take(board, s)
    await blocked(board, worker("b"))
    await parked(board, worker("p"))
    await done(board, await ready(board))
    before = dump(board_path)
    for reader in (s, orchestrator(), worker("stranger")):
        await board.show(reader)
        await board.show(reader, task_id=task)
        await board.show(reader, run_id="run-1")
        await board.list(reader)
        await board.view(reader)
        await board.wait(reader, timeout_s=0)
    await board.events()
    assert dump(board_path) == before


@pytest.mark.proves("hermes-53")
async def test_holding_nothing_show_names_what_is_ready_and_the_call(board: Board) -> None:
    """hermes 53."""
    await board.create_if_missing()
    s = worker("t", role="tester")
    assert (await board.show(s)).next.startswith("The board is empty. kanban_create")
    first = await ready(board, "Implement", assignee="implementer")
    assert 'kanban_claim(assignee="implementer")' in (await board.show(s)).next
    second = await ready(board, "Test", assignee="tester")
    third = await ready(board, "Review", assignee="tester", parents=[first])
    overview = await board.show(s)
    assert overview.next == 'You hold nothing. Ready for tester: 1. Call kanban_claim(assignee="tester").'
    assert overview.ready == [{"id": second, "title": "Test", "priority": "normal"}]  # type: ignore[union-attr]
    assert overview.waiting == [f"{third} waits for {first} (implementer, ready)"]  # type: ignore[union-attr]


async def test_holding_several_show_lists_them_and_guesses_none(board: Board) -> None:
    s = worker("w")
    first, second = await take(board, s), await take(board, s)
    overview = await board.show(s)
    assert [row["id"] for row in overview.holding] == [first, second]  # type: ignore[union-attr]
    assert "name task_id in every call" in overview.next


async def test_a_list_is_narrowed_by_state_and_role_and_wrong_words_are_refused(board: Board) -> None:
    await ready(board, "a", assignee="tester")
    task = await ready(board, "b")
    await done(board, task)
    s = orchestrator()
    assert [row["title"] for row in (await board.list(s, state="done")).tasks] == ["b"]
    assert [row["title"] for row in (await board.list(s, assignee="Tester")).tasks] == ["a"]
    assert (await board.list(s)).counts["done"] == 1
    with pytest.raises(Invalid, match='Did you mean "ready"'):
        await board.list(s, state="redy")
