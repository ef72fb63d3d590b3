"""Replays a board's events: where each task was and who held it, and every event that could not have been."""

import json
from collections import Counter, defaultdict

from tests.chaos.terms import CLOSED, ENDS, LEGAL, WRITES, Life, Row, Violation


class Log:
    """The place and the holder of every task, event by event."""

    def __init__(self, life: Life) -> None:
        self.events = life.events
        self.place: dict[int, tuple[str, str]] = {}
        self.holder: dict[int, int] = {}  # task to run
        self.held: dict[int, int] = {}  # run to task
        self.claimed: set[int] = set()
        self.reclaimed: set[int] = set()
        self.newest: dict[int, int] = {}
        self.after: dict[int, set[int]] = defaultdict(set)  # child to parents
        self.parents: dict[int, set[int]] = defaultdict(set)
        self.children: dict[int, set[int]] = defaultdict(set)  # of `after`
        self.unmet: Counter[int] = Counter()
        self.open_subtasks: Counter[int] = Counter()
        self.found: list[Violation] = []

    def say(self, rule: str, text: str) -> None:
        self.found.append(Violation(rule, text))

    def read(self) -> list[Violation]:
        due = 1
        for event in self.events:
            if event["id"] != due:
                self.say("S4", f"event {due} is missing, event {event['id']} follows")
            due = event["id"] + 1
            if event["task_id"] is not None:
                self._read(event, event["task_id"], event["run_id"], event["kind"])
        return self.found

    def _read(self, event: Row, task: int, run: int | None, kind: str) -> None:
        data = json.loads(event["data"]) if event["data"] != "{}" else {}
        if kind == "created":
            self._created(task, data)
        elif kind in ("linked", "unlinked"):
            self._link(task, _number(data["parent"]), data["relation"], kind == "linked")
        if kind == "claimed":
            self._claim(task, run or 0)
        elif run is not None and kind in ENDS:
            self._end(task, run, kind)
        elif run is not None and kind in WRITES and run not in self.held:
            self.say("S2", f"{kind} by run-{run}, which held nothing")
        if "from" in data:
            self._move(task, kind, data)
        if kind in ("done", "accepted") and self.open_subtasks[task]:
            self.say("S7", f"TASK-{task:03d} was {kind} with {self.open_subtasks[task]} open subtasks")
        if kind in ("approved", "rejected", "accepted", "changes_requested") and not event["actor"].endswith(
            "(person)"
        ):
            self.say("S12", f"{kind} on TASK-{task:03d} by {event['actor']}")

    def _created(self, task: int, data: Row) -> None:
        self.place[task] = (data["state"], "")
        for parent in data.get("parents", ()):
            self._link(task, _number(parent["id"]), parent["relation"], True)

    def _link(self, child: int, parent: int, relation: str, is_there: bool) -> None:
        change = 1 if is_there else -1
        above, below = (self.after, self.children) if relation == "after" else (self.parents, None)
        (above[child].add if is_there else above[child].discard)(parent)
        if below is not None:
            (below[parent].add if is_there else below[parent].discard)(child)
            self.unmet[child] += change * (self.place.get(parent, ("", ""))[0] != "done")
        else:
            self.open_subtasks[parent] += change * (self.place[child][0] not in CLOSED)

    def _claim(self, task: int, run: int) -> None:
        if task in self.holder:
            self.say("S1", f"run-{run} claimed TASK-{task:03d} while run-{self.holder[task]} held it")
        if run in self.claimed or run <= self.newest.get(task, 0):
            self.say("S1", f"the fence of TASK-{task:03d} did not rise to run-{run}")
        if self.place.get(task, ("", ""))[1] in ("asking", "parked"):
            self.say("S13", f"TASK-{task:03d} was claimed while it asked")
        if self.unmet[task] > 0:
            self.say("S6", f"TASK-{task:03d} was claimed with {self.unmet[task]} prerequisites open")
        self.claimed.add(run)
        self.holder[task], self.newest[task], self.held[run] = run, run, task

    def _end(self, task: int, run: int, kind: str) -> None:
        if kind == "reclaimed" and run in self.reclaimed:
            self.say("S16", f"run-{run} was reclaimed twice")
        elif self.holder.get(task) != run:
            self.say("S2", f"{kind} of run-{run} on TASK-{task:03d}, held by {self.holder.get(task)}")
        if kind in ("reclaimed", "done", "submitted") and self.place.get(task, ("", ""))[1] in ("asking", "parked"):
            self.say("S13", f"TASK-{task:03d} was {kind} while it asked")
        if kind == "reclaimed":
            self.reclaimed.add(run)
        self.held.pop(self.holder.pop(task, 0), None)

    def _move(self, task: int, kind: str, data: Row) -> None:
        was, to = data["from"], data.get("to", kind)
        here = self.place.get(task, ("", ""))[0]
        if here != was:
            self.say("S4", f"{kind} takes TASK-{task:03d} from {was}, but it was {here}")
        sources, targets = LEGAL.get(kind, ({was}, {to}))
        if was not in sources or to not in targets:
            self.say("S9", f"{kind} took TASK-{task:03d} from {was} to {to}")
        self.place[task] = (to, data.get("waits_as", ""))
        self._shift(task, here, to)

    def _shift(self, task: int, was: str, to: str) -> None:
        """Carry a move on to those who wait for it."""
        if (was == "done") != (to == "done"):
            for child in self.children.get(task, ()):
                self.unmet[child] += -1 if to == "done" else 1
        if (was in CLOSED) != (to in CLOSED):
            for parent in self.parents.get(task, ()):
                self.open_subtasks[parent] += -1 if to in CLOSED else 1


def _number(name: str) -> int:
    return int(name.rpartition("-")[2])
