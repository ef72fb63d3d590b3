"""What the machine says: its boot, its clocks, and which processes live.

Linux answers from `/proc`, in microseconds and without starting a program. Elsewhere (macOS) it asks `ps` and `sysctl`.
"""

import os
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from kanban_mcp.domain.clock import BoardTime
from kanban_mcp.domain.principals import ProcessId

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "stat").exists()
_GONE = frozenset("ZXx")  # a zombie has done all it ever will; its parent has only not looked yet
# System-wide, never jumps, stands still while the machine sleeps. Linux: CLOCK_MONOTONIC. macOS: CLOCK_MONOTONIC runs
# on in sleep there, CLOCK_UPTIME_RAW does not.
_MONOTONIC: int = getattr(time, "CLOCK_UPTIME_RAW", time.CLOCK_MONOTONIC)
_TEN_MINUTES_S = 600


class _Facts(NamedTuple):
    started: str
    parent: int
    has_terminal: bool
    is_gone: bool


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Return a text that is the same for every process since the machine started, and another after a restart.

    Where the system names no boot, it is derived from the time of the boot in steps of ten minutes: a wall clock set
    by more than that looks like a restart, which ends leases early (they are fenced) rather than never.
    """
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        pass
    named = _output("sysctl", "-n", "kern.bootsessionuuid") if sys.platform == "darwin" else ""
    booted = time.time() - time.clock_gettime(_MONOTONIC)
    return named or f"{host()}-{int(booted // _TEN_MINUTES_S)}"


def host() -> str:
    """Return the name of this machine, for people and for telling machines apart."""
    return os.uname().nodename


def read_clock() -> BoardTime:
    """Return the present time on both clocks (see `domain.clock`)."""
    return BoardTime(
        wall_ms=time.time_ns() // 1_000_000,
        mono_ms=time.clock_gettime_ns(_MONOTONIC) // 1_000_000,
        boot_id=boot_id(),
    )


def process_id(pid: int) -> ProcessId | None:
    """Return the identity of process `pid`; None when there is none, or only a zombie."""
    facts = _facts(pid)
    if facts is None or facts.is_gone:
        return None
    return ProcessId(pid=pid, started=facts.started, host=host(), boot_id=boot_id())


def this_process() -> ProcessId:
    """Return the identity of the running process."""
    own = process_id(os.getpid())
    if own is None:  # a system that tells nothing about processes: the pid has to do
        return ProcessId(pid=os.getpid(), started="", host=host(), boot_id=boot_id())
    return own


def is_alive(process: ProcessId) -> bool:
    """Say whether `process` still runs. What cannot be known from here counts as alive; its lease ends by time.

    A process of another host may live. One of another boot of this host is gone, and so is one whose number belongs
    to a process that started at another time.
    """
    if process.host != host():
        return True
    if process.boot_id != boot_id():
        return False
    now = process_id(process.pid)
    return now is not None and now.started == process.started


def ancestors(pid: int) -> list[ProcessId]:
    """Return the parent of `pid`, its parent, and so on up to the first process, nearest first."""
    found: list[ProcessId] = []
    facts = _facts(pid)
    while facts is not None and facts.parent > 0 and len(found) < 1000:  # a bound against a table changing under us
        parent = process_id(facts.parent)
        if parent is None:
            break
        found.append(parent)
        facts = _facts(parent.pid)
    return found


def terminal_leader(pid: int) -> ProcessId | None:
    """Return the leader (usually the shell) of the terminal session that `pid` belongs to; None without a terminal."""
    facts = _facts(pid)
    if facts is None or not facts.has_terminal:
        return None
    try:
        return process_id(os.getsid(pid))
    except OSError:
        return None


def _facts(pid: int) -> _Facts | None:
    if pid <= 0:
        return None
    return _facts_from_proc(pid) if _HAS_PROC else _facts_from_ps(pid)


def _facts_from_proc(pid: int) -> _Facts | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return parse_stat(text)


def parse_stat(text: str) -> _Facts:
    """Read a line of `/proc/<pid>/stat` (proc(5)).

    Its second field, the command's name in parentheses, may itself hold spaces and parentheses: count from the last.
    """
    fields = text.rpartition(")")[2].split()  # fields[0] is field 3, the state
    return _Facts(
        started=fields[19],  # field 22: start time in ticks since boot
        parent=int(fields[1]),
        has_terminal=fields[4] != "0",
        is_gone=fields[0] in _GONE,
    )


def _facts_from_ps(pid: int) -> _Facts | None:
    return parse_ps(_output("ps", "-o", "ppid=,stat=,tty=,lstart=", "-p", str(pid)))


def parse_ps(text: str) -> _Facts | None:
    """Read a line of `ps -o ppid=,stat=,tty=,lstart=`; None when it is empty."""
    fields = text.split(maxsplit=3)
    if len(fields) < 4:
        return None
    parent, state, terminal, started = fields
    return _Facts(started.strip(), int(parent), terminal.strip("?-") != "", state[0] in _GONE)


def _output(*command: str) -> str:
    import subprocess  # only where there is no /proc; costs the light path several milliseconds

    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - fixed program names, arguments are numbers
            command, capture_output=True, text=True, env=environment, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
