"""Sub-agents: each that claims is a worker of its own; where nobody may judge its own work, a session is one."""

from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.domain.errors import Forbidden, HeldBy, LeaseLost, NotYours, WhichTask
from kanban_mcp.domain.principals import ProcessId, agent_key, root_key, worker_key
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from tests.conftest import Clock, MakeBoard, Processes, orchestrator, person, worker
from tests.hooks.conftest import ROOT, main_agent, sub_agent
from tests.service.conftest import Refused
from tests.service.helpers import MINUTE, REASON, SUMMARY, ask, ask_all, ready, state, take
from tests.service.test_self_dealing import FITS, VERBS

HERE = ProcessId(7, "1", "laptop", "boot")


# Keys -----------------------------------------------------------------------------------------------------------------


def test_a_sub_agents_key_is_its_sessions_with_its_own_id_behind() -> None:
    root = worker_key(HERE, "s-1")
    assert agent_key(root, "a5379741f67324ded") == f"{root}#a5379741f67324ded"
    assert root_key(agent_key(root, "a1")) == root_key(root) == root


def test_no_session_can_name_itself_like_another_ones_sub_agent() -> None:
    assert worker_key(HERE, "s-1#a1") != agent_key(worker_key(HERE, "s-1"), "a1")
    assert root_key(worker_key(HERE, "s-1#a1")) == worker_key(HERE, "s-1#a1")


@pytest.mark.parametrize("odd", ["", "   ", "#", "ä", "\n", "../", "a b"])
def test_an_odd_agent_id_cannot_reach_another_key(odd: str) -> None:
    key = agent_key("r", odd)
    assert key == "r" or (key.startswith("r#") and set(key[2:]) <= set("ab.-_"))
    assert len(agent_key("r", "x" * 5000)) == 66


# Runs of their own ----------------------------------------------------------------------------------------------------


async def test_two_sub_agents_and_their_parent_hold_a_run_each_and_name_no_ids(board: Board, board_path: Path) -> None:
    agents = [main_agent(), sub_agent("a1"), sub_agent("a2")]
    for s in agents:
        await take(board, s)
    beats = [await board.heartbeat(s, note=f"note {n}") for n, s in enumerate(agents, 1)]
    assert [beat.run_id for beat in beats] == ["run-1", "run-2", "run-3"]
    for s, task in zip(agents, ("TASK-001", "TASK-002", "TASK-003"), strict=True):
        assert (await board.show(s)).id == task  # type: ignore[union-attr]  # each holds one
        assert (await board.complete(s, summary=SUMMARY)).task_id == task
    names = [name for (name,) in ask_all(board_path, "SELECT name FROM workers WHERE key LIKE ?", f"{ROOT}%")]
    assert names == ["main", "main/a1", "main/a2"]


async def test_without_hooks_two_runs_of_one_connection_still_ask_for_ids(board: Board) -> None:
    s = main_agent()
    await take(board, s)
    await take(board, s)
    with pytest.raises(WhichTask, match=r"TASK-001 \(run-1\), TASK-002 \(run-2\)"):
        await board.heartbeat(s)


async def test_a_sub_agent_that_never_claimed_speaks_for_its_session(board: Board, board_path: Path) -> None:
    await take(board, main_agent())
    helper = sub_agent()
    assert (await board.show(helper)).id == "TASK-001"  # type: ignore[union-attr]
    assert (await board.heartbeat(helper)).run_id == "run-1"
    part = await board.create(helper, title="Part", parents=["TASK-001"])
    assert part.relation == "part_of"
    assert ask(board_path, "SELECT COUNT(*) FROM workers WHERE key LIKE '%#%'") == 0


async def test_a_sub_agent_that_reported_does_not_fall_back_to_its_sessions_task(
    board: Board, refused: Refused
) -> None:
    """Its next call without an id would otherwise complete the main agent's task with the same words."""
    await take(board, main_agent())
    sub = sub_agent()
    await take(board, sub)
    await board.complete(sub, summary=SUMMARY)
    assert (await board.complete(sub, summary=SUMMARY)).task_id == "TASK-002", "a repeated call gets the first answer"
    with pytest.raises(Exception, match="run-2 already ended TASK-002"):
        await board.heartbeat(sub)
    assert (await state(board, "TASK-001"))[0] == "in_progress"


async def test_neither_parent_nor_sibling_ends_a_sub_agents_run(board: Board, refused: Refused) -> None:
    sub = sub_agent("a1")
    task = await take(board, sub)
    await take(board, sub_agent("a2"))
    await take(board, main_agent())
    for s in (main_agent(), sub_agent("a2")):
        with refused(NotYours, "held by main/a1"):
            await board.complete(s, task_id=task, summary=SUMMARY)
        with refused(NotYours):
            await board.fail(s, run_id="run-1", reason="The service was shut down")


async def test_a_sub_agent_takes_no_task_from_its_sibling(board: Board, refused: Refused) -> None:
    task = await take(board, sub_agent("a1"))
    with refused(HeldBy, "main/a1"):
        await board.claim(sub_agent("a2"), task_id=task)


async def test_a_sub_agents_loss_is_told_to_it_and_not_to_the_others(board: Board) -> None:
    main, sub = main_agent(), sub_agent()
    await take(board, main)
    task = await take(board, sub)
    await board.cancel(person(), task_id=task)
    assert (await board.heartbeat(main)).run_id == "run-1"
    with pytest.raises(Exception, match="TASK-002 was cancelled"):
        await board.heartbeat(sub)


