"""Completion is checked by the board: every failure at once, nothing changed by a refusal (promise 2)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.domain.checks import CheckJob, Findings
from kanban_mcp.domain.errors import GatesNotMet, Invalid, LeaseLost, WeakSummary
from kanban_mcp.domain.evidence import Check
from kanban_mcp.service.board import Board
from tests.conftest import Clock, MakeBoard, orchestrator, person, worker
from tests.service.conftest import Refused
from tests.service.helpers import MINUTE, SUMMARY, Eyes, ask, done, failed, ready, state, take

GOOD = Check("file", "report.md", True, "12 bytes")
BAD = Check("file", "other.md", False, "missing in the workdir")
UNSEEN = Check("judge", "reads well", None, "not checked by this version")
FILE = [{"kind": "file", "path": "report.md"}]


async def test_the_example_of_the_source_completes(board: Board, board_path: Path) -> None:
    s = worker("w")
    task = await take(board, s)
    answer = await board.complete(
        s,
        summary="Implemented OAuth2 flow, 14 tests pass",
        metadata={"files_changed": ["src/auth/oauth.ts"], "tests_added": 14},
    )
    assert (answer.task_id, answer.state) == (task, "done")
    assert ask(board_path, "SELECT outcome || ended_by FROM runs") == "doneself"
    after = await ready(board, parents=[task])
    shown = await board.show(orchestrator(), task_id=after)
    assert shown.parents[0]["summary"] == "Implemented OAuth2 flow, 14 tests pass"  # type: ignore[union-attr]
    assert shown.parents[0]["files"] == "src/auth/oauth.ts"  # type: ignore[union-attr]


@pytest.mark.proves("T6")
@pytest.mark.parametrize("summary", ["done", "", "Write the parser", "All done, everything works"])
async def test_a_summary_that_says_nothing_is_refused_alone_by_its_own_code(
    board: Board, refused: Refused, summary: str
) -> None:
    s = worker("w")
    await take(board, s)
    with refused(WeakSummary, r"says nothing\. Next: kanban_complete\(summary="):
        await board.complete(s, summary=summary)


@pytest.mark.proves("hermes-13")
@pytest.mark.parametrize("how", ["ready", "pending", "in_progress", "blocked", "failed", "triage"])
async def test_a_parent_cannot_complete_before_its_subtasks(board: Board, refused: Refused, how: str) -> None:
    """seeds/001: completing task before child tasks finish. A failed subtask counts as open."""
    s, sub_worker = worker("w"), worker("sub")
    parent = await take(board, s)
    first = await ready(board)
    made = await board.create(
        s, title="Part", parents=[parent, *([first] if how == "pending" else [])], triage=how == "triage"
    )
    sub = made.task_id
    if how == "failed":
        await failed(board, sub)
    elif how in ("in_progress", "blocked"):
        await take(board, sub_worker, sub)
        if how == "blocked":
            await board.block(sub_worker, reason="Which redirect URI in staging?")
    with refused(GatesNotMet, rf"1 of 1 checks failed: 1\. subtask {sub} is {how}") as caught:
        await board.complete(s, task_id=parent, summary=SUMMARY)
    assert "Nothing changed; you still hold it, lease 300 s" in str(caught.value)


@pytest.mark.parametrize("how", ["done", "cancelled"])
async def test_done_and_cancelled_subtasks_do_not_hold_up_their_parent(board: Board, how: str) -> None:
    s = worker("w")
    parent = await take(board, s)
    sub = (await board.create(s, title="Part", parents=[parent])).task_id
    if how == "done":
        await done(board, sub)
    else:
        await board.cancel(person(), task_id=sub)
    assert (await board.complete(s, task_id=parent, summary=SUMMARY)).state == "done"


async def test_every_failure_is_reported_at_once(make_board: MakeBoard, refused: Refused) -> None:
    board = make_board(verifier=Eyes(Findings((GOOD, BAD))))
    s = worker("w")
    parent = await take(board, s, await ready(board, acceptance=["file: other.md"]))
    await board.create(s, title="Part", parents=[parent])
    with refused(GatesNotMet) as caught:
        await board.complete(s, summary="done", evidence=FILE)
    text = str(caught.value)
    assert "3 of 4 checks failed: 1. subtask TASK-002 is ready" in text
    assert "2. file other.md: missing in the workdir" in text
    assert '3. summary "done" says nothing' in text
    assert "Passed: report.md." in text
    assert caught.value.failures[1] == BAD.failure  # type: ignore[attr-defined]


@pytest.mark.proves("S15")
async def test_acceptance_without_anything_that_can_be_looked_at_is_refused(
    make_board: MakeBoard, refused: Refused
) -> None:
    board = make_board(verifier=Eyes(Findings((GOOD,))))
    s = worker("w")
    await take(board, s, await ready(board, acceptance=["file: report.md"]))
    with refused(GatesNotMet, "nothing that can be looked at"):
        await board.complete(s, summary=SUMMARY)
    with refused(GatesNotMet, "nothing that can be looked at"):
        await board.complete(s, summary=SUMMARY, evidence=[{"kind": "command", "run": "pytest", "exit_code": 0}])
    assert (await board.complete(s, summary=SUMMARY, evidence=FILE)).state == "done"


@pytest.mark.proves("hermes-40")
async def test_a_claimed_command_is_recorded_and_neither_passes_nor_fails_anything(
    make_board: MakeBoard, board_path: Path
) -> None:
    said = Check("command", "pytest -q", None, "as the worker says: exit 0")
    board = make_board(verifier=Eyes(Findings((said,))))
    s = worker("w")
    await take(board, s)
    answer = await board.complete(
        s, summary=SUMMARY, evidence=[{"kind": "command", "run": "pytest -q", "exit_code": 0}]
    )
    assert answer.state == "done"
    assert "pytest -q" in ask(board_path, "SELECT evidence FROM runs")


@pytest.mark.proves("hermes-41")
async def test_what_could_not_be_looked_at_goes_to_a_person_and_never_passes_or_fails(
    make_board: MakeBoard, board_path: Path
) -> None:
    """hermes 41: no verdict is no verdict."""
    board = make_board(verifier=Eyes(Findings((GOOD, UNSEEN))))
    s = worker("w")
    task = await take(board, s, await ready(board, acceptance=["reads well"]))
    after = await ready(board, parents=[task])
    answer = await board.complete(s, summary=SUMMARY, evidence=FILE)
    assert answer.state == "awaiting_review"
    assert await state(board, task) == ("awaiting_review", "review")
    assert (await state(board, after))[0] == "pending"
    assert ask(board_path, "SELECT outcome || counted FROM runs") == "submitted0"
    assert ask(board_path, "SELECT counted FROM tasks") == 0


@pytest.mark.parametrize("field", [{"review": "human"}, {"verify": "verifier"}], ids=str)
async def test_a_task_that_wants_to_be_looked_at_is_submitted_not_done(board: Board, field: dict[str, Any]) -> None:
    s = worker("w")
    task = await ready(board)
    await board.update(orchestrator(), task_id=task, **field)
    await take(board, s, task)
    answer = await board.complete(s, summary=SUMMARY)
    assert (answer.state, await state(board, task)) == ("awaiting_review", ("awaiting_review", "review"))


@pytest.mark.proves("hermes-41")
async def test_a_subtask_made_between_the_checks_and_the_swap_is_seen(make_board: MakeBoard, board_path: Path) -> None:
    eyes = Eyes(Findings((GOOD,)))
    board, other = make_board(verifier=eyes), make_board()
    s = worker("w")
    task = await take(board, s, await ready(board, acceptance=["file: report.md"]))

    async def hang_one_under_it(_: CheckJob) -> None:
        await other.create(orchestrator("late"), title="Part", parents=[task], relation="part_of")

    eyes.meanwhile = hang_one_under_it
    with pytest.raises(GatesNotMet, match="subtask TASK-002 is ready"):
        await board.complete(s, summary=SUMMARY, evidence=FILE)
    assert (await state(board, task))[0] == "in_progress"


async def test_a_run_lost_while_its_checks_ran_completes_nothing(make_board: MakeBoard, clock: Clock) -> None:
    eyes = Eyes(Findings((GOOD,)))
    board, other = make_board(verifier=eyes), make_board()
    s = worker("w")
    task = await take(board, s, await ready(board, acceptance=["file: report.md"]))

    async def lose_it(_: CheckJob) -> None:
        clock.advance(5 * MINUTE)
        await take(other, worker("quick"), task)

    eyes.meanwhile = lose_it
    with pytest.raises(LeaseLost, match="run-2"):
        await board.complete(s, summary=SUMMARY, evidence=FILE)
    assert (await state(board, task))[0] == "in_progress"


async def test_criteria_that_were_added_while_the_checks_ran_are_checked_too(make_board: MakeBoard) -> None:
    """Findings of other criteria prove nothing about these."""
    eyes = Eyes(Findings((GOOD,)))
    board, other = make_board(verifier=eyes), make_board()
    s = worker("w")
    task = await take(board, s, await ready(board, acceptance=["file: report.md"]))

    async def ask_for_more(job: CheckJob) -> None:
        if len(job.acceptance) == 1:
            await other.update(orchestrator("o"), task_id=task, acceptance=["file: report.md", "file: other.md"])
            eyes.findings = Findings((GOOD, BAD))

    eyes.meanwhile = ask_for_more
    with pytest.raises(GatesNotMet, match=r"other\.md"):
        await board.complete(s, summary=SUMMARY, evidence=FILE)
    assert [len(job.acceptance) for job in eyes.jobs] == [1, 2]


async def test_checks_longer_than_the_call_waits_go_on_and_the_next_call_resumes_them(
    make_board: MakeBoard, clock: Clock
) -> None:
    go = asyncio.Event()
    eyes = Eyes(Findings((GOOD,)), lambda _: go.wait())
    board = make_board(verifier=eyes)
    s = worker("w")
    task = await take(board, s, await ready(board, acceptance=["file: report.md"]))
    clock.advance(4 * MINUTE)
    first = await board.complete(s, summary=SUMMARY, evidence=FILE, wait_s=0.01)
    assert first.state == "checking"
    assert "call kanban_complete again" in first.next
    shown = await board.show(s, task_id=task)
    assert (shown.state, shown.run["lease_expires_in_s"]) == ("in_progress", 300)  # type: ignore[union-attr]
    go.set()
    assert (await board.complete(s, summary=SUMMARY, evidence=FILE)).state == "done"
    assert len(eyes.jobs) == 1


async def test_other_evidence_is_checked_anew(make_board: MakeBoard) -> None:
    go = asyncio.Event()
    eyes = Eyes(Findings((GOOD,)), lambda _: go.wait())
    board = make_board(verifier=eyes)
    s = worker("w")
    await take(board, s)
    assert (await board.complete(s, summary=SUMMARY, evidence=FILE, wait_s=0.01)).state == "checking"
    go.set()
    await board.complete(s, summary=SUMMARY, evidence=[{"kind": "file", "path": "other.md"}])
    assert [job.evidence[0].subject for job in eyes.jobs] == ["report.md", "other.md"]


async def test_completing_says_what_it_made_ready(board: Board) -> None:
    s = worker("w")
    first, second = await take(board, s), await ready(board, "other")
    one = await ready(board, parents=[first])
    await ready(board, parents=[first, second])
    assert (await board.complete(s, summary=SUMMARY)).now_ready == [one]


async def test_metadata_is_kept_as_it_was_sent_or_refused(board: Board, board_path: Path, refused: Refused) -> None:
    s = worker("w")
    await take(board, s)
    with refused(Invalid, "metadata"):
        await board.complete(s, summary=SUMMARY, metadata={"a": float("nan")})
    with refused(Invalid, "evidence"):
        await board.complete(s, summary=SUMMARY, evidence=[{"kind": "screenshot"}])
    await board.complete(s, summary=SUMMARY, metadata={"a": ["é", {"b": None}]})
    assert ask(board_path, "SELECT metadata FROM runs") == '{"a":["é",{"b":null}]}'
