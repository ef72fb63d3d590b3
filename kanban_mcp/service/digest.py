"""What happened while a person was away, on one screen: what waits, failed, was odd, got done, and who worked."""

from collections import Counter
from collections.abc import Mapping, Sequence

from kanban_mcp.domain.clock import age
from kanban_mcp.domain.ids import TaskId, run_name, task_name
from kanban_mcp.domain.states import TaskState
from kanban_mcp.domain.texts import shorten
from kanban_mcp.service.call import Call
from kanban_mcp.service.history import EVENTS_MOST, Happened, Window, window
from kanban_mcp.service.inbox import waiting_items
from kanban_mcp.service.results import Digest, Json
from kanban_mcp.service.stats import require_past
from kanban_mcp.store.base import Row, Tx

# How many rows of each list one screen holds; `more` counts the rest.
MOST: Mapping[str, int] = {"waiting": 6, "failed": 5, "odd": 6, "done": 10, "running": 5, "workers": 4}
ODD: Mapping[str, str] = {  # events nobody plans for, as people say them
    "reclaimed": "reclaimed",
    "timed_out": "timed out",
    "budget_exceeded": "over its budget",
    "unreported": "ended without a report",
    "changes_requested": "sent back",
    "rejected": "refused by a person",
    "approval_expired": "approval not decided in time",
    "stopped": "stopped by a person",
    "repaired": "repaired by the board",
}
_WORDS = 160


def digest(tx: Tx, call: Call, since_ms: int) -> Digest:
    """Return what happened since a moment (epoch ms).

    Raises:
        Invalid: the moment lies ahead.
    """
    require_past(since_ms, call.now.wall_ms)
    seen = window(tx, since_ms)
    lists = {
        "waiting": waiting_items(tx, call, 500),
        "failed": _ended(tx, seen, TaskState.FAILED),
        "odd": _odd(tx, seen),
        "done": _ended(tx, seen, TaskState.DONE),
        "running": _running(tx, call),
        "workers": _workers(tx, seen),
    }
    shown = {name: rows[: MOST[name]] for name, rows in lists.items()}
    return Digest(
        next=_next(lists["waiting"]),
        since_ms=seen.since_ms,
        until_ms=call.now.wall_ms,
        cut=f"Only the newest {EVENTS_MOST:,} events were read." if seen.is_cut else "",
        counts=_counts(seen, lists),
        more={name: len(rows) - MOST[name] for name, rows in lists.items() if len(rows) > MOST[name]},
        waiting=[_waits(item) for item in shown["waiting"]],
        failed=[_failure(tx, call, row) for row in shown["failed"]],
        odd=shown["odd"],
        done=[_success(tx, call, row) for row in shown["done"]],
        running=shown["running"],
        workers=shown["workers"],
    )


def _next(waiting: Sequence[Json]) -> str:
    return f"First: {waiting[0]['do']}" if waiting else "Nothing waits for you."


def _counts(seen: Window, lists: Mapping[str, Sequence[Json]]) -> Json:
    made = sum(event.kind == "created" for event in seen.events)
    cancelled = len({event.task_id for event in seen.events if event.became == TaskState.CANCELLED})
    return {"created": made, "cancelled": cancelled} | {name: len(lists[name]) for name in lists}


def _waits(item: Json) -> Json:
    return {name: item[name] for name in ("id", "title", "what", "text", "age", "behind", "do") if item.get(name)}


def _ended(tx: Tx, seen: Window, state: TaskState) -> list[Json]:
    """Return the tasks that came to an end in the window and are there still, newest first."""
    ids: dict[TaskId, Happened] = {}
    for event in reversed(seen.events):
        if event.became in (TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED) or event.was == state:
            ids.setdefault(event.task_id, event)
    return [{"id": task, "event": event} for task, event in ids.items() if event.became == state]


def _success(tx: Tx, call: Call, row: Json) -> Json:
    report = tx.one("last_report", task_id=row["id"])
    facts = None if report is None else tx.one("run_facts", id=report["id"])
    return {
        **_named(tx, row["id"]),
        "summary": shorten((report["summary"] or "") if report else "", _WORDS),
        "commit": ((report["result_commit"] or "") if report else "")[:12],
        "worker": facts["worker_name"] if facts else "",
        "role": facts["role"] if facts else "",
        "age": age(row["event"].at_ms, call.now.wall_ms),
    }


def _failure(tx: Tx, call: Call, row: Json) -> Json:
    name = task_name(row["id"])
    run = tx.one("newest_run_of_task", task_id=row["id"])
    return {
        **_named(tx, row["id"]),
        "why": shorten((run["error"] or "") if run else "", _WORDS),
        "attempts": run["attempt"] if run else 0,
        "age": age(row["event"].at_ms, call.now.wall_ms),
        "do": f'kanban-mcp retry {name} -m "…"',
    }


def _named(tx: Tx, task: TaskId) -> Json:
    return {"id": task_name(task), "title": tx.value("task_title", id=task)}


def _odd(tx: Tx, seen: Window) -> list[Json]:
    """Return per task what went other than planned, how often, with the last reason; newest first."""
    found: dict[tuple[TaskId, str], list[Happened]] = {}
    for event in reversed(seen.events):
        if event.kind in ODD:
            found.setdefault((event.task_id, event.kind), []).append(event)
    return [_surprise(tx, task, kind, events) for (task, kind), events in found.items()]


def _surprise(tx: Tx, task: TaskId, kind: str, events: Sequence[Happened]) -> Json:
    last = events[0].data
    why = last.get("why") or last.get("note") or last.get("reason") or last.get("what") or ""
    return {
        **_named(tx, task),
        "what": ODD[kind],
        "times": len(events),
        "why": shorten(str(why), _WORDS),
        "run": run_name(events[0].run_id) if events[0].run_id else "",
    }


def _running(tx: Tx, call: Call) -> list[Json]:
    rows = tx.all("tasks_in_state", state=str(TaskState.IN_PROGRESS), assignee=None, limit=500)
    return [
        {
            "id": task_name(row["id"]),
            "title": row["title"],
            "worker": row["worker_name"],
            "note": shorten(row["note"] or "", _WORDS),
            "stale": call.now.lease_over(row["lease_until_ms"], row["lease_boot"]) or None,
        }
        for row in rows
        if row["lease_until_ms"] is not None
    ]


def _workers(tx: Tx, seen: Window) -> list[Json]:
    """Return who worked: runs that were open in the window, and how many of them ended well; most runs first."""
    runs = dict.fromkeys(event.run_id for event in reversed(seen.events) if event.run_id is not None)
    rows = [row for run in list(runs)[:5_000] if (row := tx.one("run_facts", id=run)) is not None]
    total, well = Counter[str](), Counter[str]()
    for row in rows:
        total[row["worker_name"]] += 1
        well[row["worker_name"]] += _ended_well(row)
    return [{"worker": name, "runs": n, "done": well[name]} for name, n in total.most_common()]


def _ended_well(run: Row) -> bool:
    return run["outcome"] in ("done", "submitted")
