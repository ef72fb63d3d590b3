"""Creating tasks: one, or a whole plan, links and limits and cycle check in one transaction (DESIGN §4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kanban_mcp.domain.compact import compact
from kanban_mcp.domain.errors import Forbidden, LeaseLost, Limit, WhichTask
from kanban_mcp.domain.ids import WorkerId, parse_task, run_name, task_name
from kanban_mcp.domain.inputs import Priority
from kanban_mcp.domain.links import Relation, is_held_back, is_satisfied
from kanban_mcp.domain.states import TaskState, queue
from kanban_mcp.domain.tasks import Run, Task, criteria
from kanban_mcp.service.authority import require_no_self_dealing
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.graph import add_links, require_acyclic, require_depth, require_link
from kanban_mcp.service.holding import extend, require_held, tell_loss
from kanban_mcp.service.idempotency import earlier_answer, keep_answer
from kanban_mcp.service.records import ensure_worker, run_from, run_of, task_from, task_of, worker_id
from kanban_mcp.service.results import Created, Json
from kanban_mcp.service.ripple import spread, waits_of
from kanban_mcp.store.base import Tx


@dataclass(frozen=True, slots=True)
class Draft:
    """A task to be: texts already checked, parents with their relation."""

    title: str
    assignee: str = ""
    context: str = ""
    priority: Priority = Priority.NORMAL
    acceptance: tuple[str, ...] = ()
    triage: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A create call: the draft, its parents as written, and how they are meant."""

    draft: Draft
    parents: tuple[str, ...] = ()
    relation: str = "auto"
    run_id: str | None = None
    key: str | None = None


def create(tx: Tx, call: Call, wanted: Wanted) -> Created:
    """Add a task.

    Raises:
        LeaseLost: relation is `auto` and a parent was the caller's until others took it: it would silently become a
            task that runs after, where a subtask was meant.
        Limit: nesting, subtasks of one task, or tasks of its runs.
        IllegalTransition, Cycle, NotFound, Forbidden: the links are not possible.
    """
    earlier = earlier_answer(tx, wanted.key, wanted)
    if earlier is not None:
        return Created(**earlier)
    parents = [task_of(tx, task) for task in dict.fromkeys(parse_task(p, "parents") for p in wanted.parents)]
    run = _speaking_run(tx, call, parents, wanted.run_id)
    links = [(parent, _relation(tx, call, parent, wanted.relation)) for parent in parents]
    task = add(tx, call, wanted.draft, links, run)
    if run is not None:
        extend(tx, call, run)
    result = _answer(tx, call, task, links, run)
    keep_answer(tx, call, wanted.key, wanted, result)
    return result


def add(tx: Tx, call: Call, draft: Draft, links: Sequence[tuple[Task, Relation]], run: Run | None) -> Task:
    """Insert a task with its links, kept to every rule; returns it as it stands."""
    mine = ensure_worker(tx, call)
    require_may_add(tx, call, draft, links)
    fresh = _insert(tx, call, draft, links, mine, run)
    for parent, relation in links:
        require_link(fresh, parent, relation)
    add_links(tx, fresh.id, [(parent.id, relation) for parent, relation in links])
    if any(relation is Relation.PART_OF for _, relation in links):
        require_depth(tx, call.policy, fresh.id)
        for parent, relation in links:
            if relation is Relation.PART_OF:
                require_acyclic(tx, fresh.id, parent.id)
        closed = replace(waits_of(fresh), state=TaskState.CANCELLED)
        spread(tx, call, [(closed, waits_of(fresh))])  # as if it had been reopened: its parents wait for one more
    if run is not None:
        _count_made(tx, call, run, links)
    run_id = run.id if run else None
    record(tx, call, "created", fresh.id, run_id, title=fresh.title, state=str(fresh.state), parents=_named(links))
    return fresh


def _insert(
    tx: Tx, call: Call, draft: Draft, links: Sequence[tuple[Task, Relation]], mine: WorkerId, run: Run | None
) -> Task:
    waits_after = sum(r is Relation.AFTER and not is_satisfied(p.state) for p, r in links)
    part_of = [is_held_back(p.state, p.waits_after, p.held) for p, r in links if r is Relation.PART_OF]
    held = bool(part_of) and all(part_of)
    state = TaskState.TRIAGE if draft.triage else queue(waits_after + held)
    row = tx.one(
        "insert_task",
        title=draft.title,
        context=draft.context,
        assignee=draft.assignee,
        priority=int(draft.priority),
        state=state,
        waits_after=waits_after,
        held=held,
        allowed=call.policy.max_attempts,
        max_attempts=call.policy.max_attempts,
        acceptance=compact(list(draft.acceptance)),
        created_by=call.caller.label,
        made_by_worker=mine,
        made_by_run=run.id if run else None,
        at_ms=call.now.wall_ms,
    )
    if row is None:
        raise LookupError("the new task has no row")
    return task_from(row)


def require_may_add(tx: Tx, call: Call, draft: Draft, links: Sequence[tuple[Task, Relation]]) -> None:
    """Refuse what the caller may not plan: commands for the board to run, subtasks under a task not its own to split.

    Raises:
        Forbidden: the caller serves the worker toolset, or has held the task and holds it no longer.
    """
    is_worker = not call.caller.may_orchestrate
    if is_worker and any(criterion.kind == "cmd" for criterion in criteria(draft.acceptance)):
        raise Forbidden(
            "A worker may not give the board commands to run.", hint="Leave cmd: out, or name the check in context."
        )
    for parent, relation in links:
        if relation is not Relation.PART_OF or _holds(tx, call, parent):
            continue
        if is_worker:
            raise Forbidden(
                f"You do not hold {parent.name}.", hint='Use relation="after", or make it a subtask of your own task.'
            )
        require_no_self_dealing(tx, call, parent, "hang subtasks under")


