"""What the tests of import and export stand on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.exchange.records import Reading
from kanban_mcp.service import exchanging
from kanban_mcp.service.board import Board
from kanban_mcp.service.importing import Imported, Terms
from tests.conftest import person

Bring = Callable[..., Any]


@pytest.fixture
def bring(board: Board) -> Bring:
    """Import a reading as a person."""

    async def call(reading: Reading, board: Board = board, **terms: Any) -> Imported:
        return await exchanging.bring(board, person(), reading, Terms(reading.source, **terms))

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty project folder."""
    made = tmp_path / "project"
    made.mkdir()
    return made
