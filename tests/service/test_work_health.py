"""What doctor says of the work on a board: silent workers, waits without end, roles nobody serves, odd clocks."""

from pathlib import Path

import pytest

from kanban_mcp.domain.diagnostics import Finding, Level
from kanban_mcp.service import health
from kanban_mcp.service.board import Board
from tests.conftest import Clock, Processes, orchestrator, person, worker
from tests.service.helpers import MINUTE, REASON, damage, done, failed, ready, take

HOUR = 60 * MINUTE


async def _found(board: Board) -> dict[str, Finding]:
    findings = await board._read(board._own, health.diagnose)
    assert len({finding.name for finding in findings}) == len(findings)
    return {finding.name: finding for finding in findings}


async def test_a_board_at_work_has_nothing_to_say(board: Board) -> None:
    await take(board, worker())
    await ready(board, "Next")
    assert {name: finding.level for name, finding in (await _found(board)).items()} == {"runs": Level.OK}


@pytest.mark.proves("L2")
async def test_a_stale_run_is_named_and_after_three_periods_nobody_reaps(board: Board, clock: Clock) -> None:
    await take(board, worker())
    clock.advance(board.policy.lease_for_ms)
    first = (await _found(board))["runs"]
    assert (first.level, first.fix.split(",")[0]) == (Level.WARNING, "kanban-mcp reaper --once")
    assert "run-1 of TASK-001 (worker)" in first.what
    assert "no reaper runs" not in first.what, "a reaper may still be on its way"
    clock.advance(3 * board.policy.reap_every_ms + 1)
    assert "no reaper runs" in (await _found(board))["runs"].what
    await board.reap()
    assert (await _found(board))["runs"].level is Level.OK


async def test_a_lease_of_another_boot_is_stale(board: Board, clock: Clock) -> None:
    await take(board, worker())
    clock.reboot()
    assert "no reaper runs" in (await _found(board))["runs"].what


@pytest.mark.proves("hermes-22")
async def test_a_worker_whose_process_is_gone_is_told_before_its_lease_ends(board: Board, processes: Processes) -> None:
    s = worker()
    await take(board, s)
    processes.gone.add(s.caller.process)
    found = await _found(board)
    assert (found["workers"].level, "runs" in found) == (Level.NOTE, False)


async def test_dead_dependencies_name_what_settles_the_first(board: Board) -> None:
    dead = await ready(board, "Dead")
    waiting = await ready(board, "Waits", parents=[dead])
    await failed(board, dead)
    found = (await _found(board))["dead dependencies"]
    assert f"{waiting} (for {dead}, failed)" in found.what
    assert found.fix.startswith(f"kanban-mcp retry {dead}, or kanban-mcp cancel {waiting}")


async def test_a_role_that_nobody_served_for_an_hour_is_told(board: Board, clock: Clock) -> None:
    await ready(board, "Write it", assignee="implementer")
    await ready(board, "Test it", assignee="tester")
    s = worker(role="implementer")
    await take(board, s, "1", assignee="implementer")
    await board.complete(s, summary="Parser written, 14 tests pass")
    await ready(board, "Write more", assignee="implementer")
    assert "roles" not in await _found(board), "nobody has had the time yet"
    clock.advance(HOUR + 1)
    await take(board, worker("another", role="implementer"), assignee="implementer")
    found = (await _found(board))["roles"]
    assert found.what == "1 ready for tester, and nobody has ever worked in it."
    assert '"Work the kanban board as tester"' in found.fix


async def test_unassigned_work_is_served_by_anybody(board: Board, clock: Clock) -> None:
    await ready(board)
    clock.advance(2 * HOUR)
    assert "1 ready for any role, and nobody has ever worked here." in (await _found(board))["roles"].what
    await take(board, worker("tester", role="tester"), await ready(board, "Test", assignee="tester"), assignee="tester")
    assert "roles" not in await _found(board)


async def test_a_task_that_is_not_due_is_nobodys_fault(board: Board, clock: Clock) -> None:
    await board.update(orchestrator(), task_id=await ready(board), due_at="3d")
    clock.advance(2 * HOUR)
    assert "roles" not in await _found(board)


async def test_what_only_an_orchestrator_moves_on_is_told_after_an_hour(board: Board, clock: Clock) -> None:
    await board.create(orchestrator(), title="Perhaps a dark theme", triage=True)
    s = worker()
    await take(board, s)
    await board.block(s, reason=REASON)
    assert "orchestrator" not in await _found(board)
    clock.advance(HOUR)
    assert "TASK-001, TASK-002" in (await _found(board))["orchestrator"].what


async def test_a_pause_and_what_waits_for_people_are_told(board: Board) -> None:
    await failed(board, await ready(board))
    await board.pause(person(), paused=True)
    found = await _found(board)
    assert (found["pause"].fix, found["inbox"].what) == ("kanban-mcp resume", "1 wait for you.")


async def test_a_clock_that_was_set_back_is_seen(board: Board, clock: Clock) -> None:
    await ready(board)
    clock.wall(-2 * HOUR)
    assert "2h ahead" in (await _found(board))["clock"].what
    await ready(board, "Later")
    clock.wall(3 * HOUR)
    found = (await _found(board))["clock"]
    assert (found.level, found.what) == (Level.NOTE, "The wall clock was set back by 2h at event 2.")


async def test_a_small_correction_of_the_clock_is_nothing(board: Board, clock: Clock) -> None:
    await ready(board)
    clock.wall(-30_000)
    await ready(board, "Later")
    assert "clock" not in await _found(board)


@pytest.mark.parametrize(
    "sql",
    ["UPDATE tasks SET waits_after = 1, state = 'pending' WHERE id = 1",
     "UPDATE runs SET ended_at_ms = 1, outcome = 'failed', ended_by = 'x' WHERE id = 1"],
)  # fmt: skip
async def test_cards_that_a_foreign_program_made_lie_are_a_problem(board: Board, board_path: Path, sql: str) -> None:
    await ready(board)
    await take(board, worker(), await ready(board, "Held"))
    damage(board_path, sql)
    found = (await _found(board))["agreement"]
    assert (found.level, "reaper --once" in found.fix) == (Level.PROBLEM, True)
    await board.reap()
    assert "agreement" not in await _found(board)


async def test_diagnosis_goes_through_live_work_only(board: Board) -> None:
    for at in range(3):
        await done(board, await ready(board, f"Task {at}"))
    before = await board.events(limit=100)
    await _found(board)
    assert await board.events(limit=100) == before
