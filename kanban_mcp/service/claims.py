"""Claiming: the next ready task of a role, or a named one (DESIGN §6)."""

from dataclasses import dataclass, replace

from kanban_mcp.domain.errors import Forbidden, HeldBy, NotYours
from kanban_mcp.domain.ids import RunId, TaskId, task_name
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import Kind, TaskState, Verb, illegal
from kanban_mcp.domain.tasks import Run, Task
from kanban_mcp.service import fence
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.holding import extend, require_process, why_closed
from kanban_mcp.service.moves import log, move
from kanban_mcp.service.records import ensure_claimer, ensure_worker, run_from, run_of, task_from, task_of, worker_id
from kanban_mcp.service.results import Claimed
from kanban_mcp.service.sweeping import is_sweep_due, lapse, sweep
from kanban_mcp.service.views import view
from kanban_mcp.store.base import Tx

REASONS = ("none_ready", "waiting_on_tasks", "waiting_on_you", "not_due", "paused", "limit", "no_role")


@dataclass(frozen=True, slots=True)
class Taken:
    """The outcome of a claim: a task with its run, or why not, from the closed list `REASONS`."""

    task: Task | None = None
    run: Run | None = None
    reason: str = ""
    detail: str = ""


def claim(tx: Tx, call: Call, role: str, named_role: str, task_id: TaskId | None) -> Taken:
    """Take a task for the caller.

    Args:
        role: the role the caller works in, '' for none.
        named_role: the role the call itself names; only this lets it take another role's task by id.
        task_id: the task to take, or None for the next one by priority, then age.

    Raises:
        HeldBy: somebody else works on the named task.
        Forbidden: the named task is another role's, or not the caller's to take.
        IllegalTransition: the named task cannot be claimed from its state.
    """
    sweep(tx, call, call.policy.sweep_batch)
    if tx.value("is_paused"):
        return Taken(reason="paused", detail="The board is paused; a person resumes it.")
    if task_id is not None:
        return _named(tx, call, task_of(tx, task_id), role, named_role)
    _require_free(call)
    row = _next_row(tx, call, role)
    if row is None:
        return _nothing(tx, call, role)
    return _open(tx, call, row, role)


def _next_row(tx: Tx, call: Call, role: str) -> Task | None:
    """Return the first claimable task of the role, or of nobody when the role may write."""
    roles = [role] if role else []
    if role not in call.policy.read_only_roles:
        roles.append("")
    rows = [tx.one("next_ready", assignee=name, wall_ms=call.now.wall_ms) for name in roles]
    found = [task_from(row) for row in rows if row is not None]
    return min(found, key=lambda task: (task.priority, task.id), default=None)


def is_worth_a_try(tx: Tx, call: Call, role: str, task_id: TaskId | None) -> bool:
    """Say, without the write lock, whether time alone has made a claim possible: a task fell due, a lease ended."""
    if is_sweep_due(tx, call):
        return True
    if task_id is None:
        return _next_row(tx, call, role) is not None
    task = task_of(tx, task_id)
    return task.state is TaskState.READY and task.is_due(call.now.wall_ms)


def _require_free(call: Call) -> None:
    if call.caller.handed_task is not None:
        raise Forbidden(
            f"This session was started for {task_name(call.caller.handed_task)} and takes no other work.",
            hint="kanban_show shows it; kanban_complete, kanban_block or kanban_fail end it.",
        )


def _named(tx: Tx, call: Call, task: Task, role: str, named_role: str) -> Taken:
    if task.run_id is not None:
        run = run_of(tx, task.run_id)
        if not call.now.lease_over(run.lease_until_ms, run.lease_boot):
            return _already_held(tx, call, task, run)
        lapse(tx, call, run)  # the sweep before takes only a few; the one that was asked for is never left out
        task = task_of(tx, task.id)
    if task.state is TaskState.PENDING:
        return Taken(reason="waiting_on_tasks", detail=f"{task.name} waits for {_waits_for(tx, task)}.")
    if task.state is TaskState.BLOCKED or task.kind in (Kind.PARKED, Kind.REVIEW):
        return Taken(reason="waiting_on_you", detail=f"{task.name} is {task.state} ({task.kind}): a person has to act.")
    if task.state is not TaskState.READY:
        raise illegal(task.state, task.kind, Verb.CLAIM, task.name)
    _require_role(tx, call, task, role, named_role)
    if not task.is_due(call.now.wall_ms) and not _lost_to_silence(tx, call, task):
        wait = max(0, (task.due_at_ms or 0) - call.now.wall_ms) // 1000
        return Taken(reason="not_due", detail=f"{task.name} may start in {wait} s.")
    return _open(tx, call, task, role or task.assignee)


