"""F4, F5: a writer that stands still with the lock in hand, or a foreign program that keeps SQLite's own lock.

Others get a typed refusal within the busy limit and a second, readers go on, and afterwards all is as before.
"""

import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

from tests.chaos.arena import Actor, Arena, until
from tests.faults.base import Case, Figures, Place
from tests.faults.world import Lateness, arena_of

BUSY_S = 6.0  # the limit of 5 s and a second
NORMAL_S = 1.0
EXPECTED = frozenset({"board_busy"})


def _refused_then_normal(arena: Arena, actors: list[Actor], says: str, let_go: Callable[[], object]) -> Figures:
    """Let everybody write while the lock is kept, then again when it is free; returns how long both took."""
    server = arena.serve(warm=True)
    server.open()
    server.call("list")
    with Lateness() as late:
        since = time.monotonic()
        for actor in actors:
            actor.tell("create", title="Meanwhile")
        number = server.ask("create", title="Meanwhile, over stdio")
        answers = [*(actor.hear() for actor in actors), server.answer(number)]
        took = time.monotonic() - since
    for answer in answers:
        assert answer.get("error") == "board_busy", answer
        assert says in answer["text"], answer
    assert took < BUSY_S + late.seconds, f"{took:.1f} s, the machine was late by {late.seconds:.1f} s"
    assert actors[0].call("list")["counts"]["ready"] == 1, "readers go on"
    let_go()
    with Lateness() as late:
        since = time.monotonic()
        for actor in actors:
            assert "error" not in actor.call("create", title="After")
        assert "error" not in server.call("create", title="After, over stdio")
        again = time.monotonic() - since
    assert again < NORMAL_S + late.seconds, f"{again:.1f} s, the machine was late by {late.seconds:.1f} s"
    return {
        "callers": len(answers),
        "refused within s": round(took, 1),
        "normal within s": round(again, 2),
        "partial": 0,
    }


def stopped(place: Place) -> Figures:
    """SIGSTOP inside a write transaction, with the lock in hand."""
    with arena_of(place) as arena:
        stuck, *others = arena.spawn_ready(4)
        others[0].call("create", title="Before")
        stuck.tell("stop_inside")
        until("the writer stands still", stuck.is_stopped)
        says = f"process {stuck.pid} has held its write lock"
        found = _refused_then_normal(arena, others, says, lambda: stuck.signal(signal.SIGCONT))
        assert stuck.hear() == {"went": "on"}
        life = arena.check(EXPECTED)
    assert len([task for task in life.tasks if task["title"].startswith("Meanwhile")]) == 0
    return found


def killed_inside(place: Place) -> Figures:
    """The stopped writer is killed instead: the kernel frees the lock, SQLite undoes what it had begun."""
    with arena_of(place) as arena:
        stuck, other = arena.spawn_ready(2)
        other.call("create", title="Before")
        stuck.tell("stop_inside")
        until("the writer stands still", stuck.is_stopped)
        other.tell("create", title="Waits")
        stuck.kill()
        assert "error" not in other.hear()
        life = arena.check()
    assert [task["title"] for task in life.tasks] == ["Before", "Waits"]
    return {"waited for": 1, "partial": 0}


def foreign(place: Place) -> Figures:
    """A program that does not know our lock keeps SQLite's."""
    with arena_of(place) as arena:
        actors = arena.spawn_ready(3)
        actors[0].call("create", title="Before")
        with closing(sqlite3.connect(arena.path, isolation_level=None)) as browser:
            browser.execute("BEGIN IMMEDIATE")
            browser.execute("UPDATE tasks SET priority = 1")
            found = _refused_then_normal(arena, actors, "", lambda: browser.execute("ROLLBACK"))
        arena.check(EXPECTED)
    return found


def reader(place: Place) -> Figures:
    """A foreign program that only reads, for as long as it likes, is in nobody's way."""
    with arena_of(place) as arena:
        actor = arena.spawn_ready(1)[0]
        actor.call("create", title="Before")
        with closing(sqlite3.connect(arena.path, isolation_level=None)) as browser:
            browser.execute("BEGIN")
            browser.execute("SELECT COUNT(*) FROM tasks").fetchone()
            for at in range(50):
                assert "error" not in actor.call("create", title=f"Task {at}")
            assert browser.execute("SELECT COUNT(*) FROM tasks").fetchone() == (1,)
        arena.check()
    return {"writes beside it": 50, "refused": 0}


CASES = (
    Case("F4", "stopped", "a writer is stopped inside its transaction", stopped),
    Case("F4", "killed", "a writer is killed inside its transaction", killed_inside),
    Case("F5", "foreign-writer", "a foreign program keeps SQLite's write lock", foreign),
    Case("F5", "foreign-reader", "a foreign program keeps a read transaction open", reader),
)
