"""Reads: one task, the board, what is ready for whom. A read never writes and never creates a board."""

import json

from kanban_mcp.domain.clock import age
from kanban_mcp.domain.ids import TaskId, parse_run, parse_task, run_name, task_name
from kanban_mcp.domain.inputs import Priority, choice, role
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import TaskState
from kanban_mcp.domain.texts import shorten
from kanban_mcp.service import fence
from kanban_mcp.service.call import Call
from kanban_mcp.service.holding import whose_now
from kanban_mcp.service.records import run_from, run_of, task_of, worker_id
from kanban_mcp.service.results import Event, Json, Listing, Overview, TaskView
from kanban_mcp.service.views import view
from kanban_mcp.store.base import Row, Tx

LIST_CHARACTERS = 10_000
LIST_MOST = 500
_TAKEN_BACK = {Outcome.RECLAIMED: "reclaimed", Outcome.SNOOZED: "handed back"}


def shown(
    tx: Tx, call: Call, task_id: str | None, run_id: str | None, my_role: str
) -> tuple[TaskView | Overview, bool]:
    """Return the answer to `show`, and whether a hook has stopped the caller until it asks here."""
    return show(tx, call, task_id, run_id, my_role), fence.is_fenced(tx, call)


def show(tx: Tx, call: Call, task_id: str | None, run_id: str | None, my_role: str) -> TaskView | Overview:
    """Return the named task, the only one held, or what a caller that holds nothing should do next."""
    if task_id:
        return view(tx, call, parse_task(task_id))
    if run_id:
        return view(tx, call, run_of(tx, parse_run(run_id)).task_id)
    mine = worker_id(tx, call)
    held = [] if mine is None else tx.all("open_runs_of_worker", worker_id=mine)
    if len(held) == 1:
        return view(tx, call, held[0]["task_id"])
    return _overview(tx, call, held, my_role)


def _overview(tx: Tx, call: Call, held: list[Row], my_role: str) -> Overview:
    holding = [_held(tx, call, row) for row in held[:20]]
    ready = [] if holding else [_ready(row) for row in _ready_rows(tx, call, my_role)]
    paused = bool(tx.value("is_paused"))
    return Overview(
        next=_overview_next(tx, call, holding, ready, my_role, paused),
        holding=holding,
        ready=ready,
        waiting=[] if holding else _waiting(tx, my_role),
        paused=paused or None,
    )


def _held(tx: Tx, call: Call, row: Row) -> Json:
    left = call.now.lease_left_s(row["lease_until_ms"], row["lease_boot"])
    title = tx.value("task_title", id=row["task_id"])
    return {"id": task_name(row["task_id"]), "run_id": run_name(row["id"]), "title": title, "lease_expires_in_s": left}


def _ready_rows(tx: Tx, call: Call, my_role: str) -> list[Row]:
    roles = [my_role] if my_role else []
    if my_role not in call.policy.read_only_roles:
        roles.append("")
    rows = [row for name in roles for row in tx.all("ready_for", assignee=name, wall_ms=call.now.wall_ms, limit=5)]
    return sorted(rows, key=lambda row: (row["priority"], row["id"]))[:5]


def _ready(row: Row) -> Json:
    return {"id": task_name(row["id"]), "title": row["title"], "priority": Priority(row["priority"]).name.lower()}


def _waiting(tx: Tx, my_role: str) -> list[str]:
    """Return one line per waiting task of the role: what it waits for."""
    lines = []
    for row in tx.all("pending_for", assignee=my_role, limit=3):
        waits = tx.all("waited_for", id=row["id"], limit=3)
        names = ", ".join(f"{task_name(w['id'])} ({w['assignee'] or 'any role'}, {w['state']})" for w in waits)
        lines.append(f"{task_name(row['id'])} waits for {names or 'its parent'}")
    return lines


def _overview_next(tx: Tx, call: Call, holding: list[Json], ready: list[Json], my_role: str, paused: bool) -> str:
    if holding:
        return "You hold several tasks: name task_id in every call."
    lost = _lately_lost(tx, call)
    if lost:
        return lost
    if paused:
        return "The board is paused: nothing can be claimed until a person resumes it."
    if ready:
        who = f" for {my_role}" if my_role else ""
        argument = f'assignee="{my_role}"' if my_role else ""
        many = f"{len(ready)}{'+' if len(ready) == 5 else ''}"
        return f"You hold nothing. Ready{who}: {many}. Call kanban_claim({argument})."
    others = [row["assignee"] for row in tx.all("ready_roles")]
    if others:
        names = ", ".join(others)
        return f'You hold nothing. Work is ready for: {names}. kanban_claim(assignee="{others[0]}") takes that role.'
    if tx.value("newest_task") is None:
        return "The board is empty. kanban_create adds a task, kanban_plan a whole graph."
    return "You hold nothing and nothing is ready for you. kanban_claim(wait_s=45) waits; kanban_list shows the board."


