"""Whole boards as text and back: the calls that the tests of identity share, and a look at what must be equal."""

import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from kanban_mcp.exchange.dump import Reader
from kanban_mcp.service import exchanging
from kanban_mcp.service.board import Board
from kanban_mcp.service.restoring import Restored
from tests.conftest import person

OWN = {"board", "schema_migrations"}  # a board's identity, and the history of its file


async def export(board: Board) -> bytes:
    written: list[bytes] = []
    await exchanging.export(board, written.append)
    return b"".join(written)


async def restore(board: Board, data: bytes, **terms: Any) -> Restored:
    return await exchanging.restore(board, person(), Reader(io.BytesIO(data).readline, "board.jsonl"), **terms)


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table but the board's own; events without their numbers, which each board counts."""
    with closing(sqlite3.connect(path)) as file:
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: file.execute(f"SELECT * FROM {name}").fetchall() for name in names if name not in OWN}
    events = [row[1:] for row in sorted(found["events"]) if row[3] != "operator_key_made"]
    sequence = sorted(row for row in found["sqlite_sequence"] if row[0] != "events")
    return {name: sorted(rows, key=repr) for name, rows in found.items()} | {
        "events": events,
        "sqlite_sequence": sequence,
    }
