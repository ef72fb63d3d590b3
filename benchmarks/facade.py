"""Verbs through the async facade against the same SQL in a plain sqlite3 loop.

The statements that each verb really sends are recorded with their values while the verbs run on one board; the floor
replays exactly these on a copy of the board as it was before, one transaction each, without any of our code. Both sides
run in one process, interleaved in rounds, with the durability that the board really has (FULL; heartbeats NORMAL).
"""

import os
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from benchmarks.boards import median, open_board, session
from benchmarks.result import Result, ratio
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from kanban_mcp.store.sqlite_tx import SqliteTx

ROUNDS = 5
CALLS = 300
TARGETS = {"create": 2.0, "claim": 2.0, "heartbeat": 3.0, "complete": 2.0}
Statement = tuple[str, dict[str, Any]]


class Recorder:
    """Collects the statements of each transaction, by wrapping the methods of the transaction class."""

    def __init__(self) -> None:
        self.transactions: list[list[Statement]] = []

    def __enter__(self) -> "Recorder":
        self._patches = [patch.object(SqliteTx, name, self._recording(name)) for name in ("one", "all", "run")]
        for each in self._patches:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._patches:
            each.stop()

    def _recording(self, name: str) -> Callable[..., Any]:
        original = getattr(SqliteTx, name)

        def method(tx: SqliteTx, query: str, /, **params: Any) -> Any:
            self.transactions[-1].append((tx._sql[query], params))
            return original(tx, query, **params)

        return method


async def _act(board: Board, verb: str, s: Session, at: int) -> None:
    if verb == "create":
        await board.create(s, title=f"Task {at}", assignee="implementer")
    elif verb == "claim":
        await board.claim(s, assignee="implementer")
    elif verb == "heartbeat":
        await board.heartbeat(s, task_id=f"TASK-{at + 1}")
    else:
        await board.complete(s, summary="Parser written, 14 tests pass", task_id=f"TASK-{at + 1}")


async def facade(folder: Path) -> list[Result]:
    """Return one row per verb."""
    times: dict[str, list[float]] = {verb: [] for verb in TARGETS}
    floors: dict[str, list[float]] = {verb: [] for verb in TARGETS}
    statements: dict[str, int] = {}
    for at in range(ROUNDS):
        await _round(folder / str(at), times, floors, statements)
    rows = []
    for verb, target in TARGETS.items():
        name = f"{verb} through the facade vs the same {statements[verb]} statements"
        rows.append(ratio(name, median(times[verb]), median(floors[verb]), target))
    return rows


async def _round(
    folder: Path, times: dict[str, list[float]], floors: dict[str, list[float]], statements: dict[str, int]
) -> None:
    folder.mkdir()
    timed_board, recorded = (
        open_board(folder / "a.db"),
        open_board(folder / "b.db"),
    )
    one, two = session("w"), session("w")
    await timed_board.create_if_missing()
    await recorded.create_if_missing()
    for verb in TARGETS:
        _copy(folder / "b.db", folder / f"floor-{verb}.db")
        for at in range(CALLS):
            started = time.perf_counter_ns()
            await _act(timed_board, verb, one, at)
            times[verb].append((time.perf_counter_ns() - started) / 1000)
        with Recorder() as recorder:
            for at in range(CALLS):
                recorder.transactions.append([])
                await _act(recorded, verb, two, at)
        statements[verb] = round(statistics.median(map(len, recorder.transactions)))
        durable = "NORMAL" if verb == "heartbeat" else "FULL"
        floors[verb] += _replay(folder / f"floor-{verb}.db", recorder.transactions, durable)
    await timed_board.close()
    await recorded.close()


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    connection.close()


def _replay(path: Path, transactions: list[list[Statement]], durable: str) -> list[float]:
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    connection.row_factory = sqlite3.Row
    for pragma in ("journal_mode = WAL", f"synchronous = {durable}", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    times = []
    for statements in transactions:
        started = time.perf_counter_ns()
        connection.execute("BEGIN IMMEDIATE")
        for sql, params in statements:
            connection.execute(sql, params).fetchall()
        connection.execute("COMMIT")
        times.append((time.perf_counter_ns() - started) / 1000)
    connection.close()
    return times


async def main() -> list[Result]:
    """Measure on one CPU, which is judged, and on all, which is told.

    A hop to another thread costs 30 µs within one CPU. To another CPU of a virtual machine it was seen to cost 40 to
    190, by the host's mood and not by anything of ours.
    """
    rows: list[Result] = []
    for cpus in _cpu_sets():
        with TemporaryDirectory() as folder, _on(cpus):
            for row in await facade(Path(folder)):
                told = replace(row, what=f"{row.what}, all CPUs", target="", met=None)
                rows.append(row if len(cpus) == 1 else told)
    return rows


def _cpu_sets() -> list[set[int]]:
    if not hasattr(os, "sched_getaffinity"):
        return [{0}]
    every = os.sched_getaffinity(0)
    return [{min(every)}, every] if len(every) > 1 else [every]


@contextmanager
def _on(cpus: set[int]) -> Iterator[None]:
    """Keep this process and its threads on some CPUs, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
