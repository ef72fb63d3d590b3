"""F14: no reaper, one, two, four, each killed in the middle of passes: leases end in time, each run is reclaimed once.

How long a reclaim takes is measured in the reaper's own time, which only the test moves, whatever the machine does.
"""

import asyncio
from collections import Counter
from pathlib import Path

import anyio

from kanban_mcp import machine
from kanban_mcp.domain.policy import Policy
from kanban_mcp.reaper import loop
from kanban_mcp.service.board import Board
from tests.chaos.arena import Arena, until
from tests.chaos.history import check
from tests.chaos.records import read_life
from tests.conftest import Clock, orchestrator, worker
from tests.faults.base import Case, Figures, Place
from tests.faults.boards import OPTIONS, SUMMARY, DirectStore
from tests.faults.world import arena_of

LEASE = 300_000
PERIOD_S = 10.0


def reapers(place: Place) -> Figures:
    """One, two and four at once over the same dead, half of them killed at random points of their passes."""
    tasks = place.times(suite=60, ci=120, night=2_000)
    killed = 0
    for count in (1, 2, 4):
        with arena_of(Place(place.at(count), place.seed)) as arena:
            _leave_dead_work(arena, tasks)
            for _ in range(6):
                actors = arena.spawn_ready(count)
                for actor in actors:
                    actor.tell("reap")
                for actor in actors:
                    until("a moment passed", lambda: arena.chance.random() < 0.5)
                    actor.kill()
                    killed += 1
            arena.at_once([(actor, "reap", {}) for actor in arena.spawn_ready(count)])
            life = arena.check()
        reclaimed = Counter(event["run_id"] for event in life.events if event["kind"] == "reclaimed")
        assert set(reclaimed.values()) == {1}
        assert len(reclaimed) == tasks
    return {"reapers": "1, 2, 4", "runs": 3 * tasks, "reapers killed": killed, "reclaimed twice": 0, "left": 0}


def _leave_dead_work(arena: Arena, tasks: int) -> None:
    """Leave tasks in the hands of killed workers, every lease over, nothing swept."""
    planner, *dead = arena.spawn_ready(4, lease_ms=2_000)
    for at in range(tasks):
        planner.call("create", title=f"Task {at}")
    for at in range(tasks):
        assert dead[at % 3].call("claim", task_id=str(at + 1))["claimed"]
    for actor in dead:
        actor.kill()
    last = max(run["lease_until_ms"] for run in arena.life().runs)
    until("every lease is over", lambda: machine.read_clock().mono_ms > last)


async def none(place: Place) -> Figures:
    """Nobody reaps: claims alone bring back what the dead held, and a thousand tasks are drained."""
    tasks = place.times(suite=1_000, ci=1_000, night=10_000)
    path, clock = place.at("none") / "board.db", Clock()
    board, store = _board(path, clock)
    await _hold_all(board, tasks)
    clock.advance(LEASE)
    heir, done = worker("heir"), 0
    while (await board.claim(heir)).claimed:
        await board.complete(heir, summary=f"{SUMMARY}, {done}")
        done += 1
    await store.close()
    life = read_life(path)
    assert {task["state"] for task in life.tasks} == {"done"}
    assert check([], life) == []
    return {"tasks": tasks, "drained": done, "reclaimed": tasks}


async def latency(place: Place) -> Figures:
    """A lease that ended is taken back within one period of the reaper, whenever in the period it ended."""
    tasks = place.times(suite=200, ci=500, night=5_000)
    path, clock = place.at("latency") / "board.db", Clock()
    board, store = _board(path, clock)
    for at in range(tasks):
        await board.create(orchestrator("planner"), title=f"Task {at}")
        assert (await board.claim(worker(f"w{at % 7}"))).claimed
        clock.advance(place.chance.randrange(1_000))
    ends = {run["id"]: run["lease_until_ms"] for run in read_life(path).runs}
    late: dict[int, int] = {}
    stop = anyio.Event()

    async def pause(seconds: float, over: anyio.Event) -> None:
        """Note what the pass took back; then let the period pass."""
        for run in read_life(path).runs:
            if run["outcome"] == "reclaimed":
                late.setdefault(run["id"], clock.now.mono_ms - ends[run["id"]])
        if len(late) == tasks:
            over.set()
        clock.advance(int(seconds * 1000))

    await loop.run(board, PERIOD_S, stop, pause=pause, jitter=place.chance.random)
    await store.close()
    assert min(late.values()) >= 0, "a lease was taken back before its end"
    longest = max(late.values())
    assert longest <= PERIOD_S * 1000 * (1 + loop.JITTER), f"{longest} ms"
    return {"runs": tasks, "period s": PERIOD_S, "longest s": round(longest / 1000, 1)}


def _board(path: Path, clock: Clock) -> tuple[Board, DirectStore]:
    store = DirectStore(path, OPTIONS)
    return Board(store, clock=clock, is_gone=lambda _: False, policy=Policy(lease_for_ms=LEASE)), store


async def _hold_all(board: Board, tasks: int) -> None:
    for at in range(tasks):
        await board.create(orchestrator("planner"), title=f"Task {at}")
        assert (await board.claim(worker(f"dead{at % 7}"))).claimed


CASES = (
    Case("F14", "reapers", "one, two, four reapers, killed in the middle of passes", reapers),
    Case("F14", "none", "no reaper at all", lambda place: asyncio.run(none(place))),
    Case("F14", "latency", "how long a reclaim takes", lambda place: asyncio.run(latency(place))),
)
