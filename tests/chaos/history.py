"""The history checker: one pure function over what a board holds and what its clients were told.

It knows nothing of the service. `check` takes the clients' own records and the tables of a board at rest and returns
every violation of the safety rules S1 to S17, in time linear in both. Simulations, chaos and faults all end here.

What a rule means here, in the words of the records:
S1 one holder at a time, fences rise · S2 only the holder's run writes · S3 what was acknowledged is there · S4 the
tables are what the events say · S5 no task vanishes · S6 claimed or ready only with nothing unmet · S7 no done parent
over an open subtask · S8 no circle, three levels · S9 legal moves only · S10 no attempt beyond what was granted · S12
decisions are a person's, for the text that was asked, in time · S13 a task that asks is neither claimed, finished nor
reclaimed · S14 one key, one result · S15 done only past its checks · S16 a run is reclaimed once · S17 what was refused
has left nothing · L6 only errors that a worker can meet.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from tests.chaos.graph import circle, levels, unmet_of
from tests.chaos.replay import Log
from tests.chaos.terms import CLOSED, EXPECTED, Life, Op, Violation
from tests.chaos.told import Clients


def check(ops: Iterable[Op], life: Life, expected: frozenset[str] = EXPECTED) -> list[Violation]:
    """Return everything that is wrong with a history; an empty list is a sound one."""
    found = [Violation("S3", f"the file: {life.integrity}")] if life.integrity != "ok" else []
    found += [Violation("S4", fault) for fault in life.faults]
    found += _vanished(life)
    log = Log(life)
    found += log.read()
    found += _tables(life, log)
    found += _graph(life)
    found += _approvals(life)
    found += Clients(life, expected).read(list(ops))
    return found


def _vanished(life: Life) -> Iterator[Violation]:
    ids = [task["id"] for task in life.tasks]
    if ids != list(range(1, len(ids) + 1)):
        yield Violation("S5", f"the ids of {len(ids)} tasks have gaps")
    made = Counter(event["task_id"] for event in life.events if event["kind"] == "created")
    for task in ids:
        if made[task] != 1:
            yield Violation("S5", f"TASK-{task:03d} was created by {made[task]} events")
    there = Counter(task["state"] for task in life.tasks)
    for row in life.counts:
        if row["n"] != there[row["state"]]:
            yield Violation("S5", f"{row['n']} tasks are counted as {row['state']}, {there[row['state']]} are")


def _tables(life: Life, log: Log) -> Iterator[Violation]:
    """Compare the rows with the replay, and with each other."""
    open_runs = {run["task_id"]: run["id"] for run in life.runs if run["ended_at_ms"] is None}
    if open_runs != log.holder:
        wrong = sorted(set(open_runs.items()) ^ set(log.holder.items()))[:5]
        yield Violation("S4", f"open runs differ from what the events say: {wrong}")
    counted = Counter(run["task_id"] for run in life.runs if run["counted"])
    ended = {run["id"]: run for run in life.runs if run["outcome"] == "done"}
    for task in life.tasks:
        name, place = f"TASK-{task['id']:03d}", (task["state"], task["kind"])
        if log.place.get(task["id"]) != place:
            yield Violation("S4", f"{name} is {place}, by its events {log.place.get(task['id'])}")
        if (task["state"] == "in_progress" or task["kind"] == "asking") != (task["id"] in open_runs):
            yield Violation(
                "S1", f"{name} is {task['state']} ({task['kind']}) and its open run {open_runs.get(task['id'])}"
            )
        if not counted[task["id"]] == task["counted"] <= task["allowed"]:
            yield Violation(
                "S10", f"{name}: {counted[task['id']]} runs count, it says {task['counted']} of {task['allowed']}"
            )
    has_criteria = {task["id"] for task in life.tasks if json.loads(task["acceptance"] or "[]")}
    for run in ended.values():
        checks = json.loads(run["checks"] or "[]")
        if any(each["passed"] is False for each in checks) or (run["task_id"] in has_criteria and not checks):
            yield Violation("S15", f"run-{run['id']} was accepted as done past its checks: {checks}")


def _graph(life: Life) -> Iterator[Violation]:
    state = {task["id"]: task["state"] for task in life.tasks}
    after = [(row["child_id"], row["parent_id"]) for row in life.links if row["relation"] == "after"]
    part_of = [(row["child_id"], row["parent_id"]) for row in life.links if row["relation"] == "part_of"]
    if found := circle(state, after, part_of):
        yield Violation("S8", f"tasks wait for each other: {found[:10]}")
        return
    for task, level in levels(part_of).items():
        if level > 3:
            yield Violation("S8", f"TASK-{task:03d} is {level} levels deep")
    unmet = unmet_of(state, after, part_of)
    for task in life.tasks:
        if unmet[task["id"]] != task["unmet"]:
            yield Violation("S6", f"TASK-{task['id']:03d} waits for {unmet[task['id']]}, it says {task['unmet']}")
        if task["state"] == "ready" and unmet[task["id"]]:
            yield Violation("S6", f"TASK-{task['id']:03d} is ready and waits for {unmet[task['id']]}")
    for child, parent in part_of:
        if state.get(parent) == "done" and state.get(child) not in CLOSED:
            yield Violation("S7", f"TASK-{parent:03d} is done over TASK-{child:03d}, which is {state.get(child)}")


def _approvals(life: Life) -> Iterator[Violation]:
    revision, asked = dict.fromkeys((task["id"] for task in life.tasks), 1), {row["id"]: row for row in life.approvals}
    for event in life.events:
        if event["kind"] == "edited":
            revision[event["task_id"]] = json.loads(event["data"])["revision"]
        elif event["kind"] == "approved":
            request = asked.get(json.loads(event["data"])["request"])
            if request is None or request["revision"] != revision[event["task_id"]]:
                yield Violation("S12", f"event {event['id']} grants what was not asked in these words")
    for row in life.approvals:
        if row["state"] in ("approved", "rejected") and not (row["decided_by"] or "").endswith("(person)"):
            yield Violation("S12", f"request {row['id']} was {row['state']} by {row['decided_by']}")
        if row["state"] == "approved" and row["decided_at_ms"] >= row["expires_at_ms"]:
            yield Violation("S12", f"request {row['id']} was granted after it expired")
        if row["used_by_run"] is not None and row["state"] not in ("approved", "rejected", "expired"):
            yield Violation("S12", f"request {row['id']} is {row['state']} and used by run-{row['used_by_run']}")
