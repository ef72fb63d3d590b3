"""Links: two kinds, the queue rule's facts, and the search for cycles (DESIGN §4)."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

from kanban_mcp.domain.ids import TaskId, task_name
from kanban_mcp.domain.states import TaskState


class Relation(StrEnum):
    """How a child hangs on a parent."""

    AFTER = "after"  # the child waits until the parent is done
    PART_OF = "part_of"  # the child is a subtask: the parent completes after it


RELATION_WORDS = ("auto", *Relation)
CLOSED = frozenset({TaskState.DONE, TaskState.CANCELLED})


def is_satisfied(parent: TaskState) -> bool:
    """Say whether an `after` parent lets its children start. Only `done` does: a failed gate releases nobody."""
    return parent is TaskState.DONE


def is_closed(subtask: TaskState) -> bool:
    """Say whether a subtask no longer keeps its parent open. A failed one does: somebody has to decide."""
    return subtask in CLOSED


def is_held_back(state: TaskState, waits_after: int, held: bool) -> bool:
    """Say whether a task holds back its subtasks: it will not run, or may not yet.

    `waits_after` counts its unmet `after` parents, `held` says that all its own `part_of` parents are held back.
    """
    return state in (TaskState.FAILED, TaskState.CANCELLED) or waits_after > 0 or held


def unmet(after: Iterable[TaskState], subtasks: Iterable[TaskState], part_of_held: Sequence[bool]) -> int:
    """Count what a task waits for: the queue rule in one place.

    Args:
        after: states of its `after` parents.
        subtasks: states of its own subtasks.
        part_of_held: per `part_of` parent whether it is held back; waiting needs all of them to be.
    """
    held = bool(part_of_held) and all(part_of_held)
    return sum(not is_satisfied(s) for s in after) + sum(not is_closed(s) for s in subtasks) + held


def find_cycle(sources: Iterable[TaskId], waiters: Callable[[TaskId], Iterable[TaskId]]) -> list[TaskId] | None:
    """Return a circle of tasks that wait for each other and can be reached from `sources`, or None.

    `waiters(x)` yields the tasks that wait for x. The walk goes from a task to those that wait for it, because a task
    that is being linked has few of them, while its ancestors are all of history. Iterative: a chain of 10,000 tasks is
    an ordinary board. The result reads in waiting order: each task waits for the next, the last for the first.
    """
    finished: set[TaskId] = set()
    for source in sources:
        if source in finished:
            continue
        path: list[TaskId] = [source]
        on_path: set[TaskId] = {source}
        stack = [iter(waiters(source))]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                done = path.pop()
                on_path.discard(done)
                finished.add(done)
            elif step in on_path:
                return path[path.index(step) :][::-1]
            elif step not in finished:
                path.append(step)
                on_path.add(step)
                stack.append(iter(waiters(step)))
    return None


def path_text(cycle: Sequence[TaskId], first: TaskId | None = None, shown: int = 8) -> str:
    """Write a circle as `TASK-003 → TASK-005 → TASK-009`, from `first` on if it is part of it; long ones shortened."""
    if first in cycle:
        at = cycle.index(first)
        cycle = [*cycle[at:], *cycle[:at]]
    names = [task_name(task) for task in cycle]
    if len(names) > shown:
        names = [*names[: shown - 2], f"… {len(names) - shown + 1} more …", names[-1]]
    return " → ".join(names)