def _lately_lost(tx: Tx, call: Call) -> str:
    """Say which task the caller held last, when others ended that: go on with it, or stop."""
    mine = worker_id(tx, call)
    row = None if mine is None else tx.one("lost_runs", worker_id=mine)
    if row is None:
        return ""
    run, task = run_from(row), task_of(tx, row["task_id"])
    held = f"You held {task.name} ({run.name}) until {age(run.ended_at_ms or 0, call.now.wall_ms)} ago"
    call.session.told.add(run.id)
    if run.outcome in _TAKEN_BACK and task.state is TaskState.READY:
        claim = f'kanban_claim(task_id="{task.name}") continues from your files as they are.'
        return f"{held}; it was {_TAKEN_BACK[run.outcome]} and nobody has taken it. {claim}"
    if tx.value("newest_run_id_of_worker", worker_id=mine) != run.id:
        return ""  # old news: it has worked on something else since
    why = f", {shorten(run.error, 300)}" if run.error else ""
    return f"{held}: {run.outcome}{why}; {whose_now(tx, task)}. Do not go on with it; kanban_claim takes other work."


def listing(tx: Tx, call: Call, state: str | None, assignee: str | None, limit: int) -> Listing:
    """Return counts per state and one short row per task, at most `limit` rows and 10,000 characters.

    Without `state`: the live ones, what people must act on first, then running, ready, waiting.
    """
    wanted = choice(state, tuple(TaskState), "state") if state else None
    who = None if assignee is None else role(assignee)
    most = min(max(limit, 1), LIST_MOST)
    kept = list(tx.all("state_counts"))
    counts = {row["state"]: row["n"] for row in kept}
    rows = rows_in_state(tx, wanted, who, most + 1) if wanted else tx.all("live_tasks", assignee=who, limit=most + 1)
    tasks = _fitting([_list_row(call, row) for row in rows[:most]])
    cut = len(rows) > len(tasks)
    return Listing(
        next=_list_next({row["state"]: row["n"] - row["archived"] for row in kept}, is_new=not any(counts.values())),
        counts=counts,
        tasks=tasks,
        truncated=f"First {len(tasks)} shown; narrow by state or assignee." if cut else "",
    )


def rows_in_state(tx: Tx, state: str, assignee: str | None, limit: int) -> list[Row]:
    """Return the tasks of a state that are shown: the newest of what is done or cancelled, else in claim order."""
    is_history = state in (TaskState.DONE, TaskState.CANCELLED)
    query = "ended_tasks" if is_history else "tasks_in_state"
    return tx.all(query, state=str(state), assignee=assignee, limit=limit)


def _list_row(call: Call, row: Row) -> Json:
    stale = row["lease_until_ms"] is not None and call.now.lease_over(row["lease_until_ms"], row["lease_boot"])
    return {
        "id": task_name(row["id"]),
        "title": shorten(row["title"], 80),
        "state": row["state"],
        "kind": row["kind"] or None,
        "assignee": row["assignee"] or None,
        "priority": None if row["priority"] == Priority.NORMAL else Priority(row["priority"]).name.lower(),
        "attempt": f"{row['counted']}/{row['allowed']}" if row["counted"] else None,
        "worker": row["worker_name"],
        "stale": stale or None,
        "note": shorten(row["note"] or "", 80),
    }


def _fitting(rows: list[Json]) -> list[Json]:
    room, kept = LIST_CHARACTERS - 700, []
    for row in rows:
        slim = {key: value for key, value in row.items() if value not in (None, "")}
        room -= len(json.dumps(slim, ensure_ascii=False, separators=(",", ":"))) + 1
        if room < 0:
            break
        kept.append(slim)
    return kept


def _list_next(counts: dict[str, int], *, is_new: bool) -> str:
    people = counts["blocked"] + counts["awaiting_review"] + counts["failed"]
    if people:
        return f"{people} wait for a decision; kanban_show(task_id) says which."
    if counts["ready"]:
        return f"{counts['ready']} ready: kanban_claim."
    if counts["in_progress"] or counts["pending"]:
        return "Work is under way; nothing is ready to take."
    return "The board is empty: kanban_create or kanban_plan." if is_new else "No open task."


def events(tx: Tx, after: int | None, limit: int, task_id: TaskId | None) -> list[Event]:
    """Return at most `limit` events, oldest first: those with an id above `after`; the newest ones when it is None."""
    if task_id is None:
        rows = (
            tx.all("newest_events", limit=limit) if after is None else tx.all("events_after", after=after, limit=limit)
        )
    elif after is None:
        rows = tx.all("newest_events_of_task", limit=limit, task_id=task_id)
    else:
        rows = tx.all("events_of_task", after=after, limit=limit, task_id=task_id)
    return [
        Event(
            id=row["id"],
            at_ms=row["at_ms"],
            kind=row["kind"],
            task_id=task_name(row["task_id"]) if row["task_id"] else "",
            run_id=run_name(row["run_id"]) if row["run_id"] else "",
            actor=row["actor"],
            data=json.loads(row["data"]),
        )
        for row in rows
    ]
