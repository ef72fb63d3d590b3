"""Every command with --json prints exactly the object that the board answers."""

import json
from pathlib import Path
from typing import Any

from kanban_mcp.cli.app import COMMANDS
from kanban_mcp.service.board import Board
from kanban_mcp.service.results import Done
from kanban_mcp.service.session import Session
from tests.cli.conftest import Ask, Cli, direct
from tests.conftest import Clock

PLAN = [
    {"ref": "api", "title": "Write the API", "assignee": "implementer", "acceptance": ["file:api.py"]},
    {"ref": "test", "title": "Test the API", "assignee": "tester", "after": ["api"], "priority": "high"},
]
Step = tuple[str | None, list[str], Ask]


def _steps(plan: Path) -> list[Step]:
    """Return a life of several tasks: who, the command, the same call on the board."""
    return [
        (None, ["create", "Write the parser", "--role", "implementer", "-c", "All of it", "-a", "file:parser.py"],
         lambda b, s: b.create(s, title="Write the parser", assignee="implementer", context="All of it",
                               acceptance=["file:parser.py"])),
        (None, ["create", "Test the parser", "-p", "TASK-001", "--relation", "after", "--priority", "high"],
         lambda b, s: b.create(s, title="Test the parser", parents=["TASK-001"], relation="after", priority="high")),
        (None, ["plan", str(plan), "--dry-run"], lambda b, s: b.plan(s, tasks=PLAN, dry_run=True)),
        (None, ["plan", str(plan), "--key", "k1"], lambda b, s: b.plan(s, tasks=PLAN, idempotency_key="k1")),
        (None, ["plan", str(plan), "--key", "k1"], lambda b, s: b.plan(s, tasks=PLAN, idempotency_key="k1")),
        (None, ["update", "1", "--no-acceptance", "--review", "human", "--title", "Write the whole parser"],
         lambda b, s: b.update(s, task_id="1", acceptance=[], review="human", title="Write the whole parser")),
        (None, ["link", "4", "1"], lambda b, s: b.link(s, task_id="4", parent="1")),
        (None, ["link", "4", "1", "--remove"], lambda b, s: b.link(s, task_id="4", parent="1", remove=True)),
        (None, ["pause"], lambda b, s: _paused(b, s, True)),
        ("w1", ["claim", "--role", "implementer"], lambda b, s: b.claim(s, assignee="implementer")),
        (None, ["resume"], lambda b, s: _paused(b, s, False)),
        ("w1", ["claim", "1", "--role", "implementer"], lambda b, s: b.claim(s, assignee="implementer", task_id="1")),
        ("w1", ["heartbeat", "--note", "reading", "--expect", "600"],
         lambda b, s: b.heartbeat(s, note="reading", expect_s=600)),
        (None, ["comment", "1", "-m", "Mind the tabs"], lambda b, s: b.comment(s, task_id="1", body="Mind the tabs")),
        ("w1", ["heartbeat"], lambda b, s: b.heartbeat(s)),
        ("w1", ["show"], lambda b, s: b.show(s)),
        ("w1", ["block", "-m", "Which encoding should files have?", "--option", "utf-8", "--option", "latin-1"],
         lambda b, s: b.block(s, reason="Which encoding should files have?", options=["utf-8", "latin-1"])),
        (None, ["answer", "1", "-m", "utf-8"], lambda b, s: b.answer(s, task_id="1", answer="utf-8")),
        ("w1", ["claim", "1", "--role", "implementer"], lambda b, s: b.claim(s, assignee="implementer", task_id="1")),
        (None, ["stop", "1", "-m", "Not today"], lambda b, s: b.stop(s, task_id="1", reason="Not today")),
        (None, ["board"], lambda b, s: b.view(s, per_column=8)),
        (None, ["inbox", "-n", "5"], lambda b, s: b.inbox(s, limit=5)),
        (None, ["answer", "1", "-m", "utf-8"], lambda b, s: b.answer(s, task_id="1", answer="utf-8")),
        ("w1", ["claim", "1", "--role", "implementer"], lambda b, s: b.claim(s, assignee="implementer", task_id="1")),
        ("w1", ["complete", "-m", "Parser reads all samples; 14 tests pass", "--metadata", '{"tests": 14}'],
         lambda b, s: b.complete(s, summary="Parser reads all samples; 14 tests pass", metadata={"tests": 14})),
        (None, ["reject", "1", "-m", "No test for tabs"],
         lambda b, s: b.reject(s, task_id="1", note="No test for tabs")),
        ("w1", ["claim", "1", "--role", "implementer"], lambda b, s: b.claim(s, assignee="implementer", task_id="1")),
        ("w1", ["complete", "TASK-001", "-m", "Tabs are tested too now"],
         lambda b, s: b.complete(s, summary="Tabs are tested too now", task_id="TASK-001")),
        (None, ["approve", "1"], lambda b, s: b.approve(s, task_id="1")),
        ("w2", ["claim", "3", "--role", "implementer"], lambda b, s: b.claim(s, assignee="implementer", task_id="3")),
        ("w2", ["fail", "-m", "The API framework is not installed", "--no-retry"],
         lambda b, s: b.fail(s, reason="The API framework is not installed", retry=False)),
        (None, ["list"], lambda b, s: b.list(s)),
        (None, ["list", "--state", "pending", "--role", "tester", "-n", "1"],
         lambda b, s: b.list(s, state="pending", assignee="tester", limit=1)),
        (None, ["retry", "3", "-m", "It is installed now"],
         lambda b, s: b.retry(s, task_id="3", note="It is installed now")),
        (None, ["cancel", "3", "-m", "Not needed", "--subtree"],
         lambda b, s: b.cancel(s, task_id="3", reason="Not needed", subtree=True)),
        (None, ["archive", "3"], lambda b, s: b.archive(s, task_id="3")),
        (None, ["show", "3"], lambda b, s: b.show(s, task_id="3")),
        (None, ["show"], lambda b, s: b.show(s)),
        (None, ["board", "--cards", "1"], lambda b, s: b.view(s, per_column=1)),
    ]  # fmt: skip


