"""The end of a turn, of a sub-agent, of a session: remind once, then hand back what nobody works on any more."""

from pathlib import Path

import pytest

from kanban_mcp.service import handing_back
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from tests.conftest import Clock, Processes, person, worker
from tests.hooks.conftest import EDIT, STOP, Hook, kinds, main_agent, sub_agent
from tests.service.helpers import MINUTE, SUMMARY, ask_all, asking, state, take, transact

BUSY = [{"id": "x", "type": "subagent", "status": "running"}]


async def ended(board: Board, s: Session, ours: bool = True) -> list[str]:
    """End the session of `s`, whose processes are ours."""
    return await transact(board, s, lambda tx, call: handing_back.end_session(tx, call, lambda _run: ours))


# Stop -----------------------------------------------------------------------------------------------------------------


async def test_a_turn_that_ends_with_a_task_held_is_reminded_once(board: Board, hook: Hook, board_path: Path) -> None:
    s = main_agent()
    await take(board, s)
    said = (await hook(s, STOP)).block
    assert said.startswith("You still hold TASK-001 (run-1)")
    assert "kanban_complete" in said
    assert [(await hook(s, STOP)).block for _ in range(3)] == ["", "", ""], "people end turns to talk, not to be nagged"
    assert kinds(board_path).count("reminded") == 1
    assert (await hook(main_agent(), STOP)).block == "", "another process of the session knows"


async def test_a_stop_that_a_hook_has_put_off_is_never_put_off_again(board: Board, hook: Hook) -> None:
    s = main_agent()
    await take(board, s)
    for active in (True, "true"):
        assert not (await hook(s, "Stop", stop_hook_active=active)).block
    assert (await hook(s, "Stop", stop_hook_active="false")).block


async def test_who_holds_nothing_is_not_reminded(board: Board, hook: Hook) -> None:
    await take(board, worker("other"))
    s = main_agent()
    assert not (await hook(s, STOP)).block
    await take(board, s)
    await board.complete(s, summary=SUMMARY)
    assert not (await hook(s, STOP)).block


async def test_who_waits_for_a_persons_decision_is_not_reminded(board: Board, hook: Hook) -> None:
    s = main_agent()
    await asking(board, s)
    assert not (await hook(s, STOP)).block
    await board.approve(person(), task_id="TASK-001")
    assert (await hook(s, STOP)).block


@pytest.mark.parametrize("tasks", [BUSY, str(BUSY).replace("'", '"'), [{"status": "pending"}]])
async def test_while_something_runs_in_the_background_nobody_is_reminded(
    board: Board, hook: Hook, tasks: object
) -> None:
    s = main_agent()
    await take(board, s)
    assert not (await hook(s, "Stop", background_tasks=tasks)).block
    assert (await hook(s, "Stop", background_tasks=[])).block


@pytest.mark.parametrize(
    "tasks", ["", "[]", None, [], 7, [{"status": "completed"}], ["running"], {"status": "running"}]
)
async def test_nothing_in_the_background_is_read_as_nothing(board: Board, hook: Hook, tasks: object) -> None:
    s = main_agent()
    await take(board, s)
    assert (await hook(s, "Stop", background_tasks=tasks)).block


async def test_while_a_sub_agent_works_on_a_task_of_its_own_the_main_agent_is_not_reminded(
    board: Board, hook: Hook, processes: Processes
) -> None:
    """Codex names no background tasks; a sub-agent that claimed can be seen on the board."""
    main, sub = main_agent(), sub_agent()
    await take(board, main)
    await take(board, sub)
    assert not (await hook(main, STOP)).block
    processes.gone.add(sub.caller.process)
    assert (await hook(main, STOP)).block


async def test_a_sub_agents_task_is_not_the_main_agents_to_be_reminded_of(board: Board, hook: Hook) -> None:
    await take(board, sub_agent())
    assert not (await hook(main_agent(), STOP)).block


# SubagentStop ---------------------------------------------------------------------------------------------------------


async def test_a_sub_agent_that_ends_with_its_task_is_reminded_and_then_loses_it(
    board: Board, hook: Hook, board_path: Path
) -> None:
    await take(board, main_agent())
    sub = sub_agent()
    task = await take(board, sub)
    assert "You still hold TASK-002" in (await hook(sub, "SubagentStop")).block
    assert not (await hook(sub, "SubagentStop", stop_hook_active=True)).block
    assert await state(board, task) == ("ready", "")
    assert kinds(board_path, 2)[-2:] == ["reminded", "handed_back"]
    assert (await board.show(main_agent())).id == "TASK-001", "what the session holds stays"  # type: ignore[union-attr]


async def test_a_sub_agent_that_reported_ends_in_peace(board: Board, hook: Hook) -> None:
    sub = sub_agent()
    await take(board, sub)
    await board.complete(sub, summary=SUMMARY)
    assert await hook(sub, "SubagentStop") == ("", "", "")


async def test_a_sub_agent_that_only_helped_ends_nothing(board: Board, hook: Hook) -> None:
    task = await take(board, main_agent())
    for active in (False, True):
        assert await hook(sub_agent(), "SubagentStop", stop_hook_active=active) == ("", "", "")
    assert (await state(board, task))[0] == "in_progress"


async def test_the_end_of_a_sub_agent_that_is_not_named_ends_nothing(board: Board, hook: Hook) -> None:
    """A payload without its id must not hand back what the main agent holds."""
    task = await take(board, main_agent())
    for active in (False, True):
        assert await hook(main_agent(), "SubagentStop", stop_hook_active=active) == ("", "", "")
    assert (await state(board, task))[0] == "in_progress"


