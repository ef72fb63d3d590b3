"""The tools of a worker. A handler makes one call of the board and returns its result; nothing is decided here."""

from typing import Any

from kanban_mcp.server import params as p
from kanban_mcp.server.call import Call
from kanban_mcp.server.schema import shape
from kanban_mcp.server.tool import READS, REPEATABLE, WRITES, tool
from kanban_mcp.server.toolsets import WORKER

TASK_VIEW = shape(
    **dict.fromkeys(("next", "id", "title", "state", "assignee", "priority"), str),
    **dict.fromkeys(("attempt", "max_attempts"), int),
    run=dict,
    context=str,
    acceptance=list,
    messages=list,
    blocked=dict,
    approval=dict,
    **dict.fromkeys(("parents", "subtasks", "previous_attempts", "comments", "siblings"), list),
)
ENDED = shape(next=str, task_id=str, state=str)


@tool(WORKER, READS, TASK_VIEW)
async def kanban_show(call: Call, task_id: p.ShownTask = None, run_id: p.OwnRun = None) -> Any:
    """Your task and what to do next: context, acceptance checks, answers, parents' results, earlier attempts. Call at
    session start and whenever you lost context. Holding none, it names what is ready."""
    return await call.board.show(call.session, task_id=task_id, run_id=run_id)


@tool(WORKER, READS, shape(next=str, counts=dict, tasks=list, truncated=str))
async def kanban_list(call: Call, state: p.State = None, assignee: p.SomeRole = None, limit: p.Limit = 50) -> Any:
    """Board overview: counts per state and one short row per task."""
    return await call.board.list(call.session, state=state, assignee=assignee, limit=limit)


@tool(WORKER, WRITES, shape(next=str, claimed=bool, reason=str, task=dict))
async def kanban_claim(
    call: Call, assignee: p.MyRole = None, task_id: p.ClaimedTask = None, wait_s: p.ClaimWait = 0
) -> Any:
    """Take the next ready task of your role, or the one named. You hold it on a lease; kanban_heartbeat extends it."""
    await call.look_around()
    return await call.board.claim(
        call.session, assignee=assignee, task_id=task_id, wait_s=wait_s, progress=call.progress
    )


@tool(
    WORKER,
    REPEATABLE,
    shape(next=str, task_id=str, run_id=str, lease_expires_in_s=int, budget=str, messages=list),
)
async def kanban_heartbeat(
    call: Call, note: p.Doing = None, expect_s: p.ExpectS = 0, task_id: p.OwnTask = None, run_id: p.OwnRun = None
) -> Any:
    """Prove you are alive: every 2-3 tool calls, and before a long command. Returns new messages."""
    return await call.board.heartbeat(call.session, note=note, expect_s=expect_s, task_id=task_id, run_id=run_id)


@tool(WORKER, WRITES, ENDED)
async def kanban_block(
    call: Call,
    reason: p.BlockReason,
    kind: p.BlockKind = None,
    options: p.Options = None,
    default: p.Default = None,
    until: p.Until = None,
    task_id: p.OwnTask = None,
    run_id: p.OwnRun = None,
) -> Any:
    """You cannot go on: hand the task back until someone answers or the cause clears. Commit first; this ends your
    run."""
    return await call.board.block(
        call.session,
        reason=reason,
        kind=kind,
        options=options,
        default=default,
        until=until,
        task_id=task_id,
        run_id=run_id,
    )


@tool(WORKER, WRITES, shape(next=str, task_id=str, state=str, relation=str, parents=list, waits_for=list))
async def kanban_create(
    call: Call,
    title: p.Title,
    assignee: p.Role = None,
    parents: p.Parents = (),
    context: p.Context = "",
    priority: p.Priority = "normal",
    relation: p.Relation = "auto",
    acceptance: p.Acceptance = (),
    idempotency_key: p.Key = None,
    triage: p.Triage = False,
    run_id: p.OwnRun = None,
) -> Any:
    """Add a task, or a subtask of your own."""
    return await call.board.create(
        call.session,
        title=title,
        assignee=assignee,
        parents=parents,
        context=context,
        priority=priority,
        relation=relation,
        acceptance=acceptance,
        idempotency_key=idempotency_key,
        triage=triage,
        run_id=run_id,
    )


@tool(WORKER, REPEATABLE, shape(next=str, task_id=str, state=str, checks=list, now_ready=list))
async def kanban_complete(
    call: Call,
    summary: p.Summary,
    metadata: p.Metadata = None,
    evidence: p.Evidence = (),
    wait_s: p.Wait = 45,
    task_id: p.OwnTask = None,
    run_id: p.OwnRun = None,
) -> Any:
    """Finish your task. The board checks evidence and acceptance itself; a refusal lists every failure and changes
    nothing: fix, call again."""
    return await call.board.complete(
        call.session,
        summary=summary,
        metadata=metadata,
        evidence=evidence,
        wait_s=wait_s,
        task_id=task_id,
        run_id=run_id,
    )


@tool(WORKER, REPEATABLE, shape(next=str, task_id=str, status=str, note=str, decided_by=str))
async def kanban_request_approval(
    call: Call,
    summary: p.Step,
    context: p.Risk = "",
    irreversible: p.Flag = False,
    wait_s: p.Wait = 45,
    task_id: p.OwnTask = None,
    run_id: p.OwnRun = None,
) -> Any:
    """Ask a person before a risky step; act only on approved. If pending, call again with the same text, or
    kanban_block to park."""
    return await call.board.request_approval(
        call.session,
        summary=summary,
        context=context,
        irreversible=irreversible,
        wait_s=wait_s,
        task_id=task_id,
        run_id=run_id,
        progress=call.progress,
    )


@tool(WORKER, WRITES, shape(next=str, task_id=str))
async def kanban_comment(call: Call, task_id: p.AnyTask, body: p.Body, run_id: p.OwnRun = None) -> Any:
    """Leave a note on any task; its worker reads it."""
    return await call.board.comment(call.session, task_id=task_id, body=body, run_id=run_id)


@tool(WORKER, WRITES, ENDED)
async def kanban_fail(
    call: Call, reason: p.FailReason, retry: p.Retry = True, task_id: p.OwnTask = None, run_id: p.OwnRun = None
) -> Any:
    """Give up this attempt; retry=false if no attempt can succeed."""
    return await call.board.fail(call.session, reason=reason, retry=retry, task_id=task_id, run_id=run_id)


TOOLS = (
    kanban_show,
    kanban_list,
    kanban_claim,
    kanban_heartbeat,
    kanban_block,
    kanban_create,
    kanban_complete,
    kanban_request_approval,
    kanban_comment,
    kanban_fail,
)
