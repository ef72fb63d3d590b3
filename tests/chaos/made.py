"""A long sound history made by hand: many clients, each claims a task, beats, finishes it.

`python -m tests.chaos.made` checks one of a million lines and says how long that took.
"""

import json
import sys
import time

from tests.chaos.history import check
from tests.chaos.terms import Life, Op, Row, digest

CLIENTS = 12
LINES_PER_TASK = 8


def long_history(tasks: int) -> tuple[Life, list[Op]]:
    """Return a history of `tasks` tasks: create, claim, note, complete, two lines each."""
    events: list[Row] = []
    ops: list[Op] = []
    rows, runs = [], []

    def note(task: int, run: int | None, kind: str, **data: object) -> None:
        row = {"id": len(events) + 1, "task_id": task, "run_id": run, "kind": kind, "actor": "w"}
        events.append({**row, "at_ms": 1, "data": json.dumps(data) if data else "{}"})

    def call(client: str, task: int, verb: str, **fields: object) -> None:
        given = {name: fields[name] for name in ("digest", "run") if name in fields}
        asked = Op(client, len(ops), "invoke", verb, at=float(len(ops)), **given)  # type: ignore[arg-type]  # named fields
        ops.append(asked)
        told = {"kind": "ok", "event": len(events), "at": float(len(ops)), "task": task, **fields}
        ops.append(asked._replace(**told))  # type: ignore[arg-type]  # named fields

    for task in range(1, tasks + 1):
        client, title, said = f"client-{task % CLIENTS}", f"Task {task}", f"Finished {task} with 14 tests"
        note(task, None, "created", title=title, state="ready", parents=[])
        call(client, task, "create", digest=digest(title))
        note(task, task, "claimed", **{"from": "ready", "to": "in_progress"})
        call(client, task, "claim", fence=task)
        note(task, task, "note", note=f"note {task}")
        call(client, task, "heartbeat", run=task, digest=digest(f"note {task}"))
        note(task, task, "done", **{"from": "in_progress", "to": "done"})
        call(client, task, "complete", run=task, digest=digest(said))
        rows.append(_task(task))
        runs.append(_run(task, said))
    return Life(rows, runs, events), ops


def _task(number: int) -> Row:
    return {"id": number, "state": "done", "kind": "", "counted": 0, "allowed": 3, "unmet": 0, "acceptance": "[]"}


def _run(number: int, said: str) -> Row:
    ended = {"ended_at_ms": 2, "outcome": "done", "counted": 0, "ended_by": "self", "verb": "complete"}
    return {"id": number, "task_id": number, "summary": said, "checks": None, **ended}


def main() -> None:
    """Measure."""
    life, ops = long_history(1_000_000 // LINES_PER_TASK)
    since = time.process_time()
    found = check(ops, life)
    sys.stdout.write(f"{len(ops):,} lines, {len(found)} violations, {time.process_time() - since:.1f} s of CPU\n")


if __name__ == "__main__":
    main()
