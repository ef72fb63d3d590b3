"""No self-dealing: who does the work, or has done it, decides nothing about it (DESIGN §5)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kanban_mcp.domain.errors import Forbidden, IllegalTransition
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from tests.conftest import Clock, caller, orchestrator, person, worker
from tests.service.conftest import Refused
from tests.service.helpers import MINUTE, PLANNER, REASON, SUMMARY, ready, state, take

Verb = Callable[[Board, Session, str], Awaitable[object]]
VERBS: dict[str, Verb] = {
    "answer": lambda b, s, t: b.answer(s, task_id=t, answer="Go on with it"),
    "retry": lambda b, s, t: b.retry(s, task_id=t),
    "cancel": lambda b, s, t: b.cancel(s, task_id=t),
    "acceptance": lambda b, s, t: b.update(s, task_id=t, acceptance=["file: x"]),
    "verify": lambda b, s, t: b.update(s, task_id=t, verify="verifier"),
    "review": lambda b, s, t: b.update(s, task_id=t, review="human"),
    "max_attempts": lambda b, s, t: b.update(s, task_id=t, max_attempts=2),
    "link": lambda b, s, t: b.link(s, task_id=t, parent="TASK-001"),
    "unlink": lambda b, s, t: b.link(s, task_id=t, parent="TASK-002", remove=True),
}
FITS = {"answer": "blocked", "retry": "failed"}  # the state in which the verb is legal at all


def agent(name: str) -> Session:
    return Session(caller(name))


async def scene(board: Board, me: Session, relation: str, state_: str) -> str:
    """Make a task that stands to `me` as named; TASK-001 is done, TASK-002 a done prerequisite of the task."""
    for _ in range(2):
        task = await ready(board)
        await take(board, worker("helper"), task)
        await board.complete(worker("helper"), task_id=task, summary=SUMMARY)
    other = agent("other")
    if relation == "made":
        parent = await take(board, me)
        task = (await board.create(me, title="Part", parents=[parent, "TASK-002"])).task_id
    else:
        task = await ready(board, parents=["TASK-002"])
    if relation == "ancestor":
        sub = (await board.create(orchestrator(PLANNER), title="Part", parents=[task], relation="part_of")).task_id
        await take(board, me, sub)
        if state_ != "open":
            await board.block(me, task_id=sub, reason=REASON)
            await board.cancel(person(), task_id=sub)
    doer = me if relation in ("holds", "held") else other
    if state_ == "open":
        if relation in ("holds", "held"):
            await take(board, doer, task)
        if relation == "held":
            await board.block(doer, task_id=task, reason="the build server is down", kind="transient")
    elif state_ == "blocked":
        await take(board, doer, task)
        await board.block(doer, task_id=task, reason=REASON)
    else:
        await take(board, doer, task)
        await board.fail(doer, task_id=task, reason="The service was shut down", retry=False)
    return task


def cases() -> list[Any]:
    found = []
    for verb in VERBS:
        for relation in ("holds", "held", "ancestor", "made", "none"):
            state_ = FITS.get(verb, "open")
            if relation == "holds" and state_ != "open":
                continue  # a task in that state is held by nobody
            found.append(pytest.param(verb, relation, state_, id=f"{verb}-{relation}"))
    return found


@pytest.mark.parametrize(("verb", "relation", "state_"), cases())
async def test_who_deals_with_a_task_decides_nothing_about_it(
    board: Board, refused: Refused, verb: str, relation: str, state_: str
) -> None:
    """Holds, held, or works below it: forbidden. A subtask it made and never held, and strangers' tasks: allowed."""
    me = agent("me")
    task = await scene(board, me, relation, state_)
    if relation in ("made", "none"):
        await VERBS[verb](board, me, task)
    else:
        with refused(Forbidden, "You hold or have held"):
            await VERBS[verb](board, me, task)


@pytest.mark.parametrize("verb", VERBS)
async def test_the_worker_toolset_decides_nothing_at_all(board: Board, refused: Refused, verb: str) -> None:
    me = agent("me")
    task = await scene(board, me, "none", FITS.get(verb, "open"))
    with refused(Forbidden):
        await VERBS[verb](board, worker("w"), task)


async def test_a_reconnect_is_the_same_worker(board: Board, refused: Refused) -> None:
    task = await take(board, Session(caller("ada", pid=1)))
    await board.block(Session(caller("ada", pid=1)), reason=REASON)
    with refused(Forbidden, "You hold or have held"):
        await board.answer(Session(caller("ada", pid=2)), task_id=task, answer="Yes")


async def test_a_subtask_one_made_and_then_held_is_no_exception(board: Board, refused: Refused) -> None:
    me = agent("me")
    parent = await take(board, me)
    sub = (await board.create(me, title="Part", parents=[parent])).task_id
    await take(board, me, sub)
    await board.block(me, task_id=sub, reason=REASON)
    with refused(Forbidden, "You hold or have held"):
        await board.answer(me, task_id=sub, answer="Yes")


async def test_cancelling_what_runs_before_ones_own_task_does_not_take_it_along(board: Board, refused: Refused) -> None:
    me = agent("me")
    first = await ready(board)
    await take(board, worker("helper"), first)
    await board.complete(worker("helper"), task_id=first, summary=SUMMARY)
    mine = await ready(board, parents=[first])
    await take(board, me, mine)
    await board.block(me, task_id=mine, reason=REASON)
    await board.retry(person(), task_id=first)
    with refused(Forbidden, mine):
        await board.cancel(me, task_id=first, subtree=True)


async def test_a_person_may_all_of_it_even_on_a_task_of_their_own(board: Board) -> None:
    mia = person()
    task = await take(board, mia)
    await board.block(mia, reason=REASON)
    await board.answer(mia, task_id=task, answer="Yes")
    await board.update(mia, task_id=task, acceptance=["file: x"], max_attempts=9)
    await board.cancel(mia, task_id=task)
    await board.retry(mia, task_id=task)


async def test_only_a_person_raises_max_attempts(board: Board, refused: Refused) -> None:
    task = await ready(board)
    with refused(Forbidden, "Only a person may raise max_attempts"):
        await board.update(orchestrator(), task_id=task, max_attempts=4)
    await board.update(orchestrator(), task_id=task, max_attempts=2)
    await board.update(person(), task_id=task, max_attempts=10)
    shown = await board.show(orchestrator(), task_id=task)
    assert shown.max_attempts == 10  # type: ignore[union-attr]


@pytest.mark.proves("hermes-51")
async def test_no_worker_edits_the_gates_of_its_own_work_by_any_verb(board: Board, clock: Clock) -> None:
    """hermes 51: not while it holds the task, not after it lost it."""
    me = agent("me")
    task = await take(board, me)
    for moment in ("held", "lost"):
        for verb in ("acceptance", "verify", "review", "link"):
            with pytest.raises(Forbidden):
                await VERBS[verb](board, me, task)
        if moment == "held":
            clock.advance(5 * MINUTE)
            await board.reap()
    assert (await state(board, task))[0] == "ready"
    with pytest.raises(IllegalTransition):
        await board.archive(me, task_id=task)
