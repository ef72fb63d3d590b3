"""F10: the file is emptied, replaced or taken away while it is open: noticed by the next call, nothing is written."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from kanban_mcp.domain.errors import BoardError, BoardUnavailable
from tests.conftest import orchestrator
from tests.faults.base import Case, Figures, Place
from tests.faults.boards import DirectStore, board_on, copy_to
from tests.service.helpers import dump

PLAN = "planner"


def _empty(path: Path, spare: Path) -> None:
    path.unlink()
    path.touch()


def _replaced(path: Path, spare: Path) -> None:
    spare.rename(path)


def _removed(path: Path, spare: Path) -> None:
    path.unlink()


def _renamed(path: Path, spare: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))


def _folder_gone(path: Path, spare: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def _put_back_older(path: Path, spare: Path) -> None:
    path.unlink()
    shutil.copyfile(spare, path)


HOW: tuple[Callable[[Path, Path], None], ...] = (
    _empty, _replaced, _removed, _renamed, _folder_gone, _put_back_older,
)  # fmt: skip


def while_open(place: Place) -> Figures:
    """Both connections notice, reading and writing, and neither makes a board in the place of the lost one."""
    noticed = 0
    for how in HOW:
        noticed += asyncio.run(_while_open(place.at(how.__name__), how))
    return {"ways": len(HOW), "calls refused": noticed, "written elsewhere": 0}


async def _while_open(folder: Path, how: Callable[[Path, Path], None]) -> int:
    (folder / "b").mkdir()
    (folder / "spare").mkdir()
    path, spare = copy_to(folder / "b"), copy_to(folder / "spare")
    store = DirectStore(path)
    board = board_on(store)
    await board.create(orchestrator(PLAN), title="Before")
    how(path, spare)
    before = dump(path) if path.exists() and path.stat().st_size else None
    refusals = [await _refusal(board.create, title="Lost"), await _refusal(board.list)]
    assert all("removed or replaced" in refusal for refusal in refusals), refusals
    assert all("Next: " in refusal for refusal in refusals), refusals
    assert before is None or dump(path) == before
    assert how is not _removed or not path.exists(), "a write brought back an empty board"
    await store.close()
    return len(refusals)


async def _refusal(call: Callable[..., object], **given: object) -> str:
    try:
        await call(orchestrator(PLAN), **given)  # type: ignore[misc]  # verbs of the board
    except BoardError as refusal:
        return f"{refusal}" if isinstance(refusal, BoardUnavailable) else f"wrong kind: {refusal!r}"
    return "accepted"


def opened_empty(place: Place) -> Figures:
    """An empty file passes SQLite's own check with no table: it is refused where a board was expected."""
    sizes = (0, 1, 99, 100, 511, 4_095, 4_096)
    for size in sizes:
        path = place.at("empty", size) / "board.db"
        path.write_bytes(b"\0" * size)
        refusals = asyncio.run(_first_calls(path))
        assert all("cannot be used" in refusal for refusal in refusals), refusals
        assert path.read_bytes() == b"\0" * size
        assert not path.with_name("board.db-wal").exists()
    return {"files": len(sizes), "taken for a board": 0}


async def _first_calls(path: Path) -> list[str]:
    store = DirectStore(path)
    board = board_on(store)
    refusals = [await _refusal(board.list), await _refusal(board.create, title="First")]
    await store.close()
    return refusals


CASES = (
    Case("F10", "while-open", "the file is emptied, replaced, removed or moved while it is open", while_open),
    Case("F10", "empty", "an empty or zeroed file where a board was", opened_empty),
)
