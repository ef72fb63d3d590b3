"""F1: kill -9 of workers, servers and reapers, anywhere, at any time: nothing acknowledged is lost, no lease doubled.

Half of the clients work over stdio through real servers, most of them forked from a loaded interpreter (each start of a
cold one costs as much as ten kills), one in twenty started cold.
"""

import random
import signal
import threading
import time
from contextlib import suppress

from tests.chaos.arena import Actor, Arena, until
from tests.chaos.puppet import token
from tests.chaos.records import acknowledged
from tests.chaos.stdio import Server, ServerGone
from tests.faults.base import Case, Figures, Place
from tests.faults.world import arena_of

CLIENTS = 12
REAPERS = 2
LEASE_MS = 400
SERVER_SHARE = 0.3
SERVER = {"KANBAN_LEASE_FOR": "1s", "KANBAN_MAX_ATTEMPTS": "5", "KANBAN_RETRY_BASE": "20ms"}


def kills(place: Place) -> Figures:
    """Twelve clients and two reapers, killed one after the other."""
    wanted = place.times(suite=400, ci=2_000, night=50_000)
    with arena_of(place) as arena:
        since = time.monotonic()
        each = max(1, round(wanted * SERVER_SHARE / (CLIENTS // 2)))
        clients = [ServerClient(arena, at, each) for at in range(CLIENTS // 2)]
        for client in clients:
            client.start()
        puppets = _kill_puppets(arena, wanted - each * len(clients))
        servers = sum(client.finish() for client in clients)
        took = time.monotonic() - since
        drain(arena)
        life = arena.check()  # raises where anything acknowledged is lost, or a lease was held twice
        accepted = acknowledged(arena.ops())
    reclaims = sum(run["outcome"] == "reclaimed" for run in life.runs)
    assert puppets + servers >= wanted
    assert len(accepted) > wanted, "hardly anything was acknowledged: the kills met nothing"
    assert reclaims > puppets // 20, "no kill met a worker at work"
    assert {task["state"] for task in life.tasks} <= {"done", "failed"}
    return {
        "kills": puppets + servers,
        "of them servers": servers,
        "cold servers": sum(client.cold for client in clients),
        "kills per s": round((puppets + servers) / took, 1),
        "acknowledged": len(accepted),
        "tasks": len(life.tasks),
        "reclaimed": reclaims,
        "lost": 0,
        "double leases": 0,
    }


def _kill_puppets(arena: Arena, count: int) -> int:
    """Keep six workers and two reapers at work; kill one after the other at random moments."""
    places = CLIENTS // 2 + REAPERS
    actors = [_at_work(arena, at) for at in range(places)]
    for at in range(count):
        threading.Event().wait(arena.chance.random() * 0.04)  # the random point of the kill, nothing waits for it
        place = arena.chance.randrange(places)
        actors[place].kill()
        arena.forget(actors[place])
        actors[place] = _at_work(arena, place, at + 1)
    for actor in actors:
        actor.kill()
    return count


def _at_work(arena: Arena, place: int, life: int = 0) -> Actor:
    actor = arena.spawn(f"worker-{place}", lease_ms=LEASE_MS, keeps_journal=True)
    actor.tell("work" if place < CLIENTS // 2 else "reap_on", seed=arena.seed * 1000 + place * 100 + life)
    return actor


class ServerClient(threading.Thread):
    """A client that works over stdio with a real server and kills it in the middle of calls."""

    def __init__(self, arena: Arena, number: int, kills: int) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self.arena, self.chance, self.wanted = arena, random.Random(arena.seed + number), kills
        self.kills = self.cold = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while self.kills < self.wanted:
                self._one_life()
        except BaseException as failure:  # noqa: BLE001 - told in the thread that asked
            self.failure = failure

    def finish(self) -> int:
        """Wait for the end; returns how many servers were killed."""
        self.join(3_600)
        if self.failure is not None:
            raise self.failure
        assert not self.is_alive(), "a client hangs"
        return self.kills

    def _one_life(self) -> None:
        is_cold = self.chance.random() < 0.05
        self.cold += is_cold
        server = self.arena.serve(warm=not is_cold, **SERVER)
        with suppress(ServerGone):
            server.open()
            for _ in range(self.chance.randrange(8)):
                self._some_calls(server)
            self._ask_and_kill(server)
        server.kill()

    def _ask_and_kill(self, server: Server) -> None:
        """Send a write, and kill the server at a random point of its work on it."""
        server.ask("create", title=token("last"))
        threading.Event().wait(self.chance.random() * 0.006)
        server.signal(signal.SIGKILL)
        self.kills += 1

    def _some_calls(self, server: Server) -> None:
        server.call("create", title=token("served"))
        taken = server.call("claim")
        if taken.get("claimed"):
            run = taken["task"]["run"]["run_id"]
            server.call("heartbeat", run_id=run, note=token("note"))
            if self.chance.random() < 0.8:
                server.call("complete", run_id=run, summary=f"Parser rewritten, 14 tests pass: {token('done')}")


def drain(arena: Arena) -> None:
    """Work the board empty after the storm; what the dead held comes back by claims alone."""
    worker = arena.spawn_ready(1, lease_ms=60_000)[0]

    def step() -> bool:
        taken = worker.call("claim")
        if taken.get("claimed"):
            run = taken["task"]["run"]["run_id"]
            done = worker.call("complete", run_id=run, summary="Parser rewritten; 14 tests pass")
            if "error" in done:  # a subtask of the dead: it has to be done first
                worker.call("block", run_id=run, reason="The subtasks come first", kind="dependency")
            return False
        counts = worker.call("list")["counts"]
        open_ones = {state for state, n in counts.items() if n} - {"done", "failed"}
        if taken["reason"] == "waiting_on_tasks" and open_ones <= {"pending"}:
            _retry_the_failed(arena)
        return not open_ones

    until("the board is empty", step, 600)


def _retry_the_failed(arena: Arena) -> None:
    """A parent over a failed subtask waits for somebody to decide."""
    person = arena.spawn_ready(1, level="person")[0]
    for task in arena.life().tasks:
        if task["state"] == "failed":
            person.call("retry", task_id=str(task["id"]))
    person.kill()


CASES = (Case("F1", "kills", "kill -9 of workers, servers and reapers", kills),)
