"""A board's path goes into an SQLite URI: nothing in it may be read as the end of the path."""

from pathlib import Path

import pytest

from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import SqliteFile


@pytest.mark.parametrize(
    "name", ["a b", "why?", "no#1", "100%", "%41", "mode=ro?mode=ro", "ünïcode", "a&b=c", "quote'\""]
)
def test_a_board_lies_exactly_where_its_path_says(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir(mode=0o700)
    with SqliteFile(folder / "board.db", SqliteOptions(may_create=True)) as file:
        assert file.write(lambda tx: tx.one("board"))["board_key"]
        assert (folder / "board.db").stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
