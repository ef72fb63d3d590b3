"""Holds what clients were told against what the board holds."""

import json
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from tests.chaos.terms import Life, Op, Violation, digest


class Clients:
    """Holds what the clients were told against the board."""

    def __init__(self, life: Life, expected: frozenset[str]) -> None:
        self.expected = expected
        self.runs = {run["id"]: run for run in life.runs}
        self.last_event = life.events[-1]["id"] if life.events else 0
        self.titles: dict[str, set[int]] = defaultdict(set)
        for event in life.events:  # not the tasks' own: a title may be edited
            if event["kind"] == "created":
                self.titles[digest(json.loads(event["data"])["title"])].add(event["task_id"])
        self.notes = {digest(json.loads(event["data"]).get("note")) for event in life.events if event["kind"] == "note"}
        self.bodies = {digest(message["body"]) for message in life.messages}
        self.summaries = {(run["id"], digest(run["summary"])) for run in life.runs if run["summary"]}
        self.asked = {digest(row["summary"]) for row in life.approvals}

    def read(self, ops: Sequence[Op]) -> Iterator[Violation]:
        invoked = {(op.client, op.op): op.at for op in ops if op.kind == "invoke"}
        superseded = self._superseded(ops)
        holders: dict[int, str] = {}
        keys: dict[str, tuple[str, int]] = {}
        seen: dict[str, int] = {}
        for op in ops:
            if op.kind == "fail":
                yield from self._refused(op)
            elif op.kind == "ok":
                yield from self._granted(op, holders)
                yield from self._kept(op)
                if op.key and keys.setdefault(op.key, (op.digest, op.task)) != (op.digest, op.task):
                    yield Violation("S14", f"key {op.key} stands for {keys[op.key]} and {(op.digest, op.task)}")
                since = invoked.get((op.client, op.op), op.at)
                if op.run and since > superseded.get(op.run, since) and not self._is_repeated(op):
                    yield Violation("S2", f"{op.verb} of run-{op.run} was accepted after another run was granted")
                if not seen.get(op.client, 0) <= (op.event or self.last_event) <= self.last_event:
                    yield Violation("S3", f"{op.client} read event {op.event}, the board ends at {self.last_event}")
                seen[op.client] = max(op.event, seen.get(op.client, 0))

    def _superseded(self, ops: Iterable[Op]) -> dict[int, float]:
        """Return by run when somebody was first told of a later run of its task: from then on it has to be refused."""
        granted: dict[int, float] = {}
        for op in ops:
            if op.kind == "ok" and op.fence:
                granted[op.fence] = min(op.at, granted.get(op.fence, op.at))
        later: dict[int, float] = {}
        found: dict[int, float] = {}
        for run in sorted(self.runs, reverse=True):
            task = self.runs[run]["task_id"]
            if task in later:
                found[run] = later[task]
            if run in granted:
                later[task] = min(granted[run], later.get(task, granted[run]))
        return found

    def _is_repeated(self, op: Op) -> bool:
        run = self.runs.get(op.run)
        return run is not None and run["ended_by"] == "self" and run["verb"] == op.verb

    def _granted(self, op: Op, holders: dict[int, str]) -> Iterator[Violation]:
        if op.fence and holders.setdefault(op.fence, op.client) != op.client:
            yield Violation("S1", f"run-{op.fence} was given to {holders[op.fence]} and to {op.client}")
        if op.verb in ("approve", "reject") and op.level != "person":
            yield Violation("S12", f"{op.client} ({op.level}) was let {op.verb}")

    def _refused(self, op: Op) -> Iterator[Violation]:
        if op.error not in self.expected:
            yield Violation("L6", f"{op.client} was told {op.error} by {op.verb}")
        where: dict[str, Container[Any]] = {
            "create": self.titles, "heartbeat": self.notes, "comment": self.bodies,
            "complete": self.summaries, "request_approval": self.asked,
        }  # fmt: skip
        trace = (op.run, op.digest) if op.verb == "complete" else op.digest
        if op.digest and not op.key and trace in where.get(op.verb, ()):
            yield Violation("S17", f"{op.verb} of {op.client} was refused ({op.error}) and is on the board")

    def _kept(self, op: Op) -> Iterator[Violation]:
        if not self._has(op):
            yield Violation(
                "S3", f"acknowledged and lost: {op.verb} of {op.client}, op {op.op}, run-{op.run or op.fence}"
            )

    def _has(self, op: Op) -> bool:
        if op.verb == "create":
            return op.task in self.titles.get(op.digest, ())
        if op.verb == "claim":
            return not op.fence or (op.fence in self.runs and self.runs[op.fence]["task_id"] == op.task)
        if op.verb == "heartbeat":
            return not op.digest or op.digest in self.notes
        if op.verb == "comment":
            return op.digest in self.bodies
        if op.verb == "complete":
            return self._is_finished(op)
        if op.verb == "request_approval":
            return op.digest in self.asked
        wanted = {"block": ("snoozed", "blocked", "failed", "parked"), "fail": ("failed",)}.get(op.verb)
        return wanted is None or not op.run or (op.run in self.runs and self.runs[op.run]["outcome"] in wanted)

    def _is_finished(self, op: Op) -> bool:
        if not op.run:  # a call of somebody who holds one run names none
            return any(said == op.digest for _, said in self.summaries)
        return (op.run, op.digest) in self.summaries and self.runs[op.run]["outcome"] in ("done", "submitted")
