"""A store of each engine over a tiny schema, and second processes that do one thing and wait for the next order."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import SqliteFile

TINY = Path(__file__).parent / "tiny"
PRELUDE = f"""
import os, signal, sqlite3, sys
from pathlib import Path
from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import SqliteFile
TINY = Path({str(TINY)!r})
def options(**more):
    defaults = {{"may_create": True, "queries": TINY / "queries", "migrations": TINY / "migrations"}}
    return SqliteOptions(**{{**defaults, **more}})
def tell(text):
    print(text, flush=True)
def become(user):
    if os.geteuid() != user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
def told():
    return sys.stdin.readline().strip()
"""


def tiny_options(**more: Any) -> SqliteOptions:
    defaults: dict[str, Any] = {"may_create": True, "queries": TINY / "queries", "migrations": TINY / "migrations"}
    return SqliteOptions(**{**defaults, **more})


class SqliteEngine:
    """What the conformance suite needs of an engine: stores on one board, and to be told what is special."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".kanban" / "board.db"

    def store(self, **more: Any) -> SqliteStore:
        return SqliteStore(self.path, tiny_options(**more))


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteEngine:
    """One board of each engine. A second engine is a second parameter here and nothing else."""
    return {"sqlite": SqliteEngine}[request.param](tmp_path)


@pytest.fixture
async def open_store(engine: SqliteEngine) -> Any:
    """Make stores on the same board; all are closed at the end."""
    stores: list[SqliteStore] = []

    def make(**more: Any) -> SqliteStore:
        store = engine.store(**more)
        stores.append(store)
        return store

    yield make
    for store in stores:
        await store.close()


@pytest.fixture
def store(open_store: Callable[..., SqliteStore]) -> SqliteStore:
    return open_store()


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """The path of a tiny board that exists, with one thing in it, and that nobody has open."""
    path = tmp_path / ".kanban" / "board.db"
    with SqliteFile(path, tiny_options()) as file:
        file.write(lambda tx: tx.insert("insert_thing", name="first", amount=1, parent=None))
    return path


class Child:
    """A Python process that runs `code`, says things line by line and waits for orders."""

    def __init__(self, code: str, *args: object, **popen: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + dedent(code), *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **popen,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def says(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, errors = self.process.communicate(timeout=30)
            raise AssertionError(f"the child ended without a word (exit {self.process.returncode}):\n{errors}")
        return line.rstrip("\n")

    def tell(self, text: str = "go") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def ends(self) -> tuple[int, str, str]:
        out, errors = self.process.communicate(timeout=60)
        return self.process.returncode, out, errors


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    """Start children; whatever still runs at the end is killed."""
    started: list[Child] = []

    def start(code: str, *args: object, **popen: Any) -> Child:
        started.append(Child(code, *args, **popen))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


@pytest.fixture
def holder(child: Callable[..., Child], board: Path) -> Child:
    """A second process that stands inside a write transaction of `board` until it is told to go on."""
    process = child(
        """
        def hold(tx):
            tell("held")
            told()
        with SqliteFile(Path(sys.argv[1]), options()) as file:
            file.write(hold)
        tell("released")
        """,
        board,
    )
    assert process.says() == "held"
    return process


@pytest.fixture
def plain_user() -> int:
    """A user whom file modes bind, as they do not bind root; a child calls `become(user)`."""
    return 65534 if os.geteuid() == 0 else os.geteuid()


async def within(seconds: float, call: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(call, seconds)  # type: ignore[arg-type]  # any awaitable will do
