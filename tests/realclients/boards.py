"""The board as a test looks at it: through the same facade as every surface, as a person, at any time it likes."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from kanban_mcp import app, machine
from kanban_mcp.domain.clock import BoardTime
from kanban_mcp.domain.principals import Authority, Caller
from kanban_mcp.service.board import Board
from kanban_mcp.service.results import to_json
from kanban_mcp.service.session import Session
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.opening import SqliteOptions

T = TypeVar("T")
HOUR_MS = 3_600_000


class BoardFile:
    """A board on disk, opened for each call and closed again: the clients' servers have it open as well."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, title: str, **more: Any) -> str:
        """Make a task; returns its id."""
        return str(self._json(lambda board, s: board.create(s, title=title, **more))["task_id"])

    def task(self, task_id: str) -> dict[str, Any]:
        """Return a task as `kanban_show` tells it."""
        found: dict[str, Any] = self._json(lambda board, s: board.show(s, task_id=task_id))
        return found

    def states(self, *task_ids: str) -> list[str]:
        """Return the state of each task."""
        return [self.task(task_id)["state"] for task_id in task_ids]

    def stop(self, task_id: str) -> None:
        """Take a task away from its worker, as a person does."""
        self._json(lambda board, s: board.stop(s, task_id=task_id, reason="stopped by the test"))

    def reap_an_hour_later(self) -> dict[str, int]:
        """Let the reaper look at the board as it would in an hour: leases without a heartbeat are over then."""
        return self._run(lambda board, _: board.reap(), later_ms=HOUR_MS)

    def events(self, task_id: str) -> list[str]:
        """Return what happened to a task, oldest first, as the kinds of its events."""
        found = self._run(lambda board, _: board.events(task_id=task_id))
        return [str(event.kind) for event in found]

    def lived_ms(self, run_id: str) -> int:
        """Return how long after the start of a run the newest sign of life was written, in milliseconds."""
        number = int(run_id.removeprefix("run-"))
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as file:
            [(lived,)] = file.execute("SELECT beat_at_ms - started_at_ms FROM runs WHERE id = ?", (number,))
        return int(lived)

    def _json(self, verb: Callable[[Board, Session], Awaitable[Any]]) -> Any:
        return to_json(self._run(verb))

    def _run(self, verb: Callable[[Board, Session], Awaitable[T]], later_ms: int = 0) -> T:
        return asyncio.run(self._opened(verb, later_ms))

    async def _opened(self, verb: Callable[[Board, Session], Awaitable[T]], later_ms: int) -> T:
        store = SqliteStore(self.path, SqliteOptions(may_create=False))
        board = Board(store, clock=lambda: _later(later_ms), is_gone=app.is_gone)
        try:
            return await verb(board, Session(_person()))
        finally:
            await board.close()


def _later(ms: int) -> BoardTime:
    now = machine.read_clock()
    return replace(now, wall_ms=now.wall_ms + ms, mono_ms=now.mono_ms + ms)


def _person() -> Caller:
    return Caller(key="the test", name="mia", authority=Authority.PERSON, process=machine.this_process())
