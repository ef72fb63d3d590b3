"""Circles of waits among links, found in one pass over graphs of any size.

Each task is two nodes. To be *finished* (2n) it must be *cleared* (2n + 1), which it is once its `after` parents are
finished; a subtask is cleared after a task it is part of, and finished before it (DESIGN §4: three kinds of waiting).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kanban_mcp.domain.ids import TaskId
from kanban_mcp.domain.links import Relation, find_cycle


@dataclass(frozen=True, slots=True)
class Edge:
    """A link between two records, by their places in the list of tasks."""

    child: int
    parent: int
    relation: Relation


def circle_of(edges: Iterable[Edge]) -> list[Edge]:
    """Return the links of one circle of waits, none when there is none."""
    edges = list(edges)
    names = {
        name: at for at, name in enumerate(dict.fromkeys(end for edge in edges for end in (edge.child, edge.parent)))
    }
    causes: dict[tuple[int, int], Edge | None] = {(2 * at, 2 * at + 1): None for at in range(len(names))}
    for edge in edges:
        for wait in _waits(names[edge.child], names[edge.parent], edge.relation):
            causes.setdefault(wait, edge)
    waiters: list[list[TaskId]] = [[] for _ in range(2 * len(names))]
    for waiting, cause in causes:
        waiters[cause].append(TaskId(waiting))
    found = find_cycle(map(TaskId, range(2 * len(names))), lambda node: waiters[node])
    if found is None:
        return []
    through = [causes[step] for step in zip(found, [*found[1:], found[0]], strict=True)]
    return list(dict.fromkeys(edge for edge in through if edge is not None))


def tangles(count: int, edges: Sequence[Edge]) -> Iterator[list[Edge]]:
    """Yield, per group of tasks that wait for each other, the links among them, in the order given.

    A link outside of every group is on no circle, so circles are looked for in the groups alone.
    """
    group = _groups(count, edges)
    inside: dict[int, list[Edge]] = {}
    for edge in edges:
        of = {group[a] for a, b in _waits(edge.child, edge.parent, edge.relation) if group[a] == group[b]}
        for number in of:
            inside.setdefault(number, []).append(edge)
    yield from inside.values()


def _groups(count: int, edges: Iterable[Edge]) -> list[int]:
    """Return per node the number of its group: nodes that wait for each other, however far around."""
    causes: list[list[int]] = [[at + 1] if at % 2 == 0 else [] for at in range(2 * count)]
    for edge in edges:
        for waiting, cause in _waits(edge.child, edge.parent, edge.relation):
            causes[waiting].append(cause)
    grouping = _Grouping(causes)
    for start in range(len(causes)):
        grouping.walk(start)
    return grouping.group


class _Grouping:
    """Tarjan's strongly connected components, with a stack of our own: a chain of 10^5 tasks is an ordinary source."""

    def __init__(self, causes: Sequence[Sequence[int]]) -> None:
        self._causes = causes
        self._met = 0
        self._seen = [0] * len(causes)  # in which order a node was met, from 1 on
        self._low = [0] * len(causes)
        self._open: list[int] = []
        self.group = [-1] * len(causes)

    def walk(self, start: int) -> None:
        path = [] if self._seen[start] else [self._meet(start)]
        while path:
            node, rest = path[-1]
            step = next((cause for cause in rest if self.group[cause] < 0), None)
            if step is None:
                path.pop()
                self._leave(node, path[-1][0] if path else node)
            elif self._seen[step]:
                self._low[node] = min(self._low[node], self._seen[step])
            else:
                path.append(self._meet(step))

    def _meet(self, node: int) -> tuple[int, Iterator[int]]:
        self._met += 1
        self._seen[node] = self._low[node] = self._met
        self._open.append(node)
        return node, iter(self._causes[node])

    def _leave(self, node: int, before: int) -> None:
        self._low[before] = min(self._low[before], self._low[node])
        while self._low[node] == self._seen[node] and self.group[node] < 0:
            self.group[self._open.pop()] = node


def _waits(child: int, parent: int, relation: Relation) -> tuple[tuple[int, int], ...]:
    """Return which node waits for which by a link."""
    if relation is Relation.AFTER:
        return ((2 * child + 1, 2 * parent),)
    return (2 * child + 1, 2 * parent + 1), (2 * parent, 2 * child)
