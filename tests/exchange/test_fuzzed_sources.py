"""Sources with anything in them: each is read or refused in words, and what is read makes a board that is sound."""

import asyncio
import io
import json
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanban_mcp.domain.errors import BoardError
from kanban_mcp.exchange import backlog, beads, claude_tasks, taskmaster
from kanban_mcp.exchange.dump import Reader
from kanban_mcp.exchange.files import Found
from kanban_mcp.exchange.records import Reading, Remarks
from kanban_mcp.service import exchanging
from kanban_mcp.service.board import Board
from kanban_mcp.service.importing import Terms
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.opening import SqliteOptions
from tests.conftest import Clock, person
from tests.exchange.boards import export, restore
from tests.service.helpers import done, ready

FUZZ = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
ids = st.one_of(st.sampled_from(["1", "2", "3", "bd-1", "bd-2", "bd-3", 1, 2, 3]), st.text(max_size=6), st.integers())
anything = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), ids,
        st.sampled_from(["", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "\ud800", "\0", "x" * 300]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip


def mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(usual, usual, usual, anything)


dependency = st.fixed_dictionaries(
    {"depends_on_id": mostly(ids), "type": mostly(st.sampled_from(["blocks", "parent-child", "related"]))}
)
issue = st.fixed_dictionaries(
    {"id": mostly(ids), "title": mostly(st.text(max_size=12))},
    optional={
        "status": mostly(st.sampled_from(["open", "closed", "hooked", "deferred", "tombstone"])),
        "priority": mostly(st.integers(-1, 5)),
        "created_at": mostly(st.datetimes().map(str)),
        "closed_at": mostly(st.datetimes().map(str)),
        "dependencies": mostly(st.lists(dependency, max_size=3)),
        "comments": mostly(st.lists(st.fixed_dictionaries({"text": anything, "author": anything}), max_size=2)),
        "description": anything,
        "labels": anything,
    },
)
subtask = st.fixed_dictionaries({"id": mostly(ids), "title": anything}, optional={"dependencies": anything})
task = st.fixed_dictionaries(
    {"id": mostly(ids), "title": mostly(st.text(max_size=12))},
    optional={
        "status": mostly(st.sampled_from(["pending", "done", "cancelled", "review"])),
        "dependencies": mostly(st.lists(ids, max_size=3)),
        "subtasks": mostly(st.lists(subtask, max_size=3)),
        "priority": anything,
        "details": anything,
    },
)
native = st.fixed_dictionaries(
    {"id": mostly(ids), "subject": anything},
    optional={
        "status": anything,
        "blockedBy": mostly(st.lists(ids, max_size=3)),
        "blocks": anything,
        "owner": anything,
    },
)


def as_lines(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def taken(read: Callable[[], Reading]) -> None:
    """Read a source; when it can be read, import it twice, work on the board, and send the board out and in again."""
    try:
        reading = read()
    except BoardError as why:
        refused = why
    else:
        asyncio.run(_taken(reading))
        return
    assert "Nothing was imported" in refused.message


async def _taken(reading: Reading) -> None:
    with tempfile.TemporaryDirectory() as folder:
        boards = [_board(Path(folder) / f"{name}.db") for name in ("one", "two")]
        try:
            await _checked(boards[0], boards[1], reading)
        finally:
            for board in boards:
                await board.close()


async def _checked(board: Board, other: Board, reading: Reading) -> None:
    terms = Terms(reading.source)
    first = await exchanging.bring(board, person(), reading, terms)
    assert first.imported == len(reading.tasks)
    again = await exchanging.bring(board, person(), reading, terms)
    assert (again.imported, again.already, again.changed) == (0, len(reading.tasks), [])
    assert "repaired" not in await board.reap()
    await board.view(person())
    await done(board, await ready(board))
    sent = await export(board)
    await restore(other, sent)
    assert await export(other) == sent


def _board(path: Path) -> Board:
    store = SqliteStore(path, SqliteOptions(may_create=True, synchronous="OFF"))
    return Board(store, clock=Clock(), is_gone=lambda _: False)


@FUZZ
@given(st.lists(issue, max_size=6))
def test_issues_of_beads(rows: list[Any]) -> None:
    taken(lambda: beads.read(as_lines(rows), "issues.jsonl"))


@FUZZ
@given(st.one_of(st.lists(task, max_size=5).map(lambda tasks: {"tasks": tasks}), anything))
def test_tasks_of_task_master(value: Any) -> None:
    taken(lambda: taskmaster.read(json.dumps(value).encode(), "tasks.json"))


@FUZZ
@given(st.lists(native, max_size=5))
def test_tasks_of_claude_code(rows: list[Any]) -> None:
    files = [Found(f"{n}.json", json.dumps(row).encode()) for n, row in enumerate(rows)]
    taken(lambda: claude_tasks.read(files, "list", Remarks()))


NAMES = (
    "id",
    "title",
    "status",
    "dependencies",
    "parent_task_id",
    "assignee",
    "labels",
    "created_date",
    "priority",
    "x",
)
yaml_value = st.one_of(
    st.text(alphabet="ab@-:#[]{}&*!|>'\"\\, \t0", max_size=10),
    st.sampled_from(
        ["task-1", "task-2", "[task-1, task-2]", "[@a, b]", "@a", "Done", "To Do", "\n  - task-1", "2025-01-01", "~"]
    ),
)
head = st.lists(st.tuples(st.sampled_from(NAMES), yaml_value), max_size=8)


@FUZZ
@given(st.lists(st.tuples(st.sampled_from(["task-1", "task-2", "TASK-3"]), head, st.text(max_size=30)), max_size=4))
def test_files_of_backlog(tasks: list[Any]) -> None:
    texts = [
        f"---\nid: {id_}\n" + "".join(f"{name}: {value}\n" for name, value in fields) + f"---\n{body}"
        for id_, fields, body in tasks
    ]
    files = [Found(f"{n}.md", text.encode("utf-8", "surrogatepass")) for n, text in enumerate(texts)]
    taken(lambda: backlog.read([backlog.Folder(None, files)], None, Remarks()))


@FUZZ
@given(st.binary(max_size=400))
def test_bytes_of_any_kind(data: bytes) -> None:
    for read in (
        lambda: beads.read(data, "x"),
        lambda: taskmaster.read(data, "x"),
        lambda: claude_tasks.read([Found("1.json", data)], "list", Remarks()),
        lambda: backlog.read([backlog.Folder(None, [Found("1.md", data)])], Found("config.yml", data), Remarks()),
    ):
        taken(read)
    try:
        list(Reader(io.BytesIO(data).readline, "x"))
    except BoardError:
        return
    raise AssertionError("random bytes are no export")


async def _sample() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        board = _board(Path(folder) / "one.db")
        try:
            first = await ready(board)
            await ready(board, "Then test it", parents=[first])
            await done(board, first)
            return [json.loads(line) for line in (await export(board)).splitlines()]
        finally:
            await board.close()


SAMPLE = asyncio.run(_sample())


@FUZZ
@given(st.integers(1, len(SAMPLE) - 2), st.data())
def test_an_export_with_one_value_changed_is_refused_or_makes_a_sound_board(at: int, data: st.DataObject) -> None:
    lines = json.loads(json.dumps(SAMPLE))
    name = data.draw(st.sampled_from(sorted(lines[at])))
    lines[at][name] = data.draw(st.one_of(anything, st.integers(0, 5)))
    asyncio.run(_restored(as_lines(lines)))


async def _restored(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        board = _board(Path(folder) / "one.db")
        try:
            await restore(board, data)
            assert "repaired" not in await board.reap()
            await board.view(person())
            await board.list(person())
            assert await board.events()
        except BoardError:
            return
        finally:
            await board.close()


def test_the_sample_itself_is_taken() -> None:
    call: Awaitable[None] = _restored(as_lines(SAMPLE))
    asyncio.run(call)  # type: ignore[arg-type]  # a coroutine, which is awaitable
