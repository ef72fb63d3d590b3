"""Approvals: one exact step, one decision by a person, used once; expiry and edits grant nothing (promise 3)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.domain.errors import (
    Forbidden,
    IllegalTransition,
    LeaseLost,
    NeedsApproval,
    WeakReason,
)
from kanban_mcp.domain.policy import Policy
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from tests.conftest import Clock, MakeBoard, caller, orchestrator, person, worker
from tests.service.conftest import Refused
from tests.service.helpers import (
    MINUTE,
    SUMMARY,
    ask,
    asking,
    dump,
    in_review,
    parked,
    ready,
    state,
    take,
)

STEP = "Drop column users.legacy_id"
DAY = 24 * 60 * MINUTE


async def again(board: Board, s: Session, text: str = STEP, **more: Any) -> str:
    return (await board.request_approval(s, summary=text, wait_s=0, **more)).status


async def test_the_example_of_the_source_waits_for_a_person_and_goes_on_with_the_decision(board: Board) -> None:
    for _ in range(2):
        await ready(board)
    s = worker("w")
    await take(board, s)
    first = await board.request_approval(
        s,
        task_id="TASK-003",
        summary="About to apply irreversible migration — please confirm",
        context="Backup at /tmp/backup.sql",
        wait_s=0,
    )
    assert (first.status, first.task_id) == ("pending", "TASK-003")
    assert await state(board, "TASK-003") == ("awaiting_review", "asking")
    decided = await board.approve(person(), task_id="TASK-003", note="copy the backup off this disk first")
    assert decided.state == "in_progress"
    heard = await board.request_approval(
        s, task_id="TASK-003", summary="About to apply irreversible migration — please confirm", wait_s=0
    )
    assert (heard.status, heard.note, heard.decided_by) == (
        "approved", "copy the backup off this disk first", "mia (person)",
    )  # fmt: skip


@pytest.mark.parametrize(("verb", "status"), [("approve", "approved"), ("reject", "rejected")])
async def test_a_waiting_call_returns_the_decision_at_once(make_board: MakeBoard, verb: str, status: str) -> None:
    here, there = make_board(), make_board()
    s = worker("w")
    task = await take(here, s)
    waiting = asyncio.create_task(here.request_approval(s, summary=STEP, wait_s=20))
    while (await state(here, task))[1] != "asking":
        await asyncio.sleep(0)
    await getattr(there, verb)(person(), task_id=task, note="so be it")
    answer = await asyncio.wait_for(waiting, 5)
    assert (answer.status, answer.note) == (status, "so be it")


@pytest.mark.proves("hermes-24")
async def test_the_lease_is_kept_while_the_call_waits(make_board: MakeBoard, clock: Clock) -> None:
    policy = Policy(park_after_ms=3_600_000)
    here, there = make_board(policy), make_board(policy)
    s = worker("w")
    task = await take(here, s)
    waiting = asyncio.create_task(here.request_approval(s, summary=STEP, wait_s=20))
    while (await state(here, task))[1] != "asking":
        await asyncio.sleep(0)
    for _ in range(3):
        clock.advance(110_000)  # 330 s in all: the lease of 300 s would be over
        await there.comment(person(), task_id=task, body="Looking at it")  # any commit lets the waiting call look
        while (await there.show(orchestrator(), task_id=task)).run["lease_expires_in_s"] < 300:
            await asyncio.sleep(0)
    await there.reap()
    await there.approve(person(), task_id=task)
    assert (await asyncio.wait_for(waiting, 5)).status == "approved"


async def test_a_decision_made_while_nobody_waits_is_told_by_the_next_call(board: Board) -> None:
    s = worker("w")
    task = await asking(board, s)
    await board.reject(person(), task_id=task, note="not before Friday")
    assert await state(board, task) == ("in_progress", "")
    heard = await board.request_approval(s, summary=STEP, wait_s=0)
    assert (heard.status, heard.note) == ("rejected", "not before Friday")
    assert (await board.complete(s, summary=SUMMARY)).state == "done"


# Only a person, only once -------------------------------------------------------------------------------------------


@pytest.mark.proves("hermes-51", "S12", "T2")
@pytest.mark.parametrize("s", [worker("x"), orchestrator("x")], ids=["worker", "orchestrator"])
@pytest.mark.parametrize("make", [asking, parked, in_review], ids=["asking", "parked", "review"])
@pytest.mark.parametrize("verb", ["approve", "reject"])
async def test_no_agent_decides_anything_anywhere(
    board: Board, refused: Refused, s: Session, make: Any, verb: str
) -> None:
    """hermes 51."""
    task = await make(board, worker("asker"))
    with refused(Forbidden, f"Only a person may {verb} TASK-001"):
        await getattr(board, verb)(s, task_id=task)


@pytest.mark.proves("S13")
@pytest.mark.parametrize("make", [asking, parked], ids=["asking", "parked"])
async def test_no_other_verb_gets_a_task_out_of_an_open_request_with_a_grant(
    board: Board, refused: Refused, make: Any
) -> None:
    task = await make(board, worker("asker"))
    other = orchestrator("o")
    with refused(NeedsApproval):
        await board.answer(other, task_id=task, answer="yes, go on")
    with refused(NeedsApproval):
        await board.answer(person(), task_id=task, answer="yes, go on")
    with refused(NeedsApproval):
        await board.retry(other, task_id=task)


@pytest.mark.proves("S13")
async def test_the_asking_worker_cannot_complete_around_its_request(board: Board, refused: Refused) -> None:
    s = worker("w")
    await asking(board, s)
    with refused(NeedsApproval, "same text"):
        await board.complete(s, summary=SUMMARY)


@pytest.mark.proves("S12")
async def test_a_grant_is_used_once(board: Board, clock: Clock, board_path: Path) -> None:
    s = worker("w")
    task = await asking(board, s)
    await board.approve(person(), task_id=task)
    assert await again(board, s) == "approved"
    assert await again(board, s) == "approved", "a call repeated after a lost reply hears the same"
    clock.advance(1_000)
    await board.heartbeat(s, note="Dropping the column")
    assert await again(board, s) == "pending", "the next step of the same words is another step"
    assert ask(board_path, "SELECT COUNT(*) FROM approvals") == 2


async def test_a_grant_used_by_a_run_that_died_is_no_grant_for_the_next(board: Board, clock: Clock) -> None:
    s = worker("w")
    task = await asking(board, s)
    await board.approve(person(), task_id=task)
    assert await again(board, s) == "approved"
    clock.advance(5 * MINUTE)
    other = worker("other")
    await take(board, other, task)
    shown = await board.show(other)
    assert "used by run-1; it grants nothing more" in shown.messages[0]["text"]  # type: ignore[union-attr]
    assert not shown.approval  # type: ignore[union-attr]
    assert await again(board, other) == "pending"


async def test_a_refusal_one_run_heard_does_not_stand_for_ever(board: Board, clock: Clock) -> None:
    s = worker("w")
    task = await asking(board, s)
    await board.reject(person(), task_id=task, note="not before Friday")
    assert [await again(board, s), await again(board, s)] == ["rejected", "rejected"]
    clock.advance(5 * MINUTE)
    other = worker("other")
    await take(board, other, task)
    assert (await board.show(other)).messages[0]["text"] == "Rejected. not before Friday"  # type: ignore[union-attr]
    assert await again(board, other) == "pending"


async def test_a_grant_nobody_heard_of_is_there_for_the_next_run(board: Board, clock: Clock) -> None:
    """Approved, and the run died before it could be told: the answer is not lost."""
    task = await asking(board, worker("w"))
    await board.approve(person(), task_id=task, note="go")
    clock.advance(5 * MINUTE)
    other = worker("other")
    await take(board, other, task)
    shown = await board.show(other)
    assert shown.approval["state"] == "approved"  # type: ignore[union-attr]
    assert await again(board, other) == "approved"


@pytest.mark.proves("T3")
async def test_the_second_of_two_deciders_is_told_it_is_too_late(board: Board, refused: Refused) -> None:
    task = await asking(board, worker("w"))
    await board.approve(person("mia"), task_id=task)
    with refused(IllegalTransition, "it is in_progress"):
        await board.reject(person("tom"), task_id=task)


@pytest.mark.proves("T3")
async def test_another_text_gets_no_grant_and_only_one_request_is_open(board: Board, refused: Refused) -> None:
    s = worker("w")
    task = await asking(board, s)
    with refused(NeedsApproval, "one request at a time"):
        await again(board, s, "Drop table users")
    with refused(NeedsApproval, "one request at a time"):
        await again(board, s, context="and its backup")
    await board.approve(person(), task_id=task)
    assert await again(board, s, "Drop table users") == "pending"
    assert await again(board, s, "Drop table users") == "pending"


@pytest.mark.proves("T3")
async def test_what_was_granted_as_reversible_is_no_grant_for_the_irreversible(board: Board) -> None:
    s = worker("w")
    task = await asking(board, s)
    await board.approve(person(), task_id=task)
    assert await again(board, s, irreversible=True) == "pending"


async def test_a_request_names_a_step(board: Board, refused: Refused) -> None:
    s = worker("w")
    await take(board, s)
    for text in ("", "help", "please continue"):
        with refused(WeakReason, "names no step"):
            await again(board, s, text)


# Parking ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["reaper", "block", "death", "call"])
@pytest.mark.parametrize("grant", [True, False], ids=["approved", "rejected"])
async def test_a_parked_task_is_brought_back_by_the_decision_which_is_in_its_context(
    board: Board, clock: Clock, board_path: Path, how: str, grant: bool
) -> None:
    s = worker("w")
    task = await asking(board, s)
    if how == "reaper":
        for _ in range(3):
            clock.advance(100_000)
            await board.heartbeat(s)
        assert await board.reap() == {"parked": 1}
    elif how == "block":
        await board.block(s, reason="waiting for approval")
    elif how == "death":
        clock.advance(5 * MINUTE)
        assert await board.reap() == {"parked": 1}
    else:
        clock.advance(5 * MINUTE)
        assert await again(board, s) == "parked"
    assert await state(board, task) == ("awaiting_review", "parked")
    assert ask(board_path, "SELECT outcome || counted FROM runs") == "parked0"
    assert ask(board_path, "SELECT counted FROM tasks") == 0
    decided = await (board.approve if grant else board.reject)(person(), task_id=task, note="heed this")
    assert decided.state == "ready"
    other = worker("other")
    await take(board, other, task)
    shown = await board.show(other)
    assert "heed this" in shown.messages[-1]["text"]  # type: ignore[union-attr]
    assert shown.approval["state"] == ("approved" if grant else "rejected")  # type: ignore[union-attr]
    assert await again(board, other) == ("approved" if grant else "rejected")


async def test_a_request_is_not_parked_before_five_minutes(board: Board, clock: Clock) -> None:
    s = worker("w")
    task = await asking(board, s)
    clock.advance(5 * MINUTE - 1)
    await board.heartbeat(s)
    assert await board.reap() == {}
    assert await state(board, task) == ("awaiting_review", "asking")
    clock.advance(1)
    assert await board.reap() == {"parked": 1}


async def test_after_parking_the_same_call_says_parked_even_when_another_run_has_the_grant(
    board: Board, clock: Clock, board_path: Path
) -> None:
    """A worker that lost its run is granted nothing, though its own question was answered with yes."""
    s, other = worker("w"), worker("other")
    task = await asking(board, s)
    clock.advance(5 * MINUTE)
    await board.reap()
    assert await again(board, s, task_id=task) == "parked"
    await board.approve(person(), task_id=task)
    assert await again(board, s, task_id=task) == "parked"
    await take(board, other, task)
    before = dump(board_path)
    assert await again(board, s, task_id=task) == "parked"
    assert dump(board_path) == before
    assert await again(board, other) == "approved"


async def test_a_call_that_waits_while_its_task_is_parked_decided_and_taken_is_granted_nothing(
    make_board: MakeBoard, clock: Clock
) -> None:
    here, there = make_board(), make_board()
    s, other = worker("w"), worker("other")
    task = await take(here, s)
    waiting = asyncio.create_task(here.request_approval(s, summary=STEP, wait_s=20))
    while (await state(here, task))[1] != "asking":
        await asyncio.sleep(0)
    clock.advance(5 * MINUTE)
    await there.reap()
    await there.approve(person(), task_id=task)
    await there.claim(other, task_id=task)
    assert (await asyncio.wait_for(waiting, 5)).status == "parked"
    assert await again(there, other) == "approved"


async def test_other_writes_of_a_parked_run_are_lost(board: Board, clock: Clock, refused: Refused) -> None:
    s = worker("w")
    task = await asking(board, s)
    clock.advance(5 * MINUTE)
    await board.reap()
    with refused(LeaseLost, "parked TASK-001"):
        await board.heartbeat(s, task_id=task)


async def test_a_restart_of_the_machine_parks_what_was_asked(board: Board, clock: Clock) -> None:
    task = await asking(board, worker("w"))
    clock.reboot()
    assert await board.reap() == {"parked": 1}
    assert (await board.approve(person(), task_id=task)).state == "ready"


# Expiry and edits ---------------------------------------------------------------------------------------------------


@pytest.mark.proves("S12")
async def test_expiry_is_never_a_grant_and_only_a_person_answers_after_it(
    board: Board, clock: Clock, refused: Refused, board_path: Path
) -> None:
    s = worker("w")
    task = await parked(board, s)
    clock.advance(7 * DAY - 1)
    assert await board.reap() == {}
    clock.advance(1)
    assert await board.reap() == {"expired": 1}
    assert await state(board, task) == ("blocked", "needs_input")
    assert ask(board_path, "SELECT state FROM approvals") == "expired"
    with refused(Forbidden, "Only a person may answer"):
        await board.answer(orchestrator(), task_id=task, answer="go on")
    with refused(IllegalTransition):
        await board.approve(person(), task_id=task)
    await board.answer(person(), task_id=task, answer="ask again next week")
    await take(board, worker("other"), task)
    assert await again(board, worker("other")) == "pending"


async def test_a_request_past_its_time_cannot_be_approved_though_nobody_has_swept_it(
    board: Board, clock: Clock, refused: Refused
) -> None:
    task = await parked(board, worker("w"))
    clock.advance(7 * DAY)
    with refused(IllegalTransition, "expired"):
        await board.approve(person(), task_id=task)
    assert (await board.reject(person(), task_id=task)).state == "ready"


async def test_the_asking_worker_hears_that_its_request_expired_and_may_ask_anew(board: Board, clock: Clock) -> None:
    s = worker("w")
    task = await asking(board, s)
    clock.wall(7 * DAY)
    assert await again(board, s) == "expired"
    assert await state(board, task) == ("in_progress", "")
    assert await again(board, s) == "pending"


@pytest.mark.proves("hermes-51")
@pytest.mark.parametrize("edit", [{"title": "Other"}, {"context": "Other"}, {"acceptance": ["file: x"]}], ids=str)
async def test_an_edit_of_what_was_judged_voids_the_request(
    board: Board, refused: Refused, edit: dict[str, Any]
) -> None:
    """hermes 51: bound to the task's revision."""
    s = worker("w")
    live, stored = await asking(board, s), await parked(board, worker("p"))
    await board.update(orchestrator(), task_id=live, **edit)
    await board.update(orchestrator(), task_id=stored, **edit)
    assert await state(board, live) == ("in_progress", "")
    assert await again(board, s) == "expired"
    assert await again(board, s) == "pending"
    assert await state(board, stored) == ("blocked", "needs_input")
    with refused(Forbidden, "Only a person"):
        await board.answer(orchestrator("o2"), task_id=stored, answer="go on")


