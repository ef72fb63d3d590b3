"""The fence: a worker that lost its run can change nothing, and reads the true reason (promise 1)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import (
    Cancelled,
    Finished,
    HeldBy,
    LeaseLost,
    NotFound,
    NotYours,
    WhichTask,
)
from kanban_mcp.domain.ids import parse_run, parse_task
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from tests.conftest import Clock, Processes, orchestrator, person, worker
from tests.service.conftest import Refused
from tests.service.helpers import (
    MINUTE,
    REASON,
    SUMMARY,
    ask,
    asking,
    blocked,
    hand_over,
    parked,
    ready,
    state,
    take,
)

LEASE = 5 * MINUTE
Verb = Callable[[Board, Session], Awaitable[object]]

VERBS: dict[str, Verb] = {
    "heartbeat": lambda board, s: board.heartbeat(s, run_id="run-1"),
    "block": lambda board, s: board.block(s, reason=REASON, run_id="run-1"),
    "complete": lambda board, s: board.complete(s, summary=SUMMARY, run_id="run-1"),
    "fail": lambda board, s: board.fail(s, reason="The service was shut down", run_id="run-1"),
    "request_approval": lambda board, s: board.request_approval(s, summary="Drop a column", wait_s=0, run_id="run-1"),
    "create": lambda board, s: board.create(s, title="A part", run_id="run-1"),
    "comment": lambda board, s: board.comment(s, task_id="TASK-001", body="Note", run_id="run-1"),
}
UNNAMED: dict[str, Verb] = {
    "heartbeat": lambda board, s: board.heartbeat(s),
    "block": lambda board, s: board.block(s, reason=REASON),
    "complete": lambda board, s: board.complete(s, summary=SUMMARY),
    "fail": lambda board, s: board.fail(s, reason="The service was shut down"),
    "request_approval": lambda board, s: board.request_approval(s, summary="Drop a column", wait_s=0),
    "create": lambda board, s: board.create(s, title="A part"),
    "create under it": lambda board, s: board.create(s, title="A part", parents=["TASK-001"], relation="part_of"),
    "plan": lambda board, s: board.plan(s, tasks=[{"ref": "a", "title": "A part"}]),
    "comment": lambda board, s: board.comment(s, task_id="TASK-001", body="Note"),
}


async def lost(board: Board, clock: Clock) -> Session:
    """Return a worker whose run-1 on TASK-001 was taken back."""
    s = worker("slow")
    await take(board, s)
    clock.advance(LEASE)
    await board.reap()
    return s


@pytest.mark.proves("hermes-15", "hermes-23", "S2")
@pytest.mark.parametrize("verb", VERBS)
async def test_after_a_reclaim_every_verb_of_the_old_run_is_refused_with_when_why_and_who(
    board: Board, clock: Clock, refused: Refused, verb: str
) -> None:
    """hermes 15, 23: nothing of a fenced run gets through, whatever it calls."""
    s = await lost(board, clock)
    await take(board, worker("quick"), "TASK-001", assignee="implementer")
    clock.advance(9 * MINUTE)
    with refused(LeaseLost) as caught:
        await VERBS[verb](board, s)
    text = str(caught.value)
    assert text.startswith("[lease_lost] run-1 no longer holds TASK-001: reclaimed 9m ago, after 5m without a call; ")
    assert "run-2 (implementer) works on it now" in text
    assert "Nothing was written." in text
    assert "Stop editing." in text


@pytest.mark.parametrize("verb", UNNAMED)
async def test_a_loss_is_told_before_any_call_without_a_run_goes_through(
    board: Board, clock: Clock, refused: Refused, verb: str
) -> None:
    s = await lost(board, clock)
    await take(board, worker("quick"), "TASK-001")
    with refused(LeaseLost, "run-1 no longer holds TASK-001"):
        await UNNAMED[verb](board, s)


@pytest.mark.proves("hermes-16")
@pytest.mark.parametrize("verb", VERBS)
async def test_after_a_cancel_every_verb_says_who_cancelled_and_why(
    board: Board, clock: Clock, refused: Refused, verb: str
) -> None:
    """hermes 16: leaving in_progress by another hand revokes the run at once."""
    s = worker("slow")
    await take(board, s)
    await board.cancel(person(), task_id="TASK-001", reason="superseded by TASK-020")
    clock.advance(MINUTE)
    with refused(Cancelled, r'TASK-001 was cancelled by mia \(person\) 1m ago: "superseded by TASK-020"'):
        await VERBS[verb](board, s)


@pytest.mark.proves("hermes-16")
@pytest.mark.parametrize("verb", VERBS)
async def test_a_stopped_run_is_fenced_and_says_who_stopped_it(board: Board, refused: Refused, verb: str) -> None:
    s = worker("slow")
    await take(board, s)
    await board.stop(person(), task_id="TASK-001", reason="it edits the wrong file")
    with refused(LeaseLost, r"stopped by mia \(person\): it edits the wrong file"):
        await VERBS[verb](board, s)


@pytest.mark.parametrize("verb", [name for name in VERBS if name != "complete"])
async def test_after_completing_another_verb_is_finished(board: Board, refused: Refused, verb: str) -> None:
    s = worker("w")
    await take(board, s)
    await board.complete(s, summary=SUMMARY)
    with refused(Finished, r"run-1 already ended TASK-001 0s ago \(done\)"):
        await VERBS[verb](board, s)


ENDINGS: dict[str, dict[str, object]] = {
    "complete": {"summary": SUMMARY},
    "block": {"reason": REASON},
    "fail": {"reason": "The service was shut down"},
}


@pytest.mark.proves("S14")
@pytest.mark.parametrize("verb", ENDINGS)
@pytest.mark.parametrize("named", [{}, {"task_id": "TASK-001"}, {"run_id": "run-1"}], ids=["bare", "task", "run"])
async def test_a_repeated_ending_gets_the_first_answer_and_changes_nothing(
    board: Board, board_path: Path, verb: str, named: dict[str, str]
) -> None:
    s = worker("w")
    await take(board, s)
    first = await getattr(board, verb)(s, **ENDINGS[verb])
    events = ask(board_path, "SELECT MAX(id) FROM events")
    again = await getattr(board, verb)(s, **{**ENDINGS[verb], **named, next(iter(ENDINGS[verb])): "Other words here"})
    assert again == first
    assert ask(board_path, "SELECT MAX(id) FROM events") == events


async def test_a_repeated_snooze_past_the_bound_and_a_repeated_park_get_their_first_answers(board: Board) -> None:
    s = worker("w")
    board.policy = replace(board.policy, max_snoozes=0)
    task = await take(board, s)
    first = await board.block(s, reason="rate limit of the provider", kind="transient")
    assert await board.block(s, reason="rate limit of the provider", kind="transient", task_id=task) == first
    asked = await asking(board, s)
    parked_answer = await board.block(s, task_id=asked, reason="waiting for approval")
    assert await board.block(s, task_id=asked, reason="waiting for approval") == parked_answer
    assert (parked_answer.state, parked_answer.kind) == ("awaiting_review", "parked")


async def test_a_run_that_parked_itself_may_write_nothing_more(board: Board, refused: Refused) -> None:
    s = worker("w")
    await parked(board, s)
    for verb in ("heartbeat", "complete", "fail", "create", "comment"):
        with refused(LeaseLost, "run-1 parked TASK-001"):
            await VERBS[verb](board, s)


async def test_a_blocked_task_answered_and_taken_by_another_is_finished_for_its_first_worker(
    board: Board, refused: Refused
) -> None:
    s = worker("w")
    task = await blocked(board, s)
    await board.answer(person(), task_id=task, answer="It is in .env now")
    await take(board, worker("other"), task)
    with refused(Finished, "run-1 already ended TASK-001"):
        await board.complete(s, task_id=task, summary=SUMMARY)


# Whose run ----------------------------------------------------------------------------------------------------------


@pytest.mark.proves("T1")
async def test_the_run_of_another_worker_is_not_yours_whatever_id_is_given(board: Board, refused: Refused) -> None:
    """A run id selects among one's own runs; knowing it is no credential."""
    await take(board, worker("ada"))
    thief = worker("thief")
    await take(board, thief)
    for verb in VERBS.values():
        with refused(NotYours, r"held by ada \(run-1"):
            await verb(board, thief)
    with refused(NotYours, "held by ada"):
        await board.complete(thief, task_id="TASK-001", summary=SUMMARY)


