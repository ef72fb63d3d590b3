"""Races of real processes on one file: each lets exactly one outcome stand, whoever is first."""

import pytest

from tests.chaos.arena import Actor, Arena


def make(actor: Actor, title: str, **arguments: object) -> str:
    made = actor.call("create", title=title, **arguments)
    assert "error" not in made, made
    return str(made["task_id"])


@pytest.mark.proves("S1")
def test_one_of_sixteen_processes_gets_the_task_the_others_are_told_who_has_it(arena: Arena) -> None:
    planner, *actors = arena.spawn_ready(17)
    for at in range(12):
        task = make(planner, f"Contested task {at}")
        answers = arena.at_once([(actor, "claim", {"task_id": task}) for actor in actors])
        assert sum(a.get("claimed", False) for a in answers) == 1
        assert {a.get("error") for a in answers if not a.get("claimed")} == {"held_by"}
    arena.check()


@pytest.mark.proves("hermes-1")
def test_sixteen_processes_that_claim_by_role_never_share_a_task(arena: Arena) -> None:
    actors = arena.spawn_ready(16)
    for at in range(40):
        make(actors[at % 16], f"Task {at} of many")
    won = []
    for _ in range(3):
        answers = arena.at_once([(actor, "claim", {}) for actor in actors])
        won += [a["task"]["id"] for a in answers if a.get("claimed")]
        assert all("error" not in a for a in answers), answers
    assert len(won) == len(set(won)) == 40
    arena.check()


@pytest.mark.proves("hermes-52")
def test_one_key_is_one_task_from_four_processes(arena: Arena) -> None:
    """Hermes P52: 40 keys from 4 racing processes made 45 cards there."""
    actors = arena.spawn_ready(4)
    made = set()
    for at in range(40):
        request = {"title": f"Keyed task {at}", "idempotency_key": f"key-{at}"}
        answers = arena.at_once([(actor, "create", request) for actor in actors])
        assert len({a["task_id"] for a in answers}) == 1, answers
        made.add(answers[0]["task_id"])
    assert len(made) == len(arena.life().tasks) == 40
    arena.check()


@pytest.mark.proves("S8")
def test_opposite_links_from_two_processes_never_close_a_circle(arena: Arena) -> None:
    left, right = arena.spawn_ready(2)
    for at in range(20):
        one, two = make(left, f"Left task {at}"), make(left, f"Right task {at}")
        relation = ("after", "part_of")[at % 2]
        answers = arena.at_once(
            [
                (left, "link", {"task_id": one, "parent": two, "relation": relation}),
                (right, "link", {"task_id": two, "parent": one, "relation": relation}),
            ]
        )
        assert [a.get("error") for a in answers].count("cycle") == 1, answers
    arena.check()


@pytest.mark.proves("S7")
def test_a_parent_never_completes_past_a_subtask_that_is_being_made(arena: Arena) -> None:
    holder, helper = arena.spawn_ready(2)
    for at in range(30):
        parent = make(helper, f"Parent task {at}")
        run = holder.call("claim", task_id=parent)["task"]["run"]["run_id"]
        done, made = arena.at_once(
            [
                (holder, "complete", {"run_id": run, "summary": "Parser rewritten; 14 tests pass", "wait_s": 0}),
                (helper, "create", {"title": f"Subtask {at}", "parents": [parent], "relation": "part_of"}),
            ]
        )
        assert ("error" in done) != ("error" in made), (done, made)
        assert (done.get("error") or made.get("error")) in ("gates_not_met", "illegal_transition")
        if "error" in done:
            holder.call("fail", run_id=run, reason="The race is over, next one please", retry=False)
    arena.check()


@pytest.mark.proves("S12")
@pytest.mark.parametrize("worker_waits", [True, False])
def test_of_approve_reject_and_edit_at_once_one_decides(arena: Arena, worker_waits: bool) -> None:
    asker, editor = arena.spawn_ready(2)
    mia, tom = arena.spawn_ready(2, level="person")
    for at in range(15):
        task = make(editor, f"Risky task {at}")
        run = asker.call("claim", task_id=task)["task"]["run"]["run_id"]
        ask = {"run_id": run, "summary": "Drop the table users on staging", "wait_s": 0}
        assert asker.call("request_approval", **ask)["status"] == "pending"
        if not worker_waits:
            asker.call("block", run_id=run, reason="waiting for the approval of a person")
        answers = arena.at_once(
            [
                (mia, "approve", {"task_id": task}),
                (tom, "reject", {"task_id": task}),
                (editor, "update", {"task_id": task, "context": "Drop the table orders as well"}),
            ]
        )
        granted, refused, edited = ("error" not in a for a in answers)
        assert granted + refused <= 1
        assert edited
        heard = asker.call("request_approval", **ask)
        assert heard.get("status") != "approved" or (granted and worker_waits), (answers, heard)
        mia.call("cancel", task_id=task)
    arena.check()
