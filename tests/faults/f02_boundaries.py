"""F2: a command ends at a statement boundary, by an exception or by kill -9: before or after, never in between."""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.faults.base import Case, Figures, Place
from tests.faults.boards import COMMANDS, Boom, Command, DirectStore, Failpoint, board_on, copy_to
from tests.faults.child import forked, in_child
from tests.service.helpers import dump


@dataclass(frozen=True)
class Course:
    """What a command does undisturbed: its boundaries, those that follow a commit, the tables after each commit."""

    boundaries: int
    commits: list[int]
    states: list[object]  # the first is the one before

    def state_at(self, boundary: int) -> object:
        """Return what the tables must be when the command ends at a boundary."""
        return self.states[sum(commit <= boundary for commit in self.commits)]


def course_of(command: Command, path: Path) -> Course:
    states: list[object] = [dump(path)]
    point = Failpoint(on_commit=lambda: states.append(dump(path)))
    perform(command, path, point)
    return Course(point.count, point.commits, states)


def perform(command: Command, path: Path, point: Failpoint) -> None:
    """Do the command once, past a failpoint."""

    async def once() -> None:
        store = DirectStore(path, wrap=point)
        try:
            await command.do(board_on(store))
        finally:
            await store.close()

    asyncio.run(once())


def raises(place: Place) -> Figures:
    """Raise at each boundary: nothing is written since the last commit, and the next call on the connection works."""
    points = 0
    for at, command in enumerate(COMMANDS):
        course = course_of(command, copy_to(place.at("after", at)))
        folder = place.at("raise", at)
        for n in range(1, course.boundaries + 1):
            asyncio.run(_raise_then_do(command, copy_to(folder), n, course))
            points += 1
    return {"commands": len(COMMANDS), "points": points, "between": 0}


async def _raise_then_do(command: Command, path: Path, n: int, course: Course) -> None:
    store = DirectStore(path, wrap=Failpoint(n))
    try:
        await command.do(board_on(store))
    except Boom:
        assert dump(path) == course.state_at(n), f"{command.name}: boundary {n} of {course.boundaries} left something"
    else:
        raise AssertionError(f"{command.name} swallowed what boundary {n} raised")
    if n < course.commits[0]:
        await command.do(board_on(store))
        assert dump(path) == course.states[-1], f"{command.name} did something else the second time"
    await store.close()


def kills(place: Place) -> Figures:
    """Kill the process at each boundary, those after a commit included."""
    return in_child(_kills, place)


def _kills(place: Place) -> Figures:
    """Run in a process with one thread, so that it may fork."""
    points = kept = 0
    for at, command in enumerate(COMMANDS):
        course = course_of(command, copy_to(place.at("after", at)))
        folder = place.at("kill", at)
        for n in range(1, course.boundaries + 1):
            path = copy_to(folder)
            assert forked(perform, command, path, Failpoint(n, kills=True)) == -signal.SIGKILL
            assert dump(path) == course.state_at(n), f"{command.name} killed at {n} of {course.boundaries}: in between"
            points, kept = points + 1, kept + (n in course.commits)
    return {"commands": len(COMMANDS), "points": points, "before": points - kept, "after": kept, "between": 0}


CASES = (
    Case("F2", "raise", "an exception at each statement boundary of each command", raises),
    Case("F2", "kill", "kill -9 at each statement boundary of each command", kills),
)
