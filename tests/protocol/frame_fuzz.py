"""Sends frames of every kind to a real server and looks at what each of them does: `run` is one seed."""

import contextlib
import itertools
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.protocol.boards import Witness, damage
from tests.protocol.frames import KINDS, MAYBE, REFUSED, RESULT, Frame, Frames, dumped
from tests.protocol.wire import Gone, Wire

MEMORY_KIB = 50 * 1024  # how much a server may grow under all this
BOOT_FRAMES = 30  # sent before the server has been loaded
PATIENCE_S = 60.0
HELLO = dumped(
    id="hello",
    method="initialize",
    params={"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "fuzz", "version": "1"}},
)
READY = dumped(method="notifications/initialized")


class Failed(AssertionError):
    """A frame did not do what it should. The text says which, and how to repeat it."""


def run(seed: int, count: int, starts: int = 1) -> Counter[str]:
    """Send `count` frames to a server and `starts` times `BOOT_FRAMES` to one that is still being loaded.

    Returns how many of each kind were sent.

    Raises:
        Failed: something was not as it should be.
    """
    with tempfile.TemporaryDirectory() as name:
        sent = Counter[str]()
        replay = f"python -m tests.protocol.fuzz --seed {seed} --frames {count} --starts {starts}"
        try:
            _prepare(Path(name))
            sent += _running(Path(name), seed, count)
            for start in range(starts):
                sent += _starting(Path(name), seed * 1000 + start)
        except (AssertionError, Gone, TimeoutError, OSError) as error:
            raise Failed(f"{type(error).__name__}: {error}\nTo repeat: {replay}") from error
        assert damage(Path(name) / "board.db") == [], replay
        return sent


def _prepare(folder: Path) -> None:
    with _wire(folder) as wire:
        wire.shake_hands()
        wire.call("kanban_create", title="Write the parser")


@contextlib.contextmanager
def _wire(folder: Path) -> Iterator[Wire]:
    wire = Wire(folder, KANBAN_SESSION_ID="fuzz")
    try:
        yield wire
        assert "Traceback" not in wire.errors(), wire.errors()[-2000:]
    finally:
        wire.kill()


def _running(folder: Path, seed: int, count: int) -> Counter[str]:
    """Send frames to a server that has been used before, alone and several at a time, whole and in pieces."""
    sent, frames, dice = Counter[str](), Frames(seed), random.Random(-seed - 1)
    first = iter(sorted(KINDS, key=lambda _kind: dice.random()))  # every kind comes at least once
    with _wire(folder) as wire:
        wire.shake_hands()
        checks = Checks(wire, folder)
        wire.call("kanban_create")  # refused, but with it everything is loaded
        before, _ = wire.memory_kib()
        while sent.total() < count:
            size = dice.choice((1, 1, 1, 2, 5))
            batch = [frames.of(kind) for kind in itertools.islice(first, size)] or [frames.draw() for _ in range(size)]
            sent.update(frame.kind for frame in batch)
            checks.check(batch, [*pieces(b"".join(frame.data for frame in batch), dice)])
        _, most = wire.memory_kib()
        assert most - before <= MEMORY_KIB, f"the server grew by {most - before:,} KiB"
        wire.close_input()
        assert list(wire.rest()) == [], "something came after the end of the input"
        wire.wait(PATIENCE_S)
    return sent


def _starting(folder: Path, seed: int) -> Counter[str]:
    """Send frames with the very first bytes: the front has to answer or keep them until the server is there."""
    frames = Frames(seed)
    batch = [frame for frame in (frames.draw() for _ in range(BOOT_FRAMES)) if not frame.changes]
    with _wire(folder) as wire:
        checks = Checks(wire, folder)
        hello = Frame("hello", HELLO + b"\n" + READY + b"\n", [("hello", RESULT)])
        checks.check([hello, *batch], [b"".join(frame.data for frame in (hello, *batch))])
    return Counter(frame.kind for frame in batch)


def pieces(data: bytes, dice: random.Random) -> Iterator[bytes]:
    """Cut bytes into one to four pieces."""
    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(dice.choice((0, 0, 1, 3))))
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        yield data[start:end]


