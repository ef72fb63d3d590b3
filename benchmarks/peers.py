"""The boards of other projects beside ours: cost of a session and of a call, and what four sessions at once lose.

Sessions of every program are driven alike, over raw pipes. Where a program has no claim, its next closest call stands
in: the one that sets a task to "in progress". Programs that are not installed are named and passed over.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import TypeVar

from benchmarks.peer_programs import Peer, programs
from benchmarks.result import Result, told
from benchmarks.wire import Wire

T = TypeVar("T")
SPAWNS, TASKS = 3, 100
SESSIONS, EACH, RACED = 4, 12, 20


async def main() -> list[Result]:
    """Measure every program that is there, one after another."""
    return [row for peer in programs() for row in await asyncio.to_thread(_measured, peer)]


def _measured(peer: Peer) -> list[Result]:
    if peer.missing():
        return [told(f"{peer.name}: not installed", peer.missing())]
    return [_tolerant(peer, measure) for measure in (_session, _calls, _together)]


def _tolerant(peer: Peer, measure: Callable[[Peer], Result]) -> Result:
    """Measure, or say that the program did not hold out: that is a finding, and the others go on."""
    try:
        return measure(peer)
    except (EOFError, KeyError, ValueError, OSError) as why:
        return told(f"{peer.name}: {measure.__name__.strip('_')}: failed", f"{type(why).__name__}: {why}"[:60])


def _open(peer: Peer, folder: Path) -> Wire:
    wire = peer.session(folder)
    wire.handshake()
    peer.enter(wire, folder)
    return wire


def _session(peer: Peer) -> Result:
    times, size, count = [], 0, 0
    for _ in range(SPAWNS):
        with TemporaryDirectory() as name:
            folder = Path(name)
            peer.prepare(folder)
            with peer.session(folder) as wire:
                wire.handshake()
                tools = wire.ask("tools/list")["result"]
                times.append(wire.elapsed_ms)
            size, count = len(json.dumps(tools, ensure_ascii=False, separators=(",", ":"))), len(tools["tools"])
    cold = statistics.median(times)
    figure = f"{cold:.0f} ms; {count} tools, {size:,} characters"
    return told(f"{peer.name}: spawn to tools/list", figure, peer=peer.name, cold_ms=cold, tools=count, characters=size)


def _calls(peer: Peer) -> Result:
    """Work through tasks one after another in one session."""
    times: dict[str, list[float]] = {"create": [], "claim": [], "complete": []}
    with TemporaryDirectory() as name:
        folder = Path(name)
        peer.prepare(folder)
        with _open(peer, folder) as wire:
            for at in range(TASKS):
                task = _timed(times["create"], lambda: peer.create(wire, folder, f"Write parser {at}"))  # noqa: B023
                if peer.claim is not None:
                    claim = peer.claim
                    _timed(times["claim"], lambda: claim(wire, folder, task))  # noqa: B023
                _timed(times["complete"], lambda: peer.complete(wire, folder, task))  # noqa: B023
            length = len(peer.listing(wire, folder))
    medians = {verb: statistics.median(each) for verb, each in times.items() if each}
    figure = " / ".join(f"{medians[verb]:.1f}" if verb in medians else "-" for verb in times)
    what = f"{peer.name}: create / claim / complete, ms"
    return told(what, f"{figure}; list {length:,} characters", peer=peer.name, ms=medians, list_characters=length)


def _timed(into: list[float], action: Callable[[], T]) -> T:
    started = time.perf_counter()
    result = action()
    into.append((time.perf_counter() - started) * 1000)
    return result


def _together(peer: Peer) -> Result:
    """Create in several sessions at once, then let all of them claim the same tasks; read back with a fresh one."""
    with TemporaryDirectory() as name, ThreadPoolExecutor(SESSIONS) as pool:
        folder = Path(name)
        peer.prepare(folder)
        with _open(peer, folder) as wire:
            raced = [peer.create(wire, folder, f"Race {at:02}") for at in range(RACED)]
        barrier = Barrier(SESSIONS)
        seen = list(pool.map(lambda at: _one_of_many(peer, folder, barrier, at, raced), range(SESSIONS)))
        with _open(peer, folder) as wire:
            listing = peer.listing(wire, folder)
    kept = [title for titles, _ in seen for title in titles]
    lost = sum(title not in listing for title in kept)
    grants = [task for _, granted in seen for task in granted]
    double = len({task for task in grants if grants.count(task) > 1})
    granted = len(set(grants))
    shown = "no claim" if peer.claim is None else f"{double} of {granted}"
    what = f"{peer.name}: {SESSIONS} sessions, acknowledged creates lost / tasks granted twice"
    data = {
        "lost": lost,
        "kept": len(kept),
        "double": None if peer.claim is None else double,
        "granted": len(set(grants)),
    }
    return told(what, f"{lost} of {len(kept)} / {shown}", peer=peer.name, **data)


def _one_of_many(peer: Peer, folder: Path, barrier: Barrier, at: int, raced: list[str]) -> tuple[list[str], list[str]]:
    barrier.wait()
    kept, granted = [], []
    with _open(peer, folder) as wire:
        for number in range(EACH):
            title = f"Session {at} writes {number:02}"
            if _tried(lambda: peer.create(wire, folder, title)):  # noqa: B023
                kept.append(title)
        for task in raced:
            barrier.wait()
            if peer.claim is not None:
                claim = peer.claim
                if _tried(lambda: claim(wire, folder, task)):  # noqa: B023
                    granted.append(task)
    return kept, granted


def _tried(action: Callable[[], T]) -> T | None:
    """Return what an action gave, None when the program answered with an error."""
    try:
        return action()
    except (KeyError, ValueError):
        return None
