"""kill -9, anywhere, at any time: nothing that was acknowledged is lost, and the board goes on (S1-S5, L2)."""

import os
import random
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from kanban_mcp import machine
from tests.chaos.arena import Actor, Arena, until
from tests.chaos.puppet import token
from tests.chaos.records import acknowledged
from tests.chaos.stdio import Server, ServerGone

KILLS = int(os.environ.get("CHAOS_KILLS", "200"))
SERVERS = 2
SERVER_KILLS = KILLS * 3 // 40
LEASE_MS = 400


@pytest.mark.proves("hermes-1", "hermes-3", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S16", "S17")
@pytest.mark.timeout(300)
def test_two_hundred_kills_lose_no_acknowledged_write(arena: Arena) -> None:
    clients = [ServerClient(arena, at) for at in range(SERVERS)]
    for client in clients:
        client.start()
    kills = _kill_puppets(arena, KILLS - SERVERS * SERVER_KILLS)
    for client in clients:
        kills += client.finish()
    _drain(arena)
    life = arena.check()
    accepted = acknowledged(arena.ops())
    reclaims = sum(run["outcome"] == "reclaimed" for run in life.runs)
    told = f"{kills} kills, {len(accepted)} acknowledged calls, {len(life.tasks)} tasks, {reclaims} runs reclaimed"
    sys.stdout.write(f"{told}: nothing lost\n")
    assert kills >= KILLS
    assert len(accepted) > KILLS, "hardly anything was acknowledged: the kills met nothing"
    assert reclaims > KILLS // 20, "no kill met a worker at work"
    assert {task["state"] for task in life.tasks} <= {"done", "failed"}


def _kill_puppets(arena: Arena, kills: int) -> int:
    """Keep four workers and two reapers at work; kill one after the other at random moments."""
    actors = [_at_work(arena, at) for at in range(6)]
    for at in range(kills):
        threading.Event().wait(arena.chance.random() * 0.06)  # the random point of the kill, nothing waits for it
        place = arena.chance.randrange(6)
        actors[place].kill()
        actors[place] = _at_work(arena, place, at + 1)
    for actor in actors:
        actor.kill()
    return kills


def _at_work(arena: Arena, place: int, life: int = 0) -> Actor:
    actor = arena.spawn(f"worker-{place}", lease_ms=LEASE_MS, keeps_journal=True)
    actor.tell("work" if place < 4 else "reap_on", seed=arena.seed * 1000 + place * 100 + life)
    return actor


def _drain(arena: Arena) -> None:
    """Work the board empty after the storm; what the dead held comes back by claims alone."""
    worker = arena.spawn_ready(1, lease_ms=LEASE_MS)[0]

    def step() -> bool:
        taken = worker.call("claim")
        if taken.get("claimed"):
            run = taken["task"]["run"]["run_id"]
            done = worker.call("complete", run_id=run, summary="Parser rewritten; 14 tests pass")
            if "error" in done:  # a subtask of the dead: it has to be done first
                worker.call("block", run_id=run, reason="The subtasks come first", kind="dependency")
            return False
        open_ones = {t["state"] for t in arena.life().tasks} - {"done", "failed"}
        if taken["reason"] == "waiting_on_tasks" and open_ones <= {"pending"}:
            _give_up_dead_parents(arena, worker)
        return not open_ones

    until("the board is empty", step, 40)


def _give_up_dead_parents(arena: Arena, worker: Actor) -> None:
    """A parent over a failed subtask waits for somebody to decide."""
    person = arena.spawn_ready(1, level="person")[0]
    for task in arena.life().tasks:
        if task["state"] == "failed":
            person.call("retry", task_id=str(task["id"]))
    person.kill()


class ServerClient(threading.Thread):
    """A client that works over stdio with a real server and kills it in the middle of calls."""

    def __init__(self, arena: Arena, number: int) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self.arena, self.chance = arena, random.Random(arena.seed + number)
        self.kills = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while self.kills < SERVER_KILLS:
                self._one_life()
        except BaseException as failure:  # noqa: BLE001 - told in the test's own thread
            self.failure = failure

    def finish(self) -> int:
        """Wait for the end; returns how many servers were killed."""
        self.join(80)
        if self.failure is not None:
            raise self.failure
        assert not self.is_alive(), "a client hangs"
        return self.kills

    def _one_life(self) -> None:
        server = self.arena.serve(KANBAN_LEASE_FOR="1s", KANBAN_MAX_ATTEMPTS="5", KANBAN_RETRY_BASE="20ms")
        calls = self.chance.randrange(1, 30)
        with suppress(ServerGone):
            server.open()
            for _ in range(calls):
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


@pytest.mark.proves("hermes-29", "S10")
def test_three_deaths_and_the_task_is_failed_with_three_attempts_on_record(arena: Arena) -> None:
    planner = arena.spawn_ready(1)[0]
    task = planner.call("create", title="Cursed task")["task_id"]
    planner.call("update", task_id=task, title="Cursed task, as it seems")
    mia = arena.spawn_ready(1, level="person")[0]
    mia.call("update", task_id=task, max_attempts=3)
    for attempt in (1, 2, 3):
        victim = arena.spawn_ready(1, lease_ms=50)[0]
        taken = until("the task is ready again", lambda v=victim: _claimed(v, task))
        assert taken["task"]["attempt"] == attempt
        victim.kill()
        until("the dead worker's run is taken back", lambda: planner.call("reap").get("reclaimed"))
    life = arena.check()
    assert life.tasks[0]["state"] == "failed"
    assert [(run["attempt"], run["outcome"], run["counted"]) for run in life.runs] == [
        (1, "reclaimed", 1), (2, "reclaimed", 1), (3, "reclaimed", 1),
    ]  # fmt: skip
    assert "without a call" in life.runs[-1]["error"]


def _claimed(actor: Actor, task: str) -> dict[str, Any] | None:
    answer = actor.call("claim", task_id=task)
    return answer if answer.get("claimed") else None


def test_a_killed_workers_task_is_done_by_another_and_the_stale_one_reads_why(arena: Arena) -> None:
    planner, stale = arena.spawn_ready(2, lease_ms=200)
    task = planner.call("create", title="Handed on")["task_id"]
    old = _claimed(stale, task)
    assert old is not None
    stale.stop()
    killed = arena.spawn_ready(1, lease_ms=200)[0]
    until("the stopped worker's task is free", lambda: _claimed(killed, task))
    killed.kill()
    last = arena.spawn_ready(1)[0]
    fresh = until("the killed worker's task is free", lambda: _claimed(last, task))
    stale.signal(signal.SIGCONT)
    run = old["task"]["run"]["run_id"]
    told = stale.call("complete", run_id=run, summary="Parser rewritten; 14 tests pass")
    assert told["error"] == "lease_lost"
    assert f"{run} no longer holds {task}: reclaimed" in told["text"]
    assert f"{fresh['task']['run']['run_id']} (worker-0) works on it now" in told["text"]
    done = last.call("complete", run_id=fresh["task"]["run"]["run_id"], summary="Parser rewritten; 14 tests pass")
    assert done["state"] == "done"
    arena.check()


@pytest.mark.proves("S16")
def test_a_reaper_killed_in_the_middle_of_its_pass_leaves_the_rest_to_the_next(arena: Arena) -> None:
    holder, planner = arena.spawn_ready(2, lease_ms=700)
    for at in range(30):
        planner.call("create", title=f"Task {at}")
    for at in range(30):
        holder.call("claim", task_id=str(at + 1))
    last = max(run["lease_until_ms"] for run in arena.life().runs)
    until("every lease is over", lambda: machine.read_clock().mono_ms > last)
    for _ in range(15):
        reaper = arena.spawn_ready(1)[0]
        reaper.tell("reap")
        time.sleep(arena.chance.random() * 0.004)  # the random point of the kill
        reaper.kill()
    planner.call("reap")
    life = arena.check()
    assert [run["outcome"] for run in life.runs].count("reclaimed") == len(life.runs) == 30
