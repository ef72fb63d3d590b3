"""Short ways to a task in a state, and a look at every table."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from kanban_mcp.domain.checks import CheckJob, Findings
from kanban_mcp.domain.ids import RunId, TaskId, parse_run, parse_task
from kanban_mcp.domain.states import Verb
from kanban_mcp.service.board import Board
from kanban_mcp.service.call import Call
from kanban_mcp.service.claims import open_run
from kanban_mcp.service.moves import move
from kanban_mcp.service.records import ensure_worker, task_of
from kanban_mcp.service.session import Session
from kanban_mcp.store.base import Tx
from tests.conftest import orchestrator, person, worker

T = TypeVar("T")
MINUTE = 60_000
SUMMARY = "Parser written, 14 tests pass"
REASON = "Need STRIPE_SECRET_KEY in .env"
PLANNER = "planner"


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with closing(sqlite3.connect(path)) as file:
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: sorted(file.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


def ask(path: Path, sql: str, *values: Any) -> Any:
    """Return the first column of the first row, past the board's own code."""
    with closing(sqlite3.connect(path)) as file:
        row = file.execute(sql, values).fetchone()
        return None if row is None else row[0]


def ask_all(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(sql, values).fetchall()


def damage(path: Path, sql: str, *values: Any) -> None:
    """Change the file as a foreign tool would."""
    with closing(sqlite3.connect(path)) as file, file:
        assert file.execute(sql, values).rowcount > 0


async def ready(board: Board, title: str = "Write the parser", **fields: Any) -> str:
    """Return the id of a new task, planned by somebody who never works."""
    return (await board.create(orchestrator(PLANNER), title=title, **fields)).task_id


async def take(board: Board, s: Session, task_id: str | None = None, **fields: Any) -> str:
    """Let a worker claim a task, a new one when none is named; return its id."""
    task_id = task_id or await ready(board)
    taken = await board.claim(s, task_id=task_id, **fields)
    assert taken.claimed, taken
    return task_id


async def state(board: Board, task_id: str) -> tuple[str, str]:
    shown = await board.show(orchestrator(PLANNER), task_id=task_id)
    return shown.state, shown.kind  # type: ignore[union-attr]  # an id always shows a task


async def done(board: Board, task_id: str, name: str = "finisher") -> None:
    """Let some worker claim and finish a task."""
    s = worker(name)
    await take(board, s, task_id)
    await board.complete(s, task_id=task_id, summary=SUMMARY)


async def failed(board: Board, task_id: str, name: str = "quitter") -> None:
    """Let some worker claim a task and declare it impossible."""
    s = worker(name)
    await take(board, s, task_id)
    await board.fail(s, task_id=task_id, reason="The service it needs was shut down", retry=False)


async def asking(
    board: Board, s: Session, task_id: str | None = None, text: str = "Drop column users.legacy_id"
) -> str:
    task_id = await take(board, s, task_id)
    found = await board.request_approval(s, task_id=task_id, summary=text, wait_s=0)
    assert found.status == "pending"
    return task_id


async def parked(
    board: Board, s: Session, task_id: str | None = None, text: str = "Drop column users.legacy_id"
) -> str:
    task_id = await asking(board, s, task_id, text)
    await board.block(s, task_id=task_id, reason="waiting for approval")
    return task_id


async def blocked(board: Board, s: Session, task_id: str | None = None) -> str:
    task_id = await take(board, s, task_id)
    await board.block(s, task_id=task_id, reason=REASON)
    return task_id


async def in_review(board: Board, s: Session, **fields: Any) -> str:
    task_id = await ready(board, **fields)
    await board.update(person(), task_id=task_id, review="human")
    await take(board, s, task_id)
    await board.complete(s, task_id=task_id, summary=SUMMARY)
    return task_id


async def transact(board: Board, s: Session, fn: Callable[[Tx, Call], T]) -> T:
    """Run a function in a transaction of the board, for what no verb does yet."""
    return await board._write(s, fn)


async def hand_over(board: Board, task_id: str, dispatcher: Session) -> str:
    """Open a run for a process that has not called yet, as a dispatcher does; return the run's id."""

    def handed(tx: Tx, call: Call) -> str:
        task = task_of(tx, parse_task(task_id))
        run = open_run(tx, call, task, ensure_worker(tx, call), "implementer", handed_over=True)
        move(tx, call, task, Verb.CLAIM, run_id=run)
        return f"run-{run}"

    return await transact(board, dispatcher, handed)


def ids(task_id: str, run_id: str) -> tuple[TaskId, RunId]:
    return parse_task(task_id), parse_run(run_id)


class Eyes:
    """A verifier that finds what it is told to find, and may do something while it looks."""

    def __init__(self, findings: Findings | None = None, meanwhile: Callable[[CheckJob], Any] | None = None) -> None:
        self.findings = findings or Findings()
        self.meanwhile = meanwhile
        self.jobs: list[CheckJob] = []

    async def check(self, job: CheckJob) -> Findings:
        self.jobs.append(job)
        if self.meanwhile is not None:
            await self.meanwhile(job)
        return self.findings
