"""An export, imported into an empty board, is the same board: row by row, and byte by byte when exported again."""

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import Invalid, PeopleOnly
from kanban_mcp.exchange import beads
from kanban_mcp.exchange.dump import TABLES, Reader
from kanban_mcp.service import exchanging
from kanban_mcp.service.board import Board
from kanban_mcp.store import migrate
from tests.conftest import Clock, MakeBoard, orchestrator, person, worker
from tests.exchange.boards import OWN, export, restore, tables
from tests.exchange.conftest import Bring
from tests.exchange.shapes import as_lines, make_issues
from tests.service.helpers import (
    SUMMARY,
    ask,
    ask_all,
    asking,
    blocked,
    done,
    dump,
    failed,
    in_review,
    parked,
    ready,
    state,
    take,
)

NOT_EXPORTED = OWN | {"state_counts", "sqlite_sequence"}  # the last two are kept by the database itself


@pytest.fixture
def other(make_board: MakeBoard, tmp_path: Path) -> Board:
    return make_board(path=tmp_path / "other" / "board.db")


@pytest.fixture
def other_path(tmp_path: Path) -> Path:
    return tmp_path / "other" / "board.db"


async def a_full_board(board: Board, clock: Clock) -> None:
    """Make a board on which everything has happened that leaves a row, and no run is open."""
    s = worker("w", role="implementer")
    parent = await take(board, s, await ready(board, "Ünïcode → 漢字 🎉", context="line\nline\ttab \u200d"))
    sub = (await board.create(s, title="Part", parents=[parent], idempotency_key="once")).task_id
    await board.comment(orchestrator(), task_id=parent, body="Look at the lexer first")
    await board.block(s, task_id=parent, reason=f"waits for {sub}")
    await done(board, sub)
    await take(board, s, parent)
    await board.complete(
        s,
        task_id=parent,
        summary=SUMMARY,
        metadata={"tests": 14, "rate": 0.1},
        evidence=[{"kind": "command", "run": "x", "exit_code": 0}],
    )
    await failed(board, await ready(board))
    await blocked(board, worker("b"))
    await parked(board, worker("p"))
    asked = await asking(board, worker("a"))
    await board.approve(person(), task_id=asked, note="Go on")
    await board.block(worker("a"), task_id=asked, reason="The build server is down", kind="transient", until="10m")
    await in_review(board, worker("r"))
    gone = await ready(board)
    await board.cancel(person(), task_id=gone, reason="Not wanted any more")
    await board.archive(person(), task_id=gone)
    await take(board, worker("silent"))
    clock.advance(board.policy.lease_for_ms + 1)
    await board.reap()
    await board.create(orchestrator(), title="An idea", triage=True)
    await board.update(person(), task_id=await ready(board), due_at="2h", max_attempts=5)
    await board.pause(person(), paused=True)


async def test_a_full_board_comes_back_as_it_was(
    board: Board, other: Board, board_path: Path, other_path: Path, clock: Clock
) -> None:
    await board.found("f" * 64)
    await a_full_board(board, clock)
    first = await export(board)
    got = await restore(other, first)
    assert got.taken_back == []
    assert got.paused
    assert tables(other_path) == tables(board_path)
    assert all(got.rows.get(name) for name in TABLES if name != "origins"), "the test shows every table"
    assert await export(other) == first
    assert await other.reap() == {}


async def test_an_imported_board_keeps_what_it_came_from(
    bring: Bring, board: Board, other: Board, board_path: Path, other_path: Path
) -> None:
    reading = beads.read(as_lines(make_issues(4)), "issues.jsonl")
    await bring(reading)
    await restore(other, await export(board))
    assert tables(other_path) == tables(board_path)
    assert (await bring(reading, board=other)).imported == 0


@pytest.mark.proves("S19")
async def test_work_goes_on_where_it_stood(board: Board, other: Board, clock: Clock) -> None:
    await a_full_board(board, clock)
    await restore(other, await export(board))
    await other.pause(person(), paused=False)
    newest = await ready(other)
    assert newest == await ready(board), "ids go on after the last one and are never given twice"
    await done(other, newest)
    repeated = await other.create(worker("w"), title="Part", parents=["TASK-001"], idempotency_key="once")
    assert repeated.task_id == "TASK-002", "a call that was answered before is answered the same"


