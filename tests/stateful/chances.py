"""What may happen on a board, how often, and when it makes sense."""

from collections.abc import Callable
from typing import Any

from tests.stateful.base import TwoSides
from tests.stateful.model import LEASE, PARK_AFTER, SNOOZE_FOR, Task

WORK = (
    "complete", "complete", "complete", "complete weakly", "heartbeat 0", "heartbeat 0", "heartbeat 301",
    "heartbeat 1800", "ask", "ask", "ask", "ask", "ask", "fail", "fail", "fail for-good", "fail weakly",
    "block needs_input", "block needs_input", "block needs_input", "block transient", "block transient",
    "block transient 60000", "block transient 86400000", "block dependency", "block capability", "block weakly",
    "subtask", "subtask", "subtask",
)  # fmt: skip
STEPS = ("Drop the table users on staging", "Drop the table users on production")
ROLES = ("implementer", "", "implementer", "reviewer")
MANAGERS = ("orc", "orc", "mia", "bob", "cyd", "ada")
DECIDERS = ("mia", "mia", "mia", "orc", "bob", "ada")
ODD = ("reconnects", "dies", "dies", "dies", "clock", "clock", "clock", "restart")
MOST_TASKS = 7
JUMPS = (
    1_000, LEASE - 1, LEASE, LEASE + 1, PARK_AFTER, LEASE // 2, 2_500, 5_000, 10_000, 20_000,
    SNOOZE_FOR - 1, SNOOZE_FOR, 1_800_000 - 1, 1_800_000,
)  # fmt: skip
WALL_JUMPS = (7 * 86_400_000, -3_600_000, -60_000, -60_001, 3_600_000, 7 * 86_400_000 - 1, -30 * 86_400_000)
EDITS: tuple[tuple[str, Any], ...] = (
    ("title", ""), ("title", ""), ("title", ""), ("title", ""), ("review", True), ("review", False), ("role", ""),
    ("role", "reviewer"), ("priority", 0), ("round", 2), ("round", 5), ("due", 60_000), ("triage", False),
)  # fmt: skip
CHANGES = (
    "edit", "edit", "edit", "link after", "link after", "link part_of", "link part_of", "link after remove",
    "link part_of remove", "comment", "cancel", "cancel subtree", "stop",
)  # fmt: skip
SHAPES: tuple[tuple[tuple[list[int], str], ...], ...] = (
    (),
    (([1], "after"),),
    (([1], "part_of"),),
    (([], "after"), ([1, 2], "after")),
    (([], "after"), ([1, 2], "after"), ([3], "part_of")),
    (([1], "part_of"), ([2], "part_of"), ([3], "part_of")),  # as deep as it goes
)


def has(wanted: Callable[[Task], bool]) -> Callable[[TwoSides], bool]:
    """Return a precondition: some task is like this."""
    return lambda sides: any(wanted(task) for task in sides.model.tasks.values())


def something_is_due(sides: TwoSides) -> bool:
    return any(t.state == "ready" and sides.model.is_due(t) for t in sides.model.tasks.values())


def someone_works(sides: TwoSides) -> bool:
    return any(not run.ended for run in sides.model.runs.values())


def someone_worked(sides: TwoSides) -> bool:
    return any(run.ended for run in sides.model.runs.values())


def something_lapsed(sides: TwoSides) -> bool:
    model = sides.model
    late = any(a.state == "pending" and (model.wall >= a.expires or model.mono >= a.park_at) for a in model.asks)
    return late or any(not r.ended and model.over(r) for r in model.runs.values())


def always(_: TwoSides) -> bool:
    return True
