"""Sixteen sessions started at the same instant: when the last one has its tools and its first answer, and memory."""

import asyncio
import os
import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import NamedTuple

from benchmarks.boards import open_board
from benchmarks.result import Result, ratio, told
from benchmarks.wire import Wire, bare, kanban

SESSIONS = 16
ROUNDS = 3


class Start(NamedTuple):
    """One session: milliseconds to its listing and first answer, and its own share of memory in KiB."""

    listed_ms: float
    answered_ms: float
    pss_kib: int


def _session(command: list[str], tool: str, arguments: dict[str, str], barrier: Barrier) -> Start:
    barrier.wait()
    with Wire(command) as wire:
        wire.handshake()
        wire.ask("tools/list")
        listed = wire.elapsed_ms
        wire.call(tool, **arguments)
        answered = wire.elapsed_ms
        barrier.wait()  # all are up: shared pages are counted once among them
        memory = proportional_kib(wire.pid)
        barrier.wait()
    return Start(listed, answered, memory)


def proportional_kib(pid: int) -> int:
    """Return a process's proportional set size in KiB, 0 where the system does not tell."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def _burst(command: list[str], tool: str, **arguments: str) -> list[Start]:
    barrier = Barrier(SESSIONS)
    with ThreadPoolExecutor(SESSIONS) as pool:
        starts = [pool.submit(_session, command, tool, arguments, barrier) for _ in range(SESSIONS)]
        return [each.result() for each in starts]


async def main() -> list[Result]:
    """Measure our servers on one board against bare SDK servers with one tool, burst by burst in turn."""
    with TemporaryDirectory() as name:
        db = Path(name) / "board.db"
        board = open_board(db)
        await board.create_if_missing()
        await board.close()
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(await asyncio.to_thread(_burst, kanban(db), "kanban_list"))
            theirs.append(await asyncio.to_thread(_burst, bare(), "echo", text="x"))
    what = f"{SESSIONS} sessions at once on {os.cpu_count()} CPUs"
    return [
        ratio(f"{what}: last listing", _last(ours, 0), _last(theirs, 0), 0.25, "ms"),
        ratio(f"{what}: last first answer", _last(ours, 1), _last(theirs, 1), 1.1, "ms"),
        _memory(what, ours, theirs),
    ]


def _last(bursts: list[list[Start]], at: int) -> float:
    return statistics.median(max(start[at] for start in burst) for burst in bursts)


def _memory(what: str, ours: list[list[Start]], theirs: list[list[Start]]) -> Result:
    mine, bare_mib = (
        statistics.median(start.pss_kib / 1024 for burst in bursts for start in burst) for bursts in (ours, theirs)
    )
    if not bare_mib:
        return told(f"{what}: memory a session", "not told by this system")
    figure = f"{mine / bare_mib:.2f}x ({mine:.1f} / {bare_mib:.1f} MiB, PSS)"
    return Result(f"{what}: memory a session", figure, "<= 1.3x", mine / bare_mib <= 1.3, mine / bare_mib, 1.3)