async def test_a_person_is_no_holder_either(board: Board, refused: Refused) -> None:
    await take(board, worker("ada"))
    with refused(NotYours):
        await board.complete(person(), task_id="TASK-001", summary=SUMMARY)


@pytest.mark.proves("T1")
async def test_a_task_one_never_held_is_not_yours(board: Board, refused: Refused) -> None:
    task = await ready(board)
    with refused(NotYours, "it is ready and you have no run on it"):
        await board.complete(worker("w"), task_id=task, summary=SUMMARY)


@pytest.mark.proves("T1")
async def test_a_run_and_a_task_that_do_not_belong_together_are_refused(board: Board, refused: Refused) -> None:
    s = worker("w")
    await take(board, s)
    other = await take(board, s)
    with refused(NotYours, "run-1 is a run of TASK-001"):
        await board.heartbeat(s, run_id="run-1", task_id=other)


async def test_ids_that_do_not_exist_are_not_found(board: Board, refused: Refused) -> None:
    s = worker("w")
    await take(board, s)
    with refused(NotFound, "no run-9"):
        await board.heartbeat(s, run_id="run-9")
    with refused(NotFound, "no TASK-009"):
        await board.heartbeat(s, task_id="TASK-009")


# Several runs and what was told -------------------------------------------------------------------------------------


