"""Boards and callers for benchmarks: the real engine with its real settings, in a temporary folder."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from kanban_mcp import machine
from kanban_mcp.app import is_gone
from kanban_mcp.domain.policy import Policy
from kanban_mcp.domain.principals import Authority, Caller
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.opening import SqliteOptions, Synchronous


def open_board(path: Path, *, synchronous: Synchronous = "FULL", policy: Policy | None = None) -> Board:
    """Return a board on `path`, created at its first write."""
    store = SqliteStore(path, SqliteOptions(may_create=True, synchronous=synchronous))
    return Board(store, clock=machine.read_clock, is_gone=is_gone, policy=policy)


def session(name: str, authority: Authority = Authority.ORCHESTRATOR) -> Session:
    """Return the connection of a worker of this process."""
    return Session(Caller(key=f"bench|{name}", name=name, authority=authority, process=machine.this_process()))


async def timed(action: Callable[[], Awaitable[object]]) -> float:
    """Return how long an action takes, in µs."""
    started = time.perf_counter_ns()
    await action()
    return (time.perf_counter_ns() - started) / 1000


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def run(main: Callable[[], Awaitable[object]]) -> None:
    """Run a coroutine function to its end."""
    asyncio.run(main())  # type: ignore[arg-type]  # a coroutine function
