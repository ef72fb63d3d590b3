"""A first look at a board for hooks: one read, by as little of the standard library as it takes.

A hook runs before and after every tool call of every session, also of those that have nothing to do with the board.
Opening the board as everybody else does would cost them forty milliseconds of imports each time. So this looks first,
and leaves whatever is not plain (another system than Linux, a linked worktree, a board given by name, settings that
matter, any error) to the whole program by answering None.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

LEASE_MS = 300_000  # what `lease_for` is unless set (domain/policy.py; a test compares)
BEATS_PER_LEASE = 10  # as in domain/policy.py; a test compares
BUSY_S = 0.25

_QUERIES = os.path.join(os.path.dirname(__file__), "queries")  # noqa: PTH118, PTH120  pathlib costs a hook 4 ms
_SETTINGS_THAT_MATTER = (b"db", b"lease_for")


def board_at(cwd: str, environ: Mapping[str, str]) -> str | None:
    """Return the board's file for a process working in `cwd`, "" when there is none, None when it is not plain."""
    if environ.get("KANBAN_DB") or environ.get("KANBAN_LEASE_FOR"):
        return None
    folder = _folder(cwd)
    if not folder:
        return folder
    return None if _is_set(f"{folder}/kanban.toml") else f"{folder}/board.db" if _exists(f"{folder}/board.db") else ""


def _folder(cwd: str) -> str | None:
    if not cwd.startswith("/"):
        return None
    folder, upward = cwd, ""
    while True:
        git = f"{folder}/.git"
        if _exists(git):
            is_plain = _exists(f"{git}/objects") and _exists(f"{git}/HEAD") and not _exists(f"{git}/commondir")
            is_plain = is_plain and not os.path.islink(git) and os.path.realpath(folder) == folder  # noqa: PTH114
            return f"{folder}/.kanban" if is_plain else None
        if _exists(f"{folder}/HEAD"):
            return None  # inside of a git directory, perhaps
        if not upward and os.path.isdir(f"{folder}/.kanban"):  # noqa: PTH112
            upward = f"{folder}/.kanban"
        if folder in ("/", ""):
            return upward
        folder = folder.rpartition("/")[0]


def _exists(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110


def _is_set(path: str) -> bool:
    """Say whether a settings file names what a look needs to know."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            text = file.read()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return any(name in text for name in _SETTINGS_THAT_MATTER)


def boot_id() -> str:
    """Return the kernel's name for this boot; "" where it has none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
            return file.read().strip()
    except OSError:
        return ""


def processes_above() -> list[int]:
    """Return the numbers of the processes above us, nearest first."""
    found: list[int] = []
    pid = os.getppid()
    while pid > 0 and len(found) < 100:  # 1 too: in a container it may be the agent
        found.append(pid)
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
                pid = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    return found


def key_of(session: str, boot: str) -> str:
    """Return the key of a session's worker; `domain.principals.worker_key` in short (a test compares)."""
    return f"{os.uname().nodename}|{boot}|{session.strip()[:200].replace('#', '%23')}" if session.strip() else ""


def look(path: str, sessions: Sequence[str], *, lease_ms: int = LEASE_MS) -> Mapping[str, Any] | None:
    """Return what the session of at most two names has to do with the board: `holds`, `is_due`, `has_lost`."""
    boot = boot_id()
    if not boot:
        return None
    root, other = ([key_of(name, boot) or "-" for name in sessions] + ["-", "-"])[:2]
    return _ask(path, "glance", root=root, other=other, **_facts(boot, lease_ms))


def beat(path: str, session: str, *, lease_ms: int = LEASE_MS) -> tuple[int, int, int] | None:
    """Return task, run and the seconds left of the one run that a session holds, if a heartbeat has nothing to do."""
    boot = boot_id()
    if not boot:
        return None
    facts = _facts(boot, lease_ms)
    row = _ask(path, "glance_beat", root=key_of(session, boot) or "-", **facts)
    if row is None:
        return None
    left_ms = row["lease_until_ms"] - facts["least"] + _least_ms(lease_ms)
    return row["task_id"], row["id"], -(-left_ms // 1000)


def _least_ms(lease_ms: int) -> int:
    return lease_ms - lease_ms // BEATS_PER_LEASE


def _facts(boot: str, lease_ms: int) -> dict[str, Any]:
    now_ms = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000_000
    return {"boot": boot, "above": str(processes_above()), "least": now_ms + _least_ms(lease_ms)}


def _ask(path: str, query: str, **values: Any) -> Mapping[str, Any] | None:
    """Return the row of a query, None when there is none, or when SQLite has any objection to reading the board."""
    import sqlite3

    uri = "file:" + path.replace("%", "%25").replace("?", "%3f").replace("#", "%23") + "?mode=ro"
    try:
        conn = sqlite3.connect(uri, uri=True, timeout=BUSY_S)
    except sqlite3.Error:
        return None
    try:
        with open(f"{_QUERIES}/{query}.sql", encoding="utf-8") as file:  # noqa: PTH123
            cursor = conn.execute(file.read(), values)
        row = cursor.fetchone()
        return None if row is None else dict(zip((name for name, *_ in cursor.description), row, strict=True))
    except (sqlite3.Error, OSError):
        return None
    finally:
        conn.close()
