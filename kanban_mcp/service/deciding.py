"""Decisions on tasks by orchestrators and people: approve, reject, answer, cancel, stop, retry, archive (DESIGN §3)."""

import json
from collections.abc import Container

from kanban_mcp.domain.clock import age
from kanban_mcp.domain.errors import GatesNotMet, IllegalTransition, Invalid, Limit, NeedsApproval, PeopleOnly
from kanban_mcp.domain.ids import RunId, TaskId, parse_task, task_name
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import TERMINAL, Kind, TaskState, Verb, illegal, next_state
from kanban_mcp.domain.tasks import ApprovalRequest, Task
from kanban_mcp.domain.texts import looks_like_secret
from kanban_mcp.service.authority import require_no_self_dealing, require_orchestrator, require_person
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.completing import now_ready
from kanban_mcp.service.moves import end_run, log, move, save
from kanban_mcp.service.records import ensure_worker, open_approval, run_of, task_of
from kanban_mcp.service.results import Done, Halted
from kanban_mcp.service.sweeping import block_json, close_request, void_request
from kanban_mcp.service.working import write_message
from kanban_mcp.store.base import Tx


def decide(tx: Tx, call: Call, task_id: str, note: str, *, grant: bool) -> Done:
    """Approve or reject what waits for a person: an open request, or submitted work.

    Raises:
        Forbidden: the caller has no operator key. No call of the worker or orchestrator toolset gets past this.
        GatesNotMet: work in review has got an open subtask again.
    """
    task = task_of(tx, parse_task(task_id))
    verb = Verb.APPROVE if grant else Verb.REJECT
    require_person(call, task, str(verb), f'kanban-mcp {verb} {task.name} -m "…"')
    next_state(task.state, task.kind, verb, task.facts, name=task.name)
    ensure_worker(tx, call)
    if task.kind is Kind.REVIEW:
        return _judge(tx, call, task, note, verb)
    request = open_approval(tx, task.id)
    if request is None:
        raise illegal(task.state, task.kind, verb, task.name)
    return _decide_request(tx, call, task, request, note, verb)


def _judge(tx: Tx, call: Call, task: Task, note: str, verb: Verb) -> Done:
    if verb is Verb.APPROVE and task.waits_subtasks:
        raise GatesNotMet(f"{task.name} has {task.waits_subtasks} open subtasks.", hint="Finish or cancel them first.")
    after = move(tx, call, task, verb, changed=task._replace(person_only=False, blocked=None))
    if verb is Verb.REJECT or note:
        text = note or "Changes requested, without a note."
        write_message(
            tx, call, task.id, "finding" if verb is Verb.REJECT else "decision", text, re="your submitted work"
        )
    log(tx, call, "accepted" if verb is Verb.APPROVE else "changes_requested", task, after, note=note)
    text = "Accepted." if verb is Verb.APPROVE else "Sent back; the findings stay with the task. No attempt was used."
    return Done(text, task.name, str(after.state), str(after.kind), [], now_ready(tx, after))


def _decide_request(tx: Tx, call: Call, task: Task, request: ApprovalRequest, note: str, verb: Verb) -> Done:
    word = "approved" if verb is Verb.APPROVE else "rejected"
    if verb is Verb.APPROVE and request.revision != task.revision:
        raise IllegalTransition(
            f"{task.name} was edited after this was asked.", hint="Reject it; the worker asks anew."
        )
    if verb is Verb.APPROVE and request.expires_at_ms <= call.now.wall_ms:
        raise IllegalTransition(
            f"The request of {task.name} expired {age(request.expires_at_ms, call.now.wall_ms)} ago.",
            hint=f"Reject it (kanban-mcp reject {task.name}); the worker asks anew if the step is still needed.",
        )
    close_request(tx, call, request, word, by=call.caller.label, note=note)
    parked = task.kind is Kind.PARKED
    after = move(tx, call, task, verb, changed=task._replace(due_at_ms=None), run_id=None if parked else task.run_id)
    said = f"{word.capitalize()}{', once, as worded' if verb is Verb.APPROVE else ''}. {note}".strip()
    write_message(tx, call, task.id, "decision", said, re=request.summary)
    log(tx, call, word, task, after, None, request=request.id, note=note)
    reach = (
        "The task is in the queue again; the decision is in its context."
        if parked
        else "The waiting worker is told now."
    )
    return Done(f"{word.capitalize()}. {reach}", task.name, str(after.state), str(after.kind), [], [])


