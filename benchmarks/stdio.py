"""Start and call costs over stdio against a bare SDK server with one tool, spawns and calls interleaved."""

import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.boards import open_board
from benchmarks.result import Result
from benchmarks.wire import Wire, bare, kanban

SPAWNS = 9
CALLS = 400


def _start(command: list[str], tool: str, **arguments: object) -> tuple[float, float]:
    """Return milliseconds from spawn to the listing and to the first tool answer."""
    with Wire(command) as wire:
        wire.handshake()
        wire.ask("tools/list")
        listed = wire.elapsed_ms
        wire.call(tool, **arguments)
        return listed, wire.elapsed_ms


def _calls(wire: Wire, tool: str, **arguments: object) -> float:
    started = time.perf_counter()
    wire.call(tool, **arguments)
    return (time.perf_counter() - started) * 1000


async def main() -> list[Result]:
    """Measure start, first answer and a call."""
    with TemporaryDirectory() as name:
        db = Path(name) / "board.db"
        board = open_board(db)
        await board.create_if_missing()
        await board.close()
        ours, theirs = [], []
        for _ in range(SPAWNS):
            ours.append(_start(kanban(db), "kanban_list"))
            theirs.append(_start(bare(), "echo", text="x"))
        with Wire(kanban(db)) as kanban_wire, Wire(bare()) as bare_wire:
            kanban_wire.handshake()
            bare_wire.handshake()
            kanban_wire.call("kanban_create", title="Write the parser")
            show, echo = [], []
            for _ in range(CALLS):
                show.append(_calls(kanban_wire, "kanban_show", task_id="TASK-001"))
                echo.append(_calls(bare_wire, "echo", text="x"))
            sizes = _sizes(kanban_wire)
    return [
        _row("spawn to tools/list", [each[0] for each in ours], [each[0] for each in theirs], 0.25),
        _row("spawn to the first tool answer", [each[1] for each in ours], [each[1] for each in theirs], 1.1),
        _row("a tool call (kanban_show vs echo), p50", show, echo, 1.3),
        *sizes,
    ]


def _row(what: str, ours: list[float], theirs: list[float], target: float) -> Result:
    mine, bare_ms = statistics.median(ours), statistics.median(theirs)
    figure = f"{mine / bare_ms:.2f}x ({mine:.1f} / {bare_ms:.1f} ms)"
    share = mine / bare_ms
    return Result(f"{what} vs a bare SDK server", figure, f"<= {target}x", share <= target, share, target)


def _sizes(wire: Wire) -> list[Result]:
    """Return the lengths of the answers that models read most often."""
    parents = [_text(wire.call("kanban_create", title="Write the parser", assignee="bench")) for _ in range(3)]
    ids = [json.loads(text)["task_id"] for text in parents]
    create = _text(wire.call("kanban_create", title="Wire it up", assignee="tester", parents=ids))
    wire.call("kanban_claim", assignee="bench")
    beat = _text(wire.call("kanban_heartbeat", note="Running the tests"))
    block = _text(wire.call("kanban_block", reason="Need STRIPE_SECRET_KEY in .env"))
    listing = {name: len(_compact(_listing(name))) for name in ("worker", "orchestrator")}
    rows = [("create with 3 parents", create), ("heartbeat", beat), ("block", block)]
    return [Result(f"answer: {what}", f"{len(text)} characters", "<= 400", len(text) <= 400) for what, text in rows] + [
        Result(f"tools/list, {name}", f"{size:,} characters", f"<= {most:,}", size <= most)
        for (name, size), most in zip(listing.items(), (8_000, 14_000), strict=True)
    ]


def _listing(toolset: str) -> object:
    with TemporaryDirectory() as name, Wire(kanban(Path(name) / "b.db", "--toolset", toolset)) as wire:
        wire.handshake()
        return wire.ask("tools/list")["result"]


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(result: dict[str, object]) -> str:
    content = result["content"]
    assert isinstance(content, list)
    return str(content[0]["text"])
