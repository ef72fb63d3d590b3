"""Whatever verbs a board has seen, in whatever order: out and in again it is the same board.

The boards are those of the stateful tests, made by random verbs that the model judges; here only what is left at the
end of each story counts.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from kanban_mcp.service.board import Board
from kanban_mcp.store.aio import SqliteStore
from tests.exchange.boards import export, restore, tables
from tests.stateful.machine import BoardMachine
from tests.stateful.profiles import CI
from tests.stateful.world import OPTIONS, POLICY, World

LONG_MS = 8 * 86_400_000  # longer than any lease, park time or request lasts
FEW = settings(CI, max_examples=40, stateful_step_count=8)


class ExportedBoards(BoardMachine):
    """The machine of the stateful tests; at its end the board goes out and in, with and without its open runs."""

    def teardown(self) -> None:
        try:
            self.world.run(comes_back(self.world))
        finally:
            super().teardown()


async def comes_back(world: World) -> None:
    folder = Path(tempfile.mkdtemp(prefix="exported-"))
    try:
        await _with_open_runs(world, folder / "early.db")
        world.clock.advance(LONG_MS)
        await world.board.reap()
        await _as_it_was(world, folder / "late.db")
    finally:
        shutil.rmtree(folder)


async def _as_it_was(world: World, path: Path) -> None:
    assert not world.rows("SELECT 1 FROM runs WHERE ended_at_ms IS NULL"), "time has ended every run"
    first, other = await export(world.board), _board(world, path)
    try:
        await restore(other, first)
        assert await export(other) == first
        assert await other.reap() == {}
    finally:
        await other.close()
    assert tables(path) == tables(world.folder / "board.db")


async def _with_open_runs(world: World, path: Path) -> None:
    """Every run that was open ends, its task waits or is parked, and nothing else differs."""
    still_open = {row["task_id"]: row["id"] for row in world.rows("SELECT id, task_id FROM runs WHERE outcome IS NULL")}
    other = _board(world, path)
    try:
        got = await restore(other, await export(world.board))
        repaired = (await other.reap()).get("repaired", 0)
    finally:
        await other.close()
    assert not repaired
    assert {row["task_id"] for row in got.taken_back} == {f"TASK-{task:03d}" for task in still_open}
    ours, theirs = tables(world.folder / "board.db"), tables(path)
    for name in ("links", "messages", "origins", "idempotency"):
        assert theirs[name] == ours[name]
    closed = set(still_open.values())
    assert [row for row in theirs["runs"] if row[0] not in closed] == [
        row for row in ours["runs"] if row[0] not in closed
    ]


def _board(world: World, path: Path) -> Board:
    return Board(SqliteStore(path, OPTIONS), clock=world.clock, is_gone=world.gone.__contains__, policy=POLICY)


@pytest.mark.timeout(900)
def test_a_board_of_random_verbs_comes_back_as_it_was() -> None:
    run_state_machine_as_test(ExportedBoards, settings=FEW)