def _already_held(tx: Tx, call: Call, task: Task, run: Run) -> Taken:
    if run.worker_id == worker_id(tx, call):
        require_process(tx, call, run)
        extend(tx, call, run)
        return Taken(task, run_of(tx, run.id))  # the reply to the first claim was lost
    since = (call.now.wall_ms - run.started_at_ms) // 60_000
    raise HeldBy(
        f"{task.name} is held by {run.worker_name} ({run.name}, {since}m).",
        hint="kanban_claim without task_id takes other work.",
    )


def _require_role(tx: Tx, call: Call, task: Task, role: str, named_role: str) -> None:
    handed = call.caller.handed_task
    if handed is not None and task.id != handed and not tx.value("is_subtask_of", task_id=task.id, parent_id=handed):
        _require_free(call)
    if task.assignee and task.assignee != (named_role or role):
        raise Forbidden(
            f"{task.name} is for {task.assignee}, you work as {role or 'no role'}.",
            hint=f'kanban_claim(task_id="{task.name}", assignee="{task.assignee}") takes that role.',
        )
    if not task.assignee and role in call.policy.read_only_roles:
        raise Forbidden(
            f"{task.name} names no role and may need writing; {role} only reads.", hint="Claim as a writing role."
        )


def _waits_for(tx: Tx, task: Task) -> str:
    names = [f"{task_name(row['id'])} ({row['state']})" for row in tx.all("waited_for", id=task.id, limit=5)]
    return ", ".join(names) or "its parent's prerequisites"


def _lost_to_silence(tx: Tx, call: Call, task: Task) -> Run | None:
    """Return the task's last run if the caller lost it to silence and may take it up again at no cost (DESIGN §5)."""
    row = tx.one("newest_run_of_task", task_id=task.id)
    if row is None or task.snoozes >= call.policy.max_snoozes:
        return None
    run = run_from(row)
    is_mine = run.worker_id == worker_id(tx, call)
    return run if is_mine and run.outcome is Outcome.RECLAIMED and run.counted else None


def _open(tx: Tx, call: Call, task: Task, role: str) -> Taken:
    mine = ensure_claimer(tx, call)
    lost = _lost_to_silence(tx, call, task)
    started = task
    if lost is not None:
        tx.run("uncount_run", id=lost.id)
        started = task._replace(counted=task.counted - 1, snoozes=task.snoozes + 1)
    run_id = open_run(tx, call, started, mine, role)
    after = move(tx, call, task, Verb.CLAIM, changed=started._replace(due_at_ms=None), run_id=run_id)
    run = run_of(tx, run_id)
    if tx.value("open_run_count", worker_id=mine) > 1:
        tx.run("set_several", worker_id=mine, several=1)
    log(tx, call, "claimed", task, after, run, attempt=run.attempt, role=role)
    return Taken(after, run)


def open_run(tx: Tx, call: Call, task: Task, worker: int, role: str, *, handed_over: bool = False) -> RunId:
    """Open a run with a full lease; a run that is handed over has no process until its worker calls."""
    caller = call.caller
    process = caller.process
    return RunId(
        tx.insert(
            "insert_run",
            task_id=task.id,
            worker_id=worker,
            attempt=task.counted + 1,
            role=role,
            session=caller.session,
            pid=0 if handed_over else process.pid,
            pid_started=process.started,
            host=process.host,
            boot_id=process.boot_id,
            client_pid=caller.client.pid if caller.client else None,
            client_started=caller.client.started if caller.client else None,
            workdir=caller.workdir,
            branch=caller.branch,
            base=caller.base,
            isolated=caller.isolated,
            at_ms=call.now.wall_ms,
            lease_until_ms=call.now.mono_ms + call.policy.lease_for_ms,
            lease_boot=call.now.boot_id,
        )
    )


