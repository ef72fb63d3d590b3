"""Flat in the size of the board: claim at 10^6 tasks, complete on a board of 5,000 cards."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.boards import median, open_board, session, timed
from benchmarks.result import Result, ratio
from kanban_mcp.service.board import Board

CALLS = 300
_INSERT = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
INSERT INTO tasks (title, assignee, priority, state, waits_after, allowed, max_attempts, created_by, created_at_ms,
                   updated_at_ms, ended_at_ms)
SELECT 'Task ' || i, CASE i % 3 WHEN 0 THEN 'implementer' WHEN 1 THEN 'tester' ELSE 'reviewer' END, i % 4, :state,
       :waits, 3, 3, 'bench', 1, 1, CASE :state WHEN 'done' THEN 1 END
  FROM n
"""


async def _filled(path: Path, *, done: int = 0, ready: int = 0, pending: int = 0) -> Board:
    """Return a board with so many tasks; history as it is in life: most of it done."""
    board = open_board(path, synchronous="OFF")
    await board.create_if_missing()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    for state, count in (("done", done), ("ready", ready), ("pending", pending)):
        if count:
            values = {"count": count, "state": state, "waits": int(state == "pending")}
            connection.execute(_INSERT, values)
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()
    return board


async def _claims(board: Board) -> list[float]:
    s = session("w")
    return [await timed(lambda: board.claim(s, assignee="implementer")) for _ in range(CALLS)]


async def _completes(board: Board) -> list[float]:
    s, times = session("w"), []
    for _ in range(CALLS):
        made = await board.create(s, title="Write the parser", assignee="bench", relation="after")
        claimed = await board.claim(s, task_id=made.task_id, assignee="bench")
        assert claimed.claimed
        task_id = made.task_id
        times.append(
            await timed(lambda: board.complete(s, summary="Parser written, 14 tests pass", task_id=task_id))  # noqa: B023
        )
    return times


async def main() -> list[Result]:
    """Measure small and large side by side."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        small = await _filled(folder / "small.db", done=100, ready=900)
        large = await _filled(folder / "large.db", done=980_000, ready=20_000)
        claim = ratio(
            "claim at 1,000,000 tasks vs 1,000", median(await _claims(large)), median(await _claims(small)), 1.5
        )
        await small.close()
        await large.close()
        empty = await _filled(folder / "empty.db")
        full = await _filled(folder / "full.db", ready=2_500, pending=2_500)
        done = ratio(
            "complete on 5,000 cards vs an empty board",
            median(await _completes(full)),
            median(await _completes(empty)),
            1.5,
        )
        await empty.close()
        await full.close()
    return [claim, done]
