"""Processes of a client and below it: found by the home folder they were given, ended, and looked for afterwards."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
PATIENCE_S = 10.0
_PAUSE_S = 0.02


def of_home(home: Path) -> list[int]:
    """Return the processes that run with `home` as their HOME, zombies left out.

    Clients put shells and servers into process groups of their own and hand down only a few variables; HOME is among
    them in all of them.
    """
    mark = f"HOME={home}".encode()
    return [pid for pid in _all() if mark in _read(pid, "environ").split(b"\0")]


def servers_of(home: Path) -> list[int]:
    """Return the processes of `home` that are a server of the board."""
    return [pid for pid in of_home(home) if {b"serve"} < set(_read(pid, "cmdline").split(b"\0"))]


def kill(pids: list[int]) -> None:
    """End processes hard."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_all_of(home: Path) -> None:
    """End every process of `home` hard, also those that are started meanwhile."""
    deadline = time.monotonic() + PATIENCE_S
    while (left := of_home(home)) and time.monotonic() < deadline:
        kill(left)
        time.sleep(_PAUSE_S)


def left_over(home: Path, patience_s: float = PATIENCE_S) -> list[str]:
    """Return the command lines of processes that still run once they had time to end."""
    deadline = time.monotonic() + patience_s
    while (left := of_home(home)) and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
    return [_read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip() for pid in left]


def _all() -> Iterator[int]:
    yield from (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _read(pid: int, name: str) -> bytes:
    """Return a file of a process, nothing when it is gone, not ours, or a zombie."""
    try:
        return (PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""
