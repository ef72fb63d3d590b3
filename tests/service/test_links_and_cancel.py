"""The queue rule through the whole graph: links, cancels, reopened work; nothing waits for itself."""

import time
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import Cancelled, Cycle, IllegalTransition, Invalid, NotFound
from kanban_mcp.service.board import Board
from tests.conftest import orchestrator, person, worker
from tests.service.conftest import Refused
from tests.service.helpers import (
    SUMMARY,
    ask,
    ask_all,
    asking,
    blocked,
    damage,
    done,
    failed,
    in_review,
    ready,
    state,
    take,
)


async def states(board: Board, *tasks: str) -> list[str]:
    return [(await state(board, task))[0] for task in tasks]


async def part(board: Board, *parents: str, title: str = "Part") -> str:
    return (await board.create(person(), title=title, parents=parents, relation="part_of")).task_id


# Queue rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.proves("hermes-10", "S6")
@pytest.mark.parametrize("how", ["failed", "cancelled", "review"])
async def test_what_did_not_end_well_releases_nobody(board: Board, how: str) -> None:
    """hermes 10, 11."""
    if how == "review":
        first = await in_review(board, worker("w"))
    else:
        first = await ready(board)
    second = await ready(board, parents=[first])
    third = await ready(board, parents=[second])
    if how == "failed":
        await failed(board, first)
    elif how == "cancelled":
        await board.cancel(person(), task_id=first)
    assert await states(board, second, third) == ["pending", "pending"]
    assert not (await board.claim(worker("x"), task_id=second)).claimed


async def test_subtasks_of_a_parent_that_waits_wait_too_however_deep(board: Board) -> None:
    first = await ready(board)
    parent = await ready(board, parents=[first])
    sub = await part(board, parent)
    deep = await part(board, sub)
    assert await states(board, parent, sub, deep) == ["pending", "pending", "pending"]
    await done(board, first)
    assert await states(board, parent, sub, deep) == ["pending", "pending", "ready"]


@pytest.mark.parametrize("how", ["failed", "cancelled"])
async def test_a_subtask_with_two_parents_is_held_only_when_both_hold_it(board: Board, how: str) -> None:
    one, two = await ready(board), await ready(board)
    sub = await part(board, one, two)
    if how == "failed":
        for parent in (one, two):
            await board.link(person(), task_id=sub, parent=parent, relation="part_of", remove=True)
        await failed(board, one)
        await board.retry(person(), task_id=one)
        for parent in (one, two):
            await board.link(person(), task_id=sub, parent=parent, relation="part_of")
    else:
        await board.cancel(person(), task_id=one)
    assert await states(board, sub) == ["ready"]
    await board.link(person(), task_id=two, parent=await ready(board))
    assert await states(board, sub) == (["ready"] if how == "failed" else ["pending"])


@pytest.mark.proves("hermes-12")
async def test_reopening_pulls_back_who_has_not_started_and_flags_who_has(board: Board) -> None:
    """hermes 12: readiness is a function of what the parents are now."""
    first = await ready(board)
    waiting, running, finished = [await ready(board, parents=[first]) for _ in range(3)]
    await done(board, first)
    s = worker("runner")
    await take(board, s, running)
    await done(board, finished)
    again = await board.retry(person(), task_id=first)
    assert again.also == [running, finished]
    assert await states(board, waiting, running, finished) == ["pending", "in_progress", "done"]
    shown = await board.show(s)
    assert "built on reopened work" in shown.flags  # type: ignore[union-attr]
    assert (await board.complete(s, summary=SUMMARY)).state == "done"
    await done(board, first)
    assert await states(board, waiting) == ["ready"]


async def test_a_running_task_on_reopened_work_goes_back_to_pending_when_it_stops(board: Board) -> None:
    first = await ready(board)
    second = await ready(board, parents=[first])
    await done(board, first)
    s = worker("w")
    await take(board, s, second)
    await board.retry(person(), task_id=first)
    assert (await board.fail(s, reason="the base went away under it")).state == "pending"


# Links --------------------------------------------------------------------------------------------------------------


