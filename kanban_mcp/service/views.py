"""The bounded view of a task: what a fresh worker needs, each fact once, within 24,000 characters at any fan-in.

Text written by agents is shown as data with its author and age (DESIGN §6). Long fields are cut with a sign, long lists
with a count, oldest first; what was left out is said.
"""

import json
from typing import Any

from kanban_mcp.domain.clock import age
from kanban_mcp.domain.compact import compact
from kanban_mcp.domain.ids import RunId, TaskId, run_name, task_name
from kanban_mcp.domain.inputs import Priority
from kanban_mcp.domain.states import Kind, TaskState
from kanban_mcp.domain.tasks import ApprovalRequest, Run, Task
from kanban_mcp.domain.texts import shorten
from kanban_mcp.service.call import Call
from kanban_mcp.service.guidance import next_step
from kanban_mcp.service.records import approval_from, open_approval, run_of, task_of, worker_id
from kanban_mcp.service.results import Json, TaskView, to_json
from kanban_mcp.store.base import Row, Tx

VIEW_LIMIT = 24_000  # characters of the compact JSON
_CONTEXT = 6_000
_ROWS = 12  # entries per list before the rest is only counted
_SIZES = (
    (1_500, _ROWS),
    (600, _ROWS),
    (250, _ROWS),
    (100, _ROWS),
    (60, 6),
    (40, 3),
)  # the last one fits whatever is in


def view(tx: Tx, call: Call, task_id: TaskId) -> TaskView:
    """Return the view of one task; the longest texts are cut further until the whole fits."""
    for text_limit, rows in _SIZES:
        shown = _view(tx, call, task_id, text_limit, rows)
        if _surely_fits(shown) or len(compact(to_json(shown))) <= VIEW_LIMIT:
            return shown
    return shown


def _surely_fits(shown: TaskView) -> bool:
    """Say whether a view is a fresh task's, far below the limit, so that it need not be written out to be measured."""
    lists = (shown.messages, shown.comments, shown.parents, shown.subtasks, shown.previous_attempts, shown.acceptance)
    return len(shown.context) < VIEW_LIMIT // 12 and not any(lists) and not shown.approval and not shown.result


def _view(tx: Tx, call: Call, task_id: TaskId, limit: int, rows: int) -> TaskView:
    task = task_of(tx, task_id)
    run = None if task.run_id is None else run_of(tx, task.run_id)
    mine = run is not None and run.worker_id == worker_id(tx, call)
    has = tx.one("view_shape", id=task.id)
    assert has is not None  # noqa: S101 - it counts, so it always has a row
    parents = _parents(tx, call, task, limit, rows) if has["parents"] else []
    subtasks = _subtasks(tx, task, rows) if has["subtasks"] else []
    messages, comments = _messages(tx, call, task, limit, rows) if has["messages"] else ([], [])
    criteria = json.loads(task.acceptance)
    acceptance = [shorten(line, limit) for line in criteria[: rows * 3]]
    asked = open_approval(tx, task.id) or _last_decided(tx, task) if has["approvals"] else None
    has = {**dict(has), "criteria": len(criteria)}
    shown = {
        "criteria": len(acceptance),
        "parents": len(parents),
        "subtasks": len(subtasks),
        "messages": len(messages) + len(comments),
    }
    return TaskView(
        next=next_step(call, task, run if mine else None, has_messages=bool(messages), holder=run),
        id=task.name,
        title=task.title,
        state=str(task.state),
        kind=str(task.kind),
        assignee=task.assignee,
        priority=Priority(task.priority).name.lower(),
        attempt=run.attempt if run else None,
        max_attempts=task.allowed,
        run=_run(call, run) if run else {},
        context=shorten(task.context, max(_CONTEXT, limit * 4) if limit > 250 else limit * 8),
        acceptance=acceptance,
        messages=messages,
        blocked=_blocked(task, limit),
        approval=_approval(asked, task, limit) if asked else {},
        parents=parents,
        subtasks=subtasks,
        previous_attempts=_attempts(tx, call, task, limit, rows) if has["attempts"] else [],
        comments=comments,
        siblings=_siblings(tx, task, limit, rows) if has["part_of"] else [],
        result=_result(tx, task, limit),
        flags=_flags(call, task, run),
        left_out="; ".join(f"{has[what] - n} more {what}" for what, n in shown.items() if has[what] > n),
    )


def _run(call: Call, run: Run) -> Json:
    left = call.now.lease_left_s(run.lease_until_ms, run.lease_boot)
    return {
        "run_id": run.name,
        "worker": run.worker_name,
        "role": run.role,
        "lease_expires_in_s": left,
        "stale": True if left == 0 else None,
        "note": run.note,
        "since": age(run.started_at_ms, call.now.wall_ms),
        "workdir": shorten(run.workdir or "", 500),
        "branch": shorten(run.branch or "", 200),
        "base": (run.base or "")[:12],
    }


def _blocked(task: Task, limit: int) -> Json:
    if task.state is not TaskState.BLOCKED:
        return {}
    question = json.loads(task.blocked or "{}")
    return {
        "kind": str(task.kind),
        "reason": shorten(str(question.get("reason", "")), limit),
        "options": [shorten(str(option), limit) for option in question.get("options", [])[:10]],
        "default": shorten(str(question.get("default", "")), limit),
        "until": question.get("until"),
        "who": "a person" if task.person_only else "a person or the orchestrator",
    }


