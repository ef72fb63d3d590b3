"""What an orchestrator has beside the worker's tools: plans, edits, answers, waiting. It never grants an approval."""

from typing import Any

from kanban_mcp.server import params as p
from kanban_mcp.server.call import Call
from kanban_mcp.server.schema import shape
from kanban_mcp.server.tool import DESTROYS, READS, REPEATABLE, WRITES, tool
from kanban_mcp.server.toolsets import ORCHESTRATOR

CHANGED = shape(next=str, task_id=str, state=str)


@tool(ORCHESTRATOR, WRITES, shape(next=str, dry_run=bool, tasks=list))
async def kanban_plan(call: Call, tasks: p.Plan, dry_run: p.DryRun = False, idempotency_key: p.Key = None) -> Any:
    """Create a whole graph of tasks at once, all or nothing. Name tasks by ref and link them by after or part_of;
    workers start what is ready. Then kanban_wait."""
    return await call.board.plan(call.session, tasks=tasks, dry_run=dry_run, idempotency_key=idempotency_key)


@tool(ORCHESTRATOR, REPEATABLE, CHANGED)
async def kanban_update(
    call: Call,
    task_id: p.AnyTask,
    title: p.NewTitle = None,
    assignee: p.SomeRole = None,
    priority: p.NewPriority = None,
    context: p.NewContext = None,
    acceptance: p.NewAcceptance = None,
    verify: p.Verify = None,
    review: p.Review = None,
    due_at: p.DueAt = None,
    max_attempts: p.Attempts = None,
    triage: p.NewTriage = None,
) -> Any:
    """Change a task. An edit of title, context or acceptance expires an approval asked for the old text."""
    return await call.board.update(
        call.session,
        task_id=task_id,
        title=title,
        assignee=assignee,
        priority=priority,
        context=context,
        acceptance=acceptance,
        verify=verify,
        review=review,
        due_at=due_at,
        max_attempts=max_attempts,
        triage=triage,
    )


@tool(ORCHESTRATOR, REPEATABLE, CHANGED)
async def kanban_link(
    call: Call,
    task_id: p.AnyTask,
    parent: p.Parent,
    relation: p.LinkRelation = "after",
    remove: p.Flag = False,
) -> Any:
    """Let a task wait for a parent (after), or make it the parent's subtask (part_of)."""
    return await call.board.link(call.session, task_id=task_id, parent=parent, relation=relation, remove=remove)


@tool(ORCHESTRATOR, WRITES, CHANGED)
async def kanban_answer(call: Call, task_id: p.AnyTask, answer: p.Answer) -> Any:
    """Answer a blocked task's question; it is queued again. Do not invent what only a person can know: ask them. Never
    a secret: name the variable that holds it."""
    return await call.board.answer(call.session, task_id=task_id, answer=answer)


@tool(ORCHESTRATOR, DESTROYS, CHANGED)
async def kanban_cancel(call: Call, task_id: p.AnyTask, reason: p.Why = "", subtree: p.Subtree = False) -> Any:
    """Withdraw a task and its subtasks; a running worker is stopped at its next call."""
    return await call.board.cancel(call.session, task_id=task_id, reason=reason, subtree=subtree)


@tool(ORCHESTRATOR, WRITES, CHANGED)
async def kanban_retry(call: Call, task_id: p.AnyTask, note: p.RetryNote = "") -> Any:
    """Queue a failed, cancelled or done task again, with new attempts; you may do so twice per task."""
    return await call.board.retry(call.session, task_id=task_id, note=note)


@tool(ORCHESTRATOR, READS, shape(next=str, done=bool, changed=list, attention=list))
async def kanban_wait(
    call: Call, task_ids: p.Watched = (), until: p.WaitFor = "attention", timeout_s: p.LongWait = 45
) -> Any:
    """Wait for tasks; returns what changed since your last wait. Call again until done."""
    return await call.board.wait(
        call.session, task_ids=task_ids, until=until, timeout_s=call.bounded(timeout_s), progress=call.progress
    )


TOOLS = (
    kanban_plan,
    kanban_update,
    kanban_link,
    kanban_answer,
    kanban_cancel,
    kanban_retry,
    kanban_wait,
)