@pytest.mark.proves("hermes-13")
async def test_a_link_takes_effect_at_once_and_its_removal_too(board: Board) -> None:
    """hermes 13: an accepted call has the effect that it reports."""
    first, second = await ready(board), await ready(board)
    linked = await board.link(orchestrator(), task_id=second, parent=first)
    assert linked.state == "pending"
    assert (await board.link(orchestrator(), task_id=second, parent=first)).next.startswith("It was so already")
    removed = await board.link(orchestrator(), task_id=second, parent=first, remove=True)
    assert removed.state == "ready"


@pytest.mark.parametrize("how", ["in_progress", "review", "done", "failed", "cancelled"])
async def test_a_task_that_started_cannot_be_made_to_wait(board: Board, refused: Refused, how: str) -> None:
    first = await ready(board)
    if how == "review":
        task = await in_review(board, worker("w"))
    else:
        task = await ready(board)
    if how == "in_progress":
        await take(board, worker("w"), task)
    elif how in ("done", "failed"):
        await (done if how == "done" else failed)(board, task)
    elif how == "cancelled":
        await board.cancel(person(), task_id=task)
    with refused(IllegalTransition, f"{task} cannot wait for {first}"):
        await board.link(orchestrator(), task_id=task, parent=first)


async def test_a_started_task_may_be_linked_to_what_is_done(board: Board) -> None:
    first = await ready(board)
    await done(board, first)
    task = await take(board, worker("w"))
    assert (await board.link(orchestrator(), task_id=task, parent=first)).state == "in_progress"


@pytest.mark.proves("S8")
async def test_cycles_are_refused_with_their_path_over_all_three_kinds_of_waits(board: Board, refused: Refused) -> None:
    a, b, c = await ready(board, "a"), await ready(board, "b"), await ready(board, "c")
    await board.link(orchestrator(), task_id=b, parent=a)
    await board.link(orchestrator(), task_id=c, parent=b)
    with refused(Cycle, "TASK-003 → TASK-002 → TASK-001"):
        await board.link(orchestrator(), task_id=a, parent=c)
    with refused(Cycle):  # a parent waits for its subtask, which would wait for the parent's successor
        await board.link(orchestrator(), task_id=c, parent=a, relation="part_of")
    sub = await part(board, b)
    with refused(Cycle):  # a subtask waits for what its parent waits for
        await board.link(orchestrator(), task_id=a, parent=sub)
    with refused(Cycle):
        await board.link(orchestrator(), task_id=sub, parent=c)
    with refused(Invalid, "own parent"):
        await board.link(orchestrator(), task_id=a, parent=a)


@pytest.mark.proves("hermes-9")
async def test_a_worker_cannot_make_a_subtask_wait_for_its_own_parent(board: Board, refused: Refused) -> None:
    """hermes 9: the card as its own prerequisite."""
    s = worker("w")
    mine = await take(board, s)
    after_mine = await ready(board, parents=[mine])
    with refused(Cycle, "wait for each other"):
        await board.create(s, title="Part", parents=[mine, after_mine])


@pytest.mark.proves("S8")
async def test_a_cycle_of_ten_thousand_tasks_is_refused_quickly_with_a_short_path(
    board: Board, board_path: Path
) -> None:
    await ready(board)
    numbers = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
    columns = "title, state, waits_after, allowed, max_attempts, created_by, created_at_ms, updated_at_ms"
    damage(board_path, f"INSERT INTO tasks ({columns}) {numbers} SELECT 'Link', 'pending', 1, 3, 3, 'x', 1, 1 FROM n")
    damage(board_path, f"INSERT INTO links {numbers} SELECT i, i - 1, 'after' FROM n")
    assert not (await board.reap())
    started = time.perf_counter()
    with pytest.raises(Cycle) as caught:
        await board.link(person(), task_id="TASK-001", parent="TASK-10000")
    assert time.perf_counter() - started < 3
    assert len(str(caught.value)) < 400
    assert "more …" in str(caught.value)