class Checks:
    """What has to hold after every frame: it is answered as documented, the server lives, nothing else has happened."""

    def __init__(self, wire: Wire, folder: Path) -> None:
        self._wire, self._witness = wire, Witness(folder / "board.db")
        self._maybe: set[Any] = set()
        self._number = 0
        self._commits, self._state = self._witness.commits(), self._witness.state()

    def check(self, batch: Sequence[Frame], data: Sequence[bytes]) -> None:
        """Send frames and look at everything they lead to.

        Raises:
            AssertionError: something is not as it should be.
        """
        told = f"{[frame.kind for frame in batch]} {[frame.data[:200] for frame in batch]}"
        for piece in data:
            self._wire.send(piece)
        owed = [one for frame in batch for one in frame.owed] + self._probes()
        try:
            self._collect(owed)
        except TimeoutError:
            raise AssertionError(f"no answer to {[str(one)[:80] for one in owed if one[1] != MAYBE]}: {told}") from None
        except (AssertionError, Gone) as error:
            raise AssertionError(f"{type(error).__name__} {error}: {told}") from None
        if any(frame.changes for frame in batch):
            # A cancelled call may still be at its write: this one is refused behind it, in the same queue.
            self._wire.call("kanban_comment", task_id="TASK-999999", body="x")
            self._commits, self._state = self._witness.commits(), self._witness.state()
        else:
            assert self._is_unchanged(), f"the board was changed by {told}"

    def _probes(self) -> list[Any]:
        """Ask two things that every living server answers, the one itself and the other by its front."""
        self._number += 1
        probes = [(f"probe-{self._number}", RESULT), (f"ping-{self._number}", RESULT)]
        for (request_id, _), method in zip(probes, ("prompts/list", "ping"), strict=True):
            self._wire.send(dumped(id=request_id, method=method) + b"\n")
        return probes

    def _collect(self, owed: list[Any]) -> None:
        """Read replies until all that are owed are there; `owed` keeps what is not."""
        while any(what != MAYBE for _, what in owed):
            reply = self._wire.receive(PATIENCE_S)
            found = next((one for one in owed if may_answer(reply, one)), None)
            if found is None:
                assert reply.get("id") in self._maybe, f"nobody asked for {str(reply)[:300]}"
                self._maybe.discard(reply.get("id"))
                continue
            owed.remove(found)
            assert is_as_owed(reply, found[1]), f"{found[1]} was due, not {str(reply)[:300]}"
        self._maybe |= {request_id for request_id, _ in owed}

    def _is_unchanged(self) -> bool:
        return self._witness.commits() == self._commits or self._witness.state() == self._state


def same(one: Any, other: Any) -> bool:
    """Say whether two ids are the same: 1 is not true, and not "1"."""
    return type(one) is type(other) and bool(one == other)


def may_answer(reply: Any, owed: Any) -> bool:
    """Say whether a reply is to this request. Refusals without an id come in any order: they are told by their code."""
    request_id, what = owed
    is_its = same(request_id, reply.get("id")) and "method" not in reply
    return is_its and (request_id is not None or reply.get("error", {}).get("code") == what)


def is_as_owed(reply: Any, what: Any) -> bool:
    """Say whether a reply is what was due, and small where it refuses."""
    if what == MAYBE:
        return True
    if what in (RESULT, REFUSED):
        return "result" in reply and bool(reply["result"].get("isError", False)) is (what == REFUSED)
    message = str(reply.get("error", {}).get("message", ""))
    clean = not any(word in message.lower() for word in ("traceback", "pydantic", "exception"))
    return reply.get("error", {}).get("code") == what and clean and len(message) < 500
