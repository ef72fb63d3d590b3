"""Claiming: order, roles, and a true reason whenever there is nothing to take."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.domain.errors import Forbidden, HeldBy, IllegalTransition, NotFound
from kanban_mcp.domain.policy import Policy
from kanban_mcp.service.board import Board
from kanban_mcp.service.claims import REASONS
from kanban_mcp.service.session import Session
from tests.conftest import Clock, MakeBoard, Processes, caller, orchestrator, person, worker
from tests.service.conftest import Refused
from tests.service.helpers import (
    MINUTE,
    SUMMARY,
    ask,
    asking,
    blocked,
    done,
    failed,
    in_review,
    parked,
    ready,
    state,
    take,
)


async def test_the_more_urgent_task_goes_first_then_the_older_one(board: Board) -> None:
    for title, priority in (("a", "low"), ("b", "normal"), ("c", "urgent"), ("d", "high"), ("e", "normal")):
        await ready(board, title, priority=priority)
    order = [(await board.claim(worker(f"w{n}"))).task.title for n in range(5)]  # type: ignore[union-attr]
    assert order == ["c", "d", "b", "e", "a"]


async def test_a_role_takes_its_own_tasks_and_unassigned_ones_but_no_other_roles(board: Board) -> None:
    await ready(board, "review", assignee="reviewer")
    await ready(board, "test", assignee="tester", priority="low")
    await ready(board, "any")
    tester = worker("t")
    first = await board.claim(tester, assignee="tester")
    second = await board.claim(tester, assignee="tester")
    third = await board.claim(tester, assignee="tester")
    assert [first.task.title, second.task.title] == ["any", "test"]  # type: ignore[union-attr]
    assert not third.claimed


async def test_a_read_only_role_never_takes_unassigned_work(board: Board, refused: Refused) -> None:
    task = await ready(board, "any")
    assert (await board.claim(worker("r"), assignee="reviewer")).reason == "none_ready"
    with refused(Forbidden, "only reads"):
        await board.claim(worker("r"), assignee="reviewer", task_id=task)
    own = await ready(board, "look", assignee="reviewer")
    assert (await board.claim(worker("r"), assignee="reviewer")).task.id == own  # type: ignore[union-attr]


async def test_without_a_role_only_unassigned_tasks_are_taken(board: Board) -> None:
    await ready(board, "test", assignee="tester")
    nothing = await board.claim(worker("w"))
    assert (nothing.claimed, nothing.reason) == (False, "no_role")
    assert "tester" in nothing.detail
    await ready(board, "any")
    assert (await board.claim(worker("w"))).task.title == "any"  # type: ignore[union-attr]


async def test_the_role_is_the_arguments_then_the_environments_then_that_of_the_first_claim(board: Board) -> None:
    for role in ("tester", "implementer", "documenter", "tester"):
        await ready(board, role, assignee=role)
    given = worker("given", role="implementer")
    assert (await board.claim(given, assignee="documenter")).task.title == "documenter"  # type: ignore[union-attr]
    assert (await board.claim(given)).task.title == "implementer"  # type: ignore[union-attr]
    first = worker("first")
    assert (await board.claim(first, assignee="tester")).claimed
    assert (await board.claim(first)).task.title == "tester"  # type: ignore[union-attr]


async def test_a_claim_that_got_nothing_does_not_fix_the_role(board: Board) -> None:
    s = worker("w")
    assert not (await board.claim(s, assignee="tester")).claimed
    await ready(board, "any")
    await ready(board, "test", assignee="tester")
    assert (await board.claim(s)).task.title == "any"  # type: ignore[union-attr]
    assert (await board.claim(s)).reason == "no_role"


async def test_another_roles_task_is_taken_by_id_only_when_the_call_names_that_role(
    board: Board, refused: Refused
) -> None:
    task = await ready(board, "test", assignee="tester")
    s = worker("w", role="implementer")
    with refused(Forbidden, 'assignee="tester"'):
        await board.claim(s, task_id=task)
    assert (await board.claim(s, task_id=task, assignee="tester")).task.run["role"] == "tester"  # type: ignore[union-attr]


async def test_the_answer_of_a_claim_is_the_whole_context_and_a_full_lease(board: Board, board_path: Path) -> None:
    task = await ready(board, "Parse", context="See src/parse.py", acceptance=["file: a.txt"], assignee="implementer")
    taken = await board.claim(worker("w", role="implementer"))
    shown = taken.task
    assert shown is not None
    assert (shown.id, shown.state, shown.attempt, shown.max_attempts) == (task, "in_progress", 1, 3)
    assert shown.run["lease_expires_in_s"] == 300
    assert shown.context == "See src/parse.py"
    assert shown.acceptance == ["file: a.txt"]
    assert taken.next.startswith("Work on it")


@pytest.mark.proves("hermes-18")
async def test_a_claim_starts_with_a_fresh_heartbeat_and_is_not_reclaimed_within_its_lease(
    board: Board, clock: Clock, board_path: Path
) -> None:
    """hermes 18: a new run inherits nothing of the one before it."""
    task = await take(board, worker("slow"))
    clock.advance(5 * MINUTE)
    await board.reap()
    clock.advance(60 * MINUTE)
    await take(board, worker("quick"), task)
    assert ask(board_path, "SELECT beat_at_ms FROM runs ORDER BY id DESC") == clock.now.wall_ms
    clock.advance(5 * MINUTE - 1)
    assert await board.reap() == {}
    assert await state(board, task) == ("in_progress", "")


# Reasons -------------------------------------------------------------------------------------------------------------


async def reason(board: Board, s: Session | None = None, **arguments: object) -> str:
    answer = await board.claim(s or worker("w"), **arguments)  # type: ignore[arg-type]
    assert not answer.claimed
    assert answer.reason in REASONS
    assert answer.next
    assert answer.task is None
    return answer.reason


@pytest.mark.proves("hermes-28")
async def test_nothing_to_take_always_has_a_reason_from_the_closed_list(board: Board, clock: Clock) -> None:
    await board.create_if_missing()
    assert await reason(board) == "none_ready"
    first = await ready(board, "first", assignee="implementer")
    assert await reason(board) == "no_role"
    await ready(board, "second", assignee="tester", parents=[first])
    assert await reason(board, assignee="tester") == "waiting_on_tasks"
    assert await reason(board, assignee="documenter") == "none_ready"
    late = await ready(board, "late", assignee="documenter")
    await board.update(orchestrator(), task_id=late, due_at="30m")
    answer = await board.claim(worker("w"), assignee="documenter")
    assert answer.reason == "not_due"
    assert "1800 s" in answer.detail
    clock.advance(30 * MINUTE)
    assert (await board.claim(worker("w"), assignee="documenter")).claimed


async def test_what_waits_for_a_person_is_said(board: Board) -> None:
    await blocked(board, worker("a"))
    assert await reason(board) == "waiting_on_you"


async def test_a_read_only_role_is_not_told_of_work_it_may_never_take(board: Board) -> None:
    first = await ready(board, "first", assignee="implementer")
    await ready(board, "unassigned", parents=[first])
    assert await reason(board, assignee="reviewer") == "none_ready"


@pytest.mark.proves("hermes-39")
async def test_a_paused_board_gives_nothing_away_and_says_so(board: Board, refused: Refused) -> None:
    """hermes 39: pausing and claiming cannot overlap, both are transactions of one board."""
    task = await ready(board)
    await board.pause(person(), paused=True)
    assert await reason(board) == "paused"
    assert await reason(board, task_id=task) == "paused"
    with refused(Forbidden, "Only a person"):
        await board.pause(orchestrator(), paused=False)
    await board.pause(person(), paused=False)
    assert (await board.claim(worker("w"))).claimed


async def test_a_pending_or_not_yet_due_task_is_not_claimed_by_id_and_the_reason_is_said(
    board: Board, clock: Clock
) -> None:
    first = await ready(board, "first")
    second = await ready(board, "second", parents=[first])
    answer = await board.claim(worker("w"), task_id=second)
    assert (answer.claimed, answer.reason) == (False, "waiting_on_tasks")
    assert first in answer.detail
    await board.update(orchestrator(), task_id=first, due_at="10m")
    answer = await board.claim(worker("w"), task_id=first)
    assert (answer.claimed, answer.reason) == (False, "not_due")
    clock.advance(10 * MINUTE)
    assert (await board.claim(worker("w"), task_id=first)).claimed


async def test_a_held_task_is_held_by_its_worker_asking_or_not(board: Board, refused: Refused) -> None:
    task = await take(board, worker("ada"))
    with refused(HeldBy, "held by ada"):
        await board.claim(worker("bob"), task_id=task)
    asked = await asking(board, worker("cleo"))
    with refused(HeldBy, "held by cleo"):
        await board.claim(worker("bob"), task_id=asked)


async def test_claiming_what_one_holds_already_answers_as_the_first_time(board: Board, board_path: Path) -> None:
    s = worker("ada")
    task = await take(board, s)
    again = await board.claim(s, task_id=task)
    assert again.claimed
    assert again.task.run["run_id"] == "run-1"  # type: ignore[union-attr]
    assert ask(board_path, "SELECT COUNT(*) FROM runs") == 1


async def test_claiming_what_one_holds_already_renews_its_lease(board: Board, clock: Clock) -> None:
    s = worker("ada")
    task = await take(board, s)
    clock.advance(4 * MINUTE)
    assert (await board.claim(s, task_id=task)).task.run["lease_expires_in_s"] == 300  # type: ignore[union-attr]


@pytest.mark.proves("hermes-39")
async def test_tasks_that_ended_or_were_never_specified_cannot_be_claimed(board: Board, refused: Refused) -> None:
    ended = await ready(board)
    await done(board, ended)
    idea = await ready(board, triage=True)
    given_up = await ready(board)
    await failed(board, given_up)
    for task in (ended, idea, given_up):
        with refused(IllegalTransition, task):
            await board.claim(worker("w"), task_id=task)
    with refused(NotFound, "Ids go up to"):
        await board.claim(worker("w"), task_id="TASK-999")


@pytest.mark.proves("S13")
async def test_tasks_that_wait_for_a_person_are_not_claimed_by_id(board: Board) -> None:
    for make in (blocked, parked, in_review):
        task = await make(board, worker(f"a-{make.__name__}"))
        assert await reason(board, task_id=task) == "waiting_on_you"


# Sweeping ------------------------------------------------------------------------------------------------------------


@pytest.mark.proves("L2")
async def test_a_claim_takes_back_what_expired_without_any_reaper(board: Board, clock: Clock) -> None:
    task = await take(board, worker("dead"))
    clock.advance(5 * MINUTE)
    taken = await board.claim(worker("alive"))
    assert taken.task.id == task  # type: ignore[union-attr]
    assert taken.task.attempt == 2  # type: ignore[union-attr]


async def test_a_claim_sweeps_a_few_and_always_the_named_one(make_board: MakeBoard, clock: Clock) -> None:
    board = make_board(Policy(sweep_batch=2))
    tasks = [await take(board, worker(f"dead{n}")) for n in range(5)]
    clock.advance(5 * MINUTE)
    assert (await board.claim(worker("alive"), task_id=tasks[4])).task.id == tasks[4]  # type: ignore[union-attr]
    running = [task for task in tasks if (await state(board, task))[0] == "in_progress"]
    assert running == [tasks[2], tasks[3], tasks[4]]


async def test_a_claim_that_got_nothing_still_sweeps(board: Board, clock: Clock) -> None:
    task = await ready(board, assignee="tester")
    await take(board, worker("dead"), task, assignee="tester")
    clock.advance(5 * MINUTE)
    assert not (await board.claim(worker("alive"), assignee="documenter")).claimed
    assert (await state(board, task))[0] == "ready"


# Waiting -------------------------------------------------------------------------------------------------------------


async def test_a_waiting_claim_does_not_wake_itself(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    await board.create(orchestrator(), title="Write the tests", assignee="tester")
    tries: list[object] = []
    write = board._store.write

    async def counted(*args: Any, **kwargs: Any) -> Any:
        tries.append(args)
        return await write(*args, **kwargs)

    monkeypatch.setattr(board._store, "write", counted)
    assert not (await board.claim(worker("w"), assignee="implementer", wait_s=0.2)).claimed
    assert len(tries) <= 2  # one at the start, one at most at the end


async def test_a_waiting_claim_is_woken_by_a_commit_of_the_same_board(board: Board) -> None:
    await board.create_if_missing()
    waiting = asyncio.create_task(board.claim(worker("w"), wait_s=20))
    await asyncio.sleep(0)
    task = await ready(board)
    answer = await asyncio.wait_for(waiting, 5)
    assert answer.task.id == task  # type: ignore[union-attr]


async def test_a_waiting_claim_is_woken_by_a_commit_through_another_connection(make_board: MakeBoard) -> None:
    here, there = make_board(), make_board()
    await here.create_if_missing()
    waiting = asyncio.create_task(here.claim(worker("w"), wait_s=20))
    await asyncio.sleep(0)
    task = await ready(there)
    answer = await asyncio.wait_for(waiting, 5)
    assert answer.task.id == task  # type: ignore[union-attr]


async def test_two_waiting_claims_never_get_the_same_task(make_board: MakeBoard) -> None:
    here, there = make_board(), make_board()
    await here.create_if_missing()
    waiting = [asyncio.create_task(b.claim(worker(f"w{n}"), wait_s=20)) for n, b in enumerate((here, there))]
    await asyncio.sleep(0)
    tasks = {await ready(here), await ready(there)}
    answers = await asyncio.wait_for(asyncio.gather(*waiting), 8)
    assert {answer.task.id for answer in answers} == tasks  # type: ignore[union-attr]


async def test_a_task_that_falls_due_is_given_to_who_waits(board: Board, clock: Clock) -> None:
    task = await ready(board)
    await board.update(orchestrator(), task_id=task, due_at="10m")
    waiting = asyncio.create_task(board.claim(worker("w"), wait_s=20))
    await asyncio.sleep(0)
    clock.advance(10 * MINUTE)
    assert (await asyncio.wait_for(waiting, 5)).claimed


async def test_a_claim_waits_no_longer_than_it_was_told_to(board: Board) -> None:
    await board.create_if_missing()
    answer = await asyncio.wait_for(board.claim(worker("w"), wait_s=0.05), 5)
    assert (answer.claimed, answer.reason) == (False, "none_ready")


# Several processes of one session -----------------------------------------------------------------------------------


async def test_a_new_process_of_the_session_claims_its_task_only_when_the_old_one_is_gone(
    board: Board, processes: Processes, refused: Refused
) -> None:
    old, new = worker("ada", pid=1), worker("ada", pid=2)
    task = await take(board, old)
    with refused(HeldBy, "another process of this session"):
        await board.claim(new, task_id=task)
    processes.gone.add(old.caller.process)
    assert (await board.claim(new, task_id=task)).task.run["run_id"] == "run-1"  # type: ignore[union-attr]
    with refused(HeldBy):
        await board.heartbeat(old)


async def test_a_session_started_for_one_task_takes_no_other_work(board: Board, refused: Refused) -> None:
    mine, other = await ready(board, "mine"), await ready(board, "other")
    delegated = Session(replace_caller(worker("d"), mine))
    with refused(Forbidden, "started for TASK-001"):
        await board.claim(delegated)
    with refused(Forbidden, "started for TASK-001"):
        await board.claim(delegated, task_id=other)
    assert (await board.claim(delegated, task_id=mine)).claimed
    sub = (await board.create(delegated, title="part", parents=[mine])).task_id
    assert (await board.claim(delegated, task_id=sub)).claimed


def replace_caller(s: Session, task_id: str) -> object:
    from dataclasses import replace

    from kanban_mcp.domain.ids import parse_task

    return replace(s.caller, handed_task=parse_task(task_id))


@pytest.mark.parametrize("count", [2])
async def test_what_ends_a_task_frees_the_next_one_for_its_role(board: Board, count: int) -> None:
    first = await ready(board, "Implement user auth", assignee="implementer")
    second = await ready(board, "Write auth tests", assignee="tester", parents=[first])
    third = await ready(board, "Auth code review", assignee="reviewer", parents=[second])
    assert [(await state(board, t))[0] for t in (first, second, third)] == ["ready", "pending", "pending"]
    implementer, tester = worker("i", role="implementer"), worker("t", role="tester")
    await take(board, implementer, first)
    ended = await board.complete(implementer, summary=SUMMARY)
    assert ended.now_ready == [second]
    assert (await board.claim(tester)).task.id == second  # type: ignore[union-attr]
    assert caller("x").key
