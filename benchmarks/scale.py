"""Flat in the size of the board: every frequent verb at 10^3, 10^5 and 10^6 tasks, and completion on 5,000 cards."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.boards import median, open_board, session, timed
from benchmarks.result import Result, ratio, told
from kanban_mcp.service.board import Board

CALLS = 200
SIZES = (1_000, 100_000, 1_000_000)
READY_SHARE, MOST_READY = 0.9, 20_000  # as in life: a large board is mostly history
_TASKS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
INSERT INTO tasks (title, assignee, priority, state, waits_after, allowed, max_attempts, created_by, created_at_ms,
                   updated_at_ms, ended_at_ms)
SELECT 'Task ' || i, CASE i % 3 WHEN 0 THEN 'implementer' WHEN 1 THEN 'tester' ELSE 'reviewer' END, i % 4, :state,
       :waits, 3, 3, 'bench', 1, 1, CASE :state WHEN 'done' THEN 1 END
  FROM n
"""
_HISTORY = (
    "INSERT INTO workers (key, name, created_at_ms) VALUES ('bench', 'bench', 1)",
    """
INSERT INTO runs (task_id, worker_id, attempt, role, pid, pid_started, host, boot_id, started_at_ms, beat_at_ms,
                  lease_until_ms, lease_boot, ended_at_ms, outcome, ended_by, summary)
SELECT id, 1, 1, assignee, 1, '1', 'bench', 'bench', 1, 1, 1, 'bench', 1, 'done', 'self', 'Written and tested'
  FROM tasks WHERE state = 'done'
""",
    """
INSERT INTO events (task_id, run_id, kind, actor, at_ms)
SELECT runs.task_id, runs.id, kinds.value, 'bench', 1
  FROM runs JOIN json_each('["claimed", "completed"]') AS kinds
""",
    """
INSERT INTO links (child_id, parent_id, relation)
SELECT id, id - 1, 'after' FROM tasks WHERE state = 'done' AND id % 2 = 0
""",
)
Times = dict[str, float]


@asynccontextmanager
async def _filled(path: Path, *, done: int = 0, ready: int = 0, pending: int = 0) -> AsyncIterator[Board]:
    """Give a board with so many tasks, each ended one with its run, its events and every second one with a link."""
    board = open_board(path, synchronous="OFF")
    await board.create_if_missing()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    for state, count in (("done", done), ("ready", ready), ("pending", pending)):
        if count:
            values = {"count": count, "state": state, "waits": int(state == "pending")}
            connection.execute(_TASKS, values)
    for statement in _HISTORY:
        connection.execute(statement)
    connection.commit()
    connection.close()
    try:
        yield board
    finally:
        await board.close()


async def main() -> list[Result]:
    """Measure small and large in one run."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        seen = {size: await _at_size(folder, size) for size in SIZES}
        empty = await _completes(folder / "empty.db")
        full = await _completes(folder / "full.db", ready=2_500, pending=2_500)
    small, large = seen[SIZES[0]], seen[SIZES[-1]]
    rows = [_growth(verb, large[verb], small[verb], seen) for verb in small]
    return [*rows, ratio("complete on 5,000 cards vs an empty board", full, empty, 1.5)]


def _growth(verb: str, large: float, small: float, seen: dict[int, Times]) -> Result:
    what = f"{verb} at {SIZES[-1]:,} tasks vs {SIZES[0]:,}"
    row = ratio(what, large, small, 1.5)
    data = {"verb": verb, "us": {str(size): times[verb] for size, times in seen.items()}}
    if verb in ("claim", "create", "complete"):
        return Result(row.what, row.figure, row.target, row.met, row.value, row.most, data)
    return told(row.what, row.figure, **data)


async def _at_size(folder: Path, size: int) -> Times:
    """Return the median time of each verb, in µs, on a board of one size."""
    ready = min(int(size * READY_SHARE), MOST_READY)
    async with _filled(folder / f"{size}.db", done=size - ready, ready=ready) as board:
        s, times = session("w"), {verb: [] for verb in ("create", "claim", "heartbeat", "complete", "list", "reap")}
        for at in range(CALLS):
            await _cycle(board, times, at)
        times["list"] = [await timed(lambda: board.list(s)) for _ in range(CALLS // 10)]
        times["reap"] = [await timed(board.reap) for _ in range(CALLS // 10)]
    return {verb: median(each) for verb, each in times.items()}


async def _cycle(board: Board, times: dict[str, list[float]], at: int) -> None:
    s = session(f"w{at}")
    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "create": lambda: board.create(s, title=f"Write parser {at}", assignee="implementer"),
        "claim": lambda: board.claim(s, assignee="implementer"),
        "heartbeat": lambda: board.heartbeat(s),
        "complete": lambda: board.complete(s, summary="Parser written, 14 tests pass"),
    }
    for verb, step in steps.items():
        times[verb].append(await timed(step))


async def _completes(path: Path, *, ready: int = 0, pending: int = 0) -> float:
    times = []
    async with _filled(path, ready=ready, pending=pending) as board:
        s = session("w")
        for _ in range(CALLS):
            made = await board.create(s, title="Write the parser", assignee="bench", relation="after")
            assert (await board.claim(s, task_id=made.task_id, assignee="bench")).claimed
            times.append(await timed(lambda: board.complete(s, summary="Parser written, 14 tests pass")))
    return median(times)
