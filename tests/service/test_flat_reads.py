"""Reads for people stay in the live part of a board: what their statements touch, asked of SQLite's planner."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.service.board import Board
from kanban_mcp.store.statements import Statements
from tests.service.helpers import done, ready

QUERIES: dict[str, dict[str, Any]] = {
    "behind": {"id": 1},
    "ended_tasks": {"state": "done", "assignee": None, "limit": 9},
    "tasks_in_state": {"state": "ready", "assignee": None, "limit": 9},
    "event_from": {"id": 1},
    "moves_after": {"first": 1, "limit": 9},
    "newest_events_of_task_before": {"task_id": 1, "before": 9, "limit": 9},
    "task_times": {"id": 1},
    "run_facts": {"id": 1},
    "oldest_waits": {"limit": 9},
    "waiting_on_people": {"limit": 9},
    "failed_to_archive": {"after": 0, "before_ms": 9, "limit": 9},
    "tasks_to_archive": {"state": "done", "after": 0, "before_ms": 9, "limit": 9},
    "waits_for_a_planner": {"before_ms": 9, "limit": 9},
    "ready_by_role": {"wall_ms": 9},
    "live_roles": {},
    "lately_served": {},
    "open_run_facts": {"limit": 9},
    "held_tasks": {},
}
OPEN_RUNS = {f"SCAN runs USING INDEX runs_{name}" for name in ("open", "held", "lease")}
SORTED = {
    "failed_to_archive",
    "oldest_waits",
    "waiting_on_people",
    "waits_for_a_planner",
    "ready_by_role",
    "live_roles",
    "lately_served",
}


@pytest.fixture
async def file(board: Board, board_path: Path) -> Path:
    """Give a board; like every board in use it has no statistics."""
    await done(board, await ready(board))
    return board_path


@pytest.mark.parametrize("name", QUERIES)
async def test_no_statement_goes_through_history(file: Path, name: str) -> None:
    with closing(sqlite3.connect(file)) as conn:
        rows = conn.execute(f"EXPLAIN QUERY PLAN {Statements('sqlite')[name]}", QUERIES[name]).fetchall()
    plan = [row[3] for row in rows]
    assert not [step for step in plan if step.startswith(("SCAN tasks", "SCAN events", "BLOOM FILTER"))], plan
    scans = [step for step in plan if step.startswith("SCAN runs")]
    assert not scans or name == "lately_served" or set(scans) <= OPEN_RUNS, "lately_served stops after a thousand"
    if name not in SORTED:
        assert not [step for step in plan if "TEMP B-TREE FOR ORDER BY" in step], plan


def test_every_query_that_sorts_reads_only_live_tasks() -> None:
    assert set(QUERIES) >= SORTED
