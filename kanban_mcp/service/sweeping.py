"""What the clock does to the board: ended leases, parked and expired requests. Reaper and claim share it.

Claim sweeps a few itself, so the board heals with no reaper running; two reapers at once do what one does, because each
step is a compare-and-swap on an open run or an open request.
"""

import json

from kanban_mcp.domain.backoff import wait_after_ms
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import Kind, Verb
from kanban_mcp.domain.tasks import ApprovalRequest, Run, Task
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.holding import silence
from kanban_mcp.service.moves import end_run, log, move
from kanban_mcp.service.records import approval_from, open_approval, run_from, run_of, task_of
from kanban_mcp.store.base import Tx

Counts = dict[str, int]


def is_sweep_due(tx: Tx, call: Call) -> bool:
    """Say, without taking the write lock, whether a sweep would find anything."""
    return bool(tx.value("is_sweep_due", **_clock(call)))


def sweep(tx: Tx, call: Call, limit: int) -> Counts:
    """Take back what the clock ended, at most `limit` of each kind. Returns what was done."""
    done: Counts = {}
    for row in tx.all("expired_runs", mono_ms=call.now.mono_ms, boot=call.now.boot_id, limit=limit):
        _count(done, lapse(tx, call, run_from(row)))
    for row in tx.all("overdue_asks", mono_ms=call.now.mono_ms, limit=limit):
        run = run_of(tx, row["run_id"])
        _count(done, park(tx, call, task_of(tx, run.task_id), run, f"no decision for {_minutes(call)}"))
    for row in tx.all("expired_approvals", wall_ms=call.now.wall_ms, limit=limit):
        _count(done, expire(tx, call, approval_from(row)))
    return done


def _clock(call: Call) -> dict[str, int | str]:
    return {"wall_ms": call.now.wall_ms, "mono_ms": call.now.mono_ms, "boot": call.now.boot_id}


def _count(done: Counts, what: str) -> None:
    done[what] = done.get(what, 0) + 1


def _minutes(call: Call) -> str:
    return f"{call.policy.park_after_ms // 60_000} minutes"


def lapse(tx: Tx, call: Call, run: Run) -> str:
    """End a run whose lease is over: back to the queue, or parked when it was asking. Returns what was done."""
    task = task_of(tx, run.task_id)
    why = silence(call, run)
    if task.kind is Kind.ASKING:
        return park(tx, call, task, run, why)
    requeue(tx, call, task, run, Verb.RECLAIM, Outcome.RECLAIMED, why, by="board")
    return "reclaimed"


def requeue(
    tx: Tx,
    call: Call,
    task: Task,
    run: Run,
    verb: Verb,
    outcome: Outcome,
    error: str,
    *,
    by: str,
    changed: Task | None = None,
) -> Task:
    """End a run by a counted outcome: the task waits its backoff, or is a dead letter when attempts are used up."""
    counted = end_run(tx, call, changed or task, run, outcome, verb=str(verb), by=by, error=error)
    policy, reclaims = call.policy, tx.value("counted_reclaims", task_id=task.id)
    wait = wait_after_ms(
        outcome, task.id, counted.counted, policy.retry_base_ms, policy.retry_cap_ms, reclaims=reclaims
    )
    due = call.now.wall_ms + wait if wait and counted.attempts_left > 0 else None
    after = move(tx, call, task, verb, changed=counted.waits_until(due, call.now.wall_ms))
    log(tx, call, str(outcome), task, after, run, why=error, attempt=run.attempt)
    return after


def park(tx: Tx, call: Call, task: Task, run: Run, why: str, *, by: str = "board", verb: str = "park") -> str:
    """End an asking run; its request stays open and a decision brings the task back. Not counted."""
    freed = end_run(tx, call, task, run, Outcome.PARKED, verb=verb, by=by, error=why)
    after = move(tx, call, task, Verb.PARK, changed=freed)
    log(tx, call, "parked", task, after, run, why=why)
    return "parked"


def expire(tx: Tx, call: Call, request: ApprovalRequest) -> str:
    """Close an undecided request past its time. Expiry is never a grant (S12)."""
    close_request(tx, call, request, "expired", by="board")
    task = task_of(tx, request.task_id)
    reason = f"Nobody decided in time: {request.summary}"
    unask(tx, call, task, Verb.EXPIRE, reason)
    return "expired"


def unask(tx: Tx, call: Call, task: Task, verb: Verb, reason: str) -> Task:
    """Bring a task out of asking or parked after its request closed without a decision."""
    if task.kind is Kind.ASKING:
        after = move(tx, call, task, verb, run_id=task.run_id)
    else:
        after = move(tx, call, task, verb, changed=task._replace(blocked=block_json(reason), person_only=True))
    log(tx, call, "approval_expired", task, after, None, why=reason)
    return after


def close_request(tx: Tx, call: Call, request: ApprovalRequest, state: str, *, by: str, note: str = "") -> None:
    """Decide, expire or void a request, once."""
    tx.run("close_approval", id=request.id, state=state, by=by, note=note, at_ms=call.now.wall_ms)


def void_request(tx: Tx, call: Call, task: Task, by: str) -> None:
    """Void the open request of a task, if it has one; its run or its task is going away."""
    request = open_approval(tx, task.id)
    if request is not None:
        close_request(tx, call, request, "voided", by=by)
        record(tx, call, "approval_voided", task.id, request.run_id)


def block_json(
    reason: str, options: tuple[str, ...] = (), default: str = "", run: str = "", until: str | None = None
) -> str:
    """Return what a blocked task asks, as stored on it."""
    question = {"reason": reason, "options": list(options), "default": default, "until": until, "run": run}
    return json.dumps({k: v for k, v in question.items() if v}, ensure_ascii=False, separators=(",", ":"))
