"""F13: the board's place is a network or host-shared mount: refused with the reason before anything is made."""

import asyncio
from pathlib import Path

from kanban_mcp.domain.errors import ConfigError
from kanban_mcp.store import place as places
from kanban_mcp.store.opening import SqliteOptions
from tests.conftest import orchestrator
from tests.faults.base import Case, Figures, Place
from tests.faults.boards import DirectStore, board_on

LOCAL = ("ext4", "xfs", "btrfs", "zfs", "apfs", "overlay", "tmpfs", "f2fs", "fuseblk", "fuse.ext4", "fuse.bindfs")


def mounts(place: Place) -> Figures:
    """Each kind of network file system, as the root, as a mount above the board, and under a name with a space."""
    kinds = [*places._NETWORK, *(f"fuse.{kind}" for kind in places._NETWORK_FUSE)]
    for number, kind in enumerate(kinds):
        folder = place.at(number, "with space")
        table = f"dev / ext4 rw 0 0\nserver:/x {str(folder).replace(' ', chr(92) + '040')} {kind} rw 0 0"
        refusal = asyncio.run(_refusal(folder, table))
        assert f"({kind} at {folder})" in refusal, refusal
        assert "Next: put the board on a local disk" in refusal
        assert list((folder / ".kanban").iterdir()) == []
    for number, kind in enumerate(LOCAL):
        folder = place.at("local", number)
        assert asyncio.run(_refusal(folder, f"server:/x / nfs4 rw 0 0\ndev {folder} {kind} rw 0 0")) == ""
    return {"network kinds refused": len(kinds), "local kinds allowed": len(LOCAL)}


async def _refusal(folder: Path, table: str) -> str:
    options = SqliteOptions(may_create=True, synchronous="OFF", mounts=lambda: table)
    store = DirectStore(folder / ".kanban" / "board.db", options)
    try:
        await board_on(store).create(orchestrator("planner"), title="First")
    except ConfigError as refusal:
        return str(refusal)
    finally:
        await store.close()
    return ""


CASES = (Case("F13", "mounts", "network file systems by the kernel's mount table", mounts),)
