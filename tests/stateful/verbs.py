"""The verbs on the model: who may, from where, what follows (DESIGN §3, one function per row group)."""

from tests.stateful.model import (
    AGENT_ANSWERS,
    AGENT_RETRIES,
    APPROVAL_FOR,
    LEASE,
    MAX_CHILDREN,
    MAX_DESCENDANTS,
    MAX_SNOOZES,
    PARK_AFTER,
    READ_ONLY,
    SNOOZE_FOR,
    TERMINAL,
    Ask,
    Model,
    Refused,
    Run,
    Task,
    Who,
    refuse,
)

WORD = {True: "approved", False: "rejected"}


def create(m: Model, who: Who, role: str, priority: int, parents: list[int], relation: str, triage: bool) -> Task:
    held = [r for r in m.runs.values() if r.worker == who.key and not r.ended]
    meant = [r for r in held if r.task in parents] or held
    refuse(which_task=len(meant) > 1)
    run = meant[0] if meant else None
    if run is not None:
        m.speaks(who, run, "create")
    links = [(m.tasks[p], _relation(m, who, m.tasks[p], relation)) for p in dict.fromkeys(parents)]
    task = _add(m, who, run, role, priority, links, triage)
    if run is not None:
        m.extend(run)
    m.settle()
    return task


def plan(m: Model, who: Who, items: list[tuple[str, int, list[tuple[int, str]]]]) -> list[Task]:
    """Make several tasks at once; a parent below zero is an earlier one of the plan (-1 the first)."""
    held = [r for r in m.runs.values() if r.worker == who.key and not r.ended]
    if held:
        m.speaks(who, held[-1], "plan")
    made: list[Task] = []
    for role, priority, parents in items:
        links = [(made[-p - 1] if p < 0 else m.tasks[p], relation) for p, relation in parents]
        made.append(_add(m, who, held[-1] if held else None, role, priority, links, False))
    m.settle()
    return made


def _relation(m: Model, who: Who, parent: Task, word: str) -> str:
    mine = m.newest(parent.id, who.key)
    if word != "auto":
        return word
    if mine is None or (parent.state == "done" and mine.by_self):
        return "after"
    refuse(lease_lost=bool(mine.ended))
    return "part_of"


def _add(
    m: Model, who: Who, run: Run | None, role: str, priority: int, links: list[tuple[Task, str]], triage: bool
) -> Task:
    subtask_of = [parent for parent, relation in links if relation == "part_of"]
    strange = [p for p in subtask_of if p.run is None or m.runs[p.run].worker != who.key]
    refuse(forbidden=any(who.level == "worker" or m.dealt(who, parent) for parent in strange))
    task = Task(len(m.tasks) + 1, role, priority, who.key, state="triage" if triage else "ready")
    m.tasks[task.id] = task
    for parent, relation in links:
        m.hang(task, parent, relation)
    if run is not None:
        maker = m.tasks[run.task]
        is_child = any(parent.id == run.task for parent in subtask_of)
        too_many = (is_child and maker.made_subtasks >= MAX_CHILDREN) or maker.made_tasks >= MAX_DESCENDANTS
        refuse(limit=too_many)
        maker.made_tasks += 1
        maker.made_subtasks += is_child
    return task


def link(m: Model, who: Who, child: Task, parent: Task, relation: str, remove: bool) -> None:
    found = "after" if parent.id in child.after else "part_of" if parent.id in child.part_of else ""
    kind = found if remove and found else relation
    dealt = m.dealt(who, child) or (kind == "part_of" and m.dealt(who, parent))
    refuse(
        forbidden=who.level == "worker" or dealt,
        not_found=remove and not found,
        invalid=not remove and (child.id == parent.id or found not in ("", relation)),
    )
    if remove:
        child.after.discard(parent.id)
        child.part_of.discard(parent.id)
    elif found != relation:
        m.hang(child, parent, relation)
    m.settle()


def claim(m: Model, who: Who, task_id: int | None, named: str) -> Run | None:
    m.sweep()
    m.settle()
    role = named or who.role
    if task_id is not None:
        return _claim_named(m, who, m.tasks[task_id], role)
    roles = {role} if role == READ_ONLY else {role, ""}
    free = [t for t in m.tasks.values() if t.state == "ready" and m.is_due(t) and t.role in roles]
    return _open(m, who, min(free, key=lambda t: (t.priority, t.id))) if free else None


def _claim_named(m: Model, who: Who, task: Task, role: str) -> Run | None:
    if task.run is not None:
        run = m.runs[task.run]
        refuse(held_by=run.worker != who.key)
        m.speaks(who, run, "claim")
        m.extend(run)
        return run
    if task.state in ("pending", "blocked", "awaiting_review"):
        return None
    refuse(illegal_transition=task.state != "ready")
    refuse(forbidden=(task.role != "" and task.role != role) or (task.role == "" and role == READ_ONLY))
    if not m.is_due(task) and not _was_silent(m, who, task):
        return None
    return _open(m, who, task)