async def test_a_parents_own_subtask_is_worked_on_by_a_sub_agent(board: Board) -> None:
    main, sub = main_agent(), sub_agent()
    parent = await take(board, main)
    part = (await board.create(main, title="Part", parents=[parent])).task_id
    await take(board, sub, part)
    with pytest.raises(Exception, match="gates_not_met"):
        await board.complete(main, summary=SUMMARY)
    await board.complete(sub, summary=SUMMARY)
    assert (await board.complete(main, summary=SUMMARY)).state == "done"


async def test_a_silent_sub_agent_takes_its_task_up_again_with_the_same_attempt(board: Board, clock: Clock) -> None:
    sub = sub_agent()
    task = await take(board, sub)
    clock.advance(5 * MINUTE)
    await board.reap()
    again = await board.claim(sub, task_id=task)
    assert again.task is not None
    assert again.task.attempt == 1


# Reconnect ------------------------------------------------------------------------------------------------------------


async def test_a_restarted_server_adopts_the_run_of_each_agent_that_calls(
    make_board: MakeBoard, processes: Processes, board_path: Path
) -> None:
    before, after = make_board(), make_board()
    main, sub = main_agent(), sub_agent()
    await take(before, main)
    await take(before, sub)
    processes.gone.add(main.caller.process)
    new = ProcessId(99, "9", "testhost", "boot-1")
    await after.heartbeat(sub_agent(process=new))
    assert ask_all(board_path, "SELECT id, pid FROM runs ORDER BY id") == [(1, main.caller.process.pid), (2, 99)]
    await after.heartbeat(main_agent(process=new))
    assert ask_all(board_path, "SELECT pid FROM runs") == [(99,), (99,)]


async def test_a_second_server_of_the_session_gets_no_sub_agents_run_while_the_first_lives(
    board: Board, refused: Refused
) -> None:
    await take(board, sub_agent())
    with refused(HeldBy, "another process of this session"):
        await board.heartbeat(sub_agent(process=ProcessId(99, "9", "testhost", "boot-1")))


async def test_a_helper_in_a_server_process_of_its_own_takes_nothing_over(
    board: Board, processes: Processes, board_path: Path
) -> None:
    """Codex gives each sub-agent a server process: it may help its session, whether that one's server lives or not."""
    main = main_agent()
    await take(board, main)
    helper = sub_agent(process=ProcessId(99, "9", "testhost", "boot-1"))
    assert (await board.heartbeat(helper)).run_id == "run-1"
    processes.gone.add(main.caller.process)
    assert (await board.heartbeat(helper)).run_id == "run-1"
    assert ask(board_path, "SELECT pid FROM runs") == main.caller.process.pid


# No self-dealing ------------------------------------------------------------------------------------------------------


def of_the_session(who: str) -> Session:
    return main_agent() if who == "main" else sub_agent(who)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("doer", "judge"), [("a1", "main"), ("main", "a1"), ("a1", "a2")])
async def test_what_one_agent_of_a_session_did_no_other_of_it_may_judge(
    board: Board, refused: Refused, verb: str, doer: str, judge: str
) -> None:
    await _done_twice(board)
    task = await ready(board, parents=["TASK-002"])
    s = of_the_session(doer)
    await take(board, s, task)
    needed = FITS.get(verb, "open")
    if needed == "blocked":
        await board.block(s, reason=REASON)
    elif needed == "failed":
        await board.fail(s, reason="The service was shut down", retry=False)
    other = of_the_session(judge)
    if judge != "main":
        await take(board, other)  # a worker of its own, not a helper that speaks for its session anyway
    with refused(Forbidden, "You hold or have held"):
        await VERBS[verb](board, other, task)
    await VERBS[verb](board, orchestrator("stranger"), task)


async def test_a_sub_agent_made_for_it_does_not_answer_its_parents_question(board: Board, refused: Refused) -> None:
    main = main_agent()
    task = await take(board, main)
    await board.block(main, reason=REASON)
    with refused(Forbidden):
        await board.answer(sub_agent("fresh"), task_id=task, answer="Yes")


async def test_a_subtask_that_a_sub_agent_held_is_no_exception_for_its_maker(board: Board, refused: Refused) -> None:
    main, sub = main_agent(), sub_agent()
    parent = await take(board, main)
    part = (await board.create(main, title="Part", parents=[parent])).task_id
    await board.update(main, task_id=part, acceptance=["file: x"])
    await take(board, sub, part)
    await board.block(sub, reason=REASON)
    with refused(Forbidden):
        await board.answer(main, task_id=part, answer="Yes")


async def test_a_subtask_that_nobody_of_the_session_held_its_maker_may_steer_through_any_agent(board: Board) -> None:
    main = main_agent()
    parent = await take(board, main)
    part = (await board.create(main, title="Part", parents=[parent])).task_id
    await take(board, sub_agent("a1"))
    await board.update(sub_agent("a1"), task_id=part, acceptance=["file: x"])


async def test_sessions_whose_names_begin_alike_are_not_one(board: Board) -> None:
    other = worker("main2")
    task = await take(board, other)
    await board.block(other, reason=REASON)
    await board.answer(main_agent(), task_id=task, answer="Yes")


async def _done_twice(board: Board) -> None:
    for _ in range(2):
        task = await take(board, worker("helper"))
        await board.complete(worker("helper"), task_id=task, summary=SUMMARY)


async def test_auto_under_a_task_that_a_sub_agent_lost_is_refused_to_it(board: Board, clock: Clock) -> None:
    sub = sub_agent()
    task = await take(board, sub)
    clock.advance(5 * MINUTE)
    await take(board, worker("quick"), task)
    s: Any = sub
    s.told.add(1)
    with pytest.raises(LeaseLost, match="part_of or after"):
        await board.create(sub, title="Part", parents=[task])
