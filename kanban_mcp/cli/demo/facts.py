"""What the demo proved. Every fact is read from the board's events, from git or from a refused call's own text.

A fact that was not observed says what is missing; nothing here is said because the script intended it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kanban_mcp.cli.demo import plan
from kanban_mcp.cli.demo.director import Seen, Strike
from kanban_mcp.cli.demo.ground import UnitTests
from kanban_mcp.cli.demo.telling import Refusal, who
from kanban_mcp.service.results import Event, TaskView

KILLED = -9
_OPENS = "claimed"
_CLOSES = frozenset("done submitted reclaimed failed blocked waiting snoozed parked cancelled".split())


class Missing(Exception):
    """Something that a fact needs was not observed."""


@dataclass(frozen=True)
class Fact:
    """One line of the summary. `seen` is False when something of it was not observed; `text` then says what."""

    name: str
    seen: bool
    text: str


@dataclass
class Evidence:
    """Everything the facts are read from, once the demo is over.

    `holds(commit, ancestor)` asks git whether a commit's history contains another.
    """

    seen: Seen
    tasks: Sequence[TaskView]
    holds: Callable[[str, str], bool]
    commits: int = 0
    merged: str = ""
    tests: UnitTests | None = None
    live: dict[str, Any] = field(default_factory=dict)
    conflicts: str = ""

    def task(self, title: str) -> TaskView:
        """Return the task of this title."""
        found = next((task for task in self.tasks if task.title == title), None)
        if found is None:
            raise Missing(f"there is no task {title!r}")
        return found

    def event(self, kind: str, *, task: str = "", run: str = "") -> Event:
        """Return the first event of a kind on a task or of a run."""
        for event in self.seen.events:
            if event.kind == kind and task in ("", event.task_id) and run in ("", event.run_id):
                return event
        raise Missing(f"no {kind!r} event of {run or task or 'the board'}")

    def refusal(self, by: str, code: str, tool: str, *, after_ms: int = 0) -> Refusal:
        """Return the first refusal of a worker's call with this code."""
        for refusal in self.seen.refusals:
            if (refusal.who, refusal.code, refusal.tool) == (by, code, tool) and refusal.at_ms >= after_ms:
                return refusal
        raise Missing(f"no [{code}] was answered to {by}'s {tool}")

    def done_by_another(self, strike: Strike) -> Event:
        """Return the event by which another worker's run finished the task that was taken from this one."""
        done = self.event("done", task=strike.task_id)
        _require(done.run_id != strike.run_id and who(done.actor) != strike.who, f"{strike.who} finished it itself")
        return done

    def branch(self, strike: Strike) -> str:
        """Return the branch of a run that was taken back, as the board names it."""
        task = next((task for task in self.tasks if task.id == strike.task_id), None)
        for attempt in _need(task, f"{strike.task_id} is gone").previous_attempts:
            if attempt["run_id"] == strike.run_id:
                return str(attempt["branch"])
        raise Missing(f"{strike.run_id} is not among the attempts of {strike.task_id}")


def _need(value: Any, otherwise: str) -> Any:
    if value is None:
        raise Missing(otherwise)
    return value


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Missing(otherwise)


def killed(e: Evidence) -> str:
    """A worker was killed; its task came back and another worker finished it from its commit."""
    strike: Strike = _need(e.seen.killed, "no worker was killed")
    _require(strike.status == KILLED, f"{strike.who} ended with {strike.status}, not by SIGKILL")
    reclaimed = e.event("reclaimed", run=strike.run_id)
    _require(reclaimed.at_ms >= strike.at_ms, f"{strike.run_id} was reclaimed before its worker was killed")
    done = e.done_by_another(strike)
    result = e.task(plan.AUTH).result.get("commit", "")
    _require(e.holds(result, e.branch(strike)), f"the result lacks the commit of {strike.run_id}")
    after_s = (reclaimed.at_ms - strike.at_ms) / 1000
    return (
        f"{strike.task_id} was reclaimed {after_s:.1f} s after its worker {strike.who} was killed, "
        f"and finished by {done.run_id} ({who(done.actor)}) from the dead worker's commit"
    )


def frozen(e: Evidence) -> str:
    """A worker came back after its lease: its write was refused, and its commit is in nobody's result."""
    strike: Strike = _need(e.seen.frozen, "no worker was frozen")
    _require(strike.ended_ms > 0, f"{strike.who} never came back")
    e.event("reclaimed", run=strike.run_id)
    refusal = e.refusal(strike.who, "lease_lost", "kanban_complete", after_ms=strike.ended_ms)
    _require(strike.run_id in refusal.text, f"the refusal does not speak of {strike.run_id}")
    e.done_by_another(strike)
    _require(not e.holds(e.merged, e.branch(strike)), f"the late commit of {strike.who} is in the merged result")
    away_s = (strike.ended_ms - strike.at_ms) / 1000
    return f"{strike.run_id} ({strike.who}) came back after {away_s:.1f} s; its late write was refused: {refusal.what}"


def false_done(e: Evidence) -> str:
    """A task that was not done was not accepted as done; the same run then fixed it."""
    task = e.task(plan.DOCS)
    done = e.event("done", task=task.id)
    refusal = e.refusal(who(done.actor), "gates_not_met", "kanban_complete")
    _require(refusal.at_ms < done.at_ms, "the refusal came after the task was done")
    checks = task.result.get("checks") or []
    _require(bool(checks) and all(check["passed"] for check in checks), f"not every check of {task.id} passed")
    return f"A false done of {task.id} was refused, then fixed ({len(checks)} checks passed): {refusal.what}"