async def test_holding_two_tasks_every_call_has_to_name_one_until_none_is_held(board: Board, refused: Refused) -> None:
    s = worker("w")
    first, second = await take(board, s), await take(board, s)
    with refused(WhichTask, r"You hold TASK-001 \(run-1\), TASK-002 \(run-2\)"):
        await board.heartbeat(s)
    await board.complete(s, task_id=first, summary=SUMMARY)
    with refused(WhichTask, "TASK-002"):
        await board.heartbeat(s)
    await board.complete(s, task_id=second, summary=SUMMARY)
    third = await take(board, s)
    assert (await board.heartbeat(s)).task_id == third


async def test_a_loss_is_told_once_and_then_the_call_goes_to_the_run_that_is_left(
    board: Board, clock: Clock, refused: Refused
) -> None:
    s = worker("w")
    await take(board, s)
    clock.advance(4 * MINUTE)
    second = await take(board, s)
    clock.advance(MINUTE)
    await board.reap()
    with refused(LeaseLost, "run-1 no longer holds TASK-001"):
        await board.complete(s, summary=SUMMARY)
    with refused(WhichTask):
        await board.complete(s, summary=SUMMARY)
    assert (await board.complete(s, task_id=second, summary=SUMMARY)).state == "done"


async def test_every_loss_of_a_connection_is_told(board: Board, clock: Clock, refused: Refused) -> None:
    s = worker("w")
    await take(board, s)
    await take(board, s)
    clock.advance(LEASE)
    await board.reap()
    told = set()
    for _ in range(2):
        with refused(LeaseLost) as caught:
            await board.heartbeat(s)
        told.add(str(caught.value).split()[1])
    assert told == {"run-1", "run-2"}


async def test_who_took_its_lost_task_up_again_is_not_told_to_stop(board: Board, clock: Clock) -> None:
    s = await lost(board, clock)
    await take(board, s, "TASK-001")
    assert (await board.heartbeat(s)).run_id == "run-2"


async def test_what_show_has_told_is_not_told_again(board: Board, clock: Clock) -> None:
    s = await lost(board, clock)
    overview = await board.show(s)
    assert overview.next.startswith("You held TASK-001 (run-1) until 0s ago; it was reclaimed and nobody has taken it.")
    assert (await board.create(s, title="Something else")).task_id == "TASK-002"


async def test_show_says_who_works_now_on_what_one_held_lately(board: Board, clock: Clock) -> None:
    s = await lost(board, clock)
    await take(board, worker("quick"), "TASK-001")
    overview = await board.show(s)
    assert "You held TASK-001 (run-1) until 0s ago" in overview.next
    assert "run-2 (quick) works on it now" in overview.next


# Processes of one session -------------------------------------------------------------------------------------------


@pytest.mark.proves("hermes-22")
async def test_a_new_process_of_the_session_adopts_the_runs_of_one_that_is_gone(
    board: Board, processes: Processes, board_path: Path, refused: Refused
) -> None:
    old, new = worker("ada", pid=1), worker("ada", pid=2)
    task = await take(board, old)
    processes.gone.add(old.caller.process)
    assert (await board.heartbeat(new)).run_id == "run-1"
    assert ask(board_path, "SELECT pid FROM runs") == 2
    assert ask(board_path, "SELECT COUNT(*) FROM events WHERE kind = 'adopted'") == 1
    assert (await board.complete(new, summary=SUMMARY)).task_id == task


