"""The reaper: one pass, and the loop around it, which nothing but a signal ends."""

import asyncio
import logging
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from kanban_mcp.domain.errors import BoardBusy
from kanban_mcp.reaper import loop
from kanban_mcp.service.board import Board
from tests.cli.conftest import Cli
from tests.conftest import Clock, MakeBoard, Processes, orchestrator, worker

LEASE_MS = 300_000


class Passes:
    """A board that answers the passes it was given, and stops the loop after the last one."""

    def __init__(self, *answers: dict[str, int] | Exception) -> None:
        self.left = list(answers)
        self.stop = anyio.Event()

    async def reap(self) -> dict[str, int]:
        """Give the next answer."""
        answer = self.left.pop(0)
        if not self.left:
            self.stop.set()
        if isinstance(answer, Exception):
            raise answer
        return answer


class Pauses:
    """Waits for nothing and remembers how long it should have."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float, stop: anyio.Event) -> None:
        self.seconds.append(seconds)


async def test_a_failing_pass_is_logged_and_the_next_one_tries_again(caplog: pytest.LogCaptureFixture) -> None:
    board, pauses = (
        Passes({}, BoardBusy("Somebody writes."), RuntimeError("bug"), {"reclaimed": 2, "parked": 1}),
        Pauses(),
    )
    with caplog.at_level(logging.INFO, logger="kanban_mcp.reaper.loop"):
        assert await loop.run(board, 10.0, board.stop, pause=pauses, jitter=lambda: 0.5) == 4
    assert pauses.seconds == [10.0] * 4
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert said == [
        ("WARNING", "pass failed: [board_busy] Somebody writes."),
        ("ERROR", "pass failed"),
        ("INFO", "reclaimed 2, parked 1"),
    ], "an idle pass says nothing"


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 9.0), (0.5, 10.0), (1.0, 11.0)])
async def test_passes_come_a_tenth_early_or_late(jitter: float, seconds: float) -> None:
    board, pauses = Passes({}), Pauses()
    await loop.run(board, 10.0, board.stop, pause=pauses, jitter=lambda: jitter)
    assert pauses.seconds == [pytest.approx(seconds)]


async def test_a_stop_ends_the_pause_at_once() -> None:
    stop = anyio.Event()

    class Idle:
        async def reap(self) -> dict[str, int]:
            stop.set()
            return {}

    with anyio.fail_after(5):
        assert await loop.run(Idle(), 3600.0, stop) == 1


async def test_a_stopped_loop_makes_no_pass() -> None:
    board = Passes({})
    board.stop.set()
    assert await loop.run(board, 1.0, board.stop) == 0


@pytest.mark.proves("hermes-27")
async def test_two_reapers_at_once_do_what_one_does(make_board: MakeBoard, clock: Clock, processes: Processes) -> None:
    first, second = make_board(), make_board()
    for number in range(20):
        await first.create(orchestrator(), title=f"Task {number}")
        assert (await first.claim(worker(f"w{number}"))).claimed
    clock.advance(LEASE_MS + 1)
    counts = await asyncio.gather(*(loop.run_once(board) for board in (first, second) * 3))
    assert sum(count.get("reclaimed", 0) for count in counts) == 20
    reclaimed = [event for event in await first.events(limit=1000) if event.kind == "reclaimed"]
    assert len(reclaimed) == 20
    assert await loop.run_once(first) == await loop.run_once(second) == {}


async def test_without_a_reaper_a_claim_takes_back_what_is_over(board: Board, clock: Clock) -> None:
    await board.create(orchestrator(), title="Write the parser")
    assert (await board.claim(worker("slow"))).claimed
    clock.advance(LEASE_MS + 1)
    assert (await board.claim(worker("quick"))).claimed


def test_once_prints_what_was_done(ready: Cli, board_clock: Clock) -> None:
    ready("create", "Write the parser")
    ready("claim")
    assert ready("reaper", "--once").out == "idle\n"
    board_clock.advance(LEASE_MS + 1)
    assert ready("reaper", "--once").out == "reclaimed 1\n"
    assert ready.ok("reaper", "--once") == {}


def test_a_wrong_period_is_refused(ready: Cli) -> None:
    ran = ready("reaper", "--reap-every", "often")
    assert ran.code == 3
    assert ran.err.startswith("[config] reap_every")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it_cleanly(ready: Cli, project: Path, number: signal.Signals) -> None:
    reaper = subprocess.Popen(
        [sys.executable, "-m", "kanban_mcp", "reaper", "--reap-every", "1h"],
        stderr=subprocess.PIPE, text=True, cwd=project,
    )  # fmt: skip
    try:
        assert reaper.stderr is not None
        assert "a pass every 3600 s" in reaper.stderr.readline()
        reaper.send_signal(number)
        assert reaper.wait(30) == 0
        assert "Traceback" not in reaper.stderr.read()
    finally:
        reaper.kill()
        reaper.communicate()