def answer(tx: Tx, call: Call, task_id: str, text: str) -> Done:
    """Answer what a blocked task asks; the answer is in the context of every later run until the task ends.

    Raises:
        NeedsApproval: the task waits for an approval, which no answer can give.
        Forbidden: only a person may answer this one, or the caller asked it itself.
        Invalid: the text holds something with the shape of a key.
    """
    task = task_of(tx, parse_task(task_id))
    if task.kind in (Kind.ASKING, Kind.PARKED):
        raise NeedsApproval(
            f"{task.name} waits for an approval, not an answer.", hint=f"Tell a person: kanban-mcp approve {task.name}"
        )
    next_state(task.state, task.kind, Verb.ANSWER, task.facts, name=task.name)
    require_orchestrator(call, task, "answer")
    if task.person_only:
        require_person(call, task, "answer", f'kanban-mcp answer {task.name} -m "…"')
    require_no_self_dealing(tx, call, task, "answer")
    if looks_like_secret(text):
        raise Invalid(
            "The answer holds something with the shape of a key. Every later run would read it.",
            hint="Put the key into the worker's environment and answer with the variable's name.",
        )
    return _answer(tx, call, task, text)


def _answer(tx: Tx, call: Call, task: Task, text: str) -> Done:
    ensure_worker(tx, call)
    question = _question(task)
    granted = max(task.allowed, task.counted + 1)  # an answer to a used-up budget grants one attempt more
    changed = task._replace(blocked=None, person_only=False, due_at_ms=None, allowed=granted)
    after = move(tx, call, task, Verb.ANSWER, changed=changed)
    write_message(tx, call, task.id, "answer", text, re=question)
    log(tx, call, "answered", task, after, by="person" if call.caller.is_person else "orchestrator")
    return Done("Answered; the task is in the queue again.", task.name, str(after.state), str(after.kind), [], [])


def _question(task: Task) -> str:
    return str(json.loads(task.blocked or "{}").get("reason", ""))


def cancel(tx: Tx, call: Call, task_id: str, reason: str, subtree: bool) -> Done:
    """Withdraw a task and what hangs on it alone; runs on them are closed and fenced at once.

    Open subtasks without another live parent always go with it; `subtree` also takes the tasks that run after it. A
    cancelled task never releases its dependents.
    """
    task = task_of(tx, parse_task(task_id))
    require_orchestrator(call, task, "cancel")
    require_no_self_dealing(tx, call, task, "cancel")
    next_state(task.state, task.kind, Verb.CANCEL, task.facts, name=task.name)
    ensure_worker(tx, call)
    doomed = _doomed(tx, task, subtree)
    for each in doomed[1:]:
        require_no_self_dealing(tx, call, task_of(tx, each), "cancel")
    for each in doomed:
        _withdraw(tx, call, task_of(tx, each), reason if each == task.id else f"with {task.name}")
    also = [task_name(each) for each in doomed[1:]]
    text = f"Cancelled, with {len(also)} more." if also else "Cancelled."
    if not subtree:
        text += " Tasks that run after it stay pending until someone decides."
    return Done(text, task.name, "cancelled", "", [], also)


