"""Where chaos happens: one board, many real processes, every one of them ended and reaped at the end."""

import multiprocessing
import os
import random
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tests.chaos.history import check
from tests.chaos.puppet import Answer, Part, play
from tests.chaos.records import Record, read_journals, read_life
from tests.chaos.stdio import Server
from tests.chaos.terms import EXPECTED, Life, Op

PATIENCE_S = 20.0
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.chaos.loaded"])


def until(what: str, condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """Poll a condition until it holds and return its value; a deadline ends the test, never a hang."""
    deadline = time.monotonic() + patience_s
    pause = 0.0005
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {patience_s} s: {what}"
        time.sleep(pause)
        pause = min(pause * 2, 0.02)
    return value


class Actor:
    """The handle of a puppet."""

    def __init__(self, part: Part) -> None:
        self.pipe, theirs = _FORKS.Pipe()
        self.part = part
        self.process = _FORKS.Process(target=play, args=(theirs, part), daemon=True)
        self.process.start()
        theirs.close()
        self.is_over = False
        self.pid = self.process.pid or 0
        self.record = Record(f"{part.name} ({self.process.pid})", part.level)
        self._owed: deque[Op | None] = deque([None])  # its hello, then the calls told

    def tell(self, verb: str, **arguments: Any) -> None:
        """Send a call without waiting."""
        self._owed.append(self.record.invoke(verb, arguments))
        self.pipe.send((verb, arguments))

    def hear(self, patience_s: float = PATIENCE_S) -> Answer:
        """Return the answer to the last call told, passing over those that nobody waited for."""
        answer: Answer = {}
        while self._owed:
            assert self.pipe.poll(patience_s), f"process {self.pid} ({self.part.name}) did not answer"
            answer = self.pipe.recv()
            if call := self._owed.popleft():
                self.record.outcome(call, answer)
        return answer

    def call(self, verb: str, **arguments: Any) -> Answer:
        """Do one call."""
        self.tell(verb, **arguments)
        return self.hear()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def is_stopped(self) -> bool:
        """Say whether the process is stopped (state T in /proc)."""
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    def stop(self) -> None:
        """SIGSTOP it, and wait until the kernel says that it stands still."""
        self.signal(signal.SIGSTOP)
        until("the process stops", self.is_stopped)

    def kill(self) -> None:
        """SIGKILL it and reap it."""
        self.process.kill()
        self.process.join(10)
        assert not self.process.is_alive(), f"process {self.pid} outlived SIGKILL"
        self.pipe.close()
        self.process.close()  # frees its descriptors: thousands of puppets die in one test
        self.is_over = True


class Arena:
    """A board's folder with all the processes on it. `seed` decides every random choice of a test."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.chance = random.Random(seed)
        self.path = folder / ".kanban" / "board.db"
        self.journals = folder / "journals"
        self.journals.mkdir()
        self.actors: list[Actor] = []
        self.servers: list[Server] = []
        self._spawned = 0

    def spawn(self, name: str = "worker", **part: Any) -> Actor:
        """Start a puppet; it has said hello only when it is first heard."""
        self._spawned += 1
        keeps = part.pop("keeps_journal", False)
        journal = self.journals / f"{self._spawned:04d}.jsonl" if keeps else None
        actor = Actor(Part(self.path, name, journal=journal, **part))
        self.actors.append(actor)
        return actor

    def forget(self, actor: Actor) -> None:
        """Let go of a dead puppet whose journal tells what it did."""
        self.actors.remove(actor)

    def spawn_ready(self, count: int, **part: Any) -> list[Actor]:
        """Start several and wait until each runs; none has touched the board yet."""
        actors = [self.spawn(f"worker-{at}", **part) for at in range(count)]
        for actor in actors:
            actor.hear()
        return actors

    def serve(self, *, warm: bool = False, **environment: str) -> Server:
        """Start a server process; the handshake is the caller's. `warm`: forked, instead of a new interpreter."""
        server = Server(self.path, self.folder, warm=warm, **environment)
        self.servers.append(server)
        return server

    def at_once(self, calls: list[tuple[Actor, str, dict[str, Any]]]) -> list[Answer]:
        """Send all calls before reading any answer; the order in which they reach the board is theirs."""
        for actor, verb, arguments in calls:
            actor.tell(verb, **arguments)
        return [actor.hear() for actor, _, _ in calls]

    def hear_any(self, actors: list[Actor], patience_s: float = PATIENCE_S) -> list[Actor]:
        """Return those that have something to say, waiting for the first."""
        pipes: dict[Connection, Actor] = {actor.pipe: actor for actor in actors}
        return [pipes[pipe] for pipe in wait(list(pipes), patience_s)]  # type: ignore[index]  # pipes in, pipes out

    def end(self) -> None:
        """Kill and reap whatever still runs."""
        for actor in self.actors:
            if not actor.is_over and actor.process.is_alive():
                actor.signal(signal.SIGCONT)
                actor.kill()
        for server in self.servers:
            server.kill()

    def life(self) -> Life:
        """Read the board at rest."""
        return read_life(self.path)

    def ops(self) -> list[Op]:
        """Return what every client was told: by pipe, over stdio, or in its journal when it works by itself."""
        heard = [op for client in (*self.actors, *self.servers) for op in client.record.ops]
        return heard + read_journals(self.journals)

    def check(self, expected: frozenset[str] = EXPECTED) -> Life:
        """Fail with everything the history checker finds."""
        life = self.life()
        found = check(self.ops(), life, expected)
        listed = "\n".join(map(str, found[:20]))
        assert not found, f"{len(found)} violations (board kept in {self.folder}):\n{listed}"
        return life


@contextmanager
def arena_in(folder: Path) -> Iterator[Arena]:
    """Open an arena; CHAOS_SEED repeats a run."""
    arena = Arena(folder, int(os.environ.get("CHAOS_SEED", "2007")))
    try:
        yield arena
    finally:
        arena.end()
