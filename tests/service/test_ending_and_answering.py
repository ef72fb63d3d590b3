"""Blocks, snoozes, failures, answers, retries: what counts, what is bounded, and what the next worker gets to read."""

from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.domain.errors import (
    Forbidden,
    IllegalTransition,
    Invalid,
    Limit,
    WeakReason,
)
from kanban_mcp.domain.policy import Policy
from kanban_mcp.service.board import Board
from tests.conftest import Clock, MakeBoard, orchestrator, person, worker
from tests.service.conftest import Refused
from tests.service.helpers import (
    MINUTE,
    REASON,
    SUMMARY,
    ask,
    ask_all,
    blocked,
    damage,
    done,
    failed,
    ready,
    state,
    take,
)

HOUR = 60 * MINUTE


async def test_the_example_of_the_source_blocks_and_the_answer_reaches_the_next_run(
    board: Board, board_path: Path
) -> None:
    s = worker("w")
    task = await take(board, s)
    ended = await board.block(s, reason="Missing API key — need STRIPE_SECRET_KEY in .env")
    assert (ended.state, ended.kind) == ("blocked", "needs_input")
    assert ask(board_path, "SELECT outcome || counted FROM runs") == "blocked0"
    answered = await board.answer(orchestrator(), task_id=task, answer="It is in .env.local")
    assert answered.state == "ready"
    for n in range(3):  # in every later run's context, however often runs die (design critique 5)
        shown = (await board.claim(worker(f"w{n}"), task_id=task)).task
        assert shown is not None
        said = shown.messages[0]
        assert (said["from"], said["text"]) == ("orchestrator (agent)", "It is in .env.local")
        assert said["re"].startswith("Missing API key")
        await board.block(worker(f"w{n}"), reason="the service is down now", kind="transient", until="1m")
        damage(board_path, "UPDATE tasks SET due_at_ms = NULL")


@pytest.mark.parametrize("reason", ["", "stuck", "I am blocked", "help please"])
async def test_a_reason_that_says_nothing_is_refused(board: Board, refused: Refused, reason: str) -> None:
    s = worker("w")
    await take(board, s)
    with refused(WeakReason):
        await board.block(s, reason=reason)
    with refused(WeakReason):
        await board.fail(s, reason=reason)


@pytest.mark.parametrize(
    ("arguments", "to"),
    [
        ({"reason": "Which redirect URI in staging?"}, ("blocked", "needs_input")),
        ({"reason": "the pg_dump binary is missing here", "kind": "capability"}, ("blocked", "capability")),
        ({"reason": "rate limit of the provider", "until": "30m"}, ("ready", "")),
        ({"reason": "waits for task-002 to finish"}, ("pending", "")),
        ({"reason": "TASK-002 or TASK-003 first?", "options": ["TASK-002", "x"]}, ("blocked", "needs_input")),
        ({"reason": "TASK-777 has to be done first"}, ("blocked", "needs_input")),
    ],
    ids=str,
)
async def test_the_kind_is_inferred(board: Board, arguments: dict[str, Any], to: tuple[str, str]) -> None:
    s = worker("w")
    mine = await take(board, s)
    await board.create(s, title="Part", parents=[mine])
    s2 = worker("v")
    if to[0] == "ready":
        mine = await take(board, s2)
        s = s2
    ended = await board.block(s, **arguments)
    assert (ended.state, ended.kind) == to
    assert await state(board, mine) == to


async def test_a_failed_subtask_is_waited_for_too(board: Board) -> None:
    s = worker("w")
    mine = await take(board, s)
    sub = (await board.create(s, title="Part", parents=[mine])).task_id
    await failed(board, sub)
    assert (await board.block(s, reason=f"{sub} failed and has to be retried")).state == "pending"


async def test_a_dependency_block_needs_something_to_wait_for(board: Board, refused: Refused) -> None:
    """hermes 9: otherwise the task would wait for nothing, for ever."""
    s = worker("w")
    await take(board, s)
    with refused(IllegalTransition, "it waits for no task"):
        await board.block(s, reason="the other part is missing", kind="dependency")


