"""Reads rows into the values of domain/tasks.py."""

import json
from collections.abc import Iterable

from kanban_mcp.domain.errors import NotFound
from kanban_mcp.domain.ids import RunId, TaskId, WorkerId, run_name, task_name
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import Kind, TaskState
from kanban_mcp.domain.tasks import ApprovalRequest, Run, Task
from kanban_mcp.service.call import Call
from kanban_mcp.store.base import Row, Tx


def task_from(row: Row) -> Task:
    """Build a task from a row that has all columns of `tasks`."""
    raw = Task._make([row[name] for name in Task._fields])
    return raw._replace(
        state=TaskState(raw.state),
        kind=Kind(raw.kind),
        held=bool(raw.held),
        person_only=bool(raw.person_only),
        reopened_base=bool(raw.reopened_base),
    )


def run_from(row: Row) -> Run:
    """Build a run from a row of `runs` joined with its worker's name."""
    raw = Run._make([row[name] for name in Run._fields])
    outcome = Outcome(raw.outcome) if raw.outcome else None
    return raw._replace(outcome=outcome, isolated=bool(raw.isolated), counted=bool(raw.counted))


def approval_from(row: Row) -> ApprovalRequest:
    """Build an approval request from a row."""
    raw = ApprovalRequest._make([row[name] for name in ApprovalRequest._fields])
    return raw._replace(irreversible=bool(raw.irreversible))


def task_of(tx: Tx, task_id: TaskId) -> Task:
    """Return the task.

    Raises:
        NotFound: there is none with this id; the text says up to where ids go.
    """
    row = tx.one("task", id=task_id)
    if row is None:
        newest = tx.value("newest_task")
        hint = (
            f"Ids go up to {task_name(newest)}; kanban_list shows them."
            if newest
            else "The board is empty: kanban_create."
        )
        raise NotFound(f"There is no {task_name(task_id)}.", hint=hint)
    return task_from(row)


def tasks_of(tx: Tx, ids: Iterable[TaskId]) -> dict[TaskId, Task]:
    """Return several tasks by id; unknown ids are left out."""
    rows = tx.all("tasks_by_id", ids=json.dumps(list(ids)))
    return {row["id"]: task_from(row) for row in rows}


def run_of(tx: Tx, run_id: RunId) -> Run:
    """Return the run.

    Raises:
        NotFound: there is none with this id.
    """
    row = tx.one("run", id=run_id)
    if row is None:
        raise NotFound(
            f"There is no {run_name(run_id)}.", hint="Leave run_id out; it only selects among your own runs."
        )
    return run_from(row)


def open_approval(tx: Tx, task_id: TaskId) -> ApprovalRequest | None:
    """Return the undecided request of a task, if it has one."""
    row = tx.one("open_approval", task_id=task_id)
    return None if row is None else approval_from(row)


def worker_id(tx: Tx, call: Call) -> WorkerId | None:
    """Return the caller's id among the workers, None if it never wrote anything.

    A sub-agent that never claimed speaks for its session: it helps with what the session holds (ADR 4).
    """
    found = tx.value("worker_by_key", key=call.caller.key)
    if found is None and call.caller.is_sub_agent:
        found = tx.value("worker_by_key", key=call.caller.root)
    return None if found is None else WorkerId(found)


def ensure_worker(tx: Tx, call: Call) -> WorkerId:
    """Return the caller's id, entering it at its first write; a sub-agent is entered as its session."""
    found = worker_id(tx, call)
    return _enter(tx, call, call.caller.root) if found is None else found


def ensure_claimer(tx: Tx, call: Call) -> WorkerId:
    """Return the id under which the caller claims: a sub-agent becomes a worker of its own by its first claim."""
    found = tx.value("worker_by_key", key=call.caller.key)
    return _enter(tx, call, call.caller.key) if found is None else WorkerId(found)


def _enter(tx: Tx, call: Call, key: str) -> WorkerId:
    caller = call.caller
    name = caller.shown_name if key == caller.key else caller.shown_name.rpartition("/")[0] or caller.shown_name
    return WorkerId(tx.insert("insert_worker", key=key, name=name, session=caller.session, at_ms=call.now.wall_ms))