@pytest.mark.parametrize("edit", [{"priority": "high"}, {"assignee": "tester"}, {"due_at": "1h"}], ids=str)
async def test_an_edit_of_anything_else_leaves_the_request_alone(board: Board, edit: dict[str, Any]) -> None:
    s = worker("w")
    task = await asking(board, s)
    await board.update(orchestrator(), task_id=task, **edit)
    assert await state(board, task) == ("awaiting_review", "asking")
    await board.approve(person(), task_id=task)
    assert await again(board, s) == "approved"


@pytest.mark.proves("T3")
async def test_an_edit_after_the_decision_voids_the_grant_and_says_so(board: Board) -> None:
    task = await parked(board, worker("w"))
    await board.approve(person(), task_id=task)
    await board.update(orchestrator(), task_id=task, context="Something quite different")
    other = worker("other")
    await take(board, other, task)
    shown = await board.show(other)
    assert not shown.approval  # type: ignore[union-attr]
    assert "the approval is void" in shown.messages[-1]["text"]  # type: ignore[union-attr]
    assert await again(board, other) == "pending"


@pytest.mark.parametrize("how", ["fail", "cancel"])
async def test_a_request_goes_with_its_run_or_task(board: Board, board_path: Path, how: str) -> None:
    s = worker("w")
    task = await asking(board, s)
    if how == "fail":
        await board.fail(s, reason="The table does not exist")
    else:
        await board.cancel(person(), task_id=task)
    assert ask(board_path, "SELECT state FROM approvals") == "voided"


