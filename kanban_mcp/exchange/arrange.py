"""From records to a graph the board can keep: links checked against each other, no circle, waits counted.

A circle lets tasks wait for each other for ever, and a source may hold one. The link that comes last in it is left out
and named, an `after` before a `part_of`: to refuse everything for one bad link would keep out all the good ones.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kanban_mcp.domain.errors import Limit
from kanban_mcp.domain.inputs import shown
from kanban_mcp.domain.links import Relation, is_closed, is_held_back, is_satisfied
from kanban_mcp.domain.states import TaskState, queue
from kanban_mcp.exchange.circles import Edge, circle_of, tangles
from kanban_mcp.exchange.records import Remarks, SourceTask, Standing

WORK_LIMIT = 3_000_000  # links walked to cut the circles of one tangle: a second or two
SHOWN = 8
_STATES: Mapping[Standing, TaskState] = {
    Standing.IDEA: TaskState.TRIAGE,
    Standing.DONE: TaskState.DONE,
    Standing.CANCELLED: TaskState.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Outer:
    """A link of a record, by its place, to a task that an earlier import has brought, by its id in the source."""

    child: int
    parent: str
    relation: Relation


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task stands and what it waits for, from the links among the records alone."""

    state: TaskState
    waits_after: int
    waits_subtasks: int
    held: bool


@dataclass(frozen=True, slots=True)
class Arranged:
    """The tasks in the order they are to be made, their links and places, all by index."""

    tasks: Sequence[SourceTask]
    edges: Sequence[Edge]
    outer: Sequence[Outer]
    places: Sequence[Place]


def arrange(tasks: Iterable[SourceTask], known: Collection[str], remarks: Remarks) -> Arranged:
    """Order tasks by age and settle their links; what cannot be kept is told in `remarks`.

    Args:
        tasks: the records that are to become tasks.
        known: ids of the source that are tasks of the board already.
        remarks: takes what is left out.

    Raises:
        Limit: the links are so tangled that it is no plan.
    """
    ordered = _by_age(list(tasks))
    edges, outer = _resolved(ordered, known, remarks)
    edges = _without_circles(ordered, edges, remarks)
    return Arranged(ordered, edges, outer, places(ordered, edges))


def _by_age(tasks: list[SourceTask]) -> list[SourceTask]:
    """Put older tasks first, as the board claims by age; one without a time keeps its place behind the one before."""
    latest, keys = 0, []
    for at, task in enumerate(tasks):
        latest = latest if task.created_at_ms is None else task.created_at_ms
        keys.append((latest, at))
    return [tasks[at] for _, at in sorted(keys)]


def _resolved(tasks: Sequence[SourceTask], known: Collection[str], remarks: Remarks) -> tuple[list[Edge], list[Outer]]:
    """Return the links whose both ends exist, one per pair, `part_of` before `after`."""
    index = {task.id: at for at, task in enumerate(tasks)}
    edges: list[Edge] = []
    outer: list[Outer] = []
    for at, task in enumerate(tasks):
        taken: dict[str, Relation] = {}
        for link in sorted(task.links, key=lambda link: link.relation is not Relation.PART_OF):
            why = _why_not(task, link.parent, link.relation, taken, index, known)
            if why:
                remarks.skip(task.id, task.where, why)
            elif link.parent not in taken:
                taken[link.parent] = link.relation
                if link.parent in index:
                    edges.append(Edge(at, index[link.parent], link.relation))
                else:
                    outer.append(Outer(at, link.parent, link.relation))
    return edges, outer


def _why_not(
    task: SourceTask,
    parent: str,
    relation: Relation,
    taken: Mapping[str, Relation],
    index: Mapping[str, int],
    known: Collection[str],
) -> str:
    if parent == task.id:
        return f"the link {relation} itself"
    if parent not in index and parent not in known:
        return f"the link {relation} {parent}: no such task in the source"
    if taken.get(parent, relation) is not relation:
        return f"the link {relation} {parent}: it is {taken[parent]} {parent} already, and there is one link per pair"
    return ""


def _without_circles(tasks: Sequence[SourceTask], edges: list[Edge], remarks: Remarks) -> list[Edge]:
    dropped: set[Edge] = set()
    for tangle in tangles(len(tasks), edges):
        left = WORK_LIMIT
        kept = [edge for edge in tangle if edge not in dropped]
        while circle := circle_of(kept):
            last = max(circle, key=lambda edge: (edge.relation is Relation.AFTER, edge.child, edge.parent))
            kept.remove(last)
            dropped.add(last)
            child, parent = tasks[last.child], tasks[last.parent]
            remarks.skip(
                child.id, child.where, f"the link {last.relation} {parent.id}: {_because(tasks, circle, last)}"
            )
            left -= len(kept)
            if left < 0:
                raise Limit(
                    f"{child.where}: too many tasks around {shown(child.id)} wait for each other. Nothing came in.",
                    hint="Untangle the links there first.",
                )
    return [edge for edge in edges if edge not in dropped]


def _because(tasks: Sequence[SourceTask], circle: Sequence[Edge], last: Edge) -> str:
    rest = [edge for edge in circle if edge is not last]
    below = all(edge.relation is Relation.PART_OF for edge in rest) and last.relation is Relation.AFTER
    if below and rest and rest[0].child == last.parent:
        return "a task cannot complete before its subtasks anyway"
    names = dict.fromkeys(tasks[at].id for edge in circle for at in (edge.child, edge.parent))
    told = [*list(names)[:SHOWN], *(["…"] if len(names) > SHOWN else [])]
    return f"these would wait for each other: {', '.join(told)}"


def places(tasks: Sequence[SourceTask], edges: Iterable[Edge]) -> list[Place]:
    """Return where each task stands by the queue rule. The links have no circle."""
    after: list[list[int]] = [[] for _ in tasks]
    parents: list[list[int]] = [[] for _ in tasks]
    subtasks: list[list[int]] = [[] for _ in tasks]
    for edge in edges:
        (after if edge.relation is Relation.AFTER else parents)[edge.child].append(edge.parent)
        if edge.relation is Relation.PART_OF:
            subtasks[edge.parent].append(edge.child)
    states = [_STATES.get(task.standing, TaskState.READY) for task in tasks]
    waits_after = [sum(not is_satisfied(states[at]) for at in each) for each in after]
    waits_subtasks = [sum(not is_closed(states[at]) for at in each) for each in subtasks]
    held = [False] * len(tasks)
    for at in _parents_first(parents):
        above = [is_held_back(states[p], waits_after[p], held[p]) for p in parents[at]]
        held[at] = bool(above) and all(above)
    return [
        Place(
            state if state is not TaskState.READY else queue(waits_after[at] + waits_subtasks[at] + held[at]),
            waits_after[at],
            waits_subtasks[at],
            held[at],
        )
        for at, state in enumerate(states)
    ]


def _parents_first(parents: Sequence[Sequence[int]]) -> list[int]:
    """Return all indices, each behind its parents."""
    children: list[list[int]] = [[] for _ in parents]
    left = [len(each) for each in parents]
    for child, each in enumerate(parents):
        for parent in each:
            children[parent].append(child)
    ready = [at for at, count in enumerate(left) if not count]
    for at in ready:  # grows while it is read
        for child in children[at]:
            left[child] -= 1
            if not left[child]:
                ready.append(child)
    return ready
