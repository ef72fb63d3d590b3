"""From the end of a dead worker's lease to its task being claimable again: by the reaper, and by anyone's claim."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.boards import open_board, session
from benchmarks.result import Result
from kanban_mcp.domain.policy import Policy

LEASE_MS = 1000
ROUNDS = 10
SETTINGS = {"KANBAN_LEASE_FOR": f"{LEASE_MS // 1000}s", "KANBAN_REAP_EVERY": "1s"}


async def _hold(path: Path) -> None:
    """Claim one task and wait to be killed."""
    board = open_board(path, policy=Policy(lease_for_ms=LEASE_MS))
    await board.claim(session(f"dead-{os.getpid()}"), assignee="bench")
    print(time.monotonic(), flush=True)
    await asyncio.sleep(600)


async def _die(path: Path) -> float:
    """Let a process claim a task and kill it; returns the monotonic second at which its lease ends."""
    command = [sys.executable, "-m", "benchmarks.reclaim", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    claimed = float(await asyncio.to_thread(process.stdout.readline))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return claimed + LEASE_MS / 1000


async def main() -> list[Result]:
    """Measure both ways back, the reaper at a period of one second."""
    by_reaper, by_claim = [], []
    for _ in range(ROUNDS):
        by_reaper.append(await _by_reaper())
        by_claim.append(await _by_claim())
    worst, at_once = max(by_reaper), max(by_claim)
    return [
        Result("lease end to reclaim by a reaper of period 1 s, worst", f"{worst:.2f} s", "<= 1 period", worst <= 1.1),
        Result("lease end to a claim by somebody else, worst", f"{at_once * 1000:.0f} ms", "<= 0.1 s", at_once <= 0.1),
    ]


async def _by_reaper() -> float:
    with TemporaryDirectory() as name:
        path = Path(name) / "board.db"
        board = open_board(path)
        await board.create(session("giver"), title="Write the parser", assignee="bench")
        command = [sys.executable, "-m", "kanban_mcp", "reaper", "--db", str(path)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        reaper = subprocess.Popen(command, env={**os.environ, **SETTINGS}, **quiet)  # type: ignore[call-overload]
        ends = await _die(path)
        try:
            while (await board.list(session("eye"))).counts.get("ready", 0) == 0:
                await asyncio.sleep(0.01)
            return max(time.monotonic() - ends, 0.0)
        finally:
            reaper.terminate()
            reaper.wait()
            await board.close()


async def _by_claim() -> float:
    with TemporaryDirectory() as name:
        path = Path(name) / "board.db"
        board = open_board(path)
        await board.create(session("giver"), title="Write the parser", assignee="bench")
        ends = await _die(path)
        await asyncio.sleep(max(ends - time.monotonic(), 0))
        s = session("next")
        while not (await board.claim(s, assignee="bench")).claimed:
            await asyncio.sleep(0.005)
        took = time.monotonic() - ends
        await board.close()
        return took


if __name__ == "__main__":
    asyncio.run(_hold(Path(sys.argv[1])))
