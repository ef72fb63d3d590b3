"""The summary of the demo: a fact that was not observed is said to be missing, and the command fails."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.cli.demo import command, plan, stage
from kanban_mcp.cli.demo.director import Seen, Strike
from kanban_mcp.cli.demo.facts import FACTS, Evidence, Fact, gather
from kanban_mcp.cli.demo.ground import Ground, UnitTests
from kanban_mcp.cli.demo.telling import Refusal
from kanban_mcp.service.results import Event, TaskView

AUTH, TESTS, DOCS, MIGRATION, TYPES = "TASK-001", "TASK-002", "TASK-004", "TASK-006", "TASK-007"
EMPTY: dict[str, Any] = {
    "next": "",
    "kind": "",
    "assignee": "",
    "priority": "normal",
    "attempt": None,
    "max_attempts": 3,
    "run": {},
    "context": "",
    "acceptance": [],
    "messages": [],
    "blocked": {},
    "approval": {},
    "subtasks": [],
    "comments": [],
    "siblings": [],
    "flags": [],
    "left_out": "",
}


def task(name: str, title: str, parents: tuple[tuple[str, str], ...] = (), **changed: Any) -> TaskView:
    fields = {
        **EMPTY,
        "id": name,
        "title": title,
        "state": "done",
        "parents": [{"id": parent, "relation": relation, "commit": f"of {parent}"} for relation, parent in parents],
        "previous_attempts": [],
        "result": {"commit": f"of {name}", "checks": [{"passed": True}]},
    }
    return TaskView(**(fields | changed))


def tried(run: str, branch: str) -> list[dict[str, str]]:
    return [{"run_id": run, "branch": branch}]


def story() -> list[tuple[str, str, str, str]]:
    """Return kind, task, run and worker of each event, in order; the number of an event is its time."""
    return [
        ("claimed", AUTH, "run-1", "implementer-1"),
        ("claimed", DOCS, "run-2", "documenter-1"),
        ("reclaimed", AUTH, "run-1", "board"),
        ("claimed", AUTH, "run-3", "implementer-2"),
        ("reclaimed", DOCS, "run-2", "board"),
        ("claimed", DOCS, "run-4", "documenter-2"),
        ("done", DOCS, "run-4", "documenter-2"),
        ("claimed", TYPES, "run-5", "implementer-3"),
        ("done", TYPES, "run-5", "implementer-3"),
        ("done", AUTH, "run-3", "implementer-2"),
        ("claimed", TESTS, "run-6", "tester-1"),
        ("done", TESTS, "run-6", "tester-1"),
        ("claimed", MIGRATION, "run-7", "implementer-3"),
        ("approval_requested", MIGRATION, "run-7", "implementer-3"),
        ("approved", MIGRATION, "", "mia"),
        ("done", MIGRATION, "run-7", "implementer-3"),
    ]


def events(rows: list[tuple[str, str, str, str]]) -> list[Event]:
    kinds = {"mia": "person", "board": "board"}
    return [
        Event(at, at * 1000, kind, name, run, f"{worker}@box ({kinds.get(worker, 'agent')})", {"note": "go"})
        for at, (kind, name, run, worker) in enumerate(rows, 1)
    ]


def refusals() -> list[Refusal]:
    return [
        Refusal(6_100, "documenter-1", "kanban_complete", "[lease_lost] run-2 no longer holds TASK-004. Next: stop."),
        Refusal(6_500, "documenter-2", "kanban_complete", "[gates_not_met] TASK-004 is not done."),
        Refusal(8_500, "implementer-2", "kanban_complete", "[gates_not_met] subtask TASK-007 is ready"),
        Refusal(14_100, "implementer-3", "kanban_approve", "[not_found] kanban_approve is not offered here"),
        Refusal(14_200, "implementer-3", "kanban_approve", "[forbidden] Only a person may approve TASK-006."),
    ]


@dataclass
class Git:
    """Which commit holds which; everything else does not."""

    pairs: set[tuple[str, str]]

    def holds(self, commit: str, ancestor: str) -> bool:
        return (commit, ancestor) in self.pairs


@pytest.fixture
def evidence() -> Evidence:
    seen = Seen(
        events=events(story()),
        refusals=refusals(),
        killed=Strike("implementer-1", AUTH, "run-1", 2_000, status=-9),
        frozen=Strike("documenter-1", DOCS, "run-2", 2_500, ended_ms=6_050),
        decided=True,
    )
    tasks = [
        task(AUTH, plan.AUTH, previous_attempts=tried("run-1", "work/implementer-1-1")),
        task(TESTS, plan.TESTS, (("after", AUTH),)),
        task(DOCS, plan.DOCS, previous_attempts=tried("run-2", "work/documenter-1-1")),
        task(MIGRATION, plan.MIGRATION, (("after", TESTS),)),
        task(TYPES, plan.TYPES, (("part_of", AUTH),)),
    ]
    pairs = {
        (f"of {AUTH}", "work/implementer-1-1"),
        (f"of {TESTS}", f"of {AUTH}"),
        (f"of {MIGRATION}", f"of {TESTS}"),
    }
    live = {"users": 3, "columns": ["name", "password_hash"], "migrated_at_ms": 15_100}
    return Evidence(seen, tasks, Git(pairs).holds, 12, "merged", UnitTests(8, True, ""), live)


def test_a_story_that_was_seen_whole_is_proven_and_told_with_its_numbers(evidence: Evidence) -> None:
    told = {fact.name: fact for fact in gather(evidence)}
    assert [fact.text for fact in told.values() if not fact.seen] == []
    assert "reclaimed 1.0 s after its worker implementer-1 was killed" in told["killed"].text
    assert "[lease_lost] run-2 no longer holds TASK-004." in told["frozen"].text
    assert 'approval by mia ("go"), migrated 0.1 s later' in told["approval"].text
    assert "5 of 5 tasks done, 12 commits, unittest: 8 tests pass" in told["finished"].text


def test_a_rejected_migration_that_did_not_run_is_proven_too(evidence: Evidence) -> None:
    rows = [row for row in story() if row[:2] != ("done", MIGRATION)]
    evidence.seen.events = events([("rejected", *row[1:]) if row[0] == "approved" else row for row in rows])
    evidence.tasks = [replace(each, state="blocked") if each.id == MIGRATION else each for each in evidence.tasks]
    evidence.live = {"users": 3, "columns": ["name", "password"], "migrated_at_ms": None}
    told = {fact.name: fact for fact in gather(evidence)}
    assert [fact.text for fact in told.values() if not fact.seen] == []
    assert "was rejected by mia, and live/shop.db was not touched" in told["approval"].text
    assert "4 of 5 tasks done (TASK-006 waits for your answer)" in told["finished"].text


def without(evidence: Evidence, kind: str, name: str) -> None:
    evidence.seen.events = [event for event in evidence.seen.events if (event.kind, event.task_id) != (kind, name)]


def unrefused(evidence: Evidence, who: str, code: str) -> None:
    evidence.seen.refusals = [each for each in evidence.seen.refusals if (each.who, each.code) != (who, code)]


def by(evidence: Evidence, kind: str, name: str, **changed: Any) -> None:
    evidence.seen.events = [
        replace(event, **changed) if (event.kind, event.task_id) == (kind, name) else event
        for event in evidence.seen.events
    ]


def holding(evidence: Evidence, *pairs: tuple[str, str]) -> None:
    evidence.holds = Git(set(pairs)).holds


def retold(evidence: Evidence, name: str, **changed: Any) -> None:
    evidence.tasks = [replace(each, **changed) if each.id == name else each for each in evidence.tasks]


def in_place(target: Any, **changed: Any) -> None:
    for name, value in changed.items():
        setattr(target, name, value)


MISSING: dict[str, tuple[str, str, Callable[[Evidence], None]]] = {
    "nobody was killed": ("killed", "no worker was killed", lambda e: in_place(e.seen, killed=None)),
    "it ended by itself": ("killed", "not by SIGKILL", lambda e: in_place(e.seen.killed, status=0)),
    "it never came back": ("killed", "no 'reclaimed' event", lambda e: without(e, "reclaimed", AUTH)),
    "reclaimed too early": ("killed", "before its worker was killed", lambda e: in_place(e.seen.killed, at_ms=3_500)),
    "finished by itself": ("killed", "finished it itself", lambda e: by(e, "done", AUTH, run_id="run-1")),
    "the dead one's work is lost": ("killed", "lacks the commit", lambda e: holding(e)),
    "it never woke up": ("frozen", "never came back", lambda e: in_place(e.seen.frozen, ended_ms=0)),
    "nobody was frozen": ("frozen", "no worker was frozen", lambda e: in_place(e.seen, frozen=None)),
    "the late write passed": ("frozen", "no [lease_lost]", lambda e: unrefused(e, "documenter-1", "lease_lost")),
    "a refusal from before": ("frozen", "no [lease_lost]", lambda e: in_place(e.seen.frozen, ended_ms=7_000)),
    "the late commit was merged": (
        "frozen",
        "is in the merged result",
        lambda e: holding(e, ("merged", "work/documenter-1-1")),
    ),
    "the false done passed": (
        "false_done",
        "no [gates_not_met]",
        lambda e: unrefused(e, "documenter-2", "gates_not_met"),
    ),
    "a check did not pass": (
        "false_done",
        "not every check",
        lambda e: retold(e, DOCS, result={"commit": "c", "checks": [{"passed": False}]}),
    ),
    "the parent was not held back": (
        "subtask",
        "no [gates_not_met]",
        lambda e: unrefused(e, "implementer-2", "gates_not_met"),
    ),
    "no subtask": ("subtask", "it is no subtask", lambda e: retold(e, TYPES, parents=[])),
    "began too early": ("sequence", "TASK-002 began before TASK-001 was done", lambda e: by(e, "claimed", TESTS, id=0)),
    "built on something else": ("sequence", "TASK-002 lacks the work of TASK-001", lambda e: holding(e)),
    "two on one task": ("exclusive", "TASK-001 was claimed twice", lambda e: without(e, "reclaimed", AUTH)),
    "an agent approved": (
        "approval",
        "who is no person",
        lambda e: by(e, "approved", MIGRATION, actor="implementer-3@box (agent)"),
    ),
    "nobody decided": ("approval", "nobody decided", lambda e: without(e, "approved", MIGRATION)),
    "the worker was let in": ("approval", "no [forbidden]", lambda e: unrefused(e, "implementer-3", "forbidden")),
    "migrated before the grant": (
        "approval",
        "did not run after",
        lambda e: in_place(e, live={"migrated_at_ms": 14_900}),
    ),
    "not migrated": ("approval", "did not run after", lambda e: in_place(e, live={})),
    "a task is open": ("finished", "TASK-002 is ready", lambda e: retold(e, TESTS, state="ready")),
    "a test fails": ("finished", "fails its tests", lambda e: in_place(e, tests=UnitTests(8, False, "FAILED"))),
    "a conflict": ("finished", "could not merge", lambda e: in_place(e, conflicts="git could not merge")),
    "a worker ended": ("trouble", "tester-1", lambda e: in_place(e.seen, trouble="ended by themselves: tester-1")),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_was_not_observed_is_named_as_missing(evidence: Evidence, case: str) -> None:
    name, words, spoil = MISSING[case]
    spoil(evidence)
    (fact,) = [fact for fact in gather(evidence) if fact.name == name]
    assert not fact.seen
    assert words in fact.text


def test_every_fact_has_a_case_in_which_it_is_missing() -> None:
    assert {name for name, _, _ in MISSING.values()} == {fact.__name__ for fact in FACTS} | {"trouble"}


@pytest.mark.parametrize(("seen", "code"), [(True, 0), (False, 1)])
def test_the_command_fails_when_a_fact_is_missing(
    evidence: Evidence,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seen: bool,
    code: int,
) -> None:
    async def perform(*_: object) -> stage.Outcome:
        return stage.Outcome([Fact("killed", True, "told"), Fact("frozen", seen, "the late write")], evidence, 1.0)

    monkeypatch.setattr(stage, "perform", perform)
    monkeypatch.setattr("kanban_mcp.cli.demo.ground.prepare", lambda _place: None)
    assert command.run(tmp_path / "demo", is_unattended=True, as_json=False, is_fast=True) == code
    output = capsys.readouterr().out
    assert ("✗ the late write" in output) is not seen
    assert f"cd {Ground(tmp_path / 'demo').repository}" in output