def take_handed_run(tx: Tx, call: Call) -> None:
    """Make the run that was opened for this process its own, once; a second process gets `held_by`.

    Raises:
        HeldBy: another process took it and is still there.
        NotYours: it was never handed over: another worker claimed it itself.
        LeaseLost, Cancelled: it was closed before the process called for the first time.
    """
    if call.caller.handed_run is None:
        return
    run = run_of(tx, call.caller.handed_run)
    mine = ensure_worker(tx, call)
    if not run.is_open and run.worker_id != mine:
        raise why_closed(tx, call, run, "handed over")
    if not run.is_open or (run.worker_id == mine and run.process == call.caller.process):
        return
    if not run.is_handed_over and not call.is_gone(run.process):
        raise HeldBy(f"{run.name} is held by another process (pid {run.pid}).", hint="End this session.")
    if run.worker_id != mine and tx.value("was_claimed", task_id=run.task_id, run_id=run.id):
        # An id in the environment is no credential: a program started by an agent inherits it, too.
        raise NotYours(f"{run.name} was claimed by {run.worker_name}, not opened for you.", hint="End this session.")
    process, client = call.caller.process, call.caller.client
    tx.run(
        "take_over_run",
        id=run.id,
        worker_id=mine,
        pid=process.pid,
        pid_started=process.started,
        host=process.host,
        boot_id=process.boot_id,
        client_pid=client.pid if client else None,
        client_started=client.started if client else None,
    )
    extend(tx, call, run)
    record(tx, call, "adopted", run.task_id, run.id, pid=process.pid)


def _nothing(tx: Tx, call: Call, role: str) -> Taken:
    """Say why there is nothing to take; an empty answer must never look like a finished board."""
    takes_any = role not in call.policy.read_only_roles
    row = tx.one("why_nothing", assignee=role, takes_any=takes_any, wall_ms=call.now.wall_ms)
    if row is None:
        return Taken(reason="none_ready")
    if not role and row["others_ready"]:
        roles = ", ".join(r["assignee"] for r in tx.all("ready_roles"))
        return Taken(reason="no_role", detail=f"You have no role; work is ready for: {roles}.")
    who = f" for {role}" if role else ""
    if row["not_due"]:
        wait = max(0, row["next_due_ms"] - call.now.wall_ms) // 1000
        return Taken(reason="not_due", detail=f"{row['not_due']} task(s){who} start later, the next in {wait} s.")
    if row["pending"]:
        return Taken(reason="waiting_on_tasks", detail=f"{row['pending']} task(s){who} wait for other tasks.")
    if row["on_people"]:
        return Taken(reason="waiting_on_you", detail=f"{row['on_people']} task(s){who} wait for a person.")
    return Taken(reason="none_ready")


def claim_shown(tx: Tx, call: Call, role: str, named: str, task: TaskId | None) -> Claimed:
    """Claim, and shape the answer: the task as its worker reads it, or why there is nothing and what to call."""
    taken = claim(tx, call, role, named, task)
    if taken.task is None:
        fence.lift(tx, call)
        return Claimed(_NOTHING[taken.reason], False, taken.reason, taken.detail, None)
    shown = view(tx, call, taken.task.id)
    return Claimed(shown.next, True, "", "", replace(shown, next=""))


_NOTHING = {
    "none_ready": "Nothing to do for you now. kanban_claim(wait_s=45) waits for work, or end this session.",
    "waiting_on_tasks": "Nothing is ready yet. kanban_claim(wait_s=45) waits.",
    "waiting_on_you": "A person has to act first; tell them. kanban_list shows what waits.",
    "not_due": "It starts later. kanban_claim(wait_s=45) waits.",
    "paused": "The board is paused. Tell the person: kanban-mcp resume.",
    "limit": "The limit of running tasks is reached. kanban_claim(wait_s=45) waits.",
    "no_role": 'Name your role: kanban_claim(assignee="…").',
}
