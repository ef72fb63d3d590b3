"""F15: clocks jump, machines sleep and restart, process numbers come back, hosts are renamed.

No wrong reclaim, nothing stuck.

A reclaim is wrong when the lease had time left on the monotonic clock of its boot. A task is stuck when no worker gets
it although every lease is over and every wait has passed.
"""

import asyncio
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from kanban_mcp import machine
from kanban_mcp.domain.policy import Policy
from kanban_mcp.domain.principals import ProcessId
from kanban_mcp.service.board import Board
from tests.chaos.history import check
from tests.chaos.records import read_life
from tests.chaos.sound import Client
from tests.conftest import Clock, orchestrator, worker
from tests.faults.base import Case, Figures, Place
from tests.faults.boards import OPTIONS, DirectStore
from tests.faults.child import in_child

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
LEASE = 5 * MINUTE
JUMPS = (
    HOUR,
    -HOUR,
    DAY,
    -DAY,
    31 * DAY,
    -31 * DAY,
    30 * SECOND,
    -30 * SECOND,
)  # DST moves no epoch clock: +-1 h if so
STEPS = (SECOND, MINUTE, LEASE - 1, LEASE, 20 * MINUTE, HOUR)
EVENTS = ("create", "claim", "claim", "beat", "end", "jump", "pass", "sleep", "reap", "restart")


class Sim:
    """One board and its workers on one clock that only we move."""

    def __init__(self, path: Path, place: Place) -> None:
        self.clock, self.chance, self.path = Clock(), place.chance, path
        self.gone: set[ProcessId] = set()
        self.store = DirectStore(path, OPTIONS)
        policy = Policy(lease_for_ms=LEASE, max_attempts=100, max_snoozes=100)
        self.board = Board(self.store, clock=self.clock, is_gone=self.gone.__contains__, policy=policy)
        self.lines = 0
        self.planner = Client(self.board, orchestrator("planner"), self._at)
        self.workers = [Client(self.board, worker(f"w{at}"), self._at) for at in range(4)]
        self.figures: Counter[str] = Counter()

    def _at(self) -> float:
        self.lines += 1
        return float(self.lines)

    async def step(self) -> None:
        """Let somebody do something, or something happen to the clocks."""
        what = self.chance.choice(
            ("create", "claim", "claim", "beat", "end", "jump", "pass", "sleep", "reap", "restart")
        )
        if what == "create":
            await self.planner.call("create", title=f"Task {self.lines}")
        elif what in ("claim", "beat", "end"):
            await self._work(self.chance.choice(self.workers), what)
        else:
            await self._happen(what)

    async def _work(self, client: Client, what: str) -> None:
        before = self._open()
        if what == "claim":
            await client.call("claim")
            self._reclaims_were_due(before)
            return
        answer = await client.call("heartbeat")
        if what == "end" and "error" not in answer:
            how = self.chance.choice(("complete", "fail", "block"))
            said = {"complete": "summary", "fail": "reason", "block": "reason"}[how]
            until = {"until": self.chance.choice(("1m", "1h", "23h"))} if how == "block" else {}
            words = f"The service was away again, tried {self.lines} times"
            await client.call(how, run_id=answer["run_id"], **{said: words}, **until)

    async def _happen(self, what: str) -> None:
        if what == "jump":
            self.clock.wall(self.chance.choice(JUMPS))
            self.figures["jumps"] += 1
        elif what == "sleep":  # the monotonic clock stands still
            self.clock.wall(self.chance.choice((HOUR, DAY)))
            self.figures["sleeps"] += 1
        elif what == "pass":
            self.clock.advance(self.chance.choice(STEPS))
        elif what == "restart" and self.chance.random() < 0.3:
            self.clock.reboot()
            self.figures["restarts"] += 1
        elif what == "reap":
            before = self._open()
            await self.board.reap()
            self._reclaims_were_due(before)

    def _open(self) -> dict[int, tuple[int, str]]:
        return {
            run["id"]: (run["lease_until_ms"], run["lease_boot"])
            for run in read_life(self.path).runs
            if run["ended_at_ms"] is None
        }

    def _reclaims_were_due(self, before: dict[int, tuple[int, str]]) -> None:
        """Judge every reclaim by the lease that the run had before the call, on the clock that does not jump."""
        for run in read_life(self.path).runs:
            if run["id"] in before and run["outcome"] == "reclaimed":
                until, boot = before[run["id"]]
                assert boot != self.clock.now.boot_id or self.clock.now.mono_ms >= until, (
                    f"run-{run['id']} had time left"
                )
                self.figures["reclaims"] += 1

    async def drain(self) -> None:
        """Let every lease end and every wait pass; then one worker has to get everything."""
        heir = Client(self.board, worker("heir"), self._at)
        for wait in (DAY + MINUTE, 16 * MINUTE):  # then the backoff of what that reclaimed
            self.clock.advance(wait)
            taken = await self._empty(heir)
        life = read_life(self.path)
        stuck = [task["id"] for task in life.tasks if task["state"] not in ("done", "failed")]
        assert not stuck, f"tasks {stuck} are stuck: {taken}"
        ops = [op for client in (self.planner, *self.workers, heir) for op in client.record.ops]
        found = check(ops, life, expected=frozenset({"lease_lost", "which_task", "finished", "not_yours"}))
        assert not found, found[:10]
        self.figures["tasks"] += len(life.tasks)

    async def _empty(self, heir: Client) -> dict[str, Any]:
        """Let one worker finish whatever it gets; returns what it read when there was nothing more."""
        while (taken := await heir.call("claim"))["claimed"]:
            run = taken["task"]["run"]["run_id"]
            await heir.call("complete", run_id=run, summary=f"Parser rewritten; {self.lines} tests pass")
        return taken