async def test_a_call_that_waits_while_its_task_is_cancelled_hears_voided(make_board: MakeBoard) -> None:
    here, there = make_board(), make_board()
    s = worker("w")
    task = await take(here, s)
    waiting = asyncio.create_task(here.request_approval(s, summary=STEP, wait_s=20))
    while (await state(here, task))[1] != "asking":
        await asyncio.sleep(0)
    await there.cancel(person(), task_id=task)
    assert (await asyncio.wait_for(waiting, 5)).status == "voided"


# Review -------------------------------------------------------------------------------------------------------------


async def test_a_person_accepts_submitted_work(board: Board) -> None:
    task = await in_review(board, worker("w"))
    after = await ready(board, parents=[task])
    assert (await state(board, after))[0] == "pending"
    accepted = await board.approve(person(), task_id=task)
    assert (accepted.state, accepted.also) == ("done", [after])


@pytest.mark.proves("hermes-31")
async def test_changes_requested_are_a_continuation_whose_findings_stay(board: Board, board_path: Path) -> None:
    """hermes 31: no attempt is used and none given back."""
    task = await in_review(board, worker("w"))
    sent_back = await board.reject(person(), task_id=task, note="Compare state with hmac.compare_digest")
    assert sent_back.state == "ready"
    assert ask(board_path, "SELECT counted FROM tasks") == 0
    other = worker("other")
    await take(board, other, task)
    shown = await board.show(other)
    assert shown.messages[0]["text"] == "Compare state with hmac.compare_digest"  # type: ignore[union-attr]