async def test_removing_a_link_that_is_not_there_is_not_found(board: Board, refused: Refused) -> None:
    first, second = await ready(board), await ready(board)
    with refused(NotFound, "has no link"):
        await board.link(orchestrator(), task_id=second, parent=first, remove=True)
    await board.link(orchestrator(), task_id=second, parent=first)
    with refused(Invalid, "is after TASK-001 already"):
        await board.link(orchestrator(), task_id=second, parent=first, relation="part_of")
    with refused(Invalid, "relation"):
        await board.link(orchestrator(), task_id=second, parent=first, relation="before")


# Cancel -------------------------------------------------------------------------------------------------------------


@pytest.mark.proves("hermes-11")
async def test_cancelling_takes_all_open_subtasks_and_fences_their_runs_at_once(
    board: Board, refused: Refused, board_path: Path
) -> None:
    """hermes 11, 16."""
    parent = await ready(board)
    running, asked, stuck, over = [await part(board, parent, title=str(n)) for n in range(4)]
    deep = await part(board, stuck)
    s, t = worker("s"), worker("t")
    await take(board, s, running)
    await asking(board, t, asked)
    await done(board, over)
    gone = await board.cancel(person(), task_id=parent, reason="superseded")
    assert sorted(gone.also) == sorted([running, asked, stuck, deep])
    assert await states(board, parent, running, asked, stuck, deep, over) == ["cancelled"] * 5 + ["done"]
    assert ask(board_path, "SELECT state FROM approvals") == "voided"
    assert ask(board_path, "SELECT COUNT(*) FROM runs WHERE ended_at_ms IS NULL") == 0
    with refused(Cancelled, f"{running} was cancelled by mia"):
        await board.heartbeat(s)


async def test_a_subtask_with_another_live_parent_stays(board: Board) -> None:
    one, two = await ready(board), await ready(board)
    shared, alone = await part(board, one, two), await part(board, one)
    gone = await board.cancel(person(), task_id=one)
    assert gone.also == [alone]
    assert await states(board, shared, two) == ["ready", "pending"]
    assert (await board.cancel(person(), task_id=two)).also == [shared]


async def test_a_subtask_whose_parents_all_go_goes_whatever_the_order(board: Board) -> None:
    top = await ready(board)
    left, right = await part(board, top), await part(board, top)
    middle = await part(board, right)
    bottom = await part(board, left, middle)
    gone = await board.cancel(person(), task_id=top)
    assert sorted(gone.also) == sorted([left, right, middle, bottom])


@pytest.mark.proves("hermes-11")
async def test_what_runs_after_stays_pending_unless_the_subtree_is_asked_for(board: Board) -> None:
    first = await ready(board)
    second = await ready(board, parents=[first])
    third = await ready(board, parents=[second])
    sub = await part(board, third)
    await board.cancel(person(), task_id=first)
    assert await states(board, second, third, sub) == ["pending", "pending", "pending"]
    await board.retry(person(), task_id=first)
    gone = await board.cancel(person(), task_id=first, subtree=True)
    assert sorted(gone.also) == [second, third, sub]


@pytest.mark.parametrize("how", ["done", "cancelled"])
async def test_what_is_done_or_gone_is_not_cancelled(board: Board, refused: Refused, how: str) -> None:
    task = await ready(board)
    if how == "done":
        await done(board, task)
    else:
        await board.cancel(person(), task_id=task)
    with refused(IllegalTransition, f"Cannot cancel TASK-001: it is {how}"):
        await board.cancel(person(), task_id=task)


async def test_everything_else_can_be_cancelled(board: Board) -> None:
    tasks = [
        await ready(board, triage=True),
        await ready(board),
        await take(board, worker("a")),
        await asking(board, worker("b")),
        await blocked(board, worker("c")),
        await in_review(board, worker("d")),
    ]
    tasks.append(await ready(board, parents=[tasks[1]]))
    tasks.append(await ready(board))
    await failed(board, tasks[-1])
    for task in tasks:
        assert (await board.cancel(orchestrator(), task_id=task)).state == "cancelled"