def _was_silent(m: Model, who: Who, task: Task) -> Run | None:
    """Return the run the caller lost to silence, if it may take the task up again at no cost."""
    last = m.newest(task.id)
    mine = last is not None and last.worker == who.key and last.ended == "reclaimed" and last.counted
    return last if mine and task.snoozes < MAX_SNOOZES else None


def _open(m: Model, who: Who, task: Task) -> Run:
    if lost := _was_silent(m, who, task):
        lost.counted = False
        task.counted -= 1
        task.snoozes += 1
    run = Run(len(m.runs) + 1, task.id, who.key, who.pid, task.counted + 1, m.mono + LEASE, m.boot)
    m.runs[run.id] = run
    task.state, task.run, task.due = "in_progress", run.id, None
    return run


def heartbeat(m: Model, who: Who, run: Run, expect_s: int) -> None:
    m.speaks(who, run, "heartbeat")
    m.extend(run, expect_s * 1000)


def comment(m: Model, who: Who, task: Task) -> None:
    run = None if task.run is None else m.runs[task.run]
    if run is not None and run.worker == who.key:
        m.speaks(who, run, "comment")
        m.extend(run)


def block(m: Model, who: Who, run: Run, kind: str, until: int | None, weak: bool) -> None:
    task = m.speaks(who, run, "block")
    refuse(weak_reason=weak)
    if task.kind == "asking":
        m.park(task, by_self=True, verb="block")
    elif kind == "dependency":
        refuse(illegal_transition=m.unmet(task) == 0)
        m.end(task, "blocked", "block", by_self=True)
        m.queue(task, task.due, task.since)
    elif kind == "transient":
        _snooze(m, task, until)
    else:
        m.end(task, "blocked", "block", by_self=True)
        task.blocks += 1
        task.state, task.kind = "blocked", kind
        task.person_only = kind == "capability" or task.blocks > AGENT_ANSWERS
    m.settle()


def _snooze(m: Model, task: Task, until: int | None) -> None:
    if task.snoozes >= MAX_SNOOZES:
        m.requeue(task, "failed", "block", by_self=True)
        return
    m.end(task, "snoozed", "block", by_self=True)
    task.snoozes += 1
    due = until or m.wall + SNOOZE_FOR
    m.queue(task, (due, due), m.wall)


def fail(m: Model, who: Who, run: Run, retry: bool, weak: bool) -> None:
    task = m.speaks(who, run, "fail")
    refuse(weak_reason=weak)
    m.void(task)
    if not retry:
        task.allowed = task.counted + 1
    m.requeue(task, "failed", "fail", by_self=True)
    m.settle()


def complete(m: Model, who: Who, run: Run, weak: bool) -> None:
    task = m.speaks(who, run, "complete")
    refuse(needs_approval=task.kind == "asking")
    refuse(gates_not_met=any(s.open for s in m.subtasks(task)))
    refuse(weak_summary=weak)
    m.end(task, "submitted" if task.review else "done", "complete", by_self=True)
    task.state, task.kind = ("awaiting_review", "review") if task.review else ("done", "")
    task.due, task.person_only = None, task.review
    m.settle()


def request_approval(m: Model, who: Who, run: Run, text: str) -> set[str]:
    """Return the statuses the worker may read: `approved` only for a person's grant of this text, once.

    A call that only repeats the one which heard a grant hears it again, since the reply may have been lost; once the
    run has called anything else, the step needs a decision of its own. Where the board cannot tell the two apart (the
    task was edited, the run adopted, the clock set back since), both are right: see `ask_anew`.
    """
    if run.ended == "parked" and run.worker == who.key:
        return _after_parking(m, run, text)
    task = m.speaks(who, run, "request_approval")
    heard, run.heard = run.heard, None
    if ask := m.asking(task):
        refuse(needs_approval=ask.text != text)
        return _resumed(m, task, run, ask)
    m.extend(run)
    for ask in reversed([a for a in m.asks if (a.task, a.text) == (task.id, text)]):
        if _answers(task, run, ask):
            ask.used_by, run.heard = run.id, ask.id
            return {ask.state}
        if ask.state == "approved" and ask.used_by == run.id and ask.revision == task.revision and heard == ask.id:
            run.heard = ask.id
            return {"approved", "pending"} if run.unsure else {"approved"}
    ask_anew(m, run, text)
    return {"pending"}


def ask_anew(m: Model, run: Run, text: str) -> None:
    task = m.tasks[run.task]
    park, expires = m.mono + PARK_AFTER, m.wall + APPROVAL_FOR
    m.asks.append(Ask(len(m.asks) + 1, task.id, run.id, text, task.revision, park, expires))
    task.state, task.kind, run.unsure = "awaiting_review", "asking", False


def _resumed(m: Model, task: Task, run: Run, ask: Ask) -> set[str]:
    if m.wall >= ask.expires:
        m.unask(ask)
        ask.used_by = run.id
        return {"expired"}
    if m.mono >= ask.park_at:
        m.park(task, by_self=False, verb="park")
        return {"parked"}
    m.extend(run)
    return {"pending"}


