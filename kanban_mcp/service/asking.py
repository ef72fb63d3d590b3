"""Asking a person before a risky step: a durable request, one exact text, one decision, used once (DESIGN §9)."""

import hashlib
import json
from dataclasses import dataclass
from typing import NamedTuple

from kanban_mcp.domain.errors import LeaseLost, NeedsApproval, WeakReason
from kanban_mcp.domain.ids import RunId, parse_run, parse_task
from kanban_mcp.domain.inputs import shown
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import Kind, Verb
from kanban_mcp.domain.tasks import ApprovalRequest, Run, Task
from kanban_mcp.domain.texts import is_weak_reason
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.holding import Held, extend, require_held
from kanban_mcp.service.moves import log, move
from kanban_mcp.service.records import approval_from, open_approval, run_from, run_of, task_of, worker_id
from kanban_mcp.service.results import Approval
from kanban_mcp.service.sweeping import expire, park
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


class Asked(NamedTuple):
    """A request and the run that waits for it."""

    request: int
    run: RunId


def request(tx: Tx, call: Call, task_id: str | None, run_id: str | None, ask: Ask) -> Asked:
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
    if held.task.kind is Kind.ASKING:
        return _resumed(tx, call, held, ask)
    if is_weak_reason(ask.summary):
        raise WeakReason(
            f"{shown(ask.summary)} names no step.", hint="kanban_request_approval(summary=the exact step)."
        )
    found = _closed(tx, held.task, held.run, ask) or _opened(tx, call, held.task, held.run, ask)
    extend(tx, call, held.run)
    return Asked(found.id, held.run.id)


def _resumed(tx: Tx, call: Call, held: Held, ask: Ask) -> Asked:
    """Go on waiting; the clock has its say here too, or without a reaper a worker would ask for ever."""
    task, run = held.task, held.run
    found = open_approval(tx, task.id)
    if found is None or not _is_same(found, ask):
        open_text = found.summary if found else "another step"
        raise NeedsApproval(
            f"{task.name} waits for a decision on {shown(open_text)}; one request at a time.",
            hint="Call again with that text to wait for it.",
        )
    if found.expires_at_ms <= call.now.wall_ms:
        expire(tx, call, found)
    elif found.park_mono_ms <= call.now.mono_ms:
        park(tx, call, task, run, "nobody decided while it waited")
    else:
        extend(tx, call, run)
    return Asked(found.id, run.id)


def _is_same(found: ApprovalRequest, ask: Ask) -> bool:
    """Say whether a request is about this step: the same summary, and the same context where the call gives one.

    What was granted as reversible is no grant for what cannot be undone.
    """
    is_covered = found.irreversible or not ask.irreversible
    return is_covered and found.summary == ask.summary and ask.context in ("", found.context)


def _closed(tx: Tx, task: Task, run: Run, ask: Ask) -> ApprovalRequest | None:
    """Return how this very step was decided, if this run has not had its answer yet."""
    rows = map(approval_from, tx.all("closed_approvals", task_id=task.id))
    return next((found for found in rows if _is_same(found, ask) and _is_for(tx, found, task, run)), None)


def _is_for(tx: Tx, found: ApprovalRequest, task: Task, run: Run) -> bool:
    """Say whether a closed request answers this run's question.

    A grant is used once: a call that only repeats the one which heard it hears it again (the reply may have been lost),
    but once the run has called anything else, the step counts as done and the next one needs a decision of its own.
    """
    if found.state == "expired":
        return found.run_id == run.id and found.used_by_run is None
    if found.revision != task.revision:
        return False
    if found.used_by_run is None:
        return True
    return found.used_by_run == run.id and (found.state == "rejected" or _has_just_heard(tx, found, run))


def _has_just_heard(tx: Tx, found: ApprovalRequest, run: Run) -> bool:
    return bool(
        tx.value("has_just_heard", task_id=run.task_id, run_id=run.id, request=found.id, since_ms=run.beat_at_ms)
    )


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


def _parked_request(tx: Tx, call: Call, task_id: str | None, run_id: str | None, ask: Ask) -> Asked | None:
    """Return the request of the caller's run that was parked meanwhile; the same call then answers how it stands."""
    run = _last_run(tx, call, task_id, run_id)
    if run is None or run.outcome is not Outcome.PARKED:
        return None
    rows = tx.all("approvals_of_run", run_id=run.id)
    return next((Asked(found.id, run.id) for found in map(approval_from, rows) if _is_same(found, ask)), None)


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


def standing(tx: Tx, call: Call, asked: Asked) -> Approval:
    """Say how a request stands for the run that asked, and mark a decision as used by it.

    A run that no longer holds the task is granted nothing, whatever was decided since: its successor may be at work.
    """
    row = tx.one("approval", id=asked.request)
    if row is None:
        raise LookupError("approvals are never deleted")
    found = approval_from(row)
    task = task_of(tx, found.task_id)
    if task.run_id != asked.run:
        gone = found.state if found.state in ("expired", "voided") else "parked"
        return Approval(_NEXT[gone], task.name, gone, "", "")
    if found.state != "pending":
        tx.run("use_approval", id=found.id, run_id=asked.run)
        record(tx, call, "approval_heard", task.id, asked.run, request=found.id)
    return Approval(_NEXT[found.state], task.name, found.state, found.note, found.decided_by or "")


def is_pending(tx: Tx, request_id: int) -> bool:
    """Say whether a request is undecided and its worker still there to wait for it."""
    return bool(tx.value("is_asking", id=request_id))


def is_lease_low(tx: Tx, call: Call, request_id: int) -> bool:
    """Say whether the run that waits has used a third of its lease: the board keeps it while the call waits (§9)."""
    row = tx.one("approval", id=request_id)
    if row is None:
        return False
    run = run_of(tx, row["run_id"])
    left_ms = run.lease_until_ms - call.now.mono_ms
    return run.is_open and run.lease_boot == call.now.boot_id and left_ms * 3 <= call.policy.lease_for_ms * 2


def keep_lease(tx: Tx, call: Call, request_id: int) -> None:
    """Extend the lease of the run that waits for this decision, if it still does."""
    row = tx.one("approval", id=request_id)
    if row is not None and is_pending(tx, request_id):
        extend(tx, call, run_of(tx, row["run_id"]))


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
