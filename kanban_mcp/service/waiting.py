"""What an orchestrator that waits is told: only what changed, and what needs somebody (`kanban_wait`)."""

from dataclasses import dataclass

from kanban_mcp.domain.ids import TaskId, task_name
from kanban_mcp.domain.states import TERMINAL, Kind, TaskState
from kanban_mcp.domain.tasks import Task
from kanban_mcp.domain.texts import shorten
from kanban_mcp.service.call import Call
from kanban_mcp.service.graph import ids_json
from kanban_mcp.service.records import task_of, tasks_of
from kanban_mcp.service.results import Json, Waited
from kanban_mcp.store.base import Row, Tx

UNTIL_WORDS = ("attention", "terminal")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the watched tasks: the answer, whether to give it now, and the newest event it includes."""

    answer: Waited
    is_due: bool
    newest_event: int


def look(tx: Tx, call: Call, task_ids: tuple[TaskId, ...], until: str, seen: int) -> Look:
    """Look at the watched tasks, every live one when none is named.

    Raises:
        NotFound: one of the tasks does not exist.
    """
    newest = tx.value("newest_event") or 0
    ids = task_ids or tuple(row["id"] for row in tx.all("live_ids", limit=500))
    tasks = tasks_of(tx, ids)
    for missing in [task for task in ids if task not in tasks]:
        task_of(tx, missing)
    moved = {row["task_id"] for row in tx.all("moved_since", ids=ids_json(ids), after=seen)}
    dead = {row["id"]: row for row in tx.all("dead_dependencies", limit=500) if row["id"] in tasks}
    attention = [_attention(task, dead) for task in tasks.values() if _needs_somebody(task, dead)]
    changed = [_changed(tx, task) for task in tasks.values() if task.id in moved]
    all_ended = bool(tasks) and all(task.state in TERMINAL for task in tasks.values())
    fresh = [row for row in attention if row["id"] in {row["id"] for row in changed}]
    answer = Waited(_next(all_ended, attention, changed, tasks), all_ended, changed[:100], attention[:50])
    return Look(answer, all_ended or not tasks or (until == "attention" and bool(fresh)), newest)


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


def _next(all_ended: bool, attention: list[Json], changed: list[Json], tasks: dict[TaskId, Task]) -> str:
    if not tasks:
        return "Nothing is open. kanban_plan or kanban_create adds work."
    if all_ended:
        done = sum(task.state is TaskState.DONE for task in tasks.values())
        return f"All {len(tasks)} ended: {done} done. Read the summaries, then report."
    if attention:
        first = attention[0]
        return f"{first['id']} {first['what']}: {first['do']}. Then kanban_wait again."
    return "Still running. kanban_wait again." if changed else "Nothing changed yet. kanban_wait again."
