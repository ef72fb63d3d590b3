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


_FEW_ROWS = {"board", "is_paused", "set_operator_hash", "set_paused", "state_counts"}
_READS_WHOLE = _FEW_ROWS | {"all_links", "board_holds"}  # export takes everything, and import asks for an empty board


@pytest.mark.parametrize("name", sorted(set(SHIPPED.names()) - _READS_WHOLE))
def test_no_query_reads_through_a_table_of_history(shipped: sqlite3.Connection, name: str) -> None:
    """Claim and reap stay flat up to a million tasks only while nothing walks tasks, runs, links or events whole."""
    sql = SHIPPED[name]
    params = dict.fromkeys(re.findall(r"[:](\w+)", sql), 1)
    plan = [row[3] for row in shipped.execute(f"EXPLAIN QUERY PLAN {sql}", params)]
    tables = {row[0] for row in shipped.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    walks = [step for step in plan if step.startswith("SCAN") and step.split()[1] in tables]
    bounded = ("runs_open", "runs_held", "runs_lease", "approvals_open", "approvals_expiry", "tasks_ready")
    assert [step for step in walks if step.split()[-1] not in bounded and not _is_tail(sql, step)] == []


def _is_tail(sql: str, step: str) -> bool:
    """Say whether a walk is backwards along the key to a limit: it ends after that many rows."""
    return step.split() == ["SCAN", step.split()[1]] and "ORDER BY id DESC LIMIT" in sql


def test_a_claim_goes_straight_to_the_next_task_of_its_role(shipped: sqlite3.Connection) -> None:
    params = dict.fromkeys(re.findall(r"[:](\w+)", SHIPPED["next_ready"]), 1)
    plan = [row[3] for row in shipped.execute(f"EXPLAIN QUERY PLAN {SHIPPED['next_ready']}", params)]
    assert plan == ["SEARCH tasks USING INDEX tasks_ready (state=? AND assignee=?)"]
