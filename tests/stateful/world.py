"""What the machine holds of the real side: one board on one SQLite file, its clock, its connections, its tables."""

import asyncio
import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from kanban_mcp.domain.policy import Policy
from kanban_mcp.domain.principals import Authority, Caller, ProcessId
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.opening import SqliteOptions
from tests.conftest import Clock
from tests.stateful import model
from tests.stateful.model import Who

POLICY = Policy(
    max_snoozes=model.MAX_SNOOZES,
    max_agent_retries=model.AGENT_RETRIES,
    max_children=model.MAX_CHILDREN,
    max_descendants=model.MAX_DESCENDANTS,
)
OPTIONS = SqliteOptions(may_create=True, synchronous="OFF", mounts=lambda: "")


@dataclass(eq=False)
class Connection:
    """One connection: who it is for the model, its session on the board, the lost runs it has been told of."""

    who: Who
    session: Session
    heard: set[int] = field(default_factory=set)


class World:
    """The real board. `run` drives it on one event loop that lives as long as the world."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.gone: set[ProcessId] = set()
        self.folder = Path(tempfile.mkdtemp(prefix="stateful-"))
        path = self.folder / "board.db"
        shutil.copyfile(_template(), path)
        self.board = self._board(path)
        self.tables = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        self.tables.row_factory = sqlite3.Row

    def _board(self, path: Path) -> Board:
        store = SqliteStore(path, OPTIONS)
        return Board(store, clock=self.clock, is_gone=self.gone.__contains__, policy=POLICY)

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Return what one call of the board returns."""
        return self.runner.run(call)

    def rows(self, statement: str) -> list[sqlite3.Row]:
        """Return all rows of a statement, read past the board on a connection of our own."""
        return self.tables.execute(statement).fetchall()

    def version(self) -> int:
        """Return a number that moves with every commit that changed anything."""
        return int(self.tables.execute("PRAGMA data_version").fetchone()[0])

    def connect(self, name: str, pid: int, level: str, role: str) -> Connection:
        """Open a connection; the same name on the same boot is the same worker."""
        key = f"testhost|{self.clock.now.boot_id}|{name}"
        process = ProcessId(pid, "1", "testhost", self.clock.now.boot_id)
        caller = Caller(key, name, Authority(level), process, role=role or None, session=name)
        return Connection(Who(key, pid, level, role), Session(caller))

    def close(self) -> None:
        """Close everything and remove the file."""
        self.run(self.board.close())
        self.runner.close()
        self.tables.close()
        shutil.rmtree(self.folder)


@lru_cache(maxsize=1)
def _template() -> Path:
    """Return an empty board made once: migrating for each example would cost more than the example."""
    folder = Path(tempfile.mkdtemp(prefix="stateful-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = SqliteStore(folder / "board.db", OPTIONS)

    async def make() -> None:
        await store.write(lambda tx: tx.value("newest_task"))
        await store.close()

    asyncio.run(make())
    return folder / "board.db"