async def test_unknown_kinds_and_moments_are_refused(board: Board, refused: Refused) -> None:
    s = worker("w")
    await take(board, s)
    with refused(Invalid, 'Did you mean "transient"'):
        await board.block(s, reason=REASON, kind="transiet")
    for until in ("yesterday", "25h", "2001-01-01T00:00:00Z", "0s"):
        with refused(Invalid, "until"):
            await board.block(s, reason=REASON, until=until)
    with refused(Invalid, "options"):
        await board.block(s, reason=REASON, options=["x"] * 11)


async def test_a_question_shows_its_options_default_and_moment(board: Board) -> None:
    s = worker("w")
    task = await take(board, s)
    await board.block(
        s, reason="Archive or delete users?", kind="needs_input", options=["archive", "delete"], default="archive",
        until="2h",
    )  # fmt: skip
    shown = await board.show(orchestrator(), task_id=task)
    assert shown.blocked == {  # type: ignore[union-attr]
        "kind": "needs_input", "reason": "Archive or delete users?", "options": ["archive", "delete"],
        "default": "archive", "until": "2h", "who": "a person or the orchestrator",
    }  # fmt: skip


# Snoozes ------------------------------------------------------------------------------------------------------------


@pytest.mark.proves("hermes-30")
async def test_snoozing_is_not_counted_eight_times_and_counted_from_the_ninth_on(
    board: Board, clock: Clock, board_path: Path
) -> None:
    """hermes 30: no loop is free for ever."""
    task = await ready(board)
    for n in range(1, 12):
        await take(board, worker("w"), task)
        ended = await board.block(worker("w"), reason="rate limit of the provider", kind="transient")
        counted = ask(board_path, "SELECT counted FROM tasks")
        assert counted == max(0, n - 8)
        assert ended.state == ("failed" if n == 11 else "ready")
        clock.advance(HOUR)
    outcomes = [outcome for (outcome,) in ask_all(board_path, "SELECT outcome FROM runs ORDER BY id")]
    assert outcomes == ["snoozed"] * 8 + ["failed"] * 3


async def test_a_snoozed_task_starts_again_when_it_said(board: Board, clock: Clock) -> None:
    s = worker("w")
    task = await take(board, s)
    ended = await board.block(s, reason="the build server is down", until="30m")
    assert ended.due == "1800s"
    assert (await board.claim(worker("v"))).reason == "not_due"
    clock.wall(30 * MINUTE)
    assert (await board.claim(worker("v"))).task.id == task  # type: ignore[union-attr]


# Blocks -------------------------------------------------------------------------------------------------------------


async def test_an_orchestrator_answers_three_blocks_and_only_a_person_the_fourth(
    board: Board, refused: Refused
) -> None:
    task = await ready(board)
    for n in range(3):
        await blocked(board, worker(f"w{n}"), task)
        await board.answer(orchestrator(), task_id=task, answer="Try the staging key")
    await blocked(board, worker("w3"), task)
    with refused(Forbidden, "Only a person may answer TASK-001"):
        await board.answer(orchestrator(), task_id=task, answer="Try the staging key")
    assert (await board.answer(person(), task_id=task, answer="Here it is")).state == "ready"


async def test_a_capability_is_a_persons_to_give(board: Board, refused: Refused) -> None:
    s = worker("w")
    task = await take(board, s)
    await board.block(s, reason="the pg_dump binary is missing here", kind="capability")
    with refused(Forbidden, "Only a person"):
        await board.answer(orchestrator(), task_id=task, answer="install it")
    await board.answer(person(), task_id=task, answer="installed")


async def test_blocking_uses_no_attempt(board: Board, board_path: Path) -> None:
    task = await ready(board)
    for n in range(6):
        await blocked(board, worker(f"w{n}"), task)
        await board.answer(person(), task_id=task, answer="Go on")
    assert ask(board_path, "SELECT counted FROM tasks") == 0


@pytest.mark.proves("T12")
@pytest.mark.parametrize("secret", ["sk-abcdefghijklmnop1234", "use ghp_" + "a" * 36 + " please"])
async def test_a_key_in_an_answer_is_refused(board: Board, refused: Refused, secret: str) -> None:
    task = await blocked(board, worker("w"))
    with refused(Invalid, "the variable's name"):
        await board.answer(person(), task_id=task, answer=secret)