async def test_work_in_review_is_not_accepted_while_a_subtask_is_open_again(
    board: Board, refused: Refused, board_path: Path
) -> None:
    from kanban_mcp.domain.errors import GatesNotMet
    from tests.service.helpers import damage

    task = await in_review(board, worker("w"))
    await ready(board)
    damage(board_path, "INSERT INTO links VALUES (2, 1, 'part_of')")
    await board.reap()
    with refused(GatesNotMet, "1 open subtasks"):
        await board.approve(person(), task_id=task)


# Stop ---------------------------------------------------------------------------------------------------------------


async def test_a_person_stops_a_run_and_alone_releases_the_task(
    board: Board, refused: Refused, board_path: Path
) -> None:
    s = worker("w")
    task = await take(board, s)
    with refused(Forbidden, "Only a person may stop"):
        await board.stop(orchestrator(), task_id=task)
    stopped = await board.stop(person(), task_id=task, reason="wrong branch")
    assert (stopped.state, stopped.kind) == ("blocked", "needs_input")
    assert ask(board_path, "SELECT outcome || counted FROM runs") == "blocked0"
    with refused(Forbidden, "Only a person may answer"):
        await board.answer(orchestrator("o"), task_id=task, answer="go on")
    assert (await board.answer(person(), task_id=task, answer="on branch b")).state == "ready"
    assert ask(board_path, "SELECT counted + blocks FROM tasks") == 0


async def test_stopping_a_run_that_asks_parks_its_request(board: Board) -> None:
    task = await asking(board, worker("w"))
    stopped = await board.stop(person(), task_id=task)
    assert (stopped.state, stopped.kind) == ("awaiting_review", "parked")
    assert (await board.approve(person(), task_id=task)).state == "ready"


async def test_only_running_work_can_be_stopped(board: Board, refused: Refused) -> None:
    task = await ready(board)
    with refused(IllegalTransition, "Cannot stop TASK-001: it is ready"):
        await board.stop(person(), task_id=task)
    assert caller("x").name == "x"
