"""Completion: checked by the board, not claimed by the worker (DESIGN §8)."""

import json
from dataclasses import asdict, dataclass

from kanban_mcp.domain.checks import CheckJob, Findings
from kanban_mcp.domain.clock import age
from kanban_mcp.domain.errors import BoardError, GatesNotMet, NeedsApproval, WeakSummary
from kanban_mcp.domain.evidence import SHOWN, Check, Evidence
from kanban_mcp.domain.ids import task_name
from kanban_mcp.domain.inputs import shown
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import Kind, TaskState, Verb, next_state
from kanban_mcp.domain.tasks import Run, Task, criteria
from kanban_mcp.domain.texts import is_weak_summary, shorten
from kanban_mcp.service.call import Call
from kanban_mcp.service.checking import Checked
from kanban_mcp.service.ending import keep_answer
from kanban_mcp.service.holding import Held, Repeated, extend, require_held
from kanban_mcp.service.moves import end_run, log, move
from kanban_mcp.service.results import Completed
from kanban_mcp.store.base import Row, Tx


@dataclass(frozen=True, slots=True)
class Report:
    """What the worker says it did. `metadata` is JSON text."""

    summary: str
    metadata: str | None = None
    evidence: tuple[Evidence, ...] = ()


def complete(
    tx: Tx, call: Call, task_id: str | None, run_id: str | None, report: Report, checked: Checked | None
) -> Completed | CheckJob:
    """Finish the task, or submit it for review; returns the job to run first when what it asks was not checked yet.

    The gates that the board can judge alone are judged here, inside the transaction that swaps, so that a subtask made
    meanwhile is not overlooked. All failures are reported at once.

    Raises:
        LeaseLost: the run no longer holds the task; nothing was written.
        GatesNotMet: at least one gate failed; all failures are listed, the lease is kept.
        WeakSummary: only the summary says nothing.
        NeedsApproval: a request of this run is still open.
    """
    try:
        held = require_held(tx, call, task_id, run_id, "complete")
    except Repeated as again:
        return _first_answer(again.run)
    task, run = held.task, held.run
    if task.kind is Kind.ASKING:
        raise NeedsApproval(
            f"{task.name} waits for a person's decision.",
            hint="kanban_request_approval again, with the same text, to wait.",
        )
    next_state(task.state, task.kind, Verb.COMPLETE, task.facts, name=task.name)
    job = CheckJob(task, run, criteria(json.loads(task.acceptance)), report.evidence)
    if job.is_needed and (checked is None or not checked.job.asks_as(job)):
        return job
    found = checked.findings if checked is not None else Findings()
    _require_gates(tx, call, job, report, found)
    return _finish(tx, call, held, report, found)


def _own_failures(tx: Tx, call: Call, job: CheckJob, report: Report) -> list[str]:
    """Return the failures that the board knows without looking outside; the last thing before the swap."""
    failures = [_open_subtask(call, row) for row in tx.all("open_subtasks", parent_id=job.task.id)]
    if job.acceptance and not any(item.kind != "command" for item in job.evidence):
        failures.append("evidence: the task has acceptance checks and you handed in nothing that can be looked at")
    return failures


def _open_subtask(call: Call, row: Row) -> str:
    who = f"{row['assignee']}, " if row["assignee"] else ""
    return f"subtask {task_name(row['id'])} is {row['state']} ({who}{age(row['updated_at_ms'], call.now.wall_ms)})"


def _require_gates(tx: Tx, call: Call, job: CheckJob, report: Report, found: Findings) -> None:
    failures = _own_failures(tx, call, job, report)
    failures += [check.failure for check in found.checks if check.passed is False]
    weak = is_weak_summary(report.summary, job.task.title)
    if weak and not failures:
        raise WeakSummary(
            f"{shown(report.summary)} says nothing.",
            hint="kanban_complete(summary=what changed and how you know it works), "
            'e.g. "Callback checks state before the exchange; 14 tests pass".',
        )
    if weak:
        failures.append(f"summary {shown(report.summary)} says nothing")
    if failures:
        raise _refusal(call, job, found, failures)


def _refusal(call: Call, job: CheckJob, found: Findings, failures: list[str]) -> BoardError:
    task, run = job.task, job.run
    left = call.now.lease_left_s(run.lease_until_ms, run.lease_boot)
    listed = " ".join(f"{at}. {failure}" for at, failure in enumerate(failures[:20], 1)).rstrip(".")
    more = f" … and {len(failures) - 20} more." if len(failures) > 20 else ""
    passed = [shorten(check.name, 100) for check in found.checks if check.passed]
    total = len(failures) + sum(check.passed is not False and check.kind != "command" for check in found.checks)
    good = f" Passed: {', '.join(passed[:10])}." if passed else ""
    return GatesNotMet(
        f"{task.name} is not done. Nothing changed; you still hold it, lease {left} s. "
        f"{len(failures)} of {total} checks failed: {listed}.{more}{good}",
        failures=failures,
        hint="Fix these, then kanban_complete again.",
    )


def _finish(tx: Tx, call: Call, held: Held, report: Report, found: Findings) -> Completed:
    task, run = held.task, held.run
    unverified = [check for check in found.checks if check.passed is None and check.kind != "command"]
    submits = bool(task.review or task.verify or unverified)
    outcome, verb = (Outcome.SUBMITTED, Verb.SUBMIT) if submits else (Outcome.DONE, Verb.COMPLETE)
    freed = end_run(
        tx,
        call,
        task,
        run,
        outcome,
        verb="complete",
        summary=report.summary,
        metadata=report.metadata,
        evidence=json.dumps([asdict(item) for item in report.evidence]) if report.evidence else None,
        checks=json.dumps([asdict(check) for check in found.checks]) if found.checks else None,
        result_commit=found.result_commit,
    )
    after = move(tx, call, task, verb, changed=freed._replace(blocked=None, due_at_ms=None, person_only=submits))
    log(tx, call, str(outcome), task, after, run, summary=report.summary)
    return _answer(tx, call, run, after, found.checks)


def _answer(tx: Tx, call: Call, run: Run, after: Task, checks: tuple[Check, ...]) -> Completed:
    if after.state is TaskState.DONE:
        text = "Finished. End this session, or kanban_claim."
    else:
        text = "Submitted: a person looks at it before it counts as done. End this session, or kanban_claim."
    result = Completed(
        next=text,
        task_id=after.name,
        state=str(after.state),
        checks=[{**asdict(check), "name": shorten(check.name, SHOWN)} for check in checks],
        now_ready=now_ready(tx, after),
    )
    keep_answer(tx, run, result)
    return result


def now_ready(tx: Tx, task: Task) -> list[str]:
    """Return the names of tasks that waited for this one and are ready now, at most ten."""
    if task.state is not TaskState.DONE:
        return []
    return [task_name(row["id"]) for row in tx.all("ready_neighbours", id=task.id)]


def still_checking(tx: Tx, call: Call, run_id: str) -> Completed:
    """Keep the lease of a run whose checks take longer than its call may wait."""
    held = require_held(tx, call, None, run_id, "heartbeat")
    extend(tx, call, held.run)
    text = "The checks still run; your lease is kept. Change nothing and call kanban_complete again with the same text."
    return Completed(text, held.task.name, "checking", [], [])


def _first_answer(run: Run) -> Completed:
    said = json.loads(run.answer or "{}")
    return Completed(
        next=said.get("next", ""),
        task_id=said.get("task_id", ""),
        state=said.get("state", ""),
        checks=said.get("checks", []),
        now_ready=said.get("now_ready", []),
    )
