"""Before a tool call: who lost its run edits nothing until the board has told it, and nobody else is ever stopped."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from tests.conftest import Clock, orchestrator, person, worker
from tests.hooks.conftest import AFTER, EDIT, Hook, event, kinds, main_agent, sub_agent
from tests.service.helpers import MINUTE, REASON, SUMMARY, ask_all, parked, take

Loss = Callable[[Board, Clock], Awaitable[object]]


async def _reclaimed(board: Board, clock: Clock) -> None:
    clock.advance(5 * MINUTE)
    await board.reap()


async def _cancelled(board: Board, clock: Clock) -> None:
    await board.cancel(person(), task_id="TASK-001", reason="not wanted any more")


LOSSES: dict[str, tuple[Loss, str]] = {
    "reclaimed": (_reclaimed, "[lease_lost] run-1 no longer holds TASK-001: reclaimed 0s ago, after 5m without a call"),
    "cancelled": (_cancelled, '[cancelled] TASK-001 was cancelled by mia (person) 0s ago: "not wanted any more"'),
}


@pytest.fixture
async def lost(board: Board, clock: Clock) -> Session:
    """Return the main agent of a session whose run-1 was taken back."""
    s = main_agent()
    await take(board, s)
    await _reclaimed(board, clock)
    return s


@pytest.mark.proves("hermes-23")
@pytest.mark.parametrize("how", LOSSES)
async def test_an_edit_after_a_loss_is_denied_with_the_true_reason(
    board: Board, hook: Hook, clock: Clock, how: str
) -> None:
    s = main_agent()
    await take(board, s)
    assert not (await hook(s, EDIT)).deny
    lose, text = LOSSES[how]
    await lose(board, clock)
    denied = (await hook(s, EDIT)).deny
    assert denied.startswith(text)
    assert denied.endswith("Editing and running are denied until you call kanban_show.")


async def test_the_reason_is_the_one_that_a_refused_call_gives(board: Board, hook: Hook, lost: Session) -> None:
    denied = (await hook(lost, EDIT)).deny
    with pytest.raises(Exception, match="lease_lost") as refused:
        await board.heartbeat(lost)
    assert denied.startswith(str(refused.value))


async def test_it_stays_denied_until_kanban_show_and_is_on_record_once(
    board: Board, hook: Hook, lost: Session, board_path: Path
) -> None:
    for _ in range(3):
        assert (await hook(lost, EDIT)).deny
    assert kinds(board_path).count("fenced") == 1
    await board.show(lost)
    assert not (await hook(lost, EDIT)).deny
    assert kinds(board_path)[-2:] == ["fenced", "told"]
    await board.show(lost)
    assert kinds(board_path).count("told") == 1


async def test_another_process_asked_next_judges_alike(board: Board, hook: Hook, lost: Session) -> None:
    """The command form is a new process each time: what was told must be on the board, not in a memory."""
    assert (await hook(main_agent(), EDIT)).deny
    await board.show(main_agent())
    assert not (await hook(main_agent(), EDIT)).deny


async def test_a_claim_ends_it_whether_it_got_something_or_not(board: Board, hook: Hook, lost: Session) -> None:
    assert (await hook(lost, EDIT)).deny
    assert not (await board.claim(lost, assignee="reviewer")).claimed
    assert not (await hook(lost, EDIT)).deny
    await take(board, lost, "TASK-001")
    assert not (await hook(lost, EDIT)).deny


async def test_claiming_the_lost_task_again_needs_no_show(board: Board, hook: Hook, lost: Session) -> None:
    await take(board, lost, "TASK-001")
    assert not (await hook(main_agent(), EDIT)).deny


async def test_a_later_loss_is_fenced_afresh(board: Board, hook: Hook, clock: Clock, lost: Session) -> None:
    await hook(lost, EDIT)
    await board.show(lost)
    await take(board, lost, "TASK-001")
    await _reclaimed(board, clock)
    assert "run-2 no longer holds TASK-001" in (await hook(lost, EDIT)).deny


async def test_being_fenced_does_not_hide_the_loss_from_the_next_call(board: Board, hook: Hook, lost: Session) -> None:
    await hook(lost, EDIT)
    with pytest.raises(Exception, match="lease_lost"):
        await board.create(lost, title="A follow-up")


@pytest.mark.proves("hermes-23")
@pytest.mark.parametrize(
    "tool",
    [
        "Bash",
        "Edit",
        "Write",
        "NotebookEdit",
        "Agent",
        "apply_patch",
        "exec_command",
        "mcp__github__push",
        "Unheard",
        "",
    ],
)
async def test_what_edits_or_runs_or_is_unknown_is_denied(hook: Hook, lost: Session, tool: str) -> None:
    assert (await hook(lost, "PreToolUse", tool_name=tool)).deny


@pytest.mark.parametrize(
    "tool",
    [
        "mcp__kanban__kanban_show", "mcp__kanban__kanban_claim", "kanban_comment", "mcp__kanban__delegate_task",
        "mcp__plugin_kanban_kanban__kanban_show", "Read", "Grep", "Glob", "TodoWrite", "WebFetch", "AskUserQuestion",
        "ToolSearch", "view_image", "KillShell",
    ],
)  # fmt: skip
async def test_the_board_and_reading_are_never_denied(hook: Hook, lost: Session, tool: str) -> None:
    assert not (await hook(lost, "PreToolUse", tool_name=tool)).deny


@pytest.mark.parametrize(
    ("command", "is_denied"),
    [
        ("kanban-mcp show", False), ("/usr/bin/kanban-mcp claim --role tester", False), ("kanban-mcp show; rm x", True),
        ("kanban-mcp show && rm x", True), ("kanban-mcp $(rm x)", True), ("kanban-mcp show\nrm x", True),
        ("rm x", True), ("echo kanban-mcp", True), ("kanban-mcp show > x", True), ("", True),
        ("kanban-mcp " + "x" * 5000, True),
    ],
)  # fmt: skip
async def test_in_a_shell_only_the_boards_own_command_passes(
    hook: Hook, lost: Session, command: str, is_denied: bool
) -> None:
    denied = (await hook(lost, "PreToolUse", tool_name="Bash", tool_input={"command": command})).deny
    assert bool(denied) is is_denied


async def test_who_never_held_anything_is_never_fenced(hook: Hook, lost: Session) -> None:
    assert not (await hook(worker("somebody"), EDIT)).deny


@pytest.mark.parametrize("end", ["complete", "block", "fail"])
async def test_who_ended_its_run_itself_is_not_fenced(board: Board, hook: Hook, end: str) -> None:
    s = main_agent()
    await take(board, s)
    if end == "complete":
        await board.complete(s, summary=SUMMARY)
    elif end == "block":
        await board.block(s, reason=REASON)
    else:
        await board.fail(s, reason="The service was shut down")
    assert not (await hook(s, EDIT)).deny


async def test_who_holds_another_task_is_not_fenced_for_the_one_it_lost(board: Board, hook: Hook, clock: Clock) -> None:
    s = main_agent()
    await take(board, s)
    await take(board, s)
    await board.cancel(person(), task_id="TASK-002")
    assert not (await hook(s, EDIT)).deny
    await board.cancel(person(), task_id="TASK-001")
    assert "TASK-002 was cancelled" in (await hook(s, EDIT)).deny


async def test_work_parked_by_the_board_is_fenced_too(board: Board, hook: Hook, clock: Clock) -> None:
    """It asked a person, went silent, and the request was parked: going on would be doing what nobody allowed."""
    s = main_agent()
    await take(board, s)
    await board.request_approval(s, summary="Drop column users.legacy_id", wait_s=0)
    clock.advance(5 * MINUTE)
    await board.reap()
    assert "parked TASK-001" in (await hook(s, EDIT)).deny


async def test_work_that_the_worker_parked_itself_is_not(board: Board, hook: Hook) -> None:
    s = main_agent()
    await parked(board, s)
    assert not (await hook(s, EDIT)).deny


async def test_a_run_taken_between_the_hook_before_and_after_a_call_is_neither_revived_nor_missed(
    board: Board, hook: Hook, clock: Clock, board_path: Path
) -> None:
    """The race at the boundary: the edit itself went through, the beat after it must not, the next edit neither."""
    s = main_agent()
    await take(board, s)
    clock.advance(5 * MINUTE - 1)
    assert not (await hook(s, EDIT)).deny
    clock.advance(1)
    await take(board, worker("quick"), "TASK-001")
    before = ask_all(board_path, "SELECT id, lease_until_ms, ended_by FROM runs ORDER BY id")
    assert await hook(s, AFTER) == ("", "", "")
    assert ask_all(board_path, "SELECT id, lease_until_ms, ended_by FROM runs ORDER BY id") == before
    assert "run-2 (quick) works on it now" in (await hook(s, EDIT)).deny


async def test_a_run_reclaimed_between_look_and_act_is_judged_afresh(
    board: Board, hook: Hook, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = main_agent()
    await take(board, s)
    clock.advance(MINUTE)
    inner = board._store.write_soon

    async def reclaimed_first(fn: object, *args: object) -> object:
        monkeypatch.undo()
        await board.cancel(person(), task_id="TASK-001")
        return await inner(fn, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(board._store, "write_soon", reclaimed_first)
    assert await hook(s, AFTER) == ("", "", "")
    assert "cancelled" in (await hook(s, EDIT)).deny


async def test_a_sub_agent_that_helps_is_fenced_with_its_session(board: Board, hook: Hook, lost: Session) -> None:
    assert (await hook(sub_agent(), EDIT)).deny


async def test_the_fence_stops_only_the_agent_whose_run_was_lost(board: Board, hook: Hook, clock: Clock) -> None:
    main, one, two = main_agent(), sub_agent("a1"), sub_agent("a2")
    for s in (main, one, two):
        await take(board, s)
    await board.cancel(person(), task_id="TASK-002")
    assert [bool((await hook(s, EDIT)).deny) for s in (main, one, two)] == [False, True, False]
    await board.cancel(person(), task_id="TASK-001")
    assert [bool((await hook(s, EDIT)).deny) for s in (main, one, two)] == [True, True, False]
    await board.show(one)
    assert [bool((await hook(s, EDIT)).deny) for s in (main, one, two)] == [True, False, False]


async def test_stop_by_a_person_is_a_loss_like_any_other(board: Board, hook: Hook) -> None:
    s = main_agent()
    await take(board, s)
    await board.cancel(orchestrator("boss"), task_id="TASK-001", reason="superseded")
    assert "cancelled by boss (agent)" in (await hook(s, EDIT)).deny


def test_a_command_that_is_no_text_counts_as_one_that_may_do_anything() -> None:
    for command in (None, 7, ["kanban-mcp", "show"], {"kanban-mcp": 1}):
        read = event("PreToolUse", tool_name="Bash", tool_input={"command": command})
        assert read.changes_something