async def test_a_cancelled_subtask_lets_its_parent_go_on(board: Board) -> None:
    s = worker("w")
    mine = await take(board, s)
    sub = (await board.create(s, title="Part", parents=[mine])).task_id
    await board.block(s, reason=f"waits for {sub}")
    await board.cancel(person(), task_id=sub)
    assert await states(board, mine) == ["ready"]


# Archive, triage, edits ---------------------------------------------------------------------------------------------


async def test_what_has_ended_can_be_archived_and_nothing_else(board: Board, refused: Refused) -> None:
    task = await ready(board)
    with refused(IllegalTransition):
        await board.archive(orchestrator(), task_id=task)
    await failed(board, task)
    await board.archive(orchestrator(), task_id=task)
    assert not (await board.list(orchestrator())).tasks
    await board.retry(person(), task_id=task)
    assert len((await board.list(orchestrator())).tasks) == 1


@pytest.mark.proves("hermes-38")
async def test_a_rough_idea_stays_in_triage_until_it_is_specified(board: Board, refused: Refused) -> None:
    """hermes 38: parked means parked."""
    first = await ready(board)
    idea = await ready(board, triage=True, parents=[first])
    await done(board, first)
    assert await states(board, idea) == ["triage"]
    specified = await board.update(orchestrator(), task_id=idea, triage=False, context="See src/auth")
    assert specified.state == "ready"
    with refused(IllegalTransition, "it is ready"):
        await board.update(orchestrator(), task_id=idea, triage=False)
    with refused(IllegalTransition, "Cannot triage"):
        await board.update(orchestrator(), task_id=idea, triage=True)


async def test_an_idea_whose_prerequisite_is_open_is_specified_into_pending(board: Board) -> None:
    first = await ready(board)
    idea = await ready(board, triage=True, parents=[first])
    assert (await board.update(orchestrator(), task_id=idea, triage=False)).state == "pending"


async def test_who_works_on_a_task_is_told_that_it_was_edited(board: Board) -> None:
    s = worker("w")
    task = await take(board, s)
    edited = await board.update(orchestrator(), task_id=task, title="Write the lexer", acceptance=["file: a.py"])
    assert sorted(edited.changed) == ["acceptance", "title"]
    assert "Changed while you work on it: title, acceptance" in (await board.heartbeat(s)).messages[0]["text"]


async def test_an_edit_that_changes_nothing_says_so_and_writes_nothing(board: Board, board_path: Path) -> None:
    task = await ready(board)
    events = ask(board_path, "SELECT MAX(id) FROM events")
    same = await board.update(orchestrator("planner"), task_id=task, title="Write the parser", priority="normal")
    assert same.next.startswith("It was so already")
    assert ask(board_path, "SELECT MAX(id) FROM events") == events


@pytest.mark.parametrize(
    "edit",
    [{"verify": "judge"}, {"review": "me"}, {"due_at": "soon"}, {"priority": "x"}, {"max_attempts": 0}, {"title": ""},
     {"max_attempts": 101}, {"assignee": "a b"}],
    ids=str,
)  # fmt: skip
async def test_an_edit_that_cannot_be_is_refused(board: Board, refused: Refused, edit: dict[str, object]) -> None:
    task = await ready(board)
    with refused(Invalid):
        await board.update(person(), task_id=task, **edit)  # type: ignore[arg-type]


async def test_what_has_ended_is_not_edited(board: Board, refused: Refused) -> None:
    task = await ready(board)
    await done(board, task)
    with refused(IllegalTransition, "kanban_retry"):
        await board.update(person(), task_id=task, title="Other")


async def test_every_change_leaves_its_event_with_who_did_it(board: Board, board_path: Path) -> None:
    task = await blocked(board, worker("w"))
    await board.answer(orchestrator("lead"), task_id=task, answer="Go on")
    await board.cancel(person("mia"), task_id=task)
    rows = ask_all(board_path, "SELECT kind, actor FROM events ORDER BY id")
    assert rows == [
        ("created", "planner (agent)"), ("claimed", "w (agent)"), ("blocked", "w (agent)"),
        ("answered", "lead (agent)"), ("cancelled", "mia (person)"),
    ]  # fmt: skip
