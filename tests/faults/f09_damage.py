"""F9: pages of the file are damaged: no crash, no answer from a page that SQLite knows to be broken, and what to do.

Not claimed: that every flipped bit is found. SQLite keeps no checksum per page, so a bit inside a text reads as another
text; `docs/adr/0008-no-hash-chain.md` says why the events carry no chain of hashes.
"""

import asyncio
import random
import time
from collections import Counter
from pathlib import Path

from kanban_mcp.domain.errors import BoardError
from kanban_mcp.store.health import looking
from tests.conftest import orchestrator
from tests.faults.base import Case, Figures, Place
from tests.faults.boards import DirectStore, board_on, copy_to, template
from tests.faults.child import in_child

PAGE = 4096
CODES = {"board_unavailable", "not_found"}


def damage(place: Place) -> Figures:
    """Flip a bit, zero a page, cut the file, write noise over a page; then use the board, and let `doctor` look."""
    rounds = place.times(suite=200, ci=200, night=5_000)
    return in_child(_damage, place.at("damage"), rounds, place.seed)


def _damage(folder: Path, rounds: int, seed: int) -> Figures:
    chance = random.Random(seed)
    figures: Counter[str] = Counter()
    for at in range(rounds):
        how = ("bit", "zeroed", "cut", "noise")[at % 4]
        path = _damaged(copy_to(folder), how, chance)
        is_found = _doctor_finds(path)
        is_refused = asyncio.run(_use(path))
        assert is_found or is_refused or how == "bit", f"round {at}: a {how} page went unnoticed"
        figures[f"{how} found"] += is_found or is_refused
        figures[f"{how}"] += 1
    return dict(sorted(figures.items())) | {"crashes": 0}


def _damaged(path: Path, how: str, chance: random.Random) -> Path:
    data = bytearray(path.read_bytes())
    pages = len(data) // PAGE
    page = chance.randrange(1, pages) * PAGE
    if how == "bit":
        data[chance.randrange(100, len(data))] ^= 1 << chance.randrange(8)
    elif how == "zeroed":
        data[page : page + PAGE] = bytes(PAGE)
    elif how == "cut":
        del data[page:]
    else:
        data[page : page + PAGE] = chance.randbytes(PAGE)
    path.write_bytes(data)
    return path


def _doctor_finds(path: Path) -> bool:
    """Say whether the integrity check of `doctor` finds the damage; whatever it finds, it says what to do."""
    try:
        with looking(path, time.monotonic() + 60) as look:
            finding = look.integrity()
    except BoardError as refusal:
        return _is_typed(refusal, path)
    if finding.level != "problem":
        return False
    assert "backup" in finding.fix, finding
    return True


def _is_typed(refusal: BoardError, path: Path) -> bool:
    """Hold a refusal to its form: a code that a caller can meet, the file, and a backup where the file is damaged."""
    assert refusal.code in CODES, refusal
    if refusal.code == "board_unavailable":
        assert str(path) in str(refusal), refusal
        assert "damaged" not in str(refusal) or "backup" in str(refusal), refusal
    return True


async def _use(path: Path) -> bool:
    """Read and write the board; says whether it refused. Every refusal is typed, names the file and the next step."""
    store = DirectStore(path)
    board, refused = board_on(store), False
    for call in (board.list, board.view, board.create, board.claim):
        given = {"title": "After the damage"} if call == board.create else {}
        try:
            await call(orchestrator("planner"), **given)  # type: ignore[operator]  # verbs of one shape
        except BoardError as refusal:
            refused = _is_typed(refusal, path)
    await store.close()
    return refused


def pages(place: Place) -> Figures:
    """Each page of the file once: zeroed and cut off there, none goes unnoticed."""
    return in_child(_pages, place.at("pages"))


def _pages(folder: Path) -> Figures:
    count = template().stat().st_size // PAGE
    for page in range(1, count):
        for how in ("zero", "cut"):
            path = copy_to(folder)
            data = bytearray(path.read_bytes())
            if how == "zero":
                data[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
            else:
                del data[page * PAGE :]
            path.write_bytes(data)
            assert _doctor_finds(path), f"page {page}: {how} went unnoticed"
    return {"pages": count - 1, "zeroed and found": count - 1, "cut and found": count - 1}


CASES = (
    Case("F9", "damage", "a flipped bit, a zeroed, missing or overwritten page", damage),
    Case("F9", "each-page", "each page zeroed, and the file cut there", pages),
)
