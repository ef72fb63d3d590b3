"""The rules of links once more, from the links alone: what waits for what, in linear time. For the history checker."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

Pair = tuple[int, int]  # child, parent


def circle(tasks: Iterable[int], after: Sequence[Pair], part_of: Sequence[Pair]) -> list[int]:
    """Return tasks that wait for each other by the three edges of DESIGN §4, an empty list when none do.

    A task has two moments: it may start once its `after` parents are done and what it is part of may start; it is done
    once it started and its subtasks are done.
    """
    waits: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for task in {*tasks, *(task for pair in (*after, *part_of) for task in pair)}:
        waits["start", task] = []
        waits["done", task] = [("start", task)]
    for child, parent in after:
        waits["start", child].append(("done", parent))
    for child, parent in part_of:
        waits["start", child].append(("start", parent))
        waits["done", parent].append(("done", child))
    left = {moment: len(needs) for moment, needs in waits.items()}
    waited_by = defaultdict(list)
    for moment, needs in waits.items():
        for need in needs:
            waited_by[need].append(moment)
    free = deque(moment for moment, n in left.items() if n == 0)
    while free:
        moment = free.popleft()
        del left[moment]
        for waiter in waited_by[moment]:
            left[waiter] -= 1
            if left[waiter] == 0:
                free.append(waiter)
    return sorted({task for _, task in left})


def levels(part_of: Sequence[Pair]) -> dict[int, int]:
    """Return how many tasks a subtask lies below its root at most. The links have no circle."""
    parents = defaultdict(list)
    for child, parent in part_of:
        parents[child].append(parent)
    known: dict[int, int] = {}
    for task in list(parents):
        todo = [task]
        while todo:
            above = [parent for parent in parents.get(todo[-1], ()) if parent not in known]
            if above:
                todo += above
                continue
            each = todo.pop()
            known[each] = max((known[parent] + 1 for parent in parents.get(each, ())), default=0)
    return known


def unmet_of(state: Mapping[int, str], after: Sequence[Pair], part_of: Sequence[Pair]) -> Counter[int]:
    """Return what each task waits for by the queue rule (DESIGN §3). The links have no circle."""
    unmet: Counter[int] = Counter()
    for child, parent in after:
        unmet[child] += state.get(parent) != "done"
    waits_after = Counter(unmet)
    for child, parent in part_of:
        unmet[parent] += state.get(child) not in ("done", "cancelled")
    parents = defaultdict(list)
    for child, parent in part_of:
        parents[child].append(parent)
    held: dict[int, bool] = {}

    def holds_back(task: int) -> bool:
        return state.get(task) in ("failed", "cancelled") or waits_after[task] > 0 or held[task]

    for task in state:
        todo = [task]
        while todo:
            above = [parent for parent in parents.get(todo[-1], ()) if parent not in held]
            if above:
                todo += above
                continue
            each = todo.pop()
            held[each] = each in parents and all(holds_back(parent) for parent in parents[each])
    for task, is_held in held.items():
        unmet[task] += is_held
    return unmet
