"""Any number of reapers does what one does; with none, claims take back what the dead held (S16, L1, L2)."""

import time
from collections import Counter

import pytest

from kanban_mcp import machine
from tests.chaos.arena import Arena, until


def dead_work(arena: Arena, tasks: int) -> None:
    """Leave `tasks` tasks in the hands of killed workers, every lease over, nothing swept yet."""
    planner, *dead = arena.spawn_ready(4, lease_ms=700)
    for at in range(tasks):
        planner.call("create", title=f"Task {at}")
    claims = [dead[at % 3].call("claim", task_id=str(at + 1)) for at in range(tasks)]
    assert all(answer["claimed"] for answer in claims)
    for actor in dead:
        actor.kill()
    last = max(run["lease_until_ms"] for run in arena.life().runs)
    until("every lease is over", lambda: machine.read_clock().mono_ms > last)
    assert not reclaims(arena)


def reclaims(arena: Arena) -> Counter[int]:
    return Counter(event["run_id"] for event in arena.life().events if event["kind"] == "reclaimed")


@pytest.mark.proves("hermes-27", "S16")
@pytest.mark.parametrize("count", [1, 2, 4])
def test_reapers_at_once_reclaim_each_run_once(arena: Arena, count: int) -> None:
    dead_work(arena, 24)
    reapers = arena.spawn_ready(count)
    counts = arena.at_once([(reaper, "reap", {}) for reaper in reapers])
    assert sum(c.get("reclaimed", 0) for c in counts) == 24
    assert set(reclaims(arena).values()) == {1}
    assert len(reclaims(arena)) == 24
    arena.check()


@pytest.mark.proves("L2")
def test_without_any_reaper_claims_bring_everything_back(arena: Arena) -> None:
    dead_work(arena, 24)
    heir = arena.spawn_ready(1)[0]

    def step() -> bool:
        taken = heir.call("claim")
        if taken.get("claimed"):
            done = heir.call("complete", run_id=taken["task"]["run"]["run_id"], summary="Parser rewritten; tests pass")
            assert done["state"] == "done"
        return not taken.get("claimed")

    until("nothing is left", step)
    life = arena.check()
    assert {task["state"] for task in life.tasks} == {"done"}
    assert set(reclaims(arena).values()) == {1}


@pytest.mark.proves("L1")
def test_a_waiting_claim_gets_a_dead_workers_task_within_a_second_of_its_leases_end(arena: Arena) -> None:
    """L1 in real time: lease 1 s, no reaper."""
    planner, victim, heir = arena.spawn_ready(3, lease_ms=1_000)
    planner.call("create", title="Left behind")
    victim.call("claim")
    since = time.monotonic()
    victim.kill()
    taken = heir.call("claim", wait_s=10)
    took = time.monotonic() - since
    assert taken["claimed"]
    assert 0.9 < took < 3.0, f"{took:.2f} s"
    assert heir.call("heartbeat")["run_id"] == taken["task"]["run"]["run_id"]