def _doomed(tx: Tx, task: Task, subtree: bool) -> list[TaskId]:
    """Return the task and everything that goes with it, parents first."""
    doomed: dict[TaskId, None] = {task.id: None}
    order = [task.id]
    for each in order:  # grows while it is walked
        for row in tx.all("open_children", parent_id=each):
            goes = row["relation"] == "part_of" or subtree
            if goes and row["id"] not in doomed and not _has_other_parent(tx, row["id"], row["relation"], doomed):
                doomed[row["id"]] = None
                order.append(row["id"])
    return order


def _has_other_parent(tx: Tx, child: TaskId, relation: str, doomed: Container[TaskId]) -> bool:
    """Say whether a subtask is part of another task that lives on."""
    if relation != "part_of":
        return False
    parents = tx.all("part_of_parents", child_id=child)
    return any(row["id"] not in doomed and TaskState(row["state"]) not in TERMINAL for row in parents)


def _withdraw(tx: Tx, call: Call, task: Task, reason: str) -> None:
    void_request(tx, call, task, call.caller.label)
    freed, run = task, None
    if task.run_id is not None:
        run = run_of(tx, task.run_id)
        freed = end_run(tx, call, task, run, Outcome.CANCELLED, verb="cancel", by=call.caller.label, error=reason)
    after = move(tx, call, task, Verb.CANCEL, changed=freed._replace(blocked=None, person_only=False, due_at_ms=None))
    log(tx, call, "cancelled", task, after, run, reason=reason)


def stop(tx: Tx, call: Call, task_id: str, reason: str) -> Done:
    """End the run of a task by a person's hand; only a person releases the task again. No attempt is used.

    Raises:
        Forbidden: the caller has no operator key.
        IllegalTransition: nobody works on the task.
    """
    task = task_of(tx, parse_task(task_id))
    require_person(call, task, "stop", f'kanban-mcp stop {task.name} -m "…"')
    next_state(task.state, task.kind, Verb.STOP, task.facts, name=task.name)
    ensure_worker(tx, call)
    run = run_of(tx, task.run_id or RunId(0))
    said = f"stopped by {call.caller.label}{f': {reason}' if reason else ''}"
    freed = end_run(tx, call, task, run, Outcome.BLOCKED, verb="stop", by=call.caller.label, error=said)
    if task.kind is not Kind.ASKING:
        freed = freed._replace(blocked=block_json(said, run=run.name), person_only=True)
    after = move(tx, call, task, Verb.STOP, changed=freed)
    log(tx, call, "stopped", task, after, run, reason=reason)
    how = "approve or reject" if after.kind is Kind.PARKED else "answer"
    text = f"Stopped; {run.name} can write nothing more. kanban-mcp {how} {task.name} releases it."
    return Done(text, task.name, str(after.state), str(after.kind), [], [])


def stop_all(tx: Tx, call: Call, reason: str) -> Halted:
    """End every open run by a person's hand, in one transaction; see `stop`.

    Raises:
        Forbidden: the caller has no operator key.
    """
    if not call.caller.is_person:
        raise PeopleOnly("Only a person may stop the work of all.", hint="Tell them: kanban-mcp stop --all")
    stopped = [stop(tx, call, task_name(task), reason).task_id for task in held_tasks(tx, call)]
    text = "kanban-mcp inbox lists them; answer, approve or reject releases each." if stopped else "Nobody works now."
    return Halted(text, stopped)


def held_tasks(tx: Tx, _: Call) -> list[TaskId]:
    """Return the tasks that are being worked on."""
    return [row["task_id"] for row in tx.all("held_tasks")]


