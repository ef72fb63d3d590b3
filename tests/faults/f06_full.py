"""F6: the disk is full at every point of a write: what was acknowledged is there, what was refused is not.

A file size limit of the process stands for the disk: it fails writes at a chosen byte, of the log and of the database.
"""

import asyncio
import resource
from pathlib import Path

from kanban_mcp.domain.errors import BoardUnavailable
from kanban_mcp.store.opening import SqliteOptions
from tests.chaos.history import check
from tests.chaos.records import read_life
from tests.chaos.sound import Client
from tests.conftest import Clock, orchestrator
from tests.faults.base import Case, Figures, Place
from tests.faults.boards import DirectStore, board_on
from tests.faults.child import in_child

WRITE_BYTES = 48 << 10  # more than one such write takes in the log
OPTIONS = SqliteOptions(may_create=True, synchronous="OFF", mounts=lambda: "")


def limit_files(size: int | None) -> None:
    """Let no file of this process grow beyond `size` bytes; None lifts the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


def full(place: Place) -> Figures:
    offsets = place.times(suite=500, ci=500, night=5_000)
    return in_child(_full, place.at("full") / "board.db", offsets)


def _full(path: Path, offsets: int) -> Figures:
    return asyncio.run(_write_on(path, offsets))


async def _write_on(path: Path, offsets: int) -> Figures:
    store = DirectStore(path, OPTIONS)
    clock = Clock()
    client = Client(board_on(store, clock), orchestrator("writer"), lambda: float(len(client.record.ops)))
    assert "error" not in await client.call("create", title="Before")
    log, refused, checkpoints = path.with_name("board.db-wal"), 0, 0
    for at in range(offsets):
        grown = max(log.stat().st_size, path.stat().st_size) if at % 5 == 0 else log.stat().st_size
        limit_files(grown + at * WRITE_BYTES // offsets)
        answer = await client.call("create", title=f"Task {at}", context="x" * 9_000)
        if "error" in answer:
            refused += 1
            assert answer["error"] == "board_unavailable", answer
            assert any(word in answer["text"] for word in ("disk", "write failed")), answer
            assert "Next: " in answer["text"]
        if at % 5 == 0:
            checkpoints += _checkpoint(store)
        limit_files(None)
        if at % 10 == 0:
            there = (await client.board.list(client.session)).counts["ready"]
            assert there == 1 + sum(op.kind == "ok" and op.verb == "create" for op in client.record.ops[2:]), at
    assert "error" not in await client.call("create", title="After"), "there is room again"
    await store.close()
    found = check(client.record.ops, read_life(path), frozenset({"board_unavailable"}))
    assert not found, found[:10]
    assert refused > offsets // 20, "hardly any write met the limit"
    accepted = sum(op.kind == "ok" for op in client.record.ops)
    return {
        "offsets": offsets,
        "refused": refused,
        "acknowledged": accepted,
        "lost": 0,
        "full checkpoints": checkpoints,
    }


def _checkpoint(store: DirectStore) -> int:
    """Move the log into the database under the limit; says whether that failed."""
    try:
        store.file.checkpoint()
    except BoardUnavailable:
        return 1
    return 0


def cold(place: Place) -> Figures:
    """The disk is full when the board is made: no board, or a whole one; the next try makes it."""
    sizes = range(0, 200_000, 200_000 // place.times(suite=50, ci=50, night=500))
    return in_child(_make_each, [(place.at("cold", size) / "board.db", size) for size in sizes])


def _make_each(tries: list[tuple[Path, int]]) -> Figures:
    made = sum(asyncio.run(_make(path, size)) for path, size in tries)
    assert 0 < made < len(tries), "every size was enough, or none"
    return {"sizes": len(tries), "refused": len(tries) - made, "made": made, "half made": 0}


async def _make(path: Path, size: int) -> bool:
    store = DirectStore(path, OPTIONS)
    board = board_on(store)
    limit_files(size)
    try:
        await board.create(orchestrator("writer"), title="First")
        refusal = ""
    except BoardUnavailable as error:
        refusal = str(error)
    finally:
        limit_files(None)
    made = not refusal
    assert made or "Next: " in refusal, refusal
    await board.create(orchestrator("writer"), title="Second")
    assert (await board.list(orchestrator("writer"))).counts["ready"] == 1 + made
    await store.close()
    return made


CASES = (
    Case("F6", "full", "writes and checkpoints fail at chosen bytes", full),
    Case("F6", "full-at-birth", "the board is made on a full disk", cold),
)
