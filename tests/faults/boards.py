"""A board with something of everything on it, the commands that change it, and stores that fail at a chosen point."""

import asyncio
import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from kanban_mcp.domain.policy import Policy
from kanban_mcp.service.board import Board
from kanban_mcp.store.base import Row, Tx
from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import SqliteFile
from tests.conftest import Clock, orchestrator, person, worker

SUMMARY = "Parser rewritten; 14 tests pass"
STEP = "Drop the table users on staging"
REASON = "Which of the two schemas is the real one?"
MINUTE = 60_000
OPTIONS = SqliteOptions(may_create=True, synchronous="OFF", mounts=lambda: "", lock_wait_s=0.05)
Do = Callable[[Board], Awaitable[Any]]
_MADE: list[Path] = []


class DirectStore:
    """`base.Store` without threads: every call runs where it is made. `wrap` may put itself before the transaction."""

    def __init__(self, path: Path, options: SqliteOptions = OPTIONS, wrap: Callable[[Tx], Tx] | None = None) -> None:
        self.file = SqliteFile(path, options)
        self.wrap = wrap

    async def write(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        result = self.file.write(self._wrapped(fn), *args, **kwargs)
        if isinstance(self.wrap, Failpoint):
            self.wrap.after_commit()
        return result

    async def write_soon(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        result = self.file.write_soon(self._wrapped(fn), *args, **kwargs)
        if isinstance(self.wrap, Failpoint):
            self.wrap.after_commit()
        return result

    async def read(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return self.file.read(fn, *args, **kwargs)

    async def data_version(self) -> int:
        return self.file.data_version()

    async def close(self) -> None:
        self.file.close()

    def _wrapped(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        wrap = self.wrap
        if wrap is None:
            return fn

        def wrapped(tx: Tx, *args: Any, **kwargs: Any) -> Any:
            own = wrap(tx)
            result = fn(own, *args, **kwargs)
            if isinstance(wrap, Failpoint):
                wrap.here()  # the boundary between the last statement and the commit
            return result

        return wrapped


class Boom(Exception):
    """Raised by a failpoint."""


class Failpoint:
    """Counts the statement boundaries of write transactions, and raises or kills its process at the chosen one.

    Boundaries are counted from 1: before each statement, before each commit, and after it. `commits` are the last.
    """

    def __init__(self, at: int = 0, *, kills: bool = False, on_commit: Callable[[], object] = lambda: None) -> None:
        self.at, self.kills, self.count = at, kills, 0
        self.commits: list[int] = []
        self._on_commit = on_commit

    def __call__(self, tx: Tx) -> Tx:
        return FailingTx(tx, self)

    def here(self) -> None:
        self.count += 1
        if self.count == self.at:
            if self.kills:
                os.kill(os.getpid(), signal.SIGKILL)
            raise Boom

    def after_commit(self) -> None:
        self._on_commit()
        self.here()
        self.commits.append(self.count)


class FailingTx:
    """A transaction whose every statement passes a failpoint first."""

    def __init__(self, tx: Tx, point: Failpoint) -> None:
        self._tx, self._here = tx, point.here

    def one(self, query: str, /, **params: Any) -> Row | None:
        self._here()
        return self._tx.one(query, **params)

    def all(self, query: str, /, **params: Any) -> list[Row]:
        self._here()
        return self._tx.all(query, **params)

    def value(self, query: str, /, **params: Any) -> Any:
        self._here()
        return self._tx.value(query, **params)

    def run(self, query: str, /, **params: Any) -> int:
        self._here()
        return self._tx.run(query, **params)

    def insert(self, query: str, /, **params: Any) -> int:
        self._here()
        return self._tx.insert(query, **params)

    def many(self, query: str, rows: Sequence[Mapping[str, Any]], /) -> None:
        self._here()
        self._tx.many(query, rows)


def board_on(store: Any, clock: Clock | None = None) -> Board:
    """Return a board; processes never end on it, and its clock stands where the template's ended."""
    return Board(store, clock=clock or _present(), is_gone=lambda _: False, policy=Policy(max_attempts=5))


def _present() -> Clock:
    clock = Clock()
    clock.advance(6 * MINUTE)
    return clock


@dataclass(frozen=True)
class Command:
    """One write of the board, as somebody does it on the template."""

    name: str
    do: Do
    transactions: int = 1


@lru_cache(maxsize=1)
def template() -> Path:
    """Return the path of the board with everything on it; made once per process, and never opened again."""
    path = Path(tempfile.mkdtemp(prefix="faults-")) / "board.db"
    _MADE.append(path.parent)
    atexit.register(leave_nothing)
    with ThreadPoolExecutor(1) as thread:  # the caller may have an event loop of its own
        thread.submit(asyncio.run, _furnish(path)).result()
    return path


def leave_nothing() -> None:
    """Remove the template that this process made; one that ends without clean-up has to ask for it."""
    while _MADE:
        shutil.rmtree(_MADE.pop(), ignore_errors=True)


def copy_to(folder: Path) -> Path:
    """Return the path of a fresh copy of the template."""
    path = folder / "board.db"
    for name in ("board.db", "board.db-wal", "board.db-shm"):
        path.with_name(name).unlink(missing_ok=True)
    shutil.copyfile(template(), path)
    path.chmod(0o600)
    return path


async def _furnish(path: Path) -> None:
    clock = Clock()
    board = board_on(DirectStore(path), clock)
    plan, mia = orchestrator("planner"), person("mia")

    async def made(title: str, **fields: Any) -> str:
        return (await board.create(plan, title=title, **fields)).task_id

    async def held(name: str, title: str, task: str = "", *, lives: bool = True) -> str:
        task = task or await made(title)
        assert (await board.claim(worker(name), task_id=task)).claimed
        if lives:
            await board.heartbeat(worker(name), expect_s=1800)
        return task

    silent, overdue = await made("Left behind"), await made("Asked long ago")  # TASK-001, TASK-002
    root = await held("ada", "Root")  # TASK-003, with a subtask that is done and two that come after
    await board.create(worker("ada"), title="Subtask", parents=[root])
    await board.claim(worker("sub"), task_id="TASK-004")
    await board.complete(worker("sub"), summary=SUMMARY)
    await made("After the root", parents=[root])
    await made("After both", parents=[root, silent])
    for n in range(2):
        await made(f"Free {n}")  # TASK-007, TASK-008
    asks = await held("asks", "Asks now")  # TASK-009
    await board.request_approval(worker("asks"), summary=STEP, wait_s=0)
    parked = await held("parks", "Parked")  # TASK-010
    await board.request_approval(worker("parks"), summary=STEP, wait_s=0)
    await board.block(worker("parks"), reason="waiting for approval")
    await held("blocks", "Blocked")  # TASK-011
    await board.block(worker("blocks"), reason=REASON)
    await held("waits", "Waits")  # TASK-012, over an open subtask TASK-013
    await board.create(worker("waits"), title="Open subtask", parents=["TASK-012"])
    await made("In review")  # TASK-014
    await board.update(mia, task_id="TASK-014", review="human")
    await board.claim(worker("submits"), task_id="TASK-014")
    await board.complete(worker("submits"), summary=SUMMARY)
    await held("silent", "", silent, lives=False)  # its lease is over when the commands come, the others' are not
    await held("overdue", "", overdue)
    await board.request_approval(worker("overdue"), summary=STEP, wait_s=0)
    await board.close()
    assert (silent, root, asks, parked) == ("TASK-001", "TASK-003", "TASK-009", "TASK-010")


def _by(make: Callable[[str], Any], name: str, verb: str, **given: Any) -> Do:
    return lambda board: getattr(board, verb)(make(name), **given)


_PLAN = [{"ref": "a", "title": "Plan A"}, {"ref": "b", "title": "Plan B", "after": ["a"], "part_of": ["TASK-007"]}]
COMMANDS = (
    Command("create", _by(orchestrator, "planner", "create", title="New", parents=["TASK-003", "TASK-007"])),
    Command("create subtask", _by(worker, "ada", "create", title="New subtask", parents=["TASK-003"])),
    Command("create once", _by(orchestrator, "planner", "create", title="Keyed", idempotency_key="k")),
    Command("plan", _by(orchestrator, "planner", "plan", tasks=_PLAN)),
    Command("claim", _by(worker, "newcomer", "claim")),  # sweeps the silent and the overdue one first
    Command("claim by id", _by(worker, "newcomer", "claim", task_id="TASK-008")),
    Command("heartbeat", _by(worker, "ada", "heartbeat", note="halfway through", expect_s=600)),
    Command("comment", _by(orchestrator, "planner", "comment", task_id="TASK-003", body="Mind the schema")),
    Command("block", _by(worker, "ada", "block", reason=REASON, options=["old", "new"])),
    Command("snooze", _by(worker, "ada", "block", reason="The service is away", until="5m")),
    Command("wait for a subtask", _by(worker, "waits", "block", reason="The subtask comes first", kind="dependency")),
    Command("park", _by(worker, "asks", "block", reason="waiting for approval")),
    Command("fail", _by(worker, "ada", "fail", reason="The fixture was wrong, tried two others")),
    Command("fail for good", _by(worker, "ada", "fail", reason="The service was shut down for ever", retry=False)),
    Command("complete", _by(worker, "ada", "complete", summary=SUMMARY, metadata={"files": 3})),
    Command("ask", _by(worker, "ada", "request_approval", summary=STEP, wait_s=0), transactions=2),
    Command("approve", _by(person, "mia", "approve", task_id="TASK-009", note="go on")),
    Command("approve parked", _by(person, "mia", "approve", task_id="TASK-010")),
    Command("reject", _by(person, "mia", "reject", task_id="TASK-010", note="not now")),
    Command("accept", _by(person, "mia", "approve", task_id="TASK-014")),
    Command("send back", _by(person, "mia", "reject", task_id="TASK-014", note="Add a test")),
    Command("answer", _by(orchestrator, "planner", "answer", task_id="TASK-011", answer="The new one")),
    Command("update", _by(orchestrator, "planner", "update", task_id="TASK-010", title="Parked, reworded")),
    Command("link", _by(orchestrator, "planner", "link", task_id="TASK-007", parent="TASK-003")),
    Command("unlink", _by(orchestrator, "planner", "link", task_id="TASK-006", parent="TASK-003", remove=True)),
    Command("cancel", _by(orchestrator, "planner", "cancel", task_id="TASK-012", reason="not needed", subtree=True)),
    Command("stop", _by(person, "mia", "stop", task_id="TASK-003", reason="wrong branch")),
    Command("retry", _by(person, "mia", "retry", task_id="TASK-004", note="once more")),
    Command("archive", _by(orchestrator, "planner", "archive", task_id="TASK-004")),
    Command("pause", _by(person, "mia", "pause", paused=True)),
    Command("reap", lambda board: board.reap()),
    Command("make a key", lambda board: board.found("0" * 64), transactions=2),
)
