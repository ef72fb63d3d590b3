"""F3: workers stopped beyond their lease come back with a write under way, while somebody else works on the task.

The queue is hot: the task is claimed anew before the zombie is continued. With a deep queue behind it a missing fence
does not show, which is why one case takes the fence away and has to see stale writes go through.
"""

import signal
from collections.abc import Iterator
from typing import Any

from tests.chaos.arena import Actor, Arena, until
from tests.chaos.puppet import Answer
from tests.faults.base import Case, Figures, Place
from tests.faults.world import arena_of

LEASE_MS = 120
AT_ONCE = 8
SUMMARY = "Parser rewritten; 14 tests pass"


def stale_writes(run: str, task: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every write of a worker, as the zombie makes it when it wakes up."""
    yield "complete", {"run_id": run, "summary": SUMMARY, "wait_s": 0}
    yield "heartbeat", {"run_id": run, "note": "still at it"}
    yield "block", {"run_id": run, "reason": "Which of the two schemas is the real one?"}
    yield "fail", {"run_id": run, "reason": "The fixture was wrong, tried two others"}
    yield "comment", {"run_id": run, "task_id": task, "body": "halfway through"}
    yield "create", {"run_id": run, "title": "Check the rest", "parents": [task]}
    yield "request_approval", {"run_id": run, "summary": "Drop the table users on staging", "wait_s": 0}


def make_zombies(planner: Actor, zombies: list[Actor], heirs: list[Actor], first: int) -> list[Answer]:
    """Let each zombie claim a task, stop it with a write under way, let an heir take the task, wake it up.

    Returns what the zombies read.
    """
    held = {}
    for actor in zombies:
        task = planner.call("create", title="Hot task")["task_id"]
        held[actor] = task, actor.call("claim", task_id=task)["task"]["run"]["run_id"]
    for at, (actor, (task, run)) in enumerate(held.items(), first):
        actor.stop()
        writes = list(stale_writes(run, task))
        verb, arguments = writes[at % len(writes)]
        actor.tell(verb, **arguments)  # waits in its pipe until it wakes up
    for (actor, (task, _)), heir in zip(held.items(), heirs, strict=True):
        until("the heir gets the task", lambda h=heir, t=task: h.call("claim", task_id=t).get("claimed"))
        actor.signal(signal.SIGCONT)
    return [actor.hear() for actor in zombies]


def zombies(place: Place) -> Figures:
    """None of them writes, each is told who works on the task now, and the heirs finish."""
    rounds = place.times(suite=200, ci=200, night=5_000) // AT_ONCE
    with arena_of(place) as arena:
        stopped = arena.spawn_ready(AT_ONCE, lease_ms=LEASE_MS)
        planner, *heirs = arena.spawn_ready(AT_ONCE + 1)
        for at in range(rounds):
            read = make_zombies(planner, stopped, heirs, first=at)
            assert all(answer.get("error") == "lease_lost" for answer in read), read
            assert all("works on it now" in answer["text"] for answer in read), read
            assert all(heir.call("complete", summary=SUMMARY)["state"] == "done" for heir in heirs)
        life = arena.check()
    assert {task["state"] for task in life.tasks} == {"done"}
    assert len(life.tasks) == rounds * AT_ONCE, "a zombie made a task"
    assert not life.messages
    return {"zombies": rounds * AT_ONCE, "accepted": 0}


def servers(place: Place) -> Figures:
    """The same over stdio: the call was sent before the server was stopped beyond its lease, read after."""
    count = place.times(suite=16, ci=28, night=500)
    with arena_of(place) as arena:
        planner, heir = arena.spawn_ready(2)
        for first in range(0, count, AT_ONCE):
            answers = _stopped_servers(arena, planner, heir, range(first, min(first + AT_ONCE, count)))
            assert {answer.get("error") for answer in answers} == {"lease_lost"}, answers
        life = arena.check()
    assert len(life.tasks) == count, "a zombie made a task"
    return {"zombies": count, "accepted": 0}


def _stopped_servers(arena: Arena, planner: Actor, heir: Actor, numbers: range) -> list[Answer]:
    held = []
    for at in numbers:
        server = arena.serve(warm=True, KANBAN_LEASE_FOR="1s")
        server.open()
        task = planner.call("create", title="Hot task")["task_id"]
        run = server.call("claim", task_id=task)["task"]["run"]["run_id"]
        server.signal(signal.SIGSTOP)
        writes = list(stale_writes(run, task))
        verb, arguments = writes[at % len(writes)]
        held.append((server, task, server.ask(verb, **arguments)))
    for server, task, _ in held:
        until("the heir gets the task", lambda t=task: heir.call("claim", task_id=t).get("claimed"))
        server.signal(signal.SIGCONT)
    answers = [server.answer(number) for server, _, number in held]
    for server, _, _ in held:
        server.kill()
    return answers


def fence_off(place: Place) -> Figures:
    """Without the fence stale writes are accepted: the cases above can fail."""
    rounds = place.times(suite=2, ci=5, night=5)
    accepted = 0
    with arena_of(place) as arena:
        for at in range(rounds):
            planner, *heirs = arena.spawn_ready(AT_ONCE + 1)
            stopped = arena.spawn_ready(AT_ONCE, lease_ms=LEASE_MS, mutant="no fence")
            accepted += sum("error" not in answer for answer in make_zombies(planner, stopped, heirs, first=at))
            for actor in (planner, *heirs, *stopped):
                actor.kill()
    assert accepted > 0, "the fence is off, and no zombie got through: the queue is not hot"
    return {"zombies": rounds * AT_ONCE, "accepted without the fence": accepted}


CASES = (
    Case("F3", "zombies", "workers stopped beyond their lease wake up with a write", zombies),
    Case("F3", "zombies-stdio", "the same for servers over stdio", servers),
    Case("F3", "fence-off", "the same without the fence: it has to show", fence_off),
)