def _last_decided(tx: Tx, task: Task) -> ApprovalRequest | None:
    row = tx.one("last_unused_decision", task_id=task.id, revision=task.revision)
    return None if row is None else approval_from(row)


def _approval(asked: ApprovalRequest, task: Task, limit: int) -> Json:
    state = "parked" if asked.state == "pending" and task.kind is Kind.PARKED else asked.state
    return {
        "state": state,
        "summary": shorten(asked.summary, limit),
        "context": shorten(asked.context, limit),
        "irreversible": asked.irreversible or None,
        "note": shorten(asked.note, limit),
        "decided_by": asked.decided_by,
    }


def _parents(tx: Tx, call: Call, task: Task, limit: int, rows: int) -> list[Json]:
    return [_parent(call, row, limit) for row in tx.all("parents_with_results", child_id=task.id, limit=rows)]


def _parent(call: Call, row: Row, limit: int) -> Json:
    return {
        "id": task_name(row["id"]),
        "title": row["title"],
        "state": row["state"],
        "relation": row["relation"],
        "age": age(row["ended_at_ms"], call.now.wall_ms) if row["ended_at_ms"] else None,
        "commit": (row["result_commit"] or "")[:12],
        "files": shorten(_files(row["metadata"]), limit),
        "summary": shorten(row["summary"] or "", limit),
    }


def _files(metadata: str | None) -> str:
    """Return the files a worker named in its metadata, on one short line."""
    said: Any = json.loads(metadata) if metadata else None
    files = said.get("files_changed") or said.get("files") if isinstance(said, dict) else None
    return shorten(", ".join(map(str, files)), 300) if isinstance(files, list) else ""


def _subtasks(tx: Tx, task: Task, rows: int) -> list[Json]:
    found = tx.all("subtasks", parent_id=task.id, limit=rows)
    return [{"id": task_name(r["id"]), **{name: r[name] for name in ("title", "state", "assignee")}} for r in found]


def _attempts(tx: Tx, call: Call, task: Task, limit: int, rows: int) -> list[Json]:
    found = tx.all("ended_runs", task_id=task.id, limit=min(rows, 5))
    return [
        {
            "attempt": row["attempt"],
            "run_id": run_name(row["id"]),
            "outcome": row["outcome"],
            "age": age(row["ended_at_ms"], call.now.wall_ms),
            "branch": shorten(row["branch"] or "", 200),
            "why": shorten(row["error"] or "", limit),
            "note": shorten(row["note"], limit),
        }
        for row in found
        if row["outcome"] != "done"
    ]


def _messages(tx: Tx, call: Call, task: Task, limit: int, rows: int) -> tuple[list[Json], list[Json]]:
    """Return answers and decisions, which bind, apart from comments, which inform; the newest of each."""
    answers = tx.all("messages_of_kind", task_id=task.id, is_comment=0, limit=rows)
    comments = tx.all("messages_of_kind", task_id=task.id, is_comment=1, limit=rows)
    return (
        [_message(call, row, limit, task.run_id) for row in reversed(answers)],
        [_message(call, row, limit, task.run_id) for row in reversed(comments)],
    )


def _message(call: Call, row: Row, limit: int, open_run: RunId | None) -> Json:
    text = shorten(row["body"], limit)
    if row["used_by_run"] is not None and row["used_by_run"] != open_run:
        text += f" [used by {run_name(row['used_by_run'])}; it grants nothing more]"
    return {
        "from": row["author"],
        "age": age(row["at_ms"], call.now.wall_ms),
        "re": shorten(row["re"], min(limit, 200)),
        "text": text,
    }


def _siblings(tx: Tx, task: Task, limit: int, rows: int) -> list[Json]:
    """Return who works beside this task under the same parent, so that two do not edit one file."""
    found = tx.all("working_siblings", id=task.id, limit=min(rows, 5))
    return [
        {"id": task_name(r["id"]), "title": r["title"], "role": r["role"], "note": shorten(r["note"], limit)}
        for r in found
    ]


def _result(tx: Tx, task: Task, limit: int) -> Json:
    """Return what the last run handed in, for a task that is done or in review."""
    if task.state is not TaskState.DONE and task.kind is not Kind.REVIEW:
        return {}
    row = tx.one("last_report", task_id=task.id)
    if row is None:
        return {}
    return {
        "run_id": run_name(row["id"]),
        "summary": shorten(row["summary"] or "", limit),
        "metadata": shorten(row["metadata"] or "", limit),
        "commit": row["result_commit"],
        "checks": [_check(check, limit) for check in json.loads(row["checks"] or "[]")[:20]],
    }


def _check(check: Json, limit: int) -> Json:
    return {name: shorten(value, limit) if isinstance(value, str) else value for name, value in check.items()}


def _flags(call: Call, task: Task, run: Run | None) -> list[str]:
    flags = []
    if run is not None and call.now.lease_over(run.lease_until_ms, run.lease_boot):
        flags.append("stale: the lease is over; the next claim or the reaper takes it back")
    if task.reopened_base:
        flags.append("built on reopened work")
    if task.due_at_ms is not None and not task.is_due(call.now.wall_ms):
        flags.append(f"not before {(task.due_at_ms - call.now.wall_ms) // 1000} s from now")
    if task.archived_at_ms is not None:
        flags.append("archived")
    return flags
