"""After a tool call: the lease lives on, seldom written, and messages arrive."""

from pathlib import Path

import pytest

from kanban_mcp.domain.policy import Policy
from kanban_mcp.service.board import Board
from tests.conftest import Clock, MakeBoard, orchestrator, person, worker
from tests.hooks.conftest import AFTER, ROOT, Hook, main_agent, sub_agent
from tests.service.helpers import MINUTE, ask, asking, ready, take

TENTH = 30_000


def lease(path: Path, run: int = 1) -> int:
    return int(ask(path, "SELECT lease_until_ms FROM runs WHERE id = ?", run))


def commits(path: Path) -> int:
    """Return a number that every write to the runs changes: the sum of their beats and leases."""
    return int(ask(path, "SELECT SUM(lease_until_ms + beat_at_ms + seen_message) FROM runs"))


@pytest.mark.proves("T21")
async def test_a_beat_is_written_once_per_tenth_of_a_lease_at_its_very_boundary(
    board: Board, hook: Hook, clock: Clock, board_path: Path
) -> None:
    s = main_agent()
    await take(board, s)
    first = lease(board_path)
    for passed in (1, TENTH - 2):
        clock.advance(passed)
        await hook(s, AFTER)
        assert lease(board_path) == first
    clock.advance(1)
    await hook(s, AFTER)
    assert lease(board_path) == first + TENTH
    await hook(s, AFTER)
    assert lease(board_path) == first + TENTH


@pytest.mark.proves("hermes-24", "L4")
@pytest.mark.parametrize("name", ["PostToolUse", "PostToolUseFailure", "UserPromptSubmit"])
async def test_every_event_that_proves_life_keeps_the_task_longer_than_its_lease(
    board: Board, hook: Hook, clock: Clock, name: str
) -> None:
    s = main_agent()
    await take(board, s)
    for _ in range(10):
        clock.advance(MINUTE)
        await hook(s, name, tool_name="Bash")
        await board.reap()
    assert (await board.show(s)).run["run_id"] == "run-1"  # type: ignore[union-attr]  # it holds one task


async def test_without_hooks_the_same_silence_loses_the_task(board: Board, clock: Clock) -> None:
    s = main_agent()
    await take(board, s)
    clock.advance(5 * MINUTE)
    assert await board.reap() == {"reclaimed": 1}


async def test_the_throttle_follows_the_lease_in_force(make_board: MakeBoard, clock: Clock, board_path: Path) -> None:
    board = make_board(Policy(lease_for_ms=10_000))
    s = main_agent()
    await take(board, s)
    first = lease(board_path)
    clock.advance(999)
    await board.hook(s, AFTER)
    assert lease(board_path) == first
    clock.advance(1)
    await board.hook(s, AFTER)
    assert lease(board_path) == first + 1000


async def test_a_beat_revives_a_lease_that_is_over_but_that_nobody_took(board: Board, hook: Hook, clock: Clock) -> None:
    s = main_agent()
    await take(board, s)
    clock.advance(9 * MINUTE)
    await hook(s, AFTER)
    assert await board.reap() == {}


async def test_a_beat_never_extends_the_lease_of_another_session(
    board: Board, hook: Hook, clock: Clock, board_path: Path
) -> None:
    await take(board, worker("other"))
    s = main_agent()
    await take(board, s)
    before = lease(board_path, 1)
    clock.advance(MINUTE)
    await hook(s, AFTER)
    assert lease(board_path, 1) == before
    assert lease(board_path, 2) > before


async def test_a_longer_lease_that_was_announced_is_not_cut(
    board: Board, hook: Hook, clock: Clock, board_path: Path
) -> None:
    s = main_agent()
    await take(board, s)
    await board.heartbeat(s, expect_s=1800)
    announced = lease(board_path)
    clock.advance(MINUTE)
    await hook(s, AFTER)
    assert lease(board_path) == announced


async def test_a_session_that_holds_nothing_writes_nothing(board: Board, hook: Hook, board_path: Path) -> None:
    await take(board, worker("other"))
    before = commits(board_path)
    reaction = await hook(main_agent(), AFTER)
    assert (reaction.context, commits(board_path)) == ("", before)
    assert ask(board_path, "SELECT COUNT(*) FROM workers WHERE key = ?", ROOT) == 0


