"""The schema and the queries that ship: every query compiles, on a board made by the migrations that ship."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanban_mcp.store import migrate
from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import SqliteFile
from kanban_mcp.store.statements import Statements

SHIPPED = Statements("sqlite")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("schema") / "board.db"
    with SqliteFile(path, SqliteOptions(may_create=True)) as file:
        file.write(lambda _: None)
        conn = sqlite3.connect(path)
        yield conn
        conn.close()


@pytest.mark.parametrize("name", SHIPPED.names())
def test_every_query_compiles_against_the_schema(shipped: sqlite3.Connection, name: str) -> None:
    sql = SHIPPED[name]
    params = dict.fromkeys(re.findall(r"[:](\w+)", sql))
    shipped.execute(f"EXPLAIN {sql}", params)


@pytest.mark.parametrize("name", SHIPPED.names())
def test_every_query_is_one_statement_of_at_most_fifty_lines(name: str) -> None:
    file = SHIPPED.folder / f"{name}.sql"
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 50
    assert len(list(migrate.statements(text.rstrip() if text.rstrip().endswith(";") else f"{text.rstrip()};"))) == 1


def test_every_table_is_strict(shipped: sqlite3.Connection) -> None:
    tables = shipped.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert [name for name, sql in tables if "STRICT" not in sql] == []


def test_the_shipped_steps_are_numbered() -> None:
    assert migrate.load()[0].name == "board"
    assert Path(migrate.MIGRATIONS).is_dir()
