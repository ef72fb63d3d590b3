"""The table of odd inputs (reference F17): each is refused by a text that names the limit, and leaves no trace.

Every row is sent over the wire to a real server, since most of them are cut off before a tool sees them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.protocol.boards import Witness, damage
from tests.protocol.frame_fuzz import MEMORY_KIB
from tests.protocol.frames import dumped, nested
from tests.protocol.wire import Wire

BIG = 10 << 20


@dataclass
class Odd:
    """A server that holds a task, and a witness of its board."""

    wire: Wire
    witness: Witness
    folder: Path

    def call(self, tool: str, arguments: dict[str, Any] | bytes) -> Any:
        """Call a tool with arguments that may be raw bytes; returns the whole reply."""
        raw = arguments if isinstance(arguments, bytes) else json.dumps(arguments).encode()
        frame = dumped(id="odd", method="tools/call", params={"name": tool, "arguments": "@"}).replace(b'"@"', raw)
        self.wire.send(frame + b"\n")
        return self.wire.receive()


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Odd]:
    folder = tmp_path_factory.mktemp("odd")
    wire = Wire(folder)
    try:
        wire.shake_hands()
        wire.call("kanban_create", title="Write the parser")
        wire.call("kanban_claim", task_id="TASK-001")
        yield Odd(wire, Witness(folder / "board.db"), folder)
        assert damage(folder / "board.db") == []
        assert "Traceback" not in wire.errors()
    finally:
        wire.kill()


def complete(**more: Any) -> dict[str, Any]:
    return {"summary": "The parser reads lists; 14 tests pass", "wait_s": 0, **more}


def chain(length: int, *, closed: bool) -> list[dict[str, Any]]:
    """Return a plan in which each task waits for the one before it, and the first for the last when `closed`."""
    tasks: list[dict[str, Any]] = [{"ref": f"t{n}", "title": f"T{n}", "after": [f"t{n - 1}"]} for n in range(length)]
    tasks[0]["after"] = [f"t{length - 1}"] if closed else []
    return tasks


DEEP = b'{"summary":"The parser reads lists","metadata":{"a":@}}'
TABLE: list[tuple[str, str, Any, str]] = [
    ("a summary of 10 MiB", "kanban_complete", complete(summary="x" * BIG), "at most 1,048,576 fit"),
    ("a summary over 64 KiB", "kanban_complete", complete(summary="x" * 65_537), "at most 65,536 bytes fit"),
    ("a summary over 64 KiB in few characters", "kanban_complete", complete(summary="é" * 40_000), "at most 65,536"),
    ("metadata over 64 KiB", "kanban_complete", complete(metadata={"a": ["x" * 30_000] * 3}), "65,536 fit"),
    ("a title over 200 characters", "kanban_create", {"title": "x" * 201}, "at most 200 fit"),
    ("NUL in a title", "kanban_create", {"title": "a\0b"}, "control characters"),
    ("NUL in a summary", "kanban_complete", complete(summary="a\0b"), "control characters"),
    ("NUL in metadata", "kanban_complete", complete(metadata={"a": "b\0"}), "control characters"),
    ("half a character", "kanban_create", b'{"title":"a\\ud800b"}', "not valid JSON"),
    ("right-to-left override", "kanban_create", {"title": "txt.\u202egpj"}, "control characters"),
    ("zero-width space", "kanban_create", {"title": "ad\u200bmin"}, "control characters"),
    ("escape sequences", "kanban_comment", {"task_id": "TASK-001", "body": "\x1b]0;owned\x07"}, "control characters"),
    ("2^63 as a limit", "kanban_list", {"limit": 2**63}, "limit must be at most"),
    ("-2^63 as a limit", "kanban_list", {"limit": -(2**63)}, "limit must be at least"),
    ("2^63 as attempts", "kanban_update", {"task_id": "TASK-001", "max_attempts": 2**63}, "must be at most 100"),
    ("2^63 as an id", "kanban_show", {"task_id": f"TASK-{2**63}"}, "TASK-9223372036854775808"),
    ("NaN as a number", "kanban_list", b'{"limit":NaN}', "a whole number"),
    ("NaN in metadata", "kanban_complete", b'{"summary":"The parser reads lists","metadata":{"a":NaN}}', "not finite"),
    ("Infinity in metadata", "kanban_complete", b'{"summary":"S, it is","metadata":{"a":1e999}}', "not finite"),
    ("depth 33", "kanban_complete", DEEP.replace(b"@", nested(32)), "deeper than 32 levels"),
    ("depth 100", "kanban_complete", DEEP.replace(b"@", nested(100)), "deeper than 32 levels"),
    ("depth 200", "kanban_complete", DEEP.replace(b"@", nested(200)), "not valid JSON"),
    ("depth 1,000", "kanban_complete", DEEP.replace(b"@", nested(1_000)), "not valid JSON"),
    ("depth 100,000", "kanban_complete", DEEP.replace(b"@", nested(100_000)), "not valid JSON"),
    ("depth 1,000 inside a text", "kanban_complete", complete(metadata="[" * 1_000 + "]" * 1_000), "metadata"),
    ("10,000 parents", "kanban_create", {"title": "x", "parents": [f"TASK-{n}" for n in range(10_000)]}, "fit"),
    ("10,000 children in a plan", "kanban_plan", {"tasks": chain(10_000, closed=False)}, "fit"),
    ("a cycle of 10,000 tasks", "kanban_plan", {"tasks": chain(10_000, closed=True)}, "fit"),
    ("a cycle of as many tasks as a plan takes", "kanban_plan", {"tasks": chain(200, closed=True)}, "[cycle]"),
    ("10,000 acceptance checks", "kanban_create", {"title": "x", "acceptance": ["cmd:true"] * 10_000}, "fit"),
    (
        "10,000 pieces of evidence",
        "kanban_complete",
        complete(evidence=[{"kind": "file", "path": "a"}] * 10_000),
        "fit",
    ),
    ("a wait without an end", "kanban_wait", {"timeout_s": 2**31}, "timeout_s must be at most"),
]


@pytest.mark.proves("S17", "T23")
@pytest.mark.parametrize(("tool", "arguments", "named"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_an_odd_input_is_refused_by_naming_the_limit_and_changes_nothing(
    odd: Odd, tool: str, arguments: dict[str, Any] | bytes, named: str
) -> None:
    before, (held, _) = odd.witness.state(), odd.wire.memory_kib()
    reply = odd.call(tool, arguments)
    assert reply["id"] == "odd"
    told = reply["error"]["message"] if "error" in reply else reply["result"]["content"][0]["text"]
    assert "error" in reply or reply["result"]["isError"] is True
    assert named in told, told
    assert len(told) < 2_000
    assert odd.witness.state() == before
    assert odd.wire.memory_kib()[1] - held < MEMORY_KIB
    assert odd.wire.ask("ping")["result"] == {}