async def test_a_sub_agent_that_ends_while_it_asks_leaves_its_question_with_the_task(board: Board, hook: Hook) -> None:
    sub = sub_agent()
    task = await asking(board, sub)
    assert not (await hook(sub, "SubagentStop")).block
    assert await state(board, task) == ("awaiting_review", "parked")


# SessionEnd -----------------------------------------------------------------------------------------------------------


async def test_a_session_that_ends_hands_its_tasks_back_at_once_and_no_attempt_is_used(
    board: Board, clock: Clock, board_path: Path
) -> None:
    main, sub = main_agent(), sub_agent()
    await take(board, main)
    await take(board, sub)
    assert await ended(board, main) == ["TASK-001", "TASK-002"]
    rows = ask_all(board_path, "SELECT outcome, counted, error, ended_by FROM runs ORDER BY id")
    assert rows == [("snoozed", 0, "its session ended", "session end")] * 2
    fresh = await board.claim(worker("next"), task_id="TASK-001")
    assert fresh.claimed, "ready for others without waiting"
    assert fresh.task is not None
    assert fresh.task.attempt == 1


async def test_only_the_sessions_own_runs_are_handed_back(board: Board) -> None:
    await take(board, worker("main-2"))
    await take(board, worker("other"))
    assert await ended(board, main_agent()) == []


async def test_what_another_living_process_of_the_session_holds_stays(board: Board, clock: Clock) -> None:
    s = main_agent()
    task = await take(board, s)
    assert await ended(board, s, ours=False) == []
    assert (await state(board, task))[0] == "in_progress"


async def test_an_open_question_survives_the_session(board: Board) -> None:
    s = main_agent()
    task = await asking(board, s)
    await ended(board, s)
    assert await state(board, task) == ("awaiting_review", "parked")
    await board.approve(person(), task_id=task)
    assert await state(board, task) == ("ready", "")


async def test_sessions_that_claim_and_end_for_ever_use_the_task_up(
    board: Board, clock: Clock, board_path: Path
) -> None:
    """Eight are free; from the ninth on each counts, as with any snooze: the loop ends by itself."""
    for number in range(11):
        s = worker(f"s{number}")
        await take(board, s, "TASK-001" if number else None)
        await ended(board, s)
        clock.advance(20 * MINUTE)
    outcomes = [row[0] for row in ask_all(board_path, "SELECT outcome FROM runs ORDER BY id")]
    assert outcomes == ["snoozed"] * 8 + ["failed"] * 3
    assert await state(board, "TASK-001") == ("failed", "")


async def test_a_resumed_session_hears_of_it_goes_on_and_is_not_fenced(board: Board, hook: Hook, clock: Clock) -> None:
    s = main_agent()
    task = await take(board, s)
    await ended(board, s)
    clock.advance(2 * MINUTE)
    resumed = main_agent()
    line = (await hook(resumed, "SessionStart", source="resume")).context
    assert "run-1 no longer holds TASK-001: snoozed 2m ago, its session ended; nobody has taken it since" in line
    assert f'kanban_claim(task_id="{task}") to go on' in line
    assert not (await hook(resumed, EDIT)).deny
    again = await board.claim(resumed, task_id=task)
    assert again.task is not None
    assert (again.task.run["run_id"], again.task.attempt) == ("run-2", 1)


async def test_a_session_resumed_without_that_line_is_fenced_until_it_asks(board: Board, hook: Hook) -> None:
    s = main_agent()
    await take(board, s)
    await ended(board, s)
    resumed = main_agent()
    assert "its session ended" in (await hook(resumed, EDIT)).deny
    shown = await board.show(resumed)
    assert 'it was handed back and nobody has taken it. kanban_claim(task_id="TASK-001") continues' in shown.next


# SessionStart ---------------------------------------------------------------------------------------------------------


async def test_a_session_starts_with_the_task_it_holds(board: Board, hook: Hook) -> None:
    s = main_agent()
    await take(board, s)
    line = (await hook(s, "SessionStart", source="compact")).context
    assert line == (
        'On the kanban board you hold TASK-001 "Write the parser" (run-1); lease 300 s. kanban_show has all of it.'
    )


async def test_a_session_starts_with_what_is_ready_for_its_role(board: Board, hook: Hook) -> None:
    await board.create(person(), title="One")
    await board.create(person(), title="Two", assignee="tester")
    assert (await hook(main_agent(), "SessionStart")).context == "Kanban board: 1 ready; kanban_claim() takes one."
    tester = (await hook(main_agent(role="tester"), "SessionStart")).context
    assert tester == 'Kanban board: 2 ready for tester; kanban_claim(assignee="tester") takes one.'


async def test_work_for_other_roles_is_named_to_a_session_without_one(board: Board, hook: Hook) -> None:
    await board.create(person(), title="Two", assignee="tester")
    line = (await hook(main_agent(), "SessionStart")).context
    assert line == 'Kanban board: work is ready for tester; kanban_claim(assignee="tester") takes that role.'


async def test_a_board_with_nothing_to_do_says_nothing(board: Board, hook: Hook) -> None:
    await take(board, worker("other"))
    assert (await hook(main_agent(), "UserPromptSubmit")).context == ""
    assert (await hook(main_agent(), "SessionStart")).context == ""


async def test_the_line_fits_into_400_characters_whatever_is_held(board: Board, hook: Hook) -> None:
    s = main_agent()
    for _ in range(5):
        await board.create(person(), title="A very long title " * 11)
        await board.claim(s)
    line = (await hook(s, "SessionStart")).context
    assert len(line) <= 400
    assert "and 2 more" in line


async def test_a_session_started_for_a_task_is_told_so(board: Board, hook: Hook) -> None:
    await take(board, worker("x"))
    line = (await hook(main_agent(handed_task=1), "SessionStart")).context
    assert line == "You were started for TASK-001: call kanban_show."
