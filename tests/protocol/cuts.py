"""Disconnects at random points of a dialogue: whatever was acknowledged is there, whole, and the process has gone.

One cut is one server process and one way to leave it: at a random byte of what a client sends, gently or not.
"""

import random
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.protocol.boards import damage
from tests.protocol.frame_fuzz import HELLO, READY, Failed
from tests.protocol.frames import call
from tests.protocol.wire import Gone, Wire

EXIT_S = 5.0  # once the server is loaded; a machine with other work gets the patience of PATIENCE
PATIENCE = 12.0  # times EXIT_S before a cut counts as failed


@dataclass(frozen=True)
class Cut:
    """How one connection ended: what was acknowledged, and how long the process stayed."""

    way: str
    acknowledged: list[str]
    stayed_s: float


def dialogue(name: str) -> list[bytes]:
    """Return the frames of a worker that makes, claims and ends tasks; titles begin with `name`."""
    frames = [HELLO, READY]
    for number in range(4):
        title = f"{name} {number}"
        frames += [
            call(f"create {title}", "kanban_create", title=title, assignee=name),
            call(f"claim {title}", "kanban_claim", assignee=name),
            call(f"beat {title}", "kanban_heartbeat", note="Reading"),
            call(f"wait {title}", "kanban_wait", task_ids=["TASK-001"], until="terminal", timeout_s=1),
            call(f"complete {title}", "kanban_complete", summary="The parser reads lists; 14 tests pass", wait_s=0),
        ]
    return frames


def close_input(wire: Wire) -> None:
    """End our side and read on."""
    wire.close_input()


def close_both(wire: Wire) -> None:
    """Vanish."""
    wire.close_output()
    wire.close_input()


def close_output(wire: Wire) -> None:
    """Stop reading and, a frame later, writing."""
    wire.close_output()
    try:
        wire.send_unread(b'{"jsonrpc":"2.0","id":"x","method":"ping"}\n', 1.0)
    except Gone:
        return
    wire.close_input()


def terminate(wire: Wire) -> None:
    """Be stopped by a signal, in the middle of a call if there is one."""
    wire.wait_for_handlers()
    wire.process.send_signal(signal.SIGTERM)


def interrupt(wire: Wire) -> None:
    """Be stopped as by ctrl-C."""
    wire.wait_for_handlers()
    wire.process.send_signal(signal.SIGINT)


def kill(wire: Wire) -> None:
    """Be killed."""
    wire.process.send_signal(signal.SIGKILL)


WAYS: dict[str, Callable[[Wire], None]] = {
    way.__name__: way for way in (close_input, close_both, close_output, terminate, interrupt, kill)
}


def run(seed: int, count: int) -> list[Cut]:
    """Cut `count` connections to one board, one after the other.

    Raises:
        Failed: a process stayed, wrote a traceback, or left a board on which something is missing or broken.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, dice, cuts = Path(name), random.Random(seed), []
        for number in range(count):
            try:
                cuts.append(one(folder, f"cut{number}", dice))
                check(folder / "board.db", cuts)
            except (AssertionError, TimeoutError, OSError) as error:
                told = f"cut {number}: {type(error).__name__}: {error}"
                replay = f"python -m tests.protocol.fuzz --seed {seed} --cuts {number + 1}"
                raise Failed(f"{told}\nTo repeat: {replay}") from error
        return cuts


def one(folder: Path, name: str, dice: random.Random) -> Cut:
    """Start a server, send a part of a dialogue, and leave."""
    way = dice.choice(list(WAYS))
    data = b"".join(frame + b"\n" for frame in dialogue(name))
    at = dice.choice([dice.randrange(len(data)), dice.randrange(300)])
    wire = Wire(folder, KANBAN_SESSION_ID=name)
    try:
        acknowledged = _send(wire, data[:at], answers=dice.choice((0, 0, 1, 3, 8)))
        began = time.monotonic()
        WAYS[way](wire)
        if way in ("close_input", "terminate", "interrupt"):
            acknowledged += [str(reply["id"]) for reply in wire.rest() if _is_good(reply)]
        wire.process.wait(EXIT_S * PATIENCE)
        assert "Traceback" not in wire.errors(), wire.errors()[-2000:]
        return Cut(way, acknowledged, time.monotonic() - began)
    finally:
        wire.kill()


def _send(wire: Wire, data: bytes, answers: int) -> list[str]:
    """Send bytes and wait for some of the answers that they lead to, so that cuts fall into every phase."""
    wire.send(data)
    due = min(answers, data.count(b'"id": ') - (0 if data.endswith(b"\n") else 1))
    got = [wire.receive() for _ in range(max(0, due))]
    return [str(reply["id"]) for reply in got if _is_good(reply)]


def _is_good(reply: Any) -> bool:
    return "result" in reply and not reply["result"].get("isError", False)


def check(path: Path, cuts: list[Cut]) -> None:
    """Look at the board that the cuts have left.

    Raises:
        AssertionError: something that was acknowledged is missing, or something does not fit together.
    """
    assert damage(path) == []
    if not path.exists():
        assert not [one for cut in cuts for one in cut.acknowledged if one.startswith("create ")]
        return
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT title, state FROM tasks").fetchall() if _has_tasks(db) else []
    states = dict(rows)
    assert len(states) == len(rows), "a task is there twice"
    for verb, _, title in (one.partition(" ") for cut in cuts for one in cut.acknowledged):
        if verb == "create":
            assert title in states, f"{title} was acknowledged and is not there"
    done = sum(one.startswith("complete ") for cut in cuts for one in cut.acknowledged)
    assert list(states.values()).count("done") >= done, "a completion that was acknowledged is not there"


def _has_tasks(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'tasks'").fetchone() is not None


def told(cuts: list[Cut]) -> str:
    """Return the figures of a run."""
    ways = ", ".join(f"{number} {way}" for way, number in sorted(Counter(cut.way for cut in cuts).items()))
    slowest = max(cut.stayed_s for cut in cuts)
    acknowledged = sum(len(cut.acknowledged) for cut in cuts)
    return f"{len(cuts)} cuts ({ways}), {acknowledged} answers kept, the slowest process gone after {slowest:.1f} s"