async def test_a_beat_of_a_helping_sub_agent_keeps_its_sessions_task(
    board: Board, hook: Hook, clock: Clock, board_path: Path
) -> None:
    """While the main agent waits for its sub-agents it makes no call of its own."""
    await take(board, main_agent())
    before = lease(board_path)
    clock.advance(MINUTE)
    await hook(sub_agent(), AFTER)
    assert lease(board_path) == before + MINUTE


async def test_a_sub_agent_with_a_task_of_its_own_keeps_both(
    board: Board, hook: Hook, clock: Clock, board_path: Path
) -> None:
    await take(board, main_agent())
    await take(board, sub_agent("a1"))
    await take(board, sub_agent("a2"))
    clock.advance(MINUTE)
    await hook(sub_agent("a1"), AFTER)
    assert lease(board_path, 1) == lease(board_path, 2) == lease(board_path, 3) + MINUTE


# Messages -------------------------------------------------------------------------------------------------------------


async def test_an_answer_and_a_comment_of_a_person_reach_the_model_with_their_author(board: Board, hook: Hook) -> None:
    s = main_agent()
    task = await take(board, s)
    await board.comment(person(), task_id=task, body="Mind the tabs")
    said = (await hook(s, AFTER)).context
    assert said.startswith(f"New on {task}, which you hold")
    assert "comment from mia (person), 0s ago: Mind the tabs" in said


async def test_a_message_is_said_once_to_a_session_that_goes_on(board: Board, hook: Hook) -> None:
    s = main_agent()
    task = await take(board, s)
    await board.comment(person(), task_id=task, body="Mind the tabs")
    assert "tabs" in (await hook(s, AFTER)).context
    assert [(await hook(s, AFTER)).context for _ in range(3)] == ["", "", ""]
    assert not (await board.heartbeat(s)).messages


async def test_a_message_in_an_answer_that_got_lost_is_said_again(board: Board, hook: Hook) -> None:
    """At least once: only the session's next call shows that it got the answer before."""
    task = await take(board, main_agent())
    await board.comment(person(), task_id=task, body="Mind the tabs")
    assert "tabs" in (await hook(main_agent(), AFTER)).context
    assert "tabs" in (await hook(main_agent(), AFTER)).context, "another connection, which never got the first answer"


async def test_a_second_message_is_said_without_the_first(board: Board, hook: Hook) -> None:
    s = main_agent()
    task = await take(board, s)
    await board.comment(person(), task_id=task, body="first word")
    await hook(s, AFTER)
    await board.comment(person(), task_id=task, body="second word")
    said = (await hook(s, AFTER)).context
    assert "second word" in said
    assert "first word" not in said


async def test_what_the_worker_wrote_itself_is_no_news_to_it(board: Board, hook: Hook) -> None:
    s = main_agent()
    task = await take(board, s)
    await board.comment(s, task_id=task, body="My own note")
    assert (await hook(s, AFTER)).context == ""


async def test_many_long_messages_are_cut_to_what_a_context_can_bear(board: Board, hook: Hook) -> None:
    s = main_agent()
    task = await take(board, s)
    for number in range(20):
        await board.comment(orchestrator(), task_id=task, body=f"{number} " + "x" * 5000)
    said = (await hook(s, AFTER)).context
    assert len(said) < 3500
    assert "19 xxx" in said
    assert "kanban_show" in said


async def test_while_a_person_decides_the_lease_is_kept_as_well(board: Board, hook: Hook, clock: Clock) -> None:
    s = main_agent()
    await asking(board, s)
    clock.advance(4 * MINUTE)
    await hook(s, AFTER)
    clock.advance(MINUTE - 1)
    assert (await board.show(s, task_id="TASK-001")).run["lease_expires_in_s"] > 0  # type: ignore[union-attr]


async def test_nothing_is_said_of_tasks_one_does_not_hold(board: Board, hook: Hook) -> None:
    task = await ready(board)
    await take(board, main_agent())
    await board.comment(person(), task_id=task, body="for somebody else")
    assert (await hook(main_agent(), AFTER)).context == ""
