"""Calls of every tool with arguments drawn from its own schema, right and wrong, on a board in many states.

Not with a shrinking library: thousands of calls per tool on one board want a plain generator, and a seed repeats them.
"""

import json
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from kanban_mcp import app
from kanban_mcp.domain.errors import PUBLIC_CODES
from kanban_mcp.server.tools import BY_NAME
from kanban_mcp.service.board import Board
from tests.protocol.boards import Witness, damage
from tests.protocol.frame_fuzz import Failed
from tests.protocol.payloads import PAYLOADS
from tests.server.conftest import ERAS, a_session, connected, text_of

PER_BOARD = 250  # calls before a fresh board: a small one is compared faster
REFUSAL_LIMIT = 2_000  # characters

IDS = [
    *(f"TASK-{number:03}" for number in range(1, 9)),
    "task-3",
    "5",
    "TASK-999",
    "TASK-0",
    "run-1",
    "run-4",
    "run-99",
]
ODD_TEXTS = [
    "", " ", "x", "a\0b", "\x1b[31mred", "\u202eevil", "\u200b", "\ufeff", "\n", "🙂" * 50, "9" * 400, "x" * 201,
    "x" * 70_000, "é" * 40_000, "-5s", "0d", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "cmd:true", "verifier",
    "file:../../etc/passwd", "url:http://127.0.0.1/", "human", "null", "[]", "{}", '["TASK-001"]', "sk-" + "a" * 40,
]  # fmt: skip
SENTENCES = [
    "Parser reads v2; 14 tests pass",
    "Which grammar does it follow?",
    "Wait for TASK-002",
    "The API has no such call",
]
LIKELY: dict[str, Sequence[Any]] = {
    **dict.fromkeys(("task_id", "parent", "run_id"), IDS),
    **dict.fromkeys(("title", "summary", "reason", "body", "answer", "note", "context", "default"), SENTENCES),
    "assignee": ["implementer", "tester", "reviewer", "Tester", "no role"],
    "ref": ["a", "b", "c", "d"],
    "after": ["a", "b", "c", "TASK-001"],
    "part_of": ["a", "b", "TASK-002"],
    "parents": IDS,
    "task_ids": IDS,
    "due_at": ["30m", "2020-01-01T00:00:00Z", "soon"],
    "until": ["30m", "attention", "terminal"],
    "idempotency_key": ["k1", "k2", "k3"],
    "acceptance": ["cmd:true", "file:README.md", "It reads well"],
    "state": ["ready", "done", "blocked", "in_progress", "nowhere"],
}
"""What a caller in its right mind sends, by argument: drawn mostly, so that calls get past the first check."""
NUMBERS: list[Any] = [
    0,
    1,
    -1,
    45,
    2**31,
    2**53,
    2**63,
    2**64,
    -(2**63),
    10**300,
    0.5,
    1e308,
    float("nan"),
    float("inf"),
    True,
]
WAITS = {"wait_s", "timeout_s"}  # never drawn above 0: a fuzz that waits finds nothing more


