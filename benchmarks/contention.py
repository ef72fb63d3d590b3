"""Sixteen processes saturating one file: double claims, lock errors, the worst wait."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.boards import open_board, session
from benchmarks.result import Result

PROCESSES = 16
SECONDS = 4.0


async def _load(path: Path, name: str) -> None:
    """Create, claim, beat and complete in a closed loop; print what happened as JSON."""
    board, s = open_board(path), session(name)
    waits, runs, errors = [], [], 0
    await board.show(s)
    print("ready", flush=True)
    sys.stdin.readline()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        for step in ("create", "claim", "heartbeat", "complete"):
            started = time.monotonic()
            try:
                if step == "create":
                    await board.create(s, title="Write the parser", assignee=name)
                elif step == "claim":
                    taken = await board.claim(s, assignee=name)
                    assert taken.task is not None
                    runs.append(taken.task.run["run_id"])
                elif step == "heartbeat":
                    await board.heartbeat(s)
                else:
                    await board.complete(s, summary="Parser written, 14 tests pass")
            except Exception as error:  # noqa: BLE001 - any error is a figure here
                errors += 1
                print(error, file=sys.stderr)
            waits.append(time.monotonic() - started)
    await board.close()
    print(json.dumps({"worst": max(waits), "runs": runs, "errors": errors, "calls": len(waits)}), flush=True)


async def main() -> list[Result]:
    """Start the processes together and add up what they saw."""
    with TemporaryDirectory() as name:
        path = Path(name) / "board.db"
        board = open_board(path)
        await board.create_if_missing()
        await board.close()
        command = [sys.executable, "-m", "benchmarks.contention", str(path)]
        pipe = subprocess.PIPE
        processes = [
            subprocess.Popen([*command, f"w{at}"], stdin=pipe, stdout=pipe, text=True) for at in range(PROCESSES)
        ]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        seen = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    runs = [run for each in seen for run in each["runs"]]
    double, errors = len(runs) - len(set(runs)), sum(each["errors"] for each in seen)
    worst, calls = max(each["worst"] for each in seen), sum(each["calls"] for each in seen)
    least, most = min(each["calls"] for each in seen), max(each["calls"] for each in seen)
    what = f"{PROCESSES} processes, {calls / SECONDS:.0f} calls/s"
    return [
        Result(f"{what}: double claims / errors", f"{double} / {errors}", "0 / 0", not double and not errors),
        Result(f"{what}: worst wait", f"{worst:.2f} s", "<= 0.5 s", worst <= 0.5),
        Result(f"{what}: slowest to fastest process", f"{least / most:.2f}", "", None),
    ]


if __name__ == "__main__":
    asyncio.run(_load(Path(sys.argv[1]), sys.argv[2]))
