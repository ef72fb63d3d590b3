"""What an orchestrator that waits is told: only what changed, and what needs somebody (`kanban_wait`)."""

from dataclasses import dataclass

from kanban_mcp.domain.compact import compact
from kanban_mcp.domain.ids import TaskId, task_name
from kanban_mcp.domain.states import TERMINAL, Kind, TaskState
from kanban_mcp.domain.tasks import Task
from kanban_mcp.domain.texts import shorten
from kanban_mcp.service.call import Call
from kanban_mcp.service.graph import ids_json
from kanban_mcp.service.records import task_of, tasks_of
from kanban_mcp.service.results import Json, Waited
from kanban_mcp.store.base import Row, Tx

ATTENTION_MOST, CHANGED_MOST, LIVE_MOST = 25, 100, 500
CHANGED_CHARACTERS = 8_000
UNTIL_WORDS = ("attention", "terminal")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the watched tasks: the answer, whether to give it now, and what the connection has seen with it."""

    answer: Waited
    is_due: bool
    seen: dict[TaskId, int]  # per task the newest event told
    newest_event: int


def look(tx: Tx, call: Call, task_ids: tuple[TaskId, ...], until: str) -> Look:
    """Look at the watched tasks; at every live one, and what ended since the last look, when none is named.

    What was told before is not told again, per task: a wait for other tasks must not swallow news of these.

    Raises:
        NotFound: one of the tasks does not exist.
    """
    newest = tx.value("newest_event") or 0
    tasks = _watched(tx, call, task_ids)
    dead = {row["id"]: row for row in tx.all("dead_dependencies", limit=500) if row["id"] in tasks}
    news = _news(tx, call, tasks, dead)
    needing = [task for task in tasks.values() if _needs_somebody(task, dead)]
    attention = [_attention(task, dead) for task in needing[:ATTENTION_MOST]]
    changed = _fitting([_changed(tx, tasks[task]) for task in list(news)[:CHANGED_MOST]])
    all_ended = bool(tasks) and all(task.state in TERMINAL for task in tasks.values())
    has_fresh = any(task.id in news for task in needing)
    is_due = all_ended or not tasks or (until == "attention" and has_fresh)
    seen = dict(list(news.items())[: len(changed)])
    answer = Waited(_next(all_ended, attention, changed, tasks, len(news)), all_ended, changed, attention)
    return Look(answer, is_due, seen, newest if len(seen) == len(news) else call.session.seen_event)


def _watched(tx: Tx, call: Call, task_ids: tuple[TaskId, ...]) -> dict[TaskId, Task]:
    if task_ids:
        tasks = tasks_of(tx, task_ids)
        for missing in [task for task in task_ids if task not in tasks]:
            task_of(tx, missing)
        return tasks
    ids = [row["id"] for row in tx.all("live_ids", limit=LIVE_MOST)]
    if call.session.seen_event:
        ids += [row["task_id"] for row in tx.all("tasks_moved", after=call.session.seen_event, limit=LIVE_MOST)]
    return tasks_of(tx, ids)


def _news(tx: Tx, call: Call, tasks: dict[TaskId, Task], dead: dict[TaskId, Row]) -> dict[TaskId, int]:
    """Return the tasks with something untold, and its newest event; the end of what a task waits for is such news."""
    causes = {task: dead[task]["cause"] for task in tasks if task in dead}
    rows = tx.all("newest_event_per_task", ids=ids_json({*tasks, *causes.values()}))
    newest = {row["task_id"]: row["newest"] for row in rows}
    told = call.session.seen
    per_task = {task: max(newest.get(task, 0), newest.get(causes.get(task, task), 0)) for task in tasks}
    return {task: event for task, event in per_task.items() if event > told.get(task, 0)}


def _fitting(rows: list[Json]) -> list[Json]:
    """Return the first rows that fit into 8,000 characters, at least one; the next wait tells the rest."""
    room, kept = CHANGED_CHARACTERS, 0
    for row in rows:
        room -= len(compact(row)) + 1
        if room < 0 and kept:
            break
        kept += 1
    return rows[:kept]


def _needs_somebody(task: Task, dead: dict[TaskId, Row]) -> bool:
    return task.state in (TaskState.BLOCKED, TaskState.FAILED, TaskState.AWAITING_REVIEW) or task.id in dead


def _attention(task: Task, dead: dict[TaskId, Row]) -> Json:
    if task.id in dead:
        cause = dead[task.id]
        what = f"waits for {task_name(cause['cause'])}, which is {cause['cause_state']}"
        return {"id": task.name, "what": what, "do": f"kanban_retry or kanban_cancel {task_name(cause['cause'])}"}
    if task.kind in (Kind.ASKING, Kind.PARKED, Kind.REVIEW):
        return {
            "id": task.name,
            "what": f"waits for a person ({task.kind})",
            "do": f"tell them: kanban-mcp approve {task.name}",
        }
    if task.state is TaskState.FAILED:
        return {"id": task.name, "what": "failed, attempts used up", "do": "kanban_retry or kanban_cancel"}
    if task.person_only:
        return {"id": task.name, "what": "blocked, a person answers", "do": f"tell them: kanban-mcp answer {task.name}"}
    return {"id": task.name, "what": "blocked, needs an answer", "do": "kanban_show, then kanban_answer"}


def _changed(tx: Tx, task: Task) -> Json:
    row = tx.one("last_report", task_id=task.id) if task.state is TaskState.DONE else None
    return {
        "id": task.name,
        "title": shorten(task.title, 80),
        "state": str(task.state),
        "kind": str(task.kind) or None,
        "summary": shorten(row["summary"] or "", 300) if row else None,
        "commit": (row["result_commit"] or "")[:12] if row else None,
    }


def _next(all_ended: bool, attention: list[Json], changed: list[Json], tasks: dict[TaskId, Task], news: int) -> str:
    if not tasks:
        return "Nothing is open. kanban_plan or kanban_create adds work."
    if news > len(changed):
        return f"{len(changed)} of {news} changes shown; kanban_wait again tells the rest."
    if all_ended:
        done = sum(task.state is TaskState.DONE for task in tasks.values())
        return f"All {len(tasks)} ended: {done} done. Read the summaries, then report."
    if attention:
        first = attention[0]
        return f"{first['id']} {first['what']}: {first['do']}. Then kanban_wait again."
    return "Still running. kanban_wait again." if changed else "Nothing changed yet. kanban_wait again."
