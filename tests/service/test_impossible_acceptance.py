"""Every way to write acceptance refuses what can never hold."""

import pytest

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.service.board import Board
from tests.conftest import orchestrator

OUTSIDE = ["file:../../x"]


async def test_create_plan_and_update_refuse_it_and_change_nothing(board: Board) -> None:
    await board.create(orchestrator(), title="Write the parser")
    with pytest.raises(Invalid, match="can never hold"):
        await board.create(orchestrator(), title="Another", acceptance=OUTSIDE)
    with pytest.raises(Invalid, match=r"tasks\[0\]\.acceptance"):
        await board.plan(orchestrator(), tasks=[{"ref": "a", "title": "Another", "acceptance": OUTSIDE}])
    with pytest.raises(Invalid, match="can never hold"):
        await board.update(orchestrator(), task_id="1", acceptance=OUTSIDE)
    assert [event.kind for event in await board.events()] == ["created"]
