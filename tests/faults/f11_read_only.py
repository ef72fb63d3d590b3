"""F11: the file or its directory may only be read: reading works, writing is refused, and nothing is left behind.

As root, whom modes do not bind, a child gives up its rights; a read-only mount binds root too, where it may be made.
"""

import asyncio
import os
import subprocess
from pathlib import Path

from kanban_mcp.domain.errors import BoardUnavailable
from tests.conftest import orchestrator
from tests.faults.base import Case, Figures, Place
from tests.faults.boards import DirectStore, board_on, copy_to
from tests.faults.child import in_child

NOBODY = 65534
MODES = {"directory": (0o500, 0o600), "both": (0o500, 0o400), "file": (0o700, 0o400)}


def modes(place: Place) -> Figures:
    """Take away the right to write from the directory, the file, or both."""
    user = NOBODY if os.geteuid() == 0 else os.geteuid()
    for name, (folder_mode, file_mode) in MODES.items():
        path = copy_to(place.at(name))
        for each in (path.parent, path):
            os.chown(each, user, -1)
        path.chmod(file_mode)
        path.parent.chmod(folder_mode)
        _reachable(path)
        in_child(_read_then_write, path, user)
        path.parent.chmod(0o700)
    return {"places": len(MODES), "read": len(MODES), "writes refused": len(MODES), "files left": 0}


def _reachable(path: Path) -> None:
    """Let another user reach the folder: those that pytest and tempfile make are closed to others."""
    for folder in path.parent.parents:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/") and str(folder) != "/tmp":
            folder.chmod(folder.stat().st_mode | 0o011)


def _read_then_write(path: Path, user: int) -> None:
    if os.geteuid() != user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    asyncio.run(_look(path))


async def _look(path: Path) -> None:
    before = sorted(path.parent.iterdir())
    store = DirectStore(path)
    board = board_on(store)
    assert sum((await board.list(orchestrator("planner"))).counts.values()) > 10
    try:
        await board.create(orchestrator("planner"), title="Never")
    except BoardUnavailable as refusal:
        said = str(refusal)
    else:
        said = "it was accepted"
    assert "read-only" in said and "Next: " in said, said  # noqa: PT018 - one thing
    await store.close()
    assert sorted(path.parent.iterdir()) == before, "a file was left behind"


def mount(place: Place) -> Figures:
    """The whole place is mounted read-only."""
    path = copy_to(place.at("mount"))
    why = in_child(_mounted, path)
    if why:
        return {"skipped": f"a mount of our own may not be made here ({why})"}
    return {"places": 1, "read": 1, "writes refused": 1, "files left": 0}


def _mounted(path: Path) -> str:
    """Look at the board on a read-only bind mount, in a mount namespace of this process; says why not, if so."""
    libc_unshare = getattr(os, "unshare", None)  # from Python 3.12 on
    if libc_unshare is None:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(0x00020000):  # CLONE_NEWNS
            return os.strerror(ctypes.get_errno())
    else:
        try:
            libc_unshare(os.CLONE_NEWNS)  # type: ignore[attr-defined]  # from Python 3.12 on
        except OSError as error:
            return str(error.strerror)
    folder = str(path.parent)
    for command in (
        ["mount", "--make-rprivate", "/"],
        ["mount", "--bind", folder, folder],
        ["mount", "-o", "remount,bind,ro", folder],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return done.stderr.strip()
    asyncio.run(_look(path))
    return ""


CASES = (
    Case("F11", "modes", "no right to write to the directory, the file, or both", modes),
    Case("F11", "mount", "a read-only mount", mount),
)
