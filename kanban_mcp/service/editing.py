"""Editing a task (`kanban_update`): what may change, who may change it, and what an edit does to an open request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kanban_mcp.domain.errors import IllegalTransition, Invalid
from kanban_mcp.domain.ids import parse_task
from kanban_mcp.domain.inputs import Priority, moment_ms
from kanban_mcp.domain.states import TERMINAL, TaskState, Verb, illegal
from kanban_mcp.domain.tasks import Task
from kanban_mcp.service.authority import require_no_self_dealing, require_orchestrator, require_person
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.moves import log, move, save
from kanban_mcp.service.records import ensure_worker, open_approval, task_of
from kanban_mcp.service.results import Done
from kanban_mcp.service.sweeping import close_request, unask
from kanban_mcp.service.working import write_message
from kanban_mcp.store.base import Tx

BOUND = ("title", "context", "acceptance")  # an approval is bound to these; an edit voids it
GUARDED = ("acceptance", "verify", "review", "max_attempts")  # how the work is judged: not by who does it
VERIFY_WORDS = ("", "verifier")
REVIEW_WORDS = ("", "human")


@dataclass(frozen=True, slots=True)
class Edit:
    """The fields to change; None leaves a field as it is. Texts are already checked."""

    title: str | None = None
    assignee: str | None = None
    priority: Priority | None = None
    context: str | None = None
    acceptance: tuple[str, ...] | None = None
    verify: str | None = None
    review: str | None = None
    due_at: str | None = None
    max_attempts: int | None = None
    triage: bool | None = None


def update(tx: Tx, call: Call, task_id: str, edit: Edit) -> Done:
    """Change fields of a task that has not ended.

    Raises:
        Forbidden: the caller judges its own work, or is no person and would raise `max_attempts`.
        IllegalTransition: the task has ended, or is not in triage.
    """
    task = task_of(tx, parse_task(task_id))
    changes = _changes(call, task, edit)
    _require_allowed(tx, call, task, changes, edit)
    ensure_worker(tx, call)
    after = task
    if changes:
        after = _write(tx, call, task, changes)
    if edit.triage is False and after.state is TaskState.TRIAGE:
        before, after = after, move(tx, call, after, Verb.SPECIFY)
        log(tx, call, "specified", before, after)
    text = "Changed." if after != task else "It was so already; nothing changed."
    return Done(text, task.name, str(after.state), str(after.kind), list(changes), [])


def _changes(call: Call, task: Task, edit: Edit) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "title": edit.title,
        "assignee": edit.assignee,
        "priority": None if edit.priority is None else int(edit.priority),
        "context": edit.context,
        "acceptance": None if edit.acceptance is None else json.dumps(list(edit.acceptance), ensure_ascii=False),
        "verify": edit.verify,
        "review": edit.review,
        "max_attempts": edit.max_attempts,
    }
    changes = {name: value for name, value in wanted.items() if value is not None and value != getattr(task, name)}
    if edit.due_at is not None:
        due = moment_ms(edit.due_at, "due_at", call.now.wall_ms) if edit.due_at.strip() else None
        if due != task.due_at_ms:
            changes["due_at_ms"] = due
    return changes


def _require_allowed(tx: Tx, call: Call, task: Task, changes: Mapping[str, Any], edit: Edit) -> None:
    require_orchestrator(call, task, "edit")
    if any(name in changes for name in GUARDED):
        require_no_self_dealing(tx, call, task, "change how it is judged:")
    if changes.get("max_attempts", 0) > task.max_attempts:
        require_person(call, task, "raise max_attempts of", f"kanban-mcp update {task.name} --max-attempts N")
    if edit.max_attempts is not None and not 1 <= edit.max_attempts <= 100:
        raise Invalid(f"max_attempts {edit.max_attempts} is not between 1 and 100.", hint="Three is the usual number.")
    if task.state in TERMINAL and changes:
        raise IllegalTransition(
            f"Cannot edit {task.name}: it is {task.state}.", hint=f'kanban_retry("{task.name}") brings it back first.'
        )
    if edit.triage is True and task.state is not TaskState.TRIAGE:
        raise illegal(task.state, task.kind, "triage", task.name)
    if edit.triage is False and task.state is not TaskState.TRIAGE and not changes:
        raise illegal(task.state, task.kind, Verb.SPECIFY, task.name)


def _write(tx: Tx, call: Call, task: Task, changes: dict[str, Any]) -> Task:
    bound = [name for name in BOUND if name in changes]
    if bound:
        _withdraw_grant(tx, call, task)
    edited = task._replace(**changes, revision=task.revision + bool(bound), updated_at_ms=call.now.wall_ms)
    if "due_at_ms" in changes:
        edited = edited._replace(due_from_ms=None)  # a date that somebody named, no wait
    if "max_attempts" in changes:
        edited = edited._replace(allowed=max(task.counted + 1, task.allowed + edited.max_attempts - task.max_attempts))
    save(tx, task, edited)
    record(tx, call, "edited", task.id, task.run_id, fields=sorted(changes), revision=edited.revision)
    if bound and task.run_id is not None:
        write_message(
            tx, call, task.id, "notice", f"Changed while you work on it: {', '.join(bound)}. Call kanban_show."
        )
    return _void(tx, call, edited) if bound else edited


def _withdraw_grant(tx: Tx, call: Call, task: Task) -> None:
    """Say that an approval nobody has used yet is void; the decision itself stays in the messages."""
    unused = tx.one("last_unused_decision", task_id=task.id, revision=task.revision)
    if unused is not None and unused["state"] == "approved":
        text = "The task was edited after this was approved, so the approval is void. Ask again if it is still needed."
        write_message(tx, call, task.id, "notice", text, re=unused["summary"])


def _void(tx: Tx, call: Call, task: Task) -> Task:
    """Close the open request of an edited task: a person would approve something they never saw."""
    request = open_approval(tx, task.id)
    if request is None:
        return task
    close_request(tx, call, request, "expired", by=call.caller.label)
    return unask(tx, call, task, Verb.EDIT, f"The task was edited after this was asked: {request.summary}")