@pytest.mark.proves("T12")
async def test_a_board_that_has_its_key_keeps_it_and_takes_an_export(
    board: Board, other: Board, other_path: Path, clock: Clock
) -> None:
    await board.found("a" * 64)
    await other.found("b" * 64)
    own = (await other.identity()).board_key
    await ready(board)
    first = await export(board)
    assert b"a" * 64 not in first
    assert (await board.identity()).board_key.encode() not in first
    assert b"operator" not in first
    await restore(other, first)
    kept = await other.identity()
    assert (kept.board_key, kept.operator_hash) == (own, "b" * 64)
    assert await export(other) == first


async def test_a_run_that_was_open_is_kept_and_taken_back(
    board: Board, other: Board, board_path: Path, other_path: Path
) -> None:
    working = await take(board, worker("w"))
    waiting = await asking(board, worker("a"))
    await done(board, await ready(board))
    before = dump(board_path)
    got = await restore(other, await export(board))
    assert dump(board_path) == before, "an export changes nothing"
    assert [(row["task_id"], row["state"]) for row in got.taken_back] == [
        (working, "ready"),
        (waiting, "awaiting_review"),
    ]
    assert ask_all(other_path, "SELECT outcome, counted FROM runs ORDER BY id") == [
        ("reclaimed", 1),
        ("parked", 0),
        ("done", 0),
    ]
    assert await state(other, waiting) == ("awaiting_review", "parked")
    assert await other.reap() == {}
    await other.approve(person(), task_id=waiting)
    await take(other, worker("w"), working)
    assert ask(other_path, "SELECT error FROM runs WHERE id = 1").startswith("The board was imported")


async def test_every_column_of_every_table_goes_out_or_is_named_here(board: Board, board_path: Path) -> None:
    """Whoever adds a column adds it to `dump.TABLES` and to `restore_<table>.sql`, or it would be lost on the way."""
    await ready(board)
    with closing(sqlite3.connect(board_path)) as file:
        names = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert names - NOT_EXPORTED == set(TABLES)
        for name, table in TABLES.items():
            columns = {row[1] for row in file.execute(f"PRAGMA table_xinfo({name})") if row[6] == 0}
            assert columns - ({"id"} if name == "events" else set()) == set(table.columns), name


async def test_the_export_is_plain_text_line_by_line(board: Board) -> None:
    await ready(board, "A title")
    lines = (await export(board)).decode().splitlines()
    assert json.loads(lines[0]) == {"kanban_export": 1, "schema": len(migrate.load()), "paused": False}
    assert json.loads(lines[-1])["end"]["tasks"] == 1
    assert [json.loads(line)["table"] for line in lines[1:-1]] == ["workers", "tasks", "events"]


async def test_a_dry_run_checks_all_and_writes_nothing(
    board: Board, other: Board, other_path: Path, clock: Clock
) -> None:
    await a_full_board(board, clock)
    await other.found("b" * 64)
    before = dump(other_path)
    got = await restore(other, await export(board), dry_run=True)
    assert got.dry_run
    assert got.rows["tasks"] > 5
    assert dump(other_path) == before


async def test_a_board_with_tasks_takes_no_export(board: Board, other: Board, other_path: Path) -> None:
    await ready(board)
    await ready(other)
    before = dump(other_path)
    with pytest.raises(Invalid, match="has 1 tasks already"):
        await restore(other, await export(board))
    assert dump(other_path) == before


@pytest.mark.proves("S12")
async def test_only_a_person_brings_in_approvals_and_results(board: Board, other: Board, other_path: Path) -> None:
    await ready(board)
    await other.found("b" * 64)
    data, before = await export(board), dump(other_path)
    for s in (orchestrator(), worker()):
        with pytest.raises(PeopleOnly):
            await exchanging.restore(other, s, Reader(io.BytesIO(data).readline, "x"))
    assert dump(other_path) == before
