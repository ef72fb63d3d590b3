"""The history checker: one pure function over what a board holds and what its clients were told.

It knows nothing of the service. Events must be a possible life of each task (S1: claims and ends alternate, fences
rise), and every acknowledged write must be there (S3), exactly as acknowledged.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]
ENDS = frozenset("done submitted failed blocked waiting snoozed parked reclaimed cancelled stopped timed_out".split())
EXPECTED = frozenset("lease_lost finished cancelled gates_not_met which_task limit illegal_transition held_by".split())


@dataclass(frozen=True)
class Ack:
    """One call of one client: what was asked and, unless the client or the server died over it, what came back."""

    verb: str
    arguments: Row
    result: Row | None = None


@dataclass(frozen=True)
class Life:
    """A board at rest: all rows of its tables, and what SQLite says of the file."""

    tasks: Sequence[Row]
    runs: Sequence[Row]
    events: Sequence[Row]
    messages: Sequence[Row] = ()
    integrity: str = "ok"
    faults: Sequence[str] = field(default_factory=list)


def read_life(path: Path) -> Life:
    """Read a board at rest, past the program."""
    conn = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    conn.row_factory = sqlite3.Row
    try:
        tables = [
            [dict(row) for row in conn.execute(f"SELECT * FROM {table} ORDER BY id")]
            for table in ("tasks", "runs", "events", "messages")
        ]
        faults = [f"foreign key: {tuple(row)}" for row in conn.execute("PRAGMA foreign_key_check")]
        return Life(*tables, conn.execute("PRAGMA integrity_check").fetchone()[0], faults)
    finally:
        conn.close()


def read_journals(folder: Path) -> list[Ack]:
    """Read every journal of a folder. A line cut off by a kill was not acknowledged."""
    acks = []
    for path in sorted(folder.glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1] if line]
        results = {line["call"]: line["result"] for line in lines if "result" in line}
        acks += [Ack(li["verb"], li["arguments"], results.get(li["call"])) for li in lines if "verb" in li]
    return acks


def problems(life: Life, acks: Iterable[Ack] = ()) -> list[str]:
    """Return everything that is wrong; an empty list is a sound history."""
    found = [*life.faults] if life.integrity == "ok" else [f"integrity: {life.integrity}", *life.faults]
    found += _vanished(life)
    found += _lives(life)
    found += _states(life)
    found += _unkept(life, acks)
    return found


def _vanished(life: Life) -> list[str]:
    """S5: ids without a gap, each with the one event that made it."""
    ids = [task["id"] for task in life.tasks]
    found = [] if ids == list(range(1, len(ids) + 1)) else [f"S5: task ids have gaps: {ids}"]
    made = Counter(event["task_id"] for event in life.events if event["kind"] == "created")
    return found + [f"S4: TASK-{t:03d} was created by {made[t]} events" for t in ids if made[t] != 1]


def _lives(life: Life) -> list[str]:
    """S1: per task, a claim only while nobody holds it, an end only of the run that does, fences rising."""
    found, holder, newest = [], dict[int, int | None](), dict[int, int]()
    for event in life.events:
        task, run, kind = event["task_id"], event["run_id"], event["kind"]
        if kind == "claimed":
            if holder.get(task) is not None:
                found.append(f"S1: run-{run} claimed TASK-{task:03d} while run-{holder[task]} held it")
            if run <= newest.get(task, 0):
                found.append(f"S1: the fence of TASK-{task:03d} fell to run-{run}")
            holder[task], newest[task] = run, run
        elif run is not None and kind in ENDS:
            if holder.get(task) != run:
                found.append(f"S2: {kind} of run-{run} on TASK-{task:03d}, held by {holder.get(task)}")
            holder[task] = None
        elif run is not None and kind in ("note", "commented", "created") and run not in holder.values():
            found.append(f"S2: {kind} by run-{run}, which held nothing")
    open_runs = {run["task_id"]: run["id"] for run in life.runs if run["ended_at_ms"] is None}
    held = {task: run for task, run in holder.items() if run is not None}
    return found + ([] if open_runs == held else [f"S4: open runs {open_runs}, by their events {held}"])


def _states(life: Life) -> list[str]:
    """S4, S10: rows agree with each other."""
    found = []
    open_runs = Counter(run["task_id"] for run in life.runs if run["ended_at_ms"] is None)
    counted = Counter(run["task_id"] for run in life.runs if run["counted"])
    finished = Counter(run["task_id"] for run in life.runs if run["outcome"] == "done")
    for task in life.tasks:
        works = task["state"] == "in_progress" or task["kind"] == "asking"
        if open_runs[task["id"]] != works:
            found.append(f"S1: TASK-{task['id']:03d} is {task['state']} with {open_runs[task['id']]} open runs")
        if not counted[task["id"]] == task["counted"] <= task["allowed"]:
            found.append(f"S10: TASK-{task['id']:03d} counts {task['counted']} of {task['allowed']}")
        if (task["state"] == "done") != bool(finished[task["id"]]):
            found.append(f"TASK-{task['id']:03d} is {task['state']}, finished {finished[task['id']]} times")
        if finished[task["id"]] > 1:
            found.append(f"TASK-{task['id']:03d} was finished {finished[task['id']]} times")
    return found


def _unkept(life: Life, acks: Iterable[Ack]) -> list[str]:
    """S3: what was acknowledged is there; what was refused is not, and for a reason a worker can meet."""
    shelf = _Shelf(life)
    found = []
    for ack in acks:
        if ack.result is None:
            continue  # nobody knows; both are right
        error = ack.result.get("error")
        if error is None and not shelf.has(ack):
            found.append(f"S3: acknowledged and lost: {ack.verb} {ack.arguments} → {ack.result}")
        elif error is not None and error not in EXPECTED:
            found.append(f"an error surfaced: {ack.verb} → {ack.result['text']}")
        elif error is not None and shelf.has_trace(ack):
            found.append(f"S17: refused and written: {ack.verb} {ack.arguments} → {error}")
    return found


class _Shelf:
    """The board's rows by what a client knows of them."""

    def __init__(self, life: Life) -> None:
        self.titles = {(f"TASK-{task['id']:03d}", task["title"]) for task in life.tasks}
        self.runs = {f"run-{run['id']}": run for run in life.runs}
        self.notes = {json.loads(e["data"]).get("note") for e in life.events if e["kind"] == "note"}
        self.texts = {message["body"] for message in life.messages}
        self.summaries = {run["summary"] for run in life.runs}

    def has(self, ack: Ack) -> bool:
        """Say whether an accepted write is on the board."""
        result, given = ack.result or {}, ack.arguments
        if ack.verb == "create":
            return (result["task_id"], given["title"]) in self.titles
        if ack.verb == "claim":
            return not result.get("claimed") or self._is_run_of(result["task"]["run"]["run_id"], result["task"]["id"])
        if ack.verb == "heartbeat":
            return "note" not in given or given["note"] in self.notes
        if ack.verb == "comment":
            return given["body"] in self.texts
        run = self.runs.get(given.get("run_id", ""), {})
        outcomes = {"complete": ("done", "submitted"), "block": ("snoozed", "blocked", "failed"), "fail": ("failed",)}
        wanted = run.get("outcome") in outcomes[ack.verb]
        return wanted and (ack.verb != "complete" or run["summary"] == given["summary"])

    def has_trace(self, ack: Ack) -> bool:
        """Say whether a refused write has left anything on the board."""
        given = ack.arguments
        if ack.verb == "create":
            return any(title == given["title"] for _, title in self.titles)
        traces = {"heartbeat": self.notes, "comment": self.texts, "complete": self.summaries}
        text = given.get("note") or given.get("body") or given.get("summary")
        return text is not None and text in traces.get(ack.verb, ())

    def _is_run_of(self, run: str, task: str) -> bool:
        return run in self.runs and f"TASK-{self.runs[run]['task_id']:03d}" == task
