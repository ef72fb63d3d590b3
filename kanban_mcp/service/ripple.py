"""Keeps the queue rule: what a change of one task does to the waits of its neighbours, in the same transaction.

`unmet` is a counter on the waiting task, so that finishing a task costs its own dependents and nothing else; a re-check
of all parents at every completion grows with the board. `recount` computes the same numbers from the links alone: it
serves new links and the audit, and the tests hold the two against each other.
"""

from collections import deque
from dataclasses import dataclass

from kanban_mcp.domain.ids import TaskId
from kanban_mcp.domain.links import is_closed, is_held_back, is_satisfied
from kanban_mcp.domain.states import QUEUED, TaskState
from kanban_mcp.domain.tasks import Task
from kanban_mcp.service.call import Call, record
from kanban_mcp.store.base import Row, Tx


@dataclass(frozen=True, slots=True)
class Waits:
    """The part of a task that its neighbours' waits depend on."""

    id: TaskId
    state: TaskState
    waits_after: int
    waits_subtasks: int
    held: bool

    @property
    def holds_back(self) -> bool:
        """Say whether it holds back its subtasks."""
        return is_held_back(self.state, self.waits_after, self.held)

    @property
    def unmet(self) -> int:
        """Return how many things it waits for."""
        return self.waits_after + self.waits_subtasks + self.held


def waits_of(task: Task) -> Waits:
    """Return the waits of a task."""
    return Waits(task.id, task.state, task.waits_after, task.waits_subtasks, task.held)


def _from_row(row: Row) -> Waits:
    return Waits(row["id"], TaskState(row["state"]), row["waits_after"], row["waits_subtasks"], bool(row["held"]))


def ripple(tx: Tx, call: Call, before: Task, after: Task) -> None:
    """Carry a change of `before` into `after` on to everything that waits for it, however far it reaches."""
    spread(tx, call, [(waits_of(before), waits_of(after))])


def spread(tx: Tx, call: Call, changes: list[tuple[Waits, Waits]]) -> None:
    """Carry changes on until nothing moves any more. The links have no cycle, so this ends."""
    todo = deque(changes)
    while todo:
        before, after = todo.popleft()
        if is_satisfied(before.state) != is_satisfied(after.state):
            todo.extend(_shift_children(tx, call, after))
        if is_closed(before.state) != is_closed(after.state):
            _shift_parents(tx, call, after)
        if before.holds_back != after.holds_back:
            todo.extend(_rehold_subtasks(tx, call, after))


def _shift_children(tx: Tx, call: Call, cause: Waits) -> list[tuple[Waits, Waits]]:
    delta = -1 if is_satisfied(cause.state) else 1
    moved = []
    for row in tx.all("shift_after_children", parent_id=cause.id, delta=delta):
        after = _from_row(row)
        before = _undo(after, after_delta=delta)
        _note(tx, call, before, after, cause)
        moved.append((before, after))
    return moved


def _shift_parents(tx: Tx, call: Call, cause: Waits) -> None:
    delta = -1 if is_closed(cause.state) else 1
    for row in tx.all("shift_part_of_parents", child_id=cause.id, delta=delta):
        after = _from_row(row)
        _note(tx, call, _undo(after, subtasks_delta=delta), after, cause)


def _rehold_subtasks(tx: Tx, call: Call, cause: Waits) -> list[tuple[Waits, Waits]]:
    moved = []
    for row in tx.all("part_of_children", parent_id=cause.id):
        change = _set_waits(tx, call, _from_row(row), held=_is_held(tx, row["id"]), cause=cause)
        if change:
            moved.append(change)
    return moved


def _is_held(tx: Tx, child: TaskId) -> bool:
    parents = [_from_row(row) for row in tx.all("part_of_parents", child_id=child)]
    return bool(parents) and all(parent.holds_back for parent in parents)


def recount(tx: Tx, call: Call, task_id: TaskId) -> bool:
    """Set the waits of one task from its links alone and carry the change on. Says whether anything changed."""
    row = tx.one("counted_waits", id=task_id)
    if row is None:
        return False
    change = _set_waits(
        tx,
        call,
        _from_row(row),
        waits_after=row["counted_after"],
        waits_subtasks=row["counted_subtasks"],
        held=_is_held(tx, task_id),
    )
    if change:
        spread(tx, call, [change])
    return change is not None


def _set_waits(
    tx: Tx,
    call: Call,
    before: Waits,
    *,
    held: bool,
    waits_after: int | None = None,
    waits_subtasks: int | None = None,
    cause: Waits | None = None,
) -> tuple[Waits, Waits] | None:
    after_waits = before.waits_after if waits_after is None else waits_after
    subtask_waits = before.waits_subtasks if waits_subtasks is None else waits_subtasks
    if (after_waits, subtask_waits, held) == (before.waits_after, before.waits_subtasks, before.held):
        return None
    row = tx.one("set_waits", id=before.id, waits_after=after_waits, waits_subtasks=subtask_waits, held=held)
    if row is None:
        return None
    after = _from_row(row)
    _note(tx, call, before, after, cause)
    return before, after


def _undo(after: Waits, *, after_delta: int = 0, subtasks_delta: int = 0) -> Waits:
    """Return what the row was before a shift, so that the shift can be one statement."""
    waits_after = after.waits_after - after_delta
    waits_subtasks = after.waits_subtasks - subtasks_delta
    state = after.state
    if state in QUEUED:
        state = TaskState.PENDING if waits_after + waits_subtasks + after.held else TaskState.READY
    return Waits(after.id, state, waits_after, waits_subtasks, after.held)


def _note(tx: Tx, call: Call, before: Waits, after: Waits, cause: Waits | None) -> None:
    if before.state != after.state:
        because = {"because": cause.id} if cause else {}
        record(tx, call, str(after.state), after.id, None, **{"from": str(before.state)}, **because)