def _answers(task: Task, run: Run, ask: Ask) -> bool:
    """Say whether a closed request is news to this run, or a refusal, which may be heard any time."""
    if ask.state == "expired":
        return ask.run == run.id and ask.used_by is None
    if ask.state not in WORD.values() or ask.revision != task.revision:
        return False
    return ask.used_by is None or (ask.used_by == run.id and ask.state == "rejected")


def _after_parking(m: Model, run: Run, text: str) -> set[str]:
    """A run that parked holds nothing: whatever was decided since is for the run that takes the task up."""
    asked = [a for a in m.asks if a.run == run.id and a.text == text]
    if not asked:
        raise Refused("lease_lost")
    return {asked[-1].state if asked[-1].state in ("expired", "voided") else "parked"}


def decide(m: Model, who: Who, task: Task, grant: bool, note: str) -> None:
    refuse(forbidden=who.level != "person")
    refuse(illegal_transition=task.state != "awaiting_review")
    if task.kind == "review":
        refuse(gates_not_met=grant and any(s.open for s in m.subtasks(task)))
        if grant:
            task.state, task.kind, task.person_only = "done", "", False
        else:
            m.queue(task, task.due, task.since)
    else:
        ask = m.asking(task)
        assert ask is not None, f"task {task.id} is {task.kind} without an open request"
        refuse(illegal_transition=grant and m.wall >= ask.expires)
        ask.state = WORD[grant]
        if task.kind == "parked":
            m.queue(task)
        else:
            task.state, task.kind, task.due = "in_progress", "", None
    task.said.append(note)
    m.settle()


def answer(m: Model, who: Who, task: Task, text: str) -> None:
    waits = task.kind in ("asking", "parked")
    agent = who.level != "person"
    refuse(
        needs_approval=waits,
        illegal_transition=not waits and task.state != "blocked",
        forbidden=who.level == "worker" or (agent and task.person_only) or m.dealt(who, task),
    )
    task.allowed = max(task.allowed, task.counted + 1)
    m.queue(task)
    task.said.append(text)
    m.settle()


def cancel(m: Model, who: Who, task: Task, subtree: bool) -> None:
    doomed = {task.id}
    while more := {t.id for t in m.tasks.values() if t.open and _goes_with(m, t, doomed, subtree)} - doomed:
        doomed |= more
    refuse(
        illegal_transition=task.state in ("done", "cancelled"),
        forbidden=who.level == "worker" or any(m.dealt(who, m.tasks[each]) for each in doomed),
    )
    for each in sorted(doomed):
        gone = m.tasks[each]
        m.void(gone)
        if gone.run is not None:
            m.end(gone, "cancelled", "cancel", by_self=False)
        m.queue(gone)
        gone.state = "cancelled"
    m.settle()


def _goes_with(m: Model, task: Task, doomed: set[int], subtree: bool) -> bool:
    live = any(p not in doomed and m.tasks[p].state not in TERMINAL for p in task.part_of)
    return bool(task.part_of & doomed and not live) or bool(subtree and task.after & doomed)


def stop(m: Model, who: Who, task: Task) -> None:
    refuse(forbidden=who.level != "person")
    refuse(illegal_transition=task.run is None)
    m.end(task, "blocked", "stop", by_self=False)
    if task.kind == "asking":
        task.kind = "parked"
    else:
        task.state, task.kind, task.person_only = "blocked", "needs_input", True
    m.settle()


def retry(m: Model, who: Who, task: Task) -> None:
    closed = any(m.tasks[p].state in TERMINAL or m.tasks[p].kind == "review" for p in task.part_of)
    waits = task.kind in ("asking", "parked")
    refuse(
        needs_approval=waits,
        illegal_transition=not waits and (task.state not in TERMINAL or closed),
        forbidden=who.level == "worker" or m.dealt(who, task),
        limit=who.level != "person" and task.agent_retries >= AGENT_RETRIES,
    )
    task.allowed = task.counted + task.round
    task.agent_retries += who.level != "person"
    m.queue(task)
    m.settle()


def edit(m: Model, who: Who, task: Task, field: str, value: object) -> None:
    """Change one field: title (an approval is bound to it), review, role, priority, due, round, triage."""
    changes = field == "title" or value != _now(task, field)
    guarded = field in ("review", "round") and changes and m.dealt(who, task)
    raises = field == "round" and isinstance(value, int) and value > task.round and who.level != "person"
    wrong = (changes and task.state in TERMINAL) if field != "triage" else task.state != "triage"
    refuse(forbidden=who.level == "worker" or guarded or raises, illegal_transition=wrong)
    if task.run is not None and changes:
        m.runs[task.run].unsure = True
    if field == "title":
        task.revision += 1
        if ask := m.asking(task):
            m.unask(ask)
    elif field == "round":
        assert isinstance(value, int)
        task.allowed = max(task.counted + 1, task.allowed + value - task.round) if changes else task.allowed
        task.round = value
    elif field == "due":
        assert isinstance(value, int)
        if task.due != (value, value):
            task.due, task.since = (value, value), None  # a date that somebody named follows the clock
    elif field == "triage":
        m.queue(task, task.due, task.since)
    else:
        setattr(task, field, value)
    m.settle()


def _now(task: Task, field: str) -> object:
    return None if field in ("due", "triage") else getattr(task, field)
