"""Asking a person before a risky step: a durable request, one exact text, one decision, used once (DESIGN §9)."""

import hashlib
import json
from dataclasses import dataclass

from kanban_mcp.domain.errors import LeaseLost, NeedsApproval, WeakReason
from kanban_mcp.domain.ids import parse_run, parse_task
from kanban_mcp.domain.inputs import shown
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import Kind, Verb
from kanban_mcp.domain.tasks import ApprovalRequest, Run, Task
from kanban_mcp.domain.texts import is_weak_reason
from kanban_mcp.service.call import Call
from kanban_mcp.service.holding import extend, require_held
from kanban_mcp.service.moves import log, move
from kanban_mcp.service.records import approval_from, open_approval, run_from, task_of, worker_id
from kanban_mcp.service.results import Approval
from kanban_mcp.store.base import Tx


@dataclass(frozen=True, slots=True)
class Ask:
    """The exact step to be approved."""

    summary: str
    context: str = ""
    irreversible: bool = False

    @property
    def digest(self) -> str:
        """Return a digest of the exact text; a grant is for this text and no other."""
        return hashlib.sha256(json.dumps([self.summary, self.context, self.irreversible]).encode()).hexdigest()


def request(tx: Tx, call: Call, task_id: str | None, run_id: str | None, ask: Ask) -> ApprovalRequest:
    """Open a request, resume waiting for an open one, or find the decision that was made meanwhile.

    Raises:
        NeedsApproval: another request of this task is still open.
        WeakReason: the summary names no step that a person could judge.
    """
    try:
        held = require_held(tx, call, task_id, run_id, "request_approval")
    except LeaseLost:
        parked = _parked_request(tx, call, task_id, run_id, ask)
        if parked is None:
            raise
        return parked
    extend(tx, call, held.run)
    if held.task.kind is Kind.ASKING:
        return _resumed(tx, held.task, ask)
    if is_weak_reason(ask.summary):
        raise WeakReason(
            f"{shown(ask.summary)} names no step.", hint="kanban_request_approval(summary=the exact step)."
        )
    return _decided(tx, call, held.task, held.run, ask) or _opened(tx, call, held.task, held.run, ask)


def _resumed(tx: Tx, task: Task, ask: Ask) -> ApprovalRequest:
    found = open_approval(tx, task.id)
    if found is None or not _is_same(found, ask):
        open_text = found.summary if found else "another step"
        raise NeedsApproval(
            f"{task.name} waits for a decision on {shown(open_text)}; one request at a time.",
            hint="Call again with that text to wait for it.",
        )
    return found


def _is_same(found: ApprovalRequest, ask: Ask) -> bool:
    """Say whether a request is about this step: the same summary, and the same context where the call gives one."""
    return found.summary == ask.summary and ask.context in ("", found.context)


def _decided(tx: Tx, call: Call, task: Task, run: Run, ask: Ask) -> ApprovalRequest | None:
    """Return the newest decision on this text and revision that no other run has used, and mark it as used."""
    for row in tx.all("decided_approvals", task_id=task.id, revision=task.revision):
        found = approval_from(row)
        if _is_same(found, ask) and found.used_by_run in (None, run.id):
            tx.run("use_approval", id=found.id, run_id=run.id)
            return found
    return None


def _opened(tx: Tx, call: Call, task: Task, run: Run, ask: Ask) -> ApprovalRequest:
    tx.insert(
        "insert_approval",
        task_id=task.id,
        run_id=run.id,
        summary=ask.summary,
        context=ask.context,
        irreversible=ask.irreversible,
        revision=task.revision,
        digest=ask.digest,
        at_ms=call.now.wall_ms,
        park_mono_ms=call.now.mono_ms + call.policy.park_after_ms,
        expires_at_ms=call.now.wall_ms + call.policy.approval_for_ms,
    )
    after = move(tx, call, task, Verb.REQUEST_APPROVAL, run_id=run.id)
    log(tx, call, "approval_requested", task, after, run, summary=ask.summary, irreversible=ask.irreversible)
    found = open_approval(tx, task.id)
    assert found is not None  # noqa: S101 - inserted above, in this transaction
    return found


def _parked_request(tx: Tx, call: Call, task_id: str | None, run_id: str | None, ask: Ask) -> ApprovalRequest | None:
    """Return the request of the caller's run that was parked meanwhile; the same call then answers how it stands."""
    run = _last_run(tx, call, task_id, run_id)
    if run is None or run.outcome is not Outcome.PARKED:
        return None
    rows = tx.all("approvals_of_run", run_id=run.id)
    return next((found for found in map(approval_from, rows) if _is_same(found, ask)), None)


def _last_run(tx: Tx, call: Call, task_id: str | None, run_id: str | None) -> Run | None:
    mine = worker_id(tx, call)
    if mine is None:
        return None
    if run_id:
        row = tx.one("run", id=parse_run(run_id))
        return run_from(row) if row is not None and row["worker_id"] == mine else None
    if task_id:
        row = tx.one("newest_run_of_worker", task_id=parse_task(task_id), worker_id=mine)
    else:
        row = tx.one("newest_run_of_worker_anywhere", worker_id=mine)
    return None if row is None else run_from(row)


def standing(tx: Tx, call: Call, request_id: int) -> Approval:
    """Say how a request stands, and mark a decision as used by the run that hears it."""
    row = tx.one("approval", id=request_id)
    found = approval_from(row) if row is not None else None
    if found is None:
        raise LeaseLost("The request is gone.", hint="Call kanban_show.")
    task = task_of(tx, found.task_id)
    if found.state in ("approved", "rejected") and task.run_id is not None:
        tx.run("use_approval", id=found.id, run_id=task.run_id)
    return answer_for(call, task, found)


def is_pending(tx: Tx, request_id: int) -> bool:
    """Say whether a request is undecided and its worker still there to wait for it."""
    return bool(tx.value("is_asking", id=request_id))


def answer_for(call: Call, task: Task, found: ApprovalRequest) -> Approval:
    """Shape the answer: what the status means for the next step."""
    status = found.state
    if status == "pending" and task.kind is not Kind.ASKING:
        status = "parked"
    return Approval(_NEXT[status], task.name, status, found.note, found.decided_by or "")


_NEXT = {
    "pending": "Not decided yet. Do not run the step. Call kanban_request_approval again with the same summary to keep "
    'waiting (the lease is kept), or kanban_block(reason="waiting for approval") to park.',
    "approved": "Approved as worded, once. Heed the note, do exactly that step.",
    "rejected": "Rejected. Do not run the step; the note says why. Go another way, kanban_block or kanban_fail.",
    "parked": "Parked: your run ended, the request stays open. Do not run the step. kanban_claim takes other work; the "
    "decision makes this task ready again.",
    "expired": "Expired without a decision: that is no grant. Do not run the step. Ask again if it is still needed.",
    "voided": "The request was withdrawn with its task. Do not run the step. Call kanban_show.",
}
