"""Every tool, fuzzed from its own schema in both eras: an answer in shape, or a refusal that changed nothing."""

import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import validate

from kanban_mcp import app
from kanban_mcp.domain.errors import PUBLIC_CODES
from kanban_mcp.server.tools import BY_NAME
from kanban_mcp.service.board import Board
from tests.server.conftest import ERAS, a_session, connected, text_of

IDS = [
    "TASK-001",
    "TASK-002",
    "TASK-003",
    "TASK-004",
    "TASK-005",
    "task-6",
    "7",
    "TASK-999",
    "run-1",
    "run-2",
    "run-99",
]
WORDS = [
    "implementer", "tester", "reviewer", "ready", "done", "v2", "30m", "2020-01-01T00:00:00Z", "verifier", "human", "",
    "Parser reads v2; 14 tests pass", "cmd:true", "file:../../etc/passwd", "url:http://127.0.0.1/", "🙂", "a\x00b",
    "\x1b[31mred", "' OR 1=1 --", "TASK-001 must end first", "9" * 400, "x" * 70_000, "-5s", "0d", "\u202eevil",
]  # fmt: skip
TEXTS = st.sampled_from(IDS) | st.sampled_from(WORDS) | st.text(max_size=40)
TASK = st.sampled_from(IDS[:6])
SENTENCE = st.sampled_from(
    ["Parser reads v2; 14 tests pass", "Which grammar does it follow?", "Wait for TASK-002", "Läuft"]
)
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("task_id", "parent"), TASK),
    **dict.fromkeys(("parents", "task_ids", "after"), st.lists(TASK, max_size=3, unique=True)),
    **dict.fromkeys(("title", "summary", "reason", "body", "answer", "note", "context", "default"), SENTENCE),
    "run_id": st.sampled_from(["run-1", "run-4"]),
    "assignee": st.sampled_from(["implementer", "tester", "reviewer"]),
    "ref": st.sampled_from(["a", "b", "c"]),
    "part_of": st.just([]),
    "due_at": st.sampled_from(["30m", "2020-01-01T00:00:00Z"]),
    "until": st.sampled_from(["30m", "attention", "terminal"]),
    "verify": st.just("verifier"),
    "review": st.just("human"),
    "idempotency_key": st.sampled_from(["k1", "k2"]),
    "acceptance": st.lists(st.sampled_from(["cmd:true", "file:README.md", "It reads well"]), max_size=2),
}
"""What a caller in its right mind sends; drawn most of the time, so that calls get past the first check."""
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
NEVER_WAITED = {"wait_s", "timeout_s"}  # a fuzz that waits is slow and finds nothing more
EXAMPLES = 25


def values(schema: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
    """Return values that a schema allows."""
    if name in LIKELY and "enum" not in schema:
        return st.integers(0, 11).flatmap(lambda dice: LIKELY[name] if dice else values(schema))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "integer":
        return st.just(0) if name in NEVER_WAITED else st.integers(0, schema.get("maximum", 2**70))
    if schema["type"] == "boolean":
        return st.booleans()
    if schema["type"] == "array":
        return st.lists(values(schema["items"]), max_size=4)
    if schema["type"] == "object":
        return objects(schema) if "properties" in schema else st.dictionaries(TEXTS, JUNK, max_size=3) | evidence()
    return TEXTS


def objects(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    required = {*schema.get("required", ()), *(NEVER_WAITED & schema["properties"].keys())}
    fields = {name: values(inner, name) for name, inner in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: strategy for name, strategy in fields.items() if name in required},
        optional={name: strategy for name, strategy in fields.items() if name not in required},
    )


def evidence() -> st.SearchStrategy[dict[str, Any]]:
    keys = st.sampled_from(["path", "sha", "run", "exit_code", "url", "status", "sha256"])
    kinds = st.sampled_from(["file", "commit", "command", "url", "other"])
    return st.builds(lambda kind, rest: {"kind": kind, **rest}, kinds, st.dictionaries(keys, JUNK, max_size=3))


@st.composite
def arguments(draw: st.DrawFn, tool: str) -> dict[str, Any]:
    """Draw arguments of a tool: mostly as its schema says, now and then with one thing wrong."""
    schema = BY_NAME[tool].listed().input_schema
    given_arguments = draw(objects(schema))
    if draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from([*schema["properties"], "unknown", "worker"]))
        wrong = JUNK.filter(lambda value: not isinstance(value, int | float)) if name in NEVER_WAITED else JUNK
        given_arguments[name] = draw(wrong)
    return given_arguments


def rows_of(path: Path) -> str:
    """Return every row of every table."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return json.dumps(
            {table: [list(row) for row in connection.execute(f'SELECT * FROM "{table}"')] for table in tables},
            default=str,
        )
    finally:
        connection.close()


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    """A board with a task in each of the states that verbs care about; the fuzzing caller holds one of them."""
    opened = app.open_board(app.set_up(tmp_path, {"KANBAN_DB": str(tmp_path / "board.db")}))
    boss, fuzzer = a_session(opened, env={"KANBAN_SESSION_ID": "boss"}), a_session(opened)
    async with connected(boss) as client:
        for title in ("Write it", "Test it", "Ask it", "Block it", "Fail it"):
            await client.call_tool("kanban_create", {"title": title})
        await client.call_tool("kanban_create", {"title": "After it", "parents": ["TASK-001"], "triage": True})
        for task, tool, more in (
            ("TASK-003", "kanban_request_approval", {"summary": "Delete the old parser", "wait_s": 0}),
            ("TASK-004", "kanban_block", {"reason": "Which grammar does it follow?"}),
            ("TASK-005", "kanban_fail", {"reason": "The call does not exist in the API", "retry": False}),
        ):
            await client.call_tool("kanban_claim", {"task_id": task})
            assert not (await client.call_tool(tool, {"task_id": task, **more})).is_error
    async with connected(fuzzer) as client:
        await client.call_tool("kanban_claim", {"task_id": "TASK-001"})
    yield opened
    await opened.close()


@pytest.mark.proves("S17", "T18")
@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("tool", BY_NAME)
@given(data=st.data())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],  # one board for all examples
)
async def test_a_fuzzed_call_is_answered_in_shape_or_refused_without_a_trace(
    board: Board, tmp_path: Path, tool: str, era: str, data: st.DataObject
) -> None:
    given_arguments = data.draw(arguments(tool))
    before = rows_of(tmp_path / "board.db")
    async with connected(a_session(board, "operator", is_person=True), era) as client:
        result = await client.call_tool(tool, given_arguments)
    text = text_of(result)
    if result.is_error:
        assert text[1:].partition("]")[0] in PUBLIC_CODES, text
        assert "pydantic" not in text
        assert len(text) < 2_000
        assert rows_of(tmp_path / "board.db") == before
    else:
        assert json.loads(text) == result.structured_content
        assert next(iter(result.structured_content)) == "next"
        validate(result.structured_content, dict(BY_NAME[tool].answer))
