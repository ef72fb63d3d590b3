"""Processes that start at the same instant on a board that does not exist yet, and then work it empty."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.chaos.arena import Arena
from tests.chaos.stdio import Server

SUMMARY = "Parser rewritten; 14 tests pass"


@pytest.mark.parametrize("count", [2, 4, 8])
def test_processes_that_make_the_board_at_once_lose_nothing_and_drain_it_once(arena: Arena, count: int) -> None:
    actors = arena.spawn_ready(count)
    assert not arena.path.exists()
    titles = [f"Task {at}" for at in range(5 * count)]
    for at in range(5):
        wanted = titles[at * count : (at + 1) * count]
        arena.at_once([(actor, "create", {"title": title}) for actor, title in zip(actors, wanted, strict=True)])
    busy = list(actors)
    while busy:
        claims = arena.at_once([(actor, "claim", {}) for actor in busy])
        busy = [actor for actor, answer in zip(busy, claims, strict=True) if answer.get("claimed")]
        runs = [answer["task"]["run"]["run_id"] for answer in claims if answer.get("claimed")]
        dones = [{"run_id": run, "summary": SUMMARY} for run in runs]
        arena.at_once([(actor, "complete", done) for actor, done in zip(busy, dones, strict=True)])
    life = arena.check()
    assert sorted(task["title"] for task in life.tasks) == sorted(titles)
    assert {task["state"] for task in life.tasks} == {"done"}


@pytest.mark.proves("hermes-3", "L3")
def test_eight_servers_started_cold_at_once_drain_two_hundred_tasks(arena: Arena) -> None:
    """The issue's "Done when": every acknowledged write there, each task done once, no error surfaced."""
    servers = [arena.serve() for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(_make_and_drain, servers, range(8)))
    life = arena.check(expected=frozenset())
    assert len(life.tasks) == 200
    assert {task["state"] for task in life.tasks} == {"done"}
    assert len({run["worker_id"] for run in life.runs}) > 1, "one server did all the work"


def _make_and_drain(server: Server, number: int) -> None:
    server.open()
    for at in range(25):
        server.call("create", title=f"Task {at} of server {number}")
    while (taken := server.call("claim")).get("claimed"):
        server.call("complete", run_id=taken["task"]["run"]["run_id"], summary=SUMMARY)