class Arguments:
    """Draws arguments of tools."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def of(self, tool: str) -> dict[str, Any]:
        """Draw arguments: half of the time as the schema says, else with one or two things wrong."""
        schema = BY_NAME[tool].listed().input_schema
        drawn = self._object(schema)
        for _ in range(self.random.choice((0, 0, 1, 2))):
            self._spoil(drawn, schema)
        return {
            name: 0 if name in WAITS and isinstance(value, int | float | str) else value
            for name, value in drawn.items()
        }

    def _spoil(self, drawn: dict[str, Any], schema: dict[str, Any]) -> None:
        name = self.random.choice([*schema["properties"], "unknown", "actor", "Title", ""])
        if self.random.random() < 0.2:
            drawn.pop(name, None)
        else:
            drawn[name] = self._junk()

    def _object(self, schema: dict[str, Any]) -> dict[str, Any]:
        required = {*schema.get("required", ()), *(WAITS & schema["properties"].keys())}
        names = [name for name in schema["properties"] if name in required or self.random.random() < 0.4]
        return {name: self._value(name, schema["properties"][name]) for name in names}

    def _value(self, name: str, schema: dict[str, Any]) -> Any:
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "array":
            return [self._value(name, schema["items"]) for _ in range(self.random.choice((0, 1, 1, 2, 3)))]
        if kind == "object":
            return self._object(schema) if "properties" in schema else self._free()
        if kind == "integer":
            return 0 if name in WAITS else self.random.randint(schema.get("minimum", 0), schema.get("maximum", 100))
        if kind == "boolean":
            return self.random.random() < 0.5
        return self.random.choice(LIKELY[name]) if name in LIKELY and self.random.random() < 0.85 else self._text()

    def _free(self) -> dict[str, Any]:
        """Draw an object without a schema of its own: evidence, or metadata."""
        kind = self.random.choice(["file", "commit", "command", "url", "other"])
        keys = self.random.sample(
            ["path", "sha", "run", "exit_code", "url", "status", "sha256", "verdict", "findings"], 2
        )
        return {"kind": kind, **{key: self._junk() for key in keys}}

    def _text(self) -> str:
        return self.random.choice([*ODD_TEXTS, *IDS, *PAYLOADS])

    def _junk(self, depth: int = 0) -> Any:
        choice = self.random.randrange(8 if depth < 3 else 6)
        if choice == 6:
            return [self._junk(depth + 1) for _ in range(self.random.choice((0, 1, 3)))]
        if choice == 7:
            return {self._text()[:300]: self._junk(depth + 1) for _ in range(self.random.choice((0, 1, 2)))}
        if choice < 2:
            return self.random.choice(NUMBERS)
        return None if choice == 2 else self._text()


async def run(seed: int, calls: int, tools: Sequence[str] = tuple(BY_NAME)) -> dict[str, Counter[str]]:
    """Call each tool so many times, half of them in either era. Returns how often each ended how, by code.

    Raises:
        Failed: an answer had the wrong shape, a refusal no public code, or a refused call left a trace.
    """
    ended: dict[str, Counter[str]] = {}
    for tool in tools:
        ended[tool] = Counter()
        at_once = min(PER_BOARD, -(-calls // len(ERAS)))  # few calls, too, are made in both eras
        for start in range(0, calls, at_once):
            part = min(at_once, calls - start)
            era = ERAS[(start // at_once + seed) % len(ERAS)]
            ended[tool] += await _on_fresh_board(f"{seed}/{tool}/{start}", tool, part, era)
    return ended


async def _on_fresh_board(seed: str, tool: str, calls: int, era: str) -> Counter[str]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "board.db"
        settings = app.set_up(Path(name), {"KANBAN_DB": str(path), "KANBAN_CONFIG_HOME": name + "/keys"})
        board = app.open_board(settings)
        try:
            await populate(board, with_subtask=tool != "kanban_complete")  # with one open, nothing can be completed
            return await _call(board, path, seed, tool, calls, era)
        finally:
            await board.close()
            assert damage(path) == []


async def populate(board: Board, *, with_subtask: bool) -> None:
    """Make a task in each of the states that verbs care about; the caller of the fuzz holds the first."""
    boss, own = a_session(board, env={"KANBAN_SESSION_ID": "boss"}), a_session(board)
    async with connected(boss) as client:
        for title in ("Write it", "Test it", "Ask it", "Block it", "Fail it", "Hold it"):
            await client.call_tool("kanban_create", {"title": title})
        await client.call_tool("kanban_create", {"title": "After it", "parents": ["TASK-001"], "triage": True})
        for task, tool, more in (
            ("TASK-003", "kanban_request_approval", {"summary": "Delete the old parser", "wait_s": 0}),
            ("TASK-004", "kanban_block", {"reason": "Which grammar does it follow?"}),
            ("TASK-005", "kanban_fail", {"reason": "The call does not exist in the API", "retry": False}),
        ):
            await client.call_tool("kanban_claim", {"task_id": task})
            assert not (await client.call_tool(tool, {"task_id": task, **more})).is_error
    async with connected(own) as client:
        await client.call_tool("kanban_claim", {"task_id": "TASK-001"})
        if with_subtask:
            await client.call_tool("kanban_create", {"title": "Part of it", "parents": ["TASK-001"]})


async def _call(board: Board, path: Path, seed: str, tool: str, calls: int, era: str) -> Counter[str]:
    ended, drawn, witness = Counter[str](), Arguments(hash_of(seed)), Witness(path)
    shape = Draft202012Validator(dict(BY_NAME[tool].answer))
    commits, state = witness.commits(), witness.state()
    async with connected(a_session(board, "operator", is_person=True), era) as client:
        for number in range(calls):
            given = drawn.of(tool)
            result = await client.call_tool(tool, given)
            code = read(result, shape, f"call {number} of {seed}: {json.dumps(given)[:600]}")
            ended[code] += 1
            if result.is_error and witness.commits() != commits and witness.state() != state:
                raise Failed(f"a refused call left a trace: call {number} of {seed}: {json.dumps(given)[:600]}")
            if witness.commits() != commits:
                commits, state = witness.commits(), witness.state()
    witness.close()
    return ended


def read(result: Any, shape: Draft202012Validator, told: str) -> str:
    """Return the code with which a call ended, "" for an answer.

    Raises:
        Failed: it has not the form that every answer has.
    """
    text = text_of(result)
    if not result.is_error:
        if json.loads(text) != result.structured_content or next(iter(result.structured_content)) != "next":
            raise Failed(f"text and structure differ, or next is not first: {told}")
        if errors := [error.message for error in shape.iter_errors(result.structured_content)]:
            raise Failed(f"{errors[:2]}: {told}")
        return ""
    code = text[1:].partition("]")[0]
    if code not in PUBLIC_CODES or "pydantic" in text or len(text) > REFUSAL_LIMIT:
        raise Failed(f"no refusal of ours: {text[:300]}: {told}")
    return code


def hash_of(seed: str) -> int:
    """Return a number for a text, the same in every process."""
    return int.from_bytes(seed.encode()[:64], "big")


def told(ended: dict[str, Counter[str]]) -> str:
    """Return the figures of a run."""
    lines = []
    for tool, codes in ended.items():
        rest = ", ".join(f"{number} {code}" for code, number in codes.most_common() if code)
        lines.append(f"{tool:26} {codes.total():6} calls, {codes['']:5} answered; refused: {rest}")
    return "\n".join(lines)
