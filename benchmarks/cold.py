"""Server processes started cold, at the same instant, on a board that does not exist yet."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier

from benchmarks.result import Result
from benchmarks.wire import Wire, kanban

CREATES = 12


def _load(db: Path, barrier: Barrier, at: int, grants: int) -> tuple[list[str], list[str], int]:
    """Create tasks, then claim until nothing is left; returns ids created, ids claimed, errors."""
    barrier.wait()
    created, claimed, errors = [], [], 0
    with Wire(kanban(db)) as wire:
        wire.handshake()
        for number in range(CREATES):
            answer = wire.call("kanban_create", title=f"Task {number} of server {at}", assignee="bench")
            errors += bool(answer.get("isError"))
            created += [] if answer.get("isError") else [json.loads(answer["content"][0]["text"])["task_id"]]
        barrier.wait()
        for _ in range(grants):
            answer = wire.call("kanban_claim", assignee="bench")
            body = {} if answer.get("isError") else json.loads(answer["content"][0]["text"])
            errors += bool(answer.get("isError"))
            claimed += [body["task"]["id"]] if body.get("claimed") else []
        return created, claimed, errors


async def main() -> list[Result]:
    """Measure 2, 4 and 8 servers."""
    return [await asyncio.to_thread(_servers, count) for count in (2, 4, 8)]


def _servers(count: int) -> Result:
    with TemporaryDirectory() as name, ThreadPoolExecutor(count) as pool:
        barrier = Barrier(count)
        db = Path(name) / "board.db"
        seen = list(pool.map(lambda at: _load(db, barrier, at, CREATES + 2), range(count)))
        with Wire(kanban(db)) as wire:
            wire.handshake()
            counts = json.loads(wire.call("kanban_list")["content"][0]["text"])["counts"]
    created = [task for each in seen for task in each[0]]
    claimed = [task for each in seen for task in each[1]]
    lost = len(created) - sum(counts.values())
    double, errors = len(claimed) - len(set(claimed)), sum(each[2] for each in seen)
    figure = f"{lost} / {double} / {errors} of {len(created)}"
    return Result(
        f"{count} servers cold: lost / double grants / errors", figure, "0 / 0 / 0", not (lost or double or errors)
    )
