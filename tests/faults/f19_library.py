"""F19: the SQLite library has the WAL-reset bug or not. DESIGN §7: WAL in either case, because commits, checkpoints,
opening and closing all happen under our own lock: none of our commits overlaps a checkpoint. `doctor` names it.
"""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any
from unittest import mock

from kanban_mcp.store import opening
from kanban_mcp.store.health import library_finding
from kanban_mcp.store.version import has_wal_reset_bug
from tests.faults.base import Case, Figures, Place
from tests.faults.boards import COMMANDS, DirectStore, board_on, copy_to

AFFECTED = "3.7.0 3.7.17 3.40.1 3.44.5 3.45.0 3.46.1 3.49.2 3.50.0 3.50.6 3.51.0 3.51.2 3.52.0"
FIXED = "3.6.23 3.44.6 3.44.7 3.50.7 3.50.9 3.51.3 3.51.9 3.53.0 3.54.1 4.0.0"
CHECKPOINTS = ("COMMIT", "PRAGMA wal_checkpoint", "PRAGMA journal_mode", "VACUUM")


def versions(place: Place) -> Figures:
    """The list of affected versions, and what `doctor` says of each."""
    for text, affected in ((AFFECTED, True), (FIXED, False)):
        for version in text.split():
            numbers = tuple(int(part) for part in version.split("."))
            assert has_wal_reset_bug(numbers) == affected, version
            finding = library_finding(version)
            assert version in finding.what, finding
            assert ("has the WAL-reset bug" in finding.what) == affected, finding
    return {"versions affected": len(AFFECTED.split()), "versions fixed": len(FIXED.split())}


def under_lock(place: Place) -> Figures:
    """Watch every statement that commits or checkpoints, and every close, for each command: all under the lock."""
    watched = [asyncio.run(_watched(place.at(at), at)) for at in range(len(COMMANDS))]
    return {"commands": len(watched), "statements under the lock": sum(watched), "outside": 0}


async def _watched(folder: Path, at: int) -> int:
    seen: list[str] = []
    path = copy_to(folder)
    store = DirectStore(path)
    lock = store.file._lock

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
            if sql.startswith(CHECKPOINTS):
                assert lock._held, f"{sql} outside of the lock"
                seen.append(sql)
            return super().execute(sql, *given)

        def close(self) -> None:
            assert lock._held, "closed outside of the lock"
            seen.append("close")
            super().close()

    real = sqlite3.connect
    with mock.patch.object(opening.sqlite3, "connect", lambda *a, **k: real(*a, **k, factory=Watched)):
        await COMMANDS[at].do(board_on(store))
        store.file.checkpoint()
        await store.close()
    assert {"COMMIT", "close", "PRAGMA journal_mode = WAL"} <= set(seen), seen
    return len(seen)


CASES = (
    Case("F19", "versions", "which libraries are affected, and that doctor says so", versions),
    Case("F19", "under-lock", "commits, checkpoints and closes never leave the lock", under_lock),
)