async def jumps(place: Place) -> Figures:
    """Random work under random jumps, sleeps and restarts."""
    total: Counter[str] = Counter()
    rounds = place.times(suite=20, ci=40, night=500)
    for at in range(rounds):
        sim = Sim(place.at(at) / "board.db", place)
        await sim.planner.call("create", title="First")
        for _ in range(60):
            await sim.step()
        await sim.drain()
        await sim.store.close()
        total += sim.figures
    assert total["reclaims"] > rounds, "hardly any lease ever ended"
    return {"rounds": rounds, **dict(sorted(total.items())), "wrong reclaims": 0, "stuck": 0}


def processes(place: Place) -> Figures:
    """Numbers that are used again, other boots, other hosts: nobody who may live is taken for gone, nor the reverse."""
    me = machine.this_process()
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # a zombie: ended, its number still taken
    zombie = ProcessId(child, "1", me.host, me.boot_id)
    assert not machine.is_alive(zombie)
    os.waitpid(child, 0)
    cases: dict[str, tuple[ProcessId, bool]] = {
        "itself": (me, True),
        "number used again": (replace(me, started="1"), False),
        "before the restart": (replace(me, boot_id="another"), False),
        "another host": (replace(me, host="elsewhere", boot_id="another"), True),
        "gone": (replace(me, pid=child), False),
    }
    for what, (process, alive) in cases.items():
        assert machine.is_alive(process) == alive, what
    return {"processes": len(cases) + 1, "taken for the wrong one": 0}


async def renamed(place: Place) -> Figures:
    """The machine gets another name while work is under way: leases go on, end by time, and come back."""
    sim = Sim(place.at("renamed") / "board.db", place)
    await sim.planner.call("create", title="Held across")
    first = sim.workers[0]
    await first.call("claim")
    caller = first.session.caller
    first.session.caller = replace(caller, process=replace(caller.process, host="new-name"))
    assert "error" not in await first.call("heartbeat"), "its own run is still its own"
    stranger = Client(sim.board, worker("w0"), sim._at)
    named = stranger.session.caller
    stranger.session.caller = replace(named, key=named.key.replace("testhost", "new-name"))
    assert (await stranger.call("claim", task_id="TASK-001"))["error"] == "held_by"
    sim.clock.advance(LEASE)
    assert (await stranger.call("claim", task_id="TASK-001"))["claimed"]
    await sim.store.close()
    return {"renamed": 1, "wrong reclaims": 0, "stuck": 0}


def two_clocks(place: Place) -> Figures:
    """Two processes read the same monotonic clock and boot: a lease ends for both at the same moment."""
    readings = 5
    for _ in range(readings):
        before = machine.read_clock()
        theirs = in_child(machine.read_clock)
        after = machine.read_clock()
        assert theirs.boot_id == before.boot_id
        assert before.mono_ms <= theirs.mono_ms <= after.mono_ms
    return {"readings": readings, "out of order": 0}


def _run(case: Any) -> Any:
    return lambda place: asyncio.run(case(place))


CASES = (
    Case("F15", "jumps", "wall clock jumps, sleep, restarts under work", _run(jumps)),
    Case("F15", "processes", "process numbers used again, other boots and hosts", processes),
    Case("F15", "renamed", "the machine gets another name", _run(renamed)),
    Case("F15", "two-processes", "two processes agree on the clock of leases", two_clocks),
)
