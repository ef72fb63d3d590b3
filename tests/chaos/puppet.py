"""A real process on a board: it does what its pipe says, or works by itself until it is killed.

Imported once into a fork server, so that a new one costs a few milliseconds and inherits neither SQLite nor threads.
"""

import asyncio
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kanban_mcp import machine
from kanban_mcp.app import is_gone
from kanban_mcp.domain.errors import BoardError
from kanban_mcp.domain.policy import Policy
from kanban_mcp.domain.principals import Authority, Caller
from kanban_mcp.service.board import Board
from kanban_mcp.service.results import to_json
from kanban_mcp.service.session import Session
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.base import Tx
from kanban_mcp.store.opening import SqliteOptions
from tests.chaos.records import Journal

Answer = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """What a puppet plays. `lease_ms`: real time; `mutant`: a seeded bug to run with, '' for none."""

    path: Path
    name: str
    level: str = "orchestrator"
    role: str | None = None
    lease_ms: int = 60_000
    mutant: str = field(default_factory=lambda: os.environ.get("TESTS_MUTANT", ""))
    journal: Path | None = None


def play(pipe: Connection, part: Part) -> None:
    """Serve the pipe until it is closed; the target of the process."""
    if part.mutant:
        from tests import mutants

        mutants.TABLE[part.mutant].apply()  # for the life of this process
    try:
        asyncio.run(Puppet(pipe, part).serve())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the test has ended


class Puppet:
    """One connection to a board of its own, in a process of its own."""

    def __init__(self, pipe: Connection, part: Part) -> None:
        self.pipe, self.part = pipe, part
        process = machine.this_process()
        key = f"{process.host}|{process.boot_id}|{process.pid}.{process.started}"
        self.session = Session(Caller(key, part.name, Authority(part.level), process, role=part.role))
        policy = Policy(lease_for_ms=part.lease_ms, retry_base_ms=20, retry_cap_ms=50, max_attempts=5)
        self.store = SqliteStore(part.path, SqliteOptions(may_create=True))
        self.board = Board(self.store, clock=machine.read_clock, is_gone=is_gone, policy=policy)
        self.journal = Journal(part.journal, part.level) if part.journal else None

    async def serve(self) -> None:
        """Answer one message after the other."""
        own: dict[str, Callable[..., Any]] = {
            "reap": self.board.reap,
            "stop_inside": self.stop_inside,
            "limit_files": self.limit_files,
            "work": self.work,
            "reap_on": self.reap_on,
            "ping": self.ping,
        }
        self.pipe.send({"pid": os.getpid()})
        while True:
            verb, arguments = self.pipe.recv()
            call = own[verb] if verb in own else self.verb(verb)
            self.pipe.send(await answer(call, arguments))

    def verb(self, name: str) -> Callable[..., Any]:
        return lambda **arguments: getattr(self.board, name)(self.session, **arguments)

    async def ping(self) -> Answer:
        return {"pid": os.getpid()}

    async def stop_inside(self) -> Answer:
        """Stop ourselves (SIGSTOP) inside a write transaction, with the write lock in hand."""

        def stop(tx: Tx) -> None:
            tx.value("newest_task")
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # kill() would let this thread run on a little

        await self.store.write(stop)
        return {"went": "on"}

    async def limit_files(self, size: int) -> Answer:
        """Let no file of ours grow beyond `size` bytes, as on a full disk; 0 lifts the limit."""
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size or hard, hard))
        return {}

    # Working by itself ----------------------------------------------------------------------------------------

    async def work(self, seed: int) -> Answer:
        """Make, claim, beat, comment and finish tasks without end, each acknowledged write in the journal."""
        chance = random.Random(seed)
        while True:
            await self._one_task(chance)

    async def reap_on(self, seed: int) -> Answer:
        """Reap without end."""
        while True:
            await self.board.reap()
            await asyncio.sleep(random.Random(seed).random() / 50)

    async def _one_task(self, chance: random.Random) -> None:
        if chance.random() < 0.4:
            await self.told("create", title=token("task"))
        taken = await self.told("claim")
        if not taken.get("claimed"):
            return
        run = taken["task"]["run"]["run_id"]
        if chance.random() < 0.5:
            await self.told("heartbeat", run_id=run, note=token("note"))
        if chance.random() < 0.3:
            await self.told("comment", task_id=taken["task"]["id"], body=token("comment"), run_id=run)
        if chance.random() < 0.2:
            await self.told("create", title=token("subtask"), parents=[taken["task"]["id"]], run_id=run)
        await self._end(chance.random(), run)

    async def _end(self, chance: float, run: str) -> None:
        if chance < 0.75:
            await self.told("complete", run_id=run, summary=f"Parser rewritten, 14 tests pass: {token('done')}")
        elif chance < 0.85:
            await self.told("block", run_id=run, reason="The service is away", kind="transient", until="5ms")
        elif chance < 0.95:
            await self.told("fail", run_id=run, reason="The fixture was wrong, tried two others")

    async def told(self, verb: str, **arguments: Any) -> Answer:
        """Do a call and write down that it is made, and what came back: what is written there has been acknowledged."""
        assert self.journal is not None
        number = self.journal.invoke(verb, arguments)
        result = await answer(self.verb(verb), arguments)
        self.journal.outcome(number, result, await self.store.read(_newest_event))
        return result


def _newest_event(tx: Tx) -> int:
    return int(tx.value("newest_event") or 0)


async def answer(call: Callable[..., Any], arguments: dict[str, Any]) -> Answer:
    """Return what a call answered, or its refusal as {error, text}."""
    try:
        result = await call(**arguments)
    except BoardError as error:
        return {"error": error.code, "text": str(error)}
    return result if isinstance(result, dict) else to_json(result)


def token(word: str) -> str:
    """Return a text that no other process and no later call makes."""
    return f"{word}-{os.getpid()}-{time.monotonic_ns()}"
