"""The history checker sees what it is there to see: each fault, put into a sound history, is found."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos.arena import Arena
from tests.chaos.history import Ack, Life, problems

Rows = list[dict[str, Any]]
SUMMARY = "Parser rewritten; 14 tests pass"


@pytest.fixture
def sound(arena: Arena) -> tuple[Life, list[Ack]]:
    """Return a small real life of a board, with what its client was told."""
    actor = arena.spawn_ready(1)[0]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("create", {"title": "First task"}),
        ("create", {"title": "Second task"}),
        ("claim", {"task_id": "TASK-001"}),
        ("heartbeat", {"run_id": "run-1", "note": "halfway"}),
        ("complete", {"run_id": "run-1", "summary": SUMMARY}),
        ("claim", {"task_id": "TASK-002"}),
    ]
    acks = [Ack(verb, given, actor.call(verb, **given)) for verb, given in calls]
    life = arena.life()
    assert problems(life, acks) == []
    return life, acks


def lose_a_task(life: Life) -> None:
    del life.tasks[0]  # type: ignore[attr-defined]  # lists, read-only for the checker


def claim_twice(life: Life) -> None:
    claimed = next(event for event in life.events if event["kind"] == "claimed")
    life.events.insert(life.events.index(claimed) + 1, {**claimed, "run_id": 9})  # type: ignore[attr-defined]  # as above


def end_by_a_stale_run(life: Life) -> None:
    next(event for event in life.events if event["kind"] == "done")["run_id"] = 9


def done_without_a_run(life: Life) -> None:
    life.tasks[1]["state"] = "done"


def count_too_much(life: Life) -> None:
    life.tasks[0]["counted"] = 2


def forget_the_note(life: Life) -> None:
    life.events[:] = [event for event in life.events if event["kind"] != "note"]  # type: ignore[index]  # as above


def forget_the_summary(life: Life) -> None:
    life.runs[0]["summary"] = None


FAULTS = [
    (lose_a_task, "S5"),
    (claim_twice, "S1"),
    (end_by_a_stale_run, "S2"),
    (done_without_a_run, "finished 0 times"),
    (count_too_much, "S10"),
    (forget_the_note, "S3"),
    (forget_the_summary, "S3"),
]


@pytest.mark.parametrize(("fault", "said"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_the_checker_finds(sound: tuple[Life, list[Ack]], fault: Callable[[Life], None], said: str) -> None:
    life, acks = copy.deepcopy(sound)
    fault(life)
    assert any(said in found for found in problems(life, acks)), problems(life, acks)


def test_the_checker_finds_a_refused_write_and_an_error_that_no_worker_should_meet(
    sound: tuple[Life, list[Ack]],
) -> None:
    life, acks = sound
    refused = Ack("complete", acks[4].arguments, {"error": "lease_lost", "text": ""})
    assert any("S17" in found for found in problems(life, [refused]))
    busy = Ack("claim", {}, {"error": "board_busy", "text": "[board_busy] …"})
    assert any("surfaced" in found for found in problems(life, [busy]))


def test_an_unanswered_call_may_have_happened_or_not(sound: tuple[Life, list[Ack]]) -> None:
    life, acks = sound
    unknown = [Ack("create", {"title": "Never seen"}), Ack("complete", acks[4].arguments)]
    assert problems(life, [*acks, *unknown]) == []