async def test_an_answer_says_something(board: Board, refused: Refused) -> None:
    task = await blocked(board, worker("w"))
    with refused(Invalid, "answer is empty"):
        await board.answer(person(), task_id=task, answer="  ")


async def test_a_task_answered_while_its_prerequisite_is_open_again_is_pending(board: Board) -> None:
    first = await ready(board)
    second = await ready(board, parents=[first])
    await done(board, first)
    await blocked(board, worker("w"), second)
    await board.retry(person(), task_id=first)
    assert (await board.answer(person(), task_id=second, answer="Go on")).state == "pending"


async def test_an_answer_to_a_used_up_budget_grants_one_attempt_more(board: Board, board_path: Path) -> None:
    task = await blocked(board, worker("w"))
    damage(board_path, "UPDATE tasks SET kind = 'capability', person_only = 1, counted = 3")
    await board.answer(person(), task_id=task, answer="One more dollar")
    assert ask(board_path, "SELECT allowed - counted FROM tasks") == 1
    other = await blocked(board, worker("v"))
    await board.answer(person(), task_id=other, answer="Go on")
    assert ask(board_path, "SELECT allowed - counted FROM tasks WHERE id = 2") == 3


# Failures and retries -----------------------------------------------------------------------------------------------


async def test_a_failed_attempt_waits_and_the_last_one_is_a_dead_letter(
    board: Board, clock: Clock, board_path: Path
) -> None:
    task = await ready(board)
    waits = []
    for n in range(3):
        await take(board, worker(f"w{n}"), task)
        ended = await board.fail(worker(f"w{n}"), reason="gates refused it three times")
        due = ask(board_path, "SELECT due_at_ms FROM tasks")
        waits.append(None if due is None else due - clock.now.wall_ms)
        clock.advance(HOUR)
    assert ended.state == "failed"
    assert 2_500 <= waits[0] <= 5_000  # type: ignore[operator]
    assert 5_000 <= waits[1] <= 10_000  # type: ignore[operator]
    assert waits[2] is None


@pytest.mark.proves("hermes-29", "S10")
async def test_attempts_never_pass_the_cap_whatever_the_mix_of_failures(
    board: Board, clock: Clock, board_path: Path
) -> None:
    """hermes 29, 30."""
    task = await ready(board)
    for n in range(20):
        if not (await board.claim(worker(f"w{n}"), task_id=task)).claimed:
            break
        if n % 3 == 0:
            clock.advance(5 * MINUTE)
            await board.reap()
        elif n % 3 == 1:
            await board.block(worker(f"w{n}"), reason="rate limit of the provider", kind="transient")
        else:
            await board.fail(worker(f"w{n}"), reason="gates refused it three times")
        clock.advance(HOUR)
        if (await state(board, task))[0] == "failed":
            break
    assert await state(board, task) == ("failed", "")
    assert ask(board_path, "SELECT COUNT(*) FROM runs WHERE counted") == 3


async def test_retry_false_is_a_dead_letter_at_once(board: Board) -> None:
    s = worker("w")
    task = await take(board, s)
    ended = await board.fail(s, reason="The service was shut down for good", retry=False)
    assert (ended.state, await state(board, task)) == ("failed", ("failed", ""))


@pytest.mark.parametrize("ended", ["failed", "cancelled", "done"])
async def test_a_retry_grants_a_further_round_and_keeps_history(board: Board, board_path: Path, ended: str) -> None:
    task = await ready(board)
    if ended == "cancelled":
        await board.cancel(person(), task_id=task)
    else:
        await (failed if ended == "failed" else done)(board, task)
    runs = ask(board_path, "SELECT COUNT(*) FROM runs")
    counted = ask(board_path, "SELECT counted FROM tasks")
    again = await board.retry(orchestrator(), task_id=task, note="with the new schema")
    assert again.state == "ready"
    assert ask(board_path, "SELECT allowed - counted FROM tasks") == 3
    assert ask(board_path, "SELECT counted FROM tasks") == counted
    assert ask(board_path, "SELECT COUNT(*) FROM runs") == runs
    shown = (await board.claim(worker("x"), task_id=task)).task
    assert shown.messages[-1]["text"] == "with the new schema"  # type: ignore[union-attr]


