"""The demo's processes: workers and reaper, each in a process group of its own with the server it started.

Whatever happens to the demo, none of them stays: leaving the `with` block ends and awaits them, and a guard process
kills them if the demo is killed itself.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from types import TracebackType

from kanban_mcp.cli.demo import guard
from kanban_mcp.cli.demo.desk import log_of
from kanban_mcp.cli.demo.ground import Ground, add_tree, environment

GENTLE_S = 3.0
_POLL_S = 0.02


@dataclass
class Actor:
    """One process of the demo. `name` is what the board knows it by."""

    name: str
    process: subprocess.Popen[bytes]
    is_killed: bool = False

    @property
    def pid(self) -> int:
        """Its process id, which is also its group's."""
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to the server it started."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return  # it has gone

    def has_ended(self) -> bool:
        """Say whether the process has ended; true also of one that was killed."""
        return self.process.poll() is not None


class Cast:
    """Everybody on stage. A context manager; nobody is left when it is over."""

    def __init__(self, place: Ground, pace: float) -> None:
        self._place = place
        self._pace = pace
        self.actors: dict[str, Actor] = {}
        self._guard: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Cast":
        self._guard = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-I", guard.__file__], stdin=subprocess.PIPE, text=True, process_group=0
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of them behind
        try:
            self._end_all()
        finally:
            signal.signal(signal.SIGINT, before)

    def start_worker(self, name: str, role: str) -> Actor:
        """Start a worker in a new worktree."""
        add_tree(self._place, name)
        pace = str(self._pace)
        return self._start(name, "kanban_mcp.cli.demo.worker", name, role, str(self._place.root), pace)

    def start_reaper(self) -> Actor:
        """Start `kanban-mcp reaper` on the demo's board."""
        return self._start("reaper", "kanban_mcp", "reaper")

    def _start(self, name: str, module: str, *arguments: str) -> Actor:
        with log_of(self._place, name).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, "-m", module, *arguments],
                cwd=self._place.repository,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        self._tell_guard(f"+{process.pid}")
        actor = self.actors[name] = Actor(name, process)
        return actor

    def kill(self, actor: Actor) -> int:
        """Kill a worker and its server at once; returns how the process ended (minus the signal's number)."""
        actor.is_killed = True
        actor.signal(signal.SIGKILL)
        return actor.process.wait()

    def dead(self) -> list[Actor]:
        """Return those that ended by themselves; nobody should."""
        return [actor for actor in self.actors.values() if not actor.is_killed and actor.has_ended()]

    def _tell_guard(self, line: str) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.write(line + "\n")
            self._guard.stdin.flush()

    def _end_all(self) -> None:
        """Ask all to end, also those that are stopped; after `GENTLE_S` seconds kill what is left of each group."""
        for actor in self.actors.values():
            actor.signal(signal.SIGTERM)
            actor.signal(signal.SIGCONT)
        deadline = time.monotonic() + GENTLE_S
        for actor in self.actors.values():
            _wait_for_group(actor, deadline)
            actor.signal(signal.SIGKILL)
            actor.process.wait()
            self._tell_guard(f"-{actor.pid}")
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()


def _wait_for_group(actor: Actor, deadline: float) -> None:
    """Wait until the process and its server have ended, at most until `deadline` (monotonic seconds)."""
    while time.monotonic() < deadline:
        if actor.has_ended() and not _has_group(actor.pid):
            return
        time.sleep(_POLL_S)


def _has_group(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