def retry(tx: Tx, call: Call, task_id: str, note: str) -> Done:
    """Bring an ended task back with a further round of attempts; its history stays.

    Raises:
        Limit: an orchestrator has retried it twice already.
        IllegalTransition: it has not ended, or the task it is part of has ended or is in review.
    """
    task = task_of(tx, parse_task(task_id))
    if task.kind in (Kind.ASKING, Kind.PARKED):
        raise NeedsApproval(
            f"{task.name} waits for an approval.", hint=f"Tell a person: kanban-mcp approve {task.name}"
        )
    next_state(task.state, task.kind, Verb.RETRY, task.facts, name=task.name)
    require_orchestrator(call, task, "retry")
    require_no_self_dealing(tx, call, task, "retry")
    _require_open_parents(tx, task)
    if not call.caller.is_person and task.agent_retries >= call.policy.max_agent_retries:
        raise Limit(
            f"Agents have retried {task.name} {task.agent_retries} times, at most {call.policy.max_agent_retries}.",
            hint=f"Tell a person: kanban-mcp retry {task.name}",
        )
    return _retry(tx, call, task, note)


def _require_open_parents(tx: Tx, task: Task) -> None:
    for row in tx.all("part_of_parents", child_id=task.id):
        parent = task_of(tx, row["id"])
        if parent.state in TERMINAL or parent.kind is Kind.REVIEW:
            raise IllegalTransition(
                f"Cannot retry {task.name}: it is part of {parent.name}, which is {parent.state}.",
                hint=f'kanban_retry("{parent.name}") first, or create a new task.',
            )


def _retry(tx: Tx, call: Call, task: Task, note: str) -> Done:
    ensure_worker(tx, call)
    changed = task._replace(
        allowed=task.counted + task.max_attempts,
        agent_retries=task.agent_retries + (not call.caller.is_person),
        due_at_ms=None,
        archived_at_ms=None,
        blocked=None,
        person_only=False,
    )
    after = move(tx, call, task, Verb.RETRY, changed=changed)
    if note:
        write_message(tx, call, task.id, "answer", note, re="retry")
    log(tx, call, "retried", task, after, note=note)
    flagged = []
    if task.state is TaskState.DONE:
        flagged = [task_name(row["id"]) for row in tx.all("flag_reopened_base", parent_id=task.id)]
    text = f"{after.max_attempts} more attempts."
    if flagged:
        text += f" {', '.join(flagged[:10])} were built on the reopened work and are flagged."
    return Done(text, task.name, str(after.state), str(after.kind), [], flagged)


def archive(tx: Tx, call: Call, task_id: str) -> Done:
    """Hide an ended task from the board. Nothing is deleted."""
    task = task_of(tx, parse_task(task_id))
    _hide(tx, call, task)
    return Done("Archived.", task.name, str(task.state), str(task.kind), [], [])


def archive_ended(tx: Tx, call: Call, state: TaskState, before_ms: int, after: int, limit: int) -> list[TaskId]:
    """Hide at most `limit` tasks that came to `state` before a moment, those with an id above `after`; return them."""
    where = {"before_ms": before_ms, "after": after, "limit": limit}
    if state is TaskState.FAILED:
        rows = tx.all("failed_to_archive", **where)
    else:
        rows = tx.all("tasks_to_archive", state=str(state), **where)
    for row in rows:
        _hide(tx, call, task_of(tx, row["id"]))
    return [row["id"] for row in rows]


def _hide(tx: Tx, call: Call, task: Task) -> None:
    require_orchestrator(call, task, "archive")
    next_state(task.state, task.kind, Verb.ARCHIVE, task.facts, name=task.name)
    ensure_worker(tx, call)
    if task.archived_at_ms is None:
        save(tx, task, task._replace(archived_at_ms=call.now.wall_ms, updated_at_ms=call.now.wall_ms))
        record(tx, call, "archived", task.id)


def pause(tx: Tx, call: Call, paused: bool) -> None:
    """Stop or allow claims on the whole board; running work goes on.

    Raises:
        Forbidden: the caller has no operator key.
    """
    if not call.caller.is_person:
        raise PeopleOnly("Only a person may pause or resume the board.", hint="Tell them: kanban-mcp pause")
    ensure_worker(tx, call)
    tx.run("set_paused", paused=paused)
    record(tx, call, "paused" if paused else "resumed")
