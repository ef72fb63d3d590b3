"""A file that is no whole export, or that contradicts itself, is refused by line, and the board stays as it was."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.exchange.dump import Reader
from kanban_mcp.service.board import Board
from tests.conftest import MakeBoard, person, worker
from tests.exchange.boards import export, restore
from tests.service.helpers import asking, dump, parked, ready, take

Lines = list[dict[str, Any]]


@pytest.fixture
async def lines(board: Board) -> Lines:
    """The lines of a good export: a waiting task, one under work, one asking, one parked."""
    first = await ready(board)
    await ready(board, "Then test it", parents=[first])
    await take(board, worker("w"))
    await asking(board, worker("a"))
    await parked(board, worker("p"))
    return [json.loads(line) for line in (await export(board)).splitlines()]


@pytest.fixture
async def empty(make_board: MakeBoard, tmp_path: Path) -> Board:
    made = make_board(path=tmp_path / "other" / "board.db")
    await made.found("b" * 64)
    return made


def joined(lines: Lines) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def row(lines: Lines, table: str, **where: Any) -> dict[str, Any]:
    return next(
        line
        for line in lines
        if line.get("table") == table and all(line[name] == value for name, value in where.items())
    )


async def refused(empty: Board, tmp_path: Path, data: bytes, said: str) -> None:
    before = dump(tmp_path / "other" / "board.db")
    with pytest.raises(Invalid) as why:
        await restore(empty, data)
    assert said in str(why.value)
    assert dump(tmp_path / "other" / "board.db") == before


Damage = Callable[[Lines], Any]
DAMAGES: dict[str, tuple[Damage, str]] = {
    "no head": (lambda lines: lines.pop(0), "line 1: this is no export of a board"),
    "newer format": (lambda lines: lines[0].update(kanban_export=2), "this program knows"),
    "newer schema": (lambda lines: lines[0].update(schema=999), "of schema 999, this program knows"),
    "cut off": (lambda lines: lines.pop(), "the export ends too early"),
    "a row lost": (lambda lines: lines.remove(row(lines, "events")), "the end counts other rows"),
    "a row after the end": (lambda lines: lines.append(lines[1]), "something follows the end"),
    "another table": (lambda lines: lines[1].update(table="board"), 'line 2: table "board" is not part'),
    "no table": (lambda lines: lines[1].pop("table"), "is not part of an export"),
    "a column too many": (lambda lines: lines[1].update(operator_hash="x"), '"operator_hash" is no column'),
    "a column too few": (lambda lines: lines[1].pop("key"), "line 2: key is missing"),
    "a list for a text": (lambda lines: lines[1].update(key=["x"]), "key is no plain value"),
    "true for a number": (lambda lines: lines[1].update(several=True), "several is no plain value"),
    "a huge number": (lambda lines: lines[1].update(id=2**70), "id is no plain value"),
    "text for a number": (lambda lines: lines[1].update(id="one"), "no board can hold this row of workers"),
    "an unknown state": (
        lambda lines: row(lines, "tasks").update(state="hooked"),
        "no board can hold this row of tasks",
    ),
    "the same id twice": (lambda lines: row(lines, "tasks", id=2).update(id=1), "no board can hold this row of tasks"),
    "a lone surrogate": (lambda lines: row(lines, "tasks").update(title="\ud800"), "title holds half of a character"),
    "NUL": (lambda lines: row(lines, "tasks").update(title="a\0b"), "title holds half of a character or NUL"),
    "acceptance that is no JSON": (lambda lines: row(lines, "tasks").update(acceptance="["), "acceptance"),
    "event data that is no JSON": (lambda lines: row(lines, "events").update(data="{"), "data"),
    "a run of nobody": (lambda lines: row(lines, "runs").update(worker_id=99), "refers to a row of workers"),
    "an event of no task": (lambda lines: row(lines, "events").update(task_id=99), "refers to a row of tasks"),
    "waits that are no links": (
        lambda lines: row(lines, "tasks", id=2).update(waits_after=0, state="ready"),
        "not what its links say (id 2)",
    ),
    "a run for two tasks": (lambda lines: row(lines, "tasks", id=3).update(run_id=2), "a run is open that its task"),
    "a request nobody asked": (lambda lines: row(lines, "approvals").update(task_id=1), "a request is open"),
    "a circle": (
        lambda lines: (
            lines.insert(-1, {"table": "links", "child_id": 1, "parent_id": 2, "relation": "after"}),
            row(lines, "tasks", id=1).update(waits_after=1, state="pending"),
            lines[-1]["end"].update(links=2),
        ),
        "tasks wait for each other",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_export_is_refused_and_changes_nothing(
    lines: Lines, empty: Board, tmp_path: Path, damage: str
) -> None:
    spoil, said = DAMAGES[damage]
    await restore_is_possible(lines, empty)
    spoil(lines)
    await refused(empty, tmp_path, joined(lines), said)


async def restore_is_possible(lines: Lines, empty: Board) -> None:
    assert (await restore(empty, joined(lines), dry_run=True)).rows["tasks"] == 5


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1: the export ends too early"),
        (b"\n", "line 1, column 1: this is not JSON"),
        (b"[1]\n", "line 1: this is no line of an export"),
        (b"\xff\xfe{", "line 1: byte 1 is not UTF-8"),
        (b"{" * 100_000, "line 1"),
        (b" " * (10 << 20), "line 1: the line has more than"),
        (b'{"id": "bd-1", "title": "An issue of beads"}\n', "say --from what it is"),
    ],
    ids=["empty", "blank", "list", "encoding", "deep", "long", "beads"],
)
async def test_what_is_no_export_at_all_is_refused_by_line(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=r"board\.jsonl") as why:
        Reader(io.BytesIO(data).readline, "board.jsonl")
    assert said in str(why.value)


async def test_an_export_of_an_earlier_schema_is_filled_up(lines: Lines, empty: Board) -> None:
    lines[0]["schema"] = 1
    for line in lines:
        if line.get("table") == "tasks":
            del line["due_from_ms"]
    assert (await restore(empty, joined(lines))).rows["tasks"] == 5
    await empty.update(person(), task_id="TASK-001", priority="high")