async def test_an_orchestrator_retries_twice_and_a_person_as_often_as_needed(board: Board, refused: Refused) -> None:
    task = await ready(board)
    for n in range(2):
        await failed(board, task, f"w{n}")
        await board.retry(orchestrator(), task_id=task)
    await failed(board, task, "w3")
    with refused(Limit, "at most 2"):
        await board.retry(orchestrator(), task_id=task)
    for n in range(3):
        await board.retry(person(), task_id=task)
        await failed(board, task, f"p{n}")


@pytest.mark.proves("hermes-31")
async def test_no_automatic_path_lowers_the_attempt_counter(board: Board, clock: Clock, board_path: Path) -> None:
    """hermes 31."""
    task = await ready(board)
    seen = 0
    for n in range(3):
        await take(board, worker(f"w{n}"), task)
        await board.fail(worker(f"w{n}"), reason="gates refused it three times")
        for _ in range(3):
            clock.advance(HOUR)
            await board.reap()
            now = ask(board_path, "SELECT counted FROM tasks")
            assert now >= seen
            seen = now
    assert seen == 3


async def test_a_subtask_is_not_retried_under_a_parent_that_ended_or_is_in_review(
    board: Board, refused: Refused
) -> None:
    s = worker("w")
    parent = await take(board, s)
    sub = (await board.create(s, title="Part", parents=[parent])).task_id
    await board.cancel(person(), task_id=sub)
    await board.complete(s, task_id=parent, summary=SUMMARY)
    with refused(IllegalTransition, f"it is part of {parent}, which is done"):
        await board.retry(person(), task_id=sub)
    await board.retry(person(), task_id=parent)
    assert (await board.retry(person(), task_id=sub)).state == "ready"
    assert (await state(board, parent))[0] == "pending"


@pytest.mark.parametrize("make", ["ready", "in_progress", "blocked"])
async def test_what_has_not_ended_cannot_be_retried(board: Board, refused: Refused, make: str) -> None:
    task = await ready(board)
    if make == "in_progress":
        await take(board, worker("w"), task)
    elif make == "blocked":
        await blocked(board, worker("w"), task)
    with refused(IllegalTransition, f"Cannot retry TASK-001: it is {make}"):
        await board.retry(person(), task_id=task)


async def test_the_numbers_of_the_policy_are_the_bounds(make_board: MakeBoard, board_path: Path) -> None:
    board = make_board(Policy(max_attempts=1, max_agent_retries=0, max_agent_answers=0))
    s = worker("w")
    task = await take(board, s)
    assert (await board.fail(s, reason="gates refused it three times")).state == "failed"
    with pytest.raises(Limit):
        await board.retry(orchestrator(), task_id=task)
    other = await blocked(board, worker("v"))
    with pytest.raises(Forbidden):
        await board.answer(orchestrator(), task_id=other, answer="Go on")


# Comments and messages ----------------------------------------------------------------------------------------------


async def test_a_comment_reaches_the_worker_at_its_next_heartbeat_and_once(board: Board) -> None:
    s = worker("w")
    task = await take(board, s)
    await board.comment(orchestrator(), task_id=task, body="Leave the logout route")
    await board.comment(s, task_id=task, body="My own note")
    beat = await board.heartbeat(s)
    assert [m["text"] for m in beat.messages] == ["Leave the logout route"]
    assert not (await board.heartbeat(s)).messages


@pytest.mark.proves("T21")
async def test_a_run_leaves_at_most_a_hundred_comments(board: Board, refused: Refused) -> None:
    s = worker("w")
    task = await take(board, s)
    for n in range(100):
        await board.comment(s, task_id=task, body=f"note {n}")
    with refused(Limit, "100 comments"):
        await board.comment(s, task_id=task, body="one more")


async def test_anybody_may_leave_a_note_on_any_task_stamped_with_who_they_are(board: Board) -> None:
    task = await ready(board)
    await board.comment(worker("reviewer-7"), task_id=task, body="Compare with hmac")
    shown = await board.show(orchestrator(), task_id=task)
    assert shown.comments == [{"from": "reviewer-7 (agent)", "age": "0s", "re": "", "text": "Compare with hmac"}]  # type: ignore[union-attr]
