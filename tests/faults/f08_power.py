"""F8: the power goes: whatever part of the log has reached the disk, SQLite brings back a committed prefix, never less
than what was acknowledged before.

`synchronous = FULL` syncs the log before an answer goes out, so at any later power cut the log is whole up to there and
may be torn behind it. Heartbeats are NORMAL: the last of them may be lost, and nothing else.
"""

import asyncio
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kanban_mcp.store.opening import SqliteOptions
from tests.conftest import orchestrator, worker
from tests.faults.base import Case, Figures, Place
from tests.faults.boards import SUMMARY, DirectStore, board_on
from tests.faults.child import in_child
from tests.service.helpers import dump

WAL_HEADER, FRAME = 32, 24 + 4096
SYNCED = SqliteOptions(may_create=True, mounts=lambda: "")  # FULL, as in life


_LEFT_OPEN: list[DirectStore] = []  # a connection that is collected closes itself, and cuts the log


@dataclass
class Story:
    """A board's files as they were written: after each acknowledged write the log's length and the tables."""

    path: Path
    ends: list[int] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)  # `PRAGMA synchronous` of each: 2 FULL, 1 NORMAL

    def prefix(self, length: int) -> int:
        """Return how many writes lie wholly within the first `length` bytes of the log."""
        return sum(end <= length for end in self.ends)


def write_story(path: Path, writes: int, checkpoint_at: int) -> Story:
    """Write on a board in a process that then dies without closing it; the log stays beside it."""
    story = Story(path)

    async def play() -> None:
        store = DirectStore(path, SYNCED)
        _LEFT_OPEN.append(store)
        board, plan, ada = board_on(store), orchestrator("planner"), worker("ada")
        log = path.with_name("board.db-wal")
        for at in range(writes):
            if at == checkpoint_at:  # from here on the log is written from its beginning again, over old frames
                store.file.checkpoint()
                story.ends, story.states, story.levels = [0], [dump(path)], [2]
            if at % 4 == 0:
                await board.create(plan, title=f"Task {at}", context="x" * (at * 137 % 9_000))
            elif at % 4 == 1:
                await board.claim(ada)
            elif at % 4 == 2:
                await board.heartbeat(ada, note=f"note {at}")
            else:
                await board.complete(ada, summary=f"{SUMMARY}: {at}")
            opened = store.file._opened
            assert opened is not None
            story.ends.append(log.stat().st_size)
            story.states.append(dump(path))
            story.levels.append(opened.conn.execute("PRAGMA synchronous").fetchone()[0])

    asyncio.run(play())
    return story


def cuts(place: Place) -> Figures:
    """Cut the log at every frame and at random bytes, with nothing or garbage behind the cut."""
    wanted = place.times(suite=500, ci=500, night=20_000)
    folder = place.at("cuts")
    return in_child(_cut_all, folder, in_child(write_story, folder / "board.db", 40, 3), wanted, place.seed)


def _cut_all(folder: Path, story: Story, wanted: int, seed: int) -> Figures:
    chance = random.Random(seed)
    log = folder.joinpath("board.db-wal").read_bytes()[: story.ends[-1]]
    base = (folder / "board.db").read_bytes()
    frames = list(range(WAL_HEADER, len(log) + 1, FRAME))
    places = frames + [chance.randrange(len(log) + 1) for _ in range(max(0, wanted - len(frames)))]
    reached = set()
    for number, cut in enumerate(places):
        tail = b"" if number % 3 else chance.randbytes(FRAME + number % 900)
        kept = story.prefix(cut)
        reached.add(_recovered(folder / "cut", base, log[:cut] + tail, story, kept))
    assert len(reached) > len(story.states) // 2, "the cuts have hardly met a commit"
    beats = sum(level == 1 for level in story.levels)
    assert 0 < beats < len(story.levels), "writes are FULL, heartbeats NORMAL"
    return {
        "cuts": len(places),
        "frames": len(frames),
        "prefixes met": len(reached),
        "torn": 0,
        "acknowledged and lost": 0,
    }


def _recovered(folder: Path, base: bytes, log: bytes, story: Story, kept: int) -> int:
    """Open what the disk holds; returns which of the states it is, at least the one that was acknowledged last."""
    folder.mkdir(exist_ok=True)
    path = folder / "board.db"
    for name in ("board.db-shm", "board.db-wal"):
        folder.joinpath(name).unlink(missing_ok=True)
    path.write_bytes(base)
    folder.joinpath("board.db-wal").write_bytes(log)
    found = asyncio.run(_opened(path))
    assert found in story.states, f"no committed state came back from {len(log)} bytes of log"
    index = len(story.states) - 1 - story.states[::-1].index(found)
    assert index >= kept - 1, f"write {kept - 1} was acknowledged, the board went back to {index}"
    return index


async def _opened(path: Path) -> Any:
    store = DirectStore(path)
    await board_on(store).list(orchestrator("planner"))
    await store.close()
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return dump(path)


def torn_checkpoint(place: Place) -> Figures:
    """Cut the power in the middle of a checkpoint: each page of the database old or new, the log whole."""
    wanted = place.times(suite=60, ci=100, night=2_000)
    folder = place.at("torn")
    return in_child(_tear_all, folder, in_child(write_story, folder / "board.db", 40, -1), wanted, place.seed)


def _tear_all(folder: Path, story: Story, wanted: int, seed: int) -> Figures:
    chance = random.Random(seed)
    old, log = (folder / "board.db").read_bytes(), folder.joinpath("board.db-wal").read_bytes()
    new = _checkpointed(folder / "whole", old, log)
    pages = range(0, max(len(old), len(new)), 4096)
    for _ in range(wanted):
        mixed = b"".join((new if chance.random() < 0.5 or at >= len(old) else old)[at : at + 4096] for at in pages)
        _recovered(folder / "torn", mixed, log, story, len(story.states))
    return {"checkpoints": wanted, "pages": len(pages), "torn": 0, "acknowledged and lost": 0}


def _checkpointed(folder: Path, base: bytes, log: bytes) -> bytes:
    folder.mkdir()
    path = folder / "board.db"
    path.write_bytes(base)
    folder.joinpath("board.db-wal").write_bytes(log)
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return path.read_bytes()


CASES = (
    Case("F8", "cut-log", "power cuts: the log ends at any frame or byte, garbage behind it", cuts),
    Case("F8", "torn-checkpoint", "power cuts in the middle of a checkpoint", torn_checkpoint),
)