@pytest.mark.parametrize("verb", VERBS)
async def test_while_the_former_process_lives_a_second_one_changes_nothing(
    board: Board, refused: Refused, verb: str
) -> None:
    await take(board, worker("ada", pid=1))
    with refused(HeldBy, "another process of this session"):
        await VERBS[verb](board, worker("ada", pid=2))


async def test_a_hook_beats_without_adopting(board: Board, board_path: Path) -> None:
    s = worker("ada", pid=1)
    await take(board, s)
    hook = Session(replace(worker("ada", pid=9).caller, adopts=False))
    assert (await board.heartbeat(hook)).run_id == "run-1"
    assert ask(board_path, "SELECT pid FROM runs") == 1


async def test_another_session_adopts_nothing_even_of_a_dead_process(
    board: Board, processes: Processes, refused: Refused
) -> None:
    s = worker("ada")
    await take(board, s)
    processes.gone.add(s.caller.process)
    with refused(NotYours):
        await board.heartbeat(worker("bob"), task_id="TASK-001")


@pytest.mark.proves("hermes-21")
async def test_a_host_with_another_name_is_still_the_same_worker(board: Board) -> None:
    """hermes 21: identity is boot, process and start time; the host's name is only shown."""
    s = worker("ada")
    await take(board, s)
    renamed = replace(s.caller, process=replace(s.caller.process, host="other"))
    assert (await board.heartbeat(Session(renamed))).run_id == "run-1"


# Runs opened for a process that has not called yet -------------------------------------------------------------------


def delegated(name: str, task: str, run: str, pid: int | None = None) -> Session:
    s = worker(name, pid=pid)
    return Session(replace(s.caller, handed_task=parse_task(task), handed_run=parse_run(run)))


@pytest.mark.proves("hermes-53")
async def test_a_handed_over_run_is_taken_by_the_first_call_of_its_process(board: Board, board_path: Path) -> None:
    """hermes 53: the first call names task, run and next step."""
    task = await ready(board)
    run = await hand_over(board, task, orchestrator("dispatcher"))
    s = delegated("agent", task, run)
    shown = await board.show(s)
    assert (shown.id, shown.run["run_id"]) == (task, run)  # type: ignore[union-attr]
    assert shown.next.startswith("Work on it")
    assert (await board.complete(s, summary=SUMMARY)).state == "done"


async def test_a_second_process_for_a_handed_over_run_is_held_by_until_the_first_is_gone(
    board: Board, processes: Processes, refused: Refused
) -> None:
    task = await ready(board)
    run = await hand_over(board, task, orchestrator("dispatcher"))
    first, second = delegated("one", task, run, pid=1), delegated("two", task, run, pid=2)
    await board.heartbeat(first)
    with refused(HeldBy, "pid 1"):
        await board.heartbeat(second)
    processes.gone.add(first.caller.process)
    assert (await board.heartbeat(second)).run_id == run


@pytest.mark.proves("T4")
async def test_a_run_that_its_worker_claimed_is_not_taken_over_by_an_id_in_the_environment(
    board: Board, processes: Processes, refused: Refused
) -> None:
    """An agent's child inherits its variables; with the agent dead, its session has to find the run again."""
    s = worker("ada")
    task = await take(board, s)
    processes.gone.add(s.caller.process)
    with refused(NotYours, "run-1 was claimed by ada"):
        await board.heartbeat(delegated("child", task, "run-1", pid=77))
    again = worker("ada", pid=78)
    assert (await board.heartbeat(again)).run_id == "run-1"


async def test_a_process_that_comes_too_late_for_its_run_reads_why(
    board: Board, clock: Clock, refused: Refused
) -> None:
    task = await ready(board)
    run = await hand_over(board, task, orchestrator("dispatcher"))
    clock.advance(LEASE)
    await board.reap()
    s = delegated("late", task, run)
    for call in (board.show(s), board.heartbeat(s), board.complete(s, summary=SUMMARY)):
        with refused(LeaseLost, "run-1 no longer holds TASK-001: reclaimed"):
            await call


async def test_a_call_of_a_worker_that_lost_everything_and_was_told_says_it_holds_nothing(
    board: Board, clock: Clock, refused: Refused
) -> None:
    s = await lost(board, clock)
    with refused(LeaseLost):
        await board.heartbeat(s)
    with refused(LeaseLost, "run-1 no longer holds"):
        await board.heartbeat(s)
    assert (await state(board, "TASK-001"))[0] == "ready"
