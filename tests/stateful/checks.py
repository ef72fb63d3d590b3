"""What must hold after every step: equal tables on both sides, and the invariants S1, S4-S10, S12, S13."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.stateful.model import MAX_DEPTH, Model, Run, Task
from tests.stateful.world import World

TASKS = "SELECT * FROM tasks ORDER BY id"
RUNS = "SELECT runs.*, workers.key FROM runs JOIN workers ON workers.id = runs.worker_id ORDER BY runs.id"
ASKS = "SELECT * FROM approvals ORDER BY id"
LINKS = "SELECT child_id, parent_id, relation FROM links"
EVENTS = "SELECT task_id, COUNT(*) AS n, SUM(kind = 'created') AS made FROM events GROUP BY task_id"


def compare(model: Model, world: World) -> None:
    """Hold the board's tables against the model and against themselves."""
    tasks, runs, asks = world.rows(TASKS), world.rows(RUNS), world.rows(ASKS)
    _same("task", [_task_row(row) for row in tasks], [_task(model, task) for task in model.tasks.values()])
    _same("run", [_run_row(row) for row in runs], [_run(run) for run in model.runs.values()])
    _same("request", [_ask_row(row) for row in asks], [(a.task, a.run, a.state, a.used_by) for a in model.asks])
    _same_links(model, world)
    _check_runs(tasks, runs)
    _check_graph(model)
    _check_grants(asks)
    _check_events(tasks, world)


def resolve_dues(model: Model, world: World) -> None:
    """Put the jitter that the board drew into the model, once it was found to lie within the bounds."""
    due = {row["id"]: row["due_at_ms"] for row in world.rows("SELECT id, due_at_ms FROM tasks")}
    for task in model.tasks.values():
        if task.due is not None and task.due[0] != task.due[1]:
            found = due.get(task.id)
            assert found is not None, f"TASK-{task.id:03d} waits no backoff"
            assert task.due[0] <= found <= task.due[1], f"TASK-{task.id:03d}: {found} is not within {task.due}"
            task.due = (found, found)


def _same(what: str, board: Sequence[Any], model: Sequence[Any]) -> None:
    for at, (left, right) in enumerate(zip(board, model, strict=False), 1):
        assert left == right, f"{what} {at}: the board says {left}, the model {right}"
    assert len(board) == len(model), f"{len(board)} {what}s on the board, {len(model)} in the model"


def _task(model: Model, task: Task) -> dict[str, Any]:
    return {
        "state": task.state,
        "kind": task.kind,
        "run": task.run,
        "unmet": model.unmet(task),
        "due": task.due[0] if task.due else None,
        "counted": task.counted,
        "allowed": task.allowed,
        "snoozes": task.snoozes,
        "blocks": task.blocks,
        "person_only": task.person_only and task.state == "blocked",
        "agent_retries": task.agent_retries,
        "made": (task.made_subtasks, task.made_tasks),
        "revision": task.revision,
        "priority": (task.role, task.priority),
    }


def _task_row(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "state": row["state"],
        "kind": row["kind"],
        "run": row["run_id"],
        "unmet": row["unmet"],
        "due": row["due_at_ms"],
        "counted": row["counted"],
        "allowed": row["allowed"],
        "snoozes": row["snoozes"],
        "blocks": row["blocks"],
        "person_only": bool(row["person_only"]) and row["state"] == "blocked",
        "agent_retries": row["agent_retries"],
        "made": (row["made_subtasks"], row["made_tasks"]),
        "revision": row["revision"],
        "priority": (row["assignee"], row["priority"]),
    }


def _run(run: Run) -> tuple[Any, ...]:
    lease = None if run.ended else (run.boot, run.until)
    return run.task, run.worker, run.pid, run.attempt, run.ended or None, run.by_self, run.counted, lease


def _run_row(row: sqlite3.Row) -> tuple[Any, ...]:
    lease = None if row["outcome"] else (row["lease_boot"], row["lease_until_ms"])
    by_self = row["ended_by"] == "self"
    return row["task_id"], row["key"], row["pid"], row["attempt"], row["outcome"], by_self, bool(row["counted"]), lease


def _ask_row(row: sqlite3.Row) -> tuple[Any, ...]:
    return row["task_id"], row["run_id"], row["state"], row["used_by_run"]


def _same_links(model: Model, world: World) -> None:
    expected = {(t.id, p, "after") for t in model.tasks.values() for p in t.after}
    expected |= {(t.id, p, "part_of") for t in model.tasks.values() for p in t.part_of}
    found = {tuple(row) for row in world.rows(LINKS)}
    assert found == expected, f"links differ: {sorted(found ^ expected)}"


def _check_runs(tasks: Sequence[sqlite3.Row], runs: Sequence[sqlite3.Row]) -> None:
    """S1: one open run per task, and only where a run belongs. S10: no attempt beyond what was granted."""
    is_open = Counter(row["task_id"] for row in runs if row["ended_at_ms"] is None)
    counted = Counter(row["task_id"] for row in runs if row["counted"])
    for row in tasks:
        works = row["state"] == "in_progress" or row["kind"] == "asking"
        assert is_open[row["id"]] == works, f"S1: TASK-{row['id']:03d} is {row['state']} with {is_open[row['id']]} runs"
        assert counted[row["id"]] == row["counted"] <= row["allowed"], f"S10: TASK-{row['id']:03d} was tried too often"


def _check_graph(model: Model) -> None:
    """S6: ready means nothing unmet. S7: no closed parent over an open subtask. S8: no circle, three levels."""
    assert not model.has_cycle(), "S8: tasks wait for each other"
    for task in model.tasks.values():
        assert (task.state == "ready") <= (model.unmet(task) == 0), f"S6: {task}"
        assert model.level(task.id, down=False) <= MAX_DEPTH, f"S8: {task}"
        assert task.state != "done" or not any(s.open for s in model.subtasks(task)), f"S7: {task}"


def _check_grants(asks: Sequence[sqlite3.Row]) -> None:
    """S12: a decision is a person's."""
    for row in asks:
        if row["state"] in ("approved", "rejected"):
            assert row["decided_by"] == "mia (person)", f"S12: {row['decided_by']} decided request {row['id']}"


def _check_events(tasks: Sequence[sqlite3.Row], world: World) -> None:
    """S4, S5: every task was created by exactly one event, and no task is gone."""
    made = {row["task_id"]: row["made"] for row in world.rows(EVENTS) if row["task_id"]}
    ids = [row["id"] for row in tasks]
    assert ids == list(range(1, len(ids) + 1)), f"S5: {ids}"
    assert made == dict.fromkeys(ids, 1), f"S4: {made}"
