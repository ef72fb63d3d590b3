"""Workers that are stopped beyond their lease and come back, while somebody else already works on the task (S2).

The queue is hot: the task is claimed anew before the zombie is continued. With a deep queue behind it a missing fence
does not show, which is why the last test takes the fence away and has to see a stale write go through.
"""

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chaos.arena import Actor, Arena, until
from tests.chaos.puppet import Answer

LEASE_MS = 120
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


def make_zombies(arena: Arena, zombies: list[Actor], heirs: list[Actor], first: int) -> list[Answer]:
    """Let each zombie claim a task, stop it with a write under way, let an heir take the task, wake it up.

    Returns what the zombies read.
    """
    held = {}
    for actor, heir in zip(zombies, heirs, strict=True):
        task = heir.call("create", title="Hot task")["task_id"]
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


def finish(heirs: list[Actor]) -> list[Answer]:
    """Let the heirs finish what they took over."""
    return [heir.call("complete", summary=SUMMARY) for heir in heirs]


@pytest.mark.proves("hermes-15", "S2")
def test_fifty_six_zombies_on_a_hot_queue_write_nothing(arena: Arena) -> None:
    zombies = arena.spawn_ready(8, lease_ms=LEASE_MS)
    seen: list[Answer] = []
    for at in range(7):
        heirs = arena.spawn_ready(8)
        read = make_zombies(arena, zombies, heirs, first=at)
        before = arena.life()
        assert all(answer.get("error") == "lease_lost" for answer in read), read
        assert all("works on it now" in answer["text"] for answer in read), read
        assert all(answer["state"] == "done" for answer in finish(heirs))
        assert {run["outcome"] for run in before.runs if run["task_id"] > 8 * at} == {"reclaimed", None}
        seen += read
        for heir in heirs:
            heir.kill()
    assert len(seen) == 56
    life = arena.check()
    assert {task["state"] for task in life.tasks} == {"done"}
    assert not life.messages
    assert len(life.tasks) == 56, "a zombie made a task"


@pytest.mark.proves("S2")
def test_stopped_servers_write_nothing_when_they_come_back(arena: Arena) -> None:
    """The same over stdio: the call was sent before the server was stopped beyond its lease, read after."""
    servers = [arena.serve(KANBAN_LEASE_FOR="1s") for _ in range(4)]
    heir = arena.spawn_ready(1)[0]
    held = []
    for server in servers:
        server.open()
        task = heir.call("create", title="Hot task")["task_id"]
        held.append((server, task, server.call("claim", task_id=task)["task"]["run"]["run_id"]))
    calls = []
    for at, (server, task, run) in enumerate(held):
        server.signal(signal.SIGSTOP)
        verb, arguments = list(stale_writes(run, task))[at]
        calls.append((server, server.ask(verb, **arguments)))
    for server, task, _ in held:
        until("the heir gets the task", lambda t=task: heir.call("claim", task_id=t).get("claimed"))
        server.signal(signal.SIGCONT)
    answers = [server.answer(number) for server, number in calls]
    assert [answer.get("error") for answer in answers] == ["lease_lost"] * 4, answers
    arena.check()


@pytest.mark.proves("S1")
@pytest.mark.parametrize("mutant", ["no fence"])
def test_without_the_fence_a_zombie_does_write(arena: Arena, mutant: str) -> None:
    """Proof that the tests above can fail."""
    zombies = arena.spawn_ready(8, lease_ms=LEASE_MS, mutant=mutant)
    read = make_zombies(arena, zombies, arena.spawn_ready(8), first=0)
    assert any("error" not in answer for answer in read), read