def _holds(tx: Tx, call: Call, task: Task) -> bool:
    return task.run_id is not None and run_of(tx, task.run_id).worker_id == worker_id(tx, call)


def _speaking_run(tx: Tx, call: Call, parents: Sequence[Task], run_id: str | None) -> Run | None:
    """Return the run that makes the task: its lease is renewed and its task's limits count."""
    if run_id:
        return require_held(tx, call, None, run_id, "create").run
    tell_loss(tx, call, "create")
    mine = worker_id(tx, call)
    held = [] if mine is None else [run_from(row) for row in tx.all("open_runs_of_worker", worker_id=mine)]
    if not held:
        return None
    named = [run for run in held if any(run.task_id == parent.id for parent in parents)]
    if len(named or held) > 1:
        names = ", ".join(f"{task_name(run.task_id)} ({run.name})" for run in held[:10])
        raise WhichTask(f"You hold {names}.", hint="Repeat the call with run_id: whose work is this?")
    chosen = (named or held)[0]
    return require_held(tx, call, task_name(chosen.task_id), None, "create").run


def _relation(tx: Tx, call: Call, parent: Task, word: str) -> Relation:
    """Apply the two usages of `parents` (seeds/001): the caller's own task contains, any other comes before."""
    if word != "auto":
        return Relation(word)
    mine = worker_id(tx, call)
    row = None if mine is None else tx.one("newest_run_of_worker", task_id=parent.id, worker_id=mine)
    if row is None:
        return Relation.AFTER
    if row["ended_at_ms"] is None:
        return Relation.PART_OF
    if parent.state is TaskState.DONE and row["ended_by"] == "self":
        return Relation.AFTER  # it finished that task itself, so nothing else can be meant
    held_by = run_of(tx, parent.run_id).name if parent.run_id else "nobody"
    raise LeaseLost(
        f"You no longer hold {parent.name} ({held_by} does): part_of or after? Nothing was written.",
        hint='Say relation="after" for work that follows it, "part_of" for a subtask.',
    )


def _count_made(tx: Tx, call: Call, run: Run, links: Sequence[tuple[Task, Relation]]) -> None:
    """Count what runs make over the life of their task; create-and-cancel loops would pass a bound on open ones."""
    task = task_of(tx, run.task_id)
    is_child = any(parent.id == run.task_id and relation is Relation.PART_OF for parent, relation in links)
    policy = call.policy
    if call.caller.is_person:
        return
    if is_child and task.made_subtasks >= policy.max_children:
        raise Limit(
            f"{task.name} has had {task.made_subtasks} subtasks from its runs, at most {policy.max_children}.",
            hint="Do the rest yourself, or ask the orchestrator to split the task.",
        )
    if task.made_tasks >= policy.max_descendants:
        raise Limit(
            f"Runs of {task.name} have made {task.made_tasks} tasks, at most {policy.max_descendants}.",
            hint="Ask the orchestrator to plan further work.",
        )
    tx.run("count_made", id=task.id, subtasks=int(is_child))


def _named(links: Sequence[tuple[Task, Relation]]) -> list[Json]:
    return [{"id": parent.name, "relation": str(relation)} for parent, relation in links]


def _answer(tx: Tx, call: Call, task: Task, links: Sequence[tuple[Task, Relation]], run: Run | None) -> Created:
    kinds = {str(relation) for _, relation in links}
    return Created(
        next=_next(tx, call, task, links, run),
        task_id=task.name,
        state=str(task.state),
        relation=kinds.pop() if len(kinds) == 1 else "",
        parents=_named(links),
        waits_for=[
            parent.name for parent, relation in links if relation is Relation.AFTER and not is_satisfied(parent.state)
        ],
    )


def _next(tx: Tx, call: Call, task: Task, links: Sequence[tuple[Task, Relation]], run: Run | None) -> str:
    if task.state is TaskState.TRIAGE:
        return f'A rough idea in triage: kanban_update("{task.name}", triage=false) once it can be worked on.'
    under = [parent.name for parent, relation in links if relation is Relation.PART_OF]
    if not under:
        return "Added." if task.state is TaskState.READY else "Added; it becomes ready by itself when these are done."
    text = f"{under[0]} cannot complete before {task.name} is done."
    if run is None:
        return text
    served = tx.value(
        "is_role_served", role=task.assignee, worker_id=run.worker_id, since_ms=call.now.wall_ms - 3_600_000
    )
    if served:
        return f'{text} Go on, or kanban_block(kind="dependency") to wait.'
    who = task.assignee or "a worker"
    return f'{text} Nobody else works as {who} now: kanban_claim(task_id="{task.name}") takes it yourself.'


def speaking_run_of(tx: Tx, call: Call) -> Run | None:
    """Return the newest run that the caller holds, for a plan that is made while working."""
    tell_loss(tx, call, "plan")
    mine = worker_id(tx, call)
    rows = [] if mine is None else tx.all("open_runs_of_worker", worker_id=mine)
    return require_held(tx, call, None, run_name(rows[-1]["id"]), "plan").run if rows else None