def subtask(e: Evidence) -> str:
    """A task could not be done before the subtask that its own run had made."""
    parent, child = e.task(plan.AUTH), e.task(plan.TYPES)
    _require({"part_of": parent.id} in [{link["relation"]: link["id"]} for link in child.parents], "it is no subtask")
    first, last = e.event("done", task=child.id), e.event("done", task=parent.id)
    refusal = e.refusal(who(last.actor), "gates_not_met", "kanban_complete")
    _require(child.id in refusal.text and refusal.at_ms <= first.at_ms <= last.at_ms, "the parent was not held back")
    return f"{parent.id} could not be done before its subtask {child.id} ({who(first.actor)} did it)"


def sequence(e: Evidence) -> str:
    """Dependents began after their parents were done, and from their result commits."""
    waited = []
    for task in e.tasks:
        for link in task.parents:
            if link["relation"] != "after":
                continue
            began, done = e.event("claimed", task=task.id), e.event("done", task=link["id"])
            _require(done.id < began.id, f"{task.id} began before {link['id']} was done")
            builds_on_it = e.holds(task.result.get("commit", ""), link["commit"])
            _require(task.state != "done" or builds_on_it, f"{task.id} lacks the work of {link['id']}")
            waited.append(f"{task.id} on {link['id']}")
    _require(bool(waited), "no task waited for another")
    return f"Tasks waited for their parents and built on their commits: {', '.join(waited)}"


def exclusive(e: Evidence) -> str:
    """No task ever had two open runs, while several workers worked at a time."""
    open_runs: dict[str, str] = {}
    most, workers, runs = 0, set[str](), 0
    for event in e.seen.events:
        if event.kind == _OPENS:
            _require(event.task_id not in open_runs, f"{event.task_id} was claimed twice")
            open_runs[event.task_id] = event.run_id
            workers.add(event.actor)
            runs += 1
        elif event.kind in _CLOSES and open_runs.get(event.task_id) == event.run_id:
            del open_runs[event.task_id]
        most = max(most, len(open_runs))
    _require(most > 1, "no two workers worked at a time")
    return f"{len(workers)} workers did {runs} runs, up to {most} at a time, never two on one task"


def approval(e: Evidence) -> str:
    """The risky step ran after a person granted it and not otherwise; the worker could not grant it itself."""
    task = e.task(plan.MIGRATION)
    asked = e.event("approval_requested", task=task.id)
    worker = who(asked.actor)
    not_offered = e.refusal(worker, "not_found", "kanban_approve", after_ms=asked.at_ms)
    refusal = e.refusal(worker, "forbidden", "kanban_approve", after_ms=asked.at_ms)
    decided = next((each for each in e.seen.events if each.kind in ("approved", "rejected")), None)
    decision: Event = _need(decided, "nobody decided")
    _require(decision.actor.endswith("(person)"), f"{decision.actor} decided, who is no person")
    _require(max(refusal.at_ms, not_offered.at_ms) <= decision.at_ms, "the worker's own try came too late to tell")
    ran_ms: int = e.live.get("migrated_at_ms") or 0
    tried = f"{worker}'s own try was refused: {refusal.what}"
    if decision.kind == "rejected":
        _require("password" in e.live.get("columns", []), "the migration ran although it was rejected")
        return f"{task.id} was rejected by {who(decision.actor)}, and live/shop.db was not touched; {tried}"
    _require(ran_ms >= decision.at_ms, "the migration did not run after the grant")
    after_s = (ran_ms - decision.at_ms) / 1000
    note = f' ("{decision.data["note"]}")' if decision.data.get("note") else ""
    return f"{task.id}: approval by {who(decision.actor)}{note}, migrated {after_s:.1f} s later; {tried}"


def finished(e: Evidence) -> str:
    """Everything is done (what a person rejected stays with them) and the merged result passes its tests."""
    left = [task for task in e.tasks if task.state != "done"]
    rejected = any(event.kind == "rejected" for event in e.seen.events)
    stays = [task for task in left if rejected and task.title == plan.MIGRATION and task.state == "blocked"]
    _require(left == stays, f"not done: {', '.join(f'{task.id} is {task.state}' for task in left)}")
    _require(not e.conflicts, e.conflicts)
    tests: UnitTests = _need(e.tests, "the tests were not run")
    _require(tests.passed, f"the merged result fails its tests: {tests.output[-500:]}")
    waits = f" ({stays[0].id} waits for your answer)" if stays else ""
    done = len(e.tasks) - len(left)
    return f"{done} of {len(e.tasks)} tasks done{waits}, {e.commits} commits, unittest: {tests} on the merged result"


FACTS: tuple[Callable[[Evidence], str], ...] = (
    sequence, exclusive, killed, frozen, false_done, subtask, approval, finished
)  # fmt: skip


def gather(evidence: Evidence) -> list[Fact]:
    """Return every fact, observed or not; trouble while running is one that was not."""
    facts = [_fact(fact, evidence) for fact in FACTS]
    if evidence.seen.trouble:
        facts.append(Fact("trouble", False, evidence.seen.trouble))
    return facts


def _fact(fact: Callable[[Evidence], str], evidence: Evidence) -> Fact:
    try:
        return Fact(fact.__name__, True, fact(evidence))
    except Missing as missing:
        return Fact(fact.__name__, False, f"{(fact.__doc__ or '').splitlines()[0]} Not observed: {missing}.")
