"""Links in transactions: may this link be, does it close a circle, how deep does it nest (DESIGN §4)."""

import json
from collections.abc import Iterable

from kanban_mcp.domain.errors import Cycle, IllegalTransition, Limit
from kanban_mcp.domain.ids import TaskId, task_name
from kanban_mcp.domain.links import Relation, find_cycle, is_satisfied, path_text
from kanban_mcp.domain.policy import Policy
from kanban_mcp.domain.states import TERMINAL, Kind, TaskState
from kanban_mcp.domain.tasks import Task
from kanban_mcp.store.base import Tx

STARTED = frozenset({TaskState.IN_PROGRESS, TaskState.AWAITING_REVIEW}) | TERMINAL


def require_link(child: Task, parent: Task, relation: Relation) -> None:
    """Refuse a link that the states of its ends do not allow.

    Raises:
        IllegalTransition: an unmet `after` for a task that has started, or a subtask for a parent that is in review or
            has ended: the parent would have to wait for something it can no longer wait for.
    """
    if relation is Relation.AFTER and child.state in STARTED and not is_satisfied(parent.state):
        raise IllegalTransition(
            f"{child.name} cannot wait for {parent.name}: it is {child.state} already.",
            hint="Create a new task for what has to come later.",
        )
    if relation is Relation.PART_OF:
        require_open_parent(parent)


def require_open_parent(parent: Task) -> None:
    """Refuse a subtask under a parent that is in review or has ended."""
    if parent.state in TERMINAL or parent.kind is Kind.REVIEW:
        here = f"{parent.state} ({parent.kind})" if parent.kind else str(parent.state)
        raise IllegalTransition(
            f"{parent.name} cannot get a subtask: it is {here}.",
            hint=f'kanban_create(parents=["{parent.name}"], relation="after") for work that follows it.',
        )


def require_depth(tx: Tx, policy: Policy, child: TaskId) -> None:
    """Refuse subtasks more than `max_depth` levels below a root, counted over the longest path.

    Raises:
        Limit: the text names the bound and the level that would result.
    """
    above = tx.value("levels_above", id=child)
    below = tx.value("levels_below", id=child)
    if above + below > policy.max_depth:
        raise Limit(
            f"{task_name(child)} would be subtask level {above + below}; at most {policy.max_depth} below a root.",
            hint="Make it a subtask of a task higher up, or let it run after.",
        )


def require_acyclic(tx: Tx, child: TaskId, parent: TaskId) -> None:
    """Refuse links, already written in this transaction, that let tasks wait for each other.

    Every new circle passes through the child or a task below it, so the walk starts there.

    Raises:
        Cycle: the text shows the path.
    """
    sources = [row["id"] for row in tx.all("part_of_descendants", id=child)]
    cycle = find_cycle(sources, lambda task: (row["id"] for row in tx.all("waiters", id=task)))
    if cycle is not None:
        raise Cycle(
            f"{task_name(child)} cannot hang on {task_name(parent)}: they would wait for each other "
            f"({path_text(cycle, parent)}, and so on).",
            hint="Remove one of these links and try again.",
        )


def add_links(tx: Tx, child: TaskId, parents: Iterable[tuple[TaskId, Relation]]) -> None:
    """Write links; what they mean for waits is the caller's to recount."""
    rows = [{"child_id": child, "parent_id": parent, "relation": relation} for parent, relation in parents]
    if rows:
        tx.many("insert_link", rows)


def ids_json(ids: Iterable[TaskId]) -> str:
    """Return ids as a JSON list, the form in which queries take many."""
    return json.dumps(list(ids))
