"""The two connections of one program: what one of them had open, the other does not take for a board that never was."""

from pathlib import Path

import pytest

from kanban_mcp.domain.errors import BoardUnavailable
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.base import Tx
from tests.store.conftest import tiny_options


def insert(tx: Tx, name: str = "new") -> int:
    return tx.insert("insert_thing", name=name, amount=0, parent=None)


def count(tx: Tx) -> int:
    return len(tx.all("things"))


@pytest.mark.parametrize("first", [insert, count])
@pytest.mark.parametrize("how", ["removed", "replaced"])
async def test_a_board_that_vanished_is_neither_missing_nor_made_anew(tmp_path: Path, first: object, how: str) -> None:
    board = tmp_path / "board.db"
    maker = SqliteStore(board, tiny_options())
    await maker.write(insert, "old")
    await maker.close()
    store = SqliteStore(board, tiny_options())
    await (store.write(insert) if first is insert else store.read(count))
    board.rename(tmp_path / "away.db")
    if how == "replaced":
        (tmp_path / "board.db-wal").rename(tmp_path / "away.db-wal")
        other = SqliteStore(board, tiny_options())
        await other.write(insert)
        await other.close()
    with pytest.raises(BoardUnavailable, match="removed or replaced"):
        await (store.read(count) if first is insert else store.write(insert))
    assert board.exists() == (how == "replaced")
    await store.close()
