"""What becomes of the task of a worker that was killed. Kills at random by the hundred: tests/faults, F1."""

import signal
import time
from typing import Any

import pytest

from kanban_mcp import machine
from tests.chaos.arena import Actor, Arena, until


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