async def _paused(board: Board, session: Session, paused: bool) -> Any:
    await board.pause(session, paused=paused)
    return Done("", "", "", "", [], [])


def test_every_command_prints_what_the_board_answers(ready: Cli, board_clock: Clock, project: Path) -> None:
    twin = project / "twin.db"
    assert ready("init", "--db", str(twin)).code == 0
    plan = project / "plan.json"
    plan.write_text(json.dumps({"tasks": PLAN}))
    for session, words, verb in _steps(plan):
        ready.as_session(session)
        printed, expected = ready.ok(*words), direct(twin, verb)
        if words[0] not in ("pause", "resume"):
            assert printed == expected, words
            assert list(printed) == list(expected), f"{words}: the reading order"
        board_clock.advance(1_000)
    log = [json.loads(line) for line in ready("log", "-n", "1000", "--json").out.splitlines()]
    assert [event["id"] for event in log] == list(range(1, len(log) + 1))


def test_no_command_that_makes_a_call_is_left_out_above() -> None:
    others = set(
        "init uninstall config serve reaper log digest stats backup doctor hook import export completions".split()
    ) & {name for _, name, _ in COMMANDS}
    assert {words[0] for _, words, _ in _steps(Path())} == {name for _, name, _ in COMMANDS} - others


def test_the_same_for_people_is_a_few_lines(ready: Cli) -> None:
    assert ready("create", "Write the parser", "--role", "implementer").out.splitlines()[0] == "TASK-001 · ready"
    assert "TASK-001  ready  implementer  Write the parser" in ready("list").out
    claimed = ready("claim", "--role", "implementer").out
    assert "in_progress · implementer · normal · attempt 1 of 3" in claimed
    assert "kanban-mcp complete" in claimed
    assert "kanban_" not in claimed
    assert ready("heartbeat", "-m", "reading").out.startswith("TASK-001 · run-1, lease 300 s\n")
    assert "note: reading" in ready("show").out
    assert ready("fail", "-m", "The sample files are missing").out.startswith("TASK-001 · ready")
    assert "1. failed" in ready("show", "1").out


def test_an_empty_claim_says_why_and_is_no_failure(ready: Cli) -> None:
    ran = ready("claim")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Nothing taken · none_ready")
