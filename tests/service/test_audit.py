"""The audit: a board damaged by a foreign hand is repaired, and says so; our own writes never need it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import Forbidden
from kanban_mcp.service.board import Board
from tests.conftest import Clock, orchestrator, person, worker
from tests.service.conftest import Refused
from tests.service.helpers import (
    SUMMARY,
    ask,
    ask_all,
    asking,
    blocked,
    damage,
    done,
    dump,
    failed,
    parked,
    ready,
    state,
    take,
)


def repairs(path: Path) -> list[str]:
    query = "SELECT json_extract(data, '$.what') FROM events WHERE kind = 'repaired' ORDER BY id"
    return [what for (what,) in ask_all(path, query)]


async def test_wrong_waits_are_counted_anew_and_reported(board: Board, board_path: Path) -> None:
    first = await ready(board)
    second = await ready(board, parents=[first])
    damage(board_path, "UPDATE tasks SET waits_after = 0, state = 'ready' WHERE id = 2")
    damage(board_path, "UPDATE tasks SET waits_subtasks = 4, state = 'pending' WHERE id = 1")
    assert await board.reap() == {"repaired": 2}
    assert [(await state(board, t))[0] for t in (first, second)] == ["ready", "pending"]
    assert repairs(board_path) == ["its waits disagreed with its links"] * 2
    assert await board.reap() == {}


async def test_a_link_written_by_hand_takes_effect_down_to_the_deepest_subtask(board: Board, board_path: Path) -> None:
    first, parent = await ready(board), await ready(board)
    sub = (await board.create(person(), title="Part", parents=[parent], relation="part_of")).task_id
    deep = (await board.create(person(), title="Part", parents=[sub], relation="part_of")).task_id
    damage(board_path, "INSERT INTO links VALUES (2, 1, 'after')")
    assert "repaired" in await board.reap()
    assert [(await state(board, t))[0] for t in (first, parent, sub, deep)] == [
        "ready",
        "pending",
        "pending",
        "pending",
    ]
    assert await board.reap() == {}
    await done(board, first)
    assert (await state(board, deep))[0] == "ready"


async def test_a_card_that_shows_work_which_no_run_does_goes_back_to_the_queue(board: Board, board_path: Path) -> None:
    task = await take(board, worker("w"))
    damage(board_path, "UPDATE runs SET ended_at_ms = 1, outcome = 'failed', ended_by = 'x'")
    assert await board.reap() == {"repaired": 1}
    assert await state(board, task) == ("ready", "")
    assert repairs(board_path) == ["its run had ended"]


async def test_a_card_that_asks_through_a_run_that_ended_is_parked_with_its_request(
    board: Board, board_path: Path
) -> None:
    task = await asking(board, worker("w"))
    damage(board_path, "UPDATE runs SET ended_at_ms = 1, outcome = 'failed', ended_by = 'x'")
    assert await board.reap() == {"repaired": 1}
    assert await state(board, task) == ("awaiting_review", "parked")
    assert (await board.approve(person(), task_id=task)).state == "ready"


async def test_an_open_run_that_holds_nothing_is_closed(board: Board, board_path: Path) -> None:
    task = await take(board, worker("w"))
    damage(board_path, "UPDATE tasks SET state = 'ready', run_id = NULL")
    assert await board.reap() == {"repaired": 1}
    assert ask(board_path, "SELECT outcome FROM runs") == "cancelled"
    await take(board, worker("other"), task)


@pytest.mark.parametrize("make", [asking, parked], ids=["asking", "parked"])
async def test_a_card_that_waits_for_a_decision_nobody_can_make_asks_a_person(
    board: Board, board_path: Path, refused: Refused, make: object
) -> None:
    task = await make(board, worker("w"))  # type: ignore[operator]
    damage(board_path, "UPDATE approvals SET state = 'voided', decided_at_ms = 1")
    assert await board.reap() == {"repaired": 1}
    if make is asking:
        assert await state(board, task) == ("in_progress", "")
        return
    assert await state(board, task) == ("blocked", "needs_input")
    with refused(Forbidden, "Only a person"):
        await board.answer(orchestrator(), task_id=task, answer="Go on")


async def test_an_open_request_of_a_card_that_no_longer_asks_is_voided(board: Board, board_path: Path) -> None:
    task = await parked(board, worker("w"))
    damage(board_path, "UPDATE tasks SET state = 'ready', kind = ''")
    assert await board.reap() == {"repaired": 1}
    assert ask(board_path, "SELECT state FROM approvals") == "voided"
    await asking(board, worker("other"), task)


@pytest.mark.proves("hermes-14", "S4", "T24")
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE tasks SET state = 'hooked'",
        "UPDATE tasks SET state = 'in_progress'",
        "UPDATE tasks SET kind = 'asking'",
        "UPDATE tasks SET run_id = 1",
        "UPDATE tasks SET state = 'pending'",
        "UPDATE tasks SET waits_after = 1",
        "UPDATE tasks SET state = 'done'",
        "UPDATE tasks SET archived_at_ms = 1",
        "UPDATE runs SET outcome = 'won'",
        "UPDATE runs SET outcome = 'failed'",
        "UPDATE runs SET ended_at_ms = NULL, outcome = NULL, ended_by = ''",
        "DELETE FROM runs",
        "DELETE FROM tasks",
        "DELETE FROM events",
        "UPDATE events SET actor = 'me'",
        "INSERT INTO links VALUES (1, 1, 'after')",
        "UPDATE links SET relation = 'blocks'",
    ],
)
async def test_what_no_card_can_be_is_refused_by_the_schema_itself(board: Board, board_path: Path, sql: str) -> None:
    """hermes 14: no code path, ours or foreign, stores such a state."""
    task = await ready(board)
    other = await ready(board)
    await ready(board, parents=[other])
    s = worker("w")
    await take(board, s, task)
    await board.block(s, reason="the build server is down", kind="transient", until="1m")
    with closing(sqlite3.connect(board_path)) as file:
        file.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError):
            file.execute(sql)


@pytest.mark.proves("hermes-9")
async def test_a_dead_dependency_is_reported_once_and_again_when_it_dies_again(
    board: Board, clock: Clock, board_path: Path
) -> None:
    """hermes 9: within one pass."""
    first = await ready(board)
    second = await ready(board, parents=[first])
    for n in (1, 2):
        clock.advance(1_000)
        await failed(board, first, f"w{n}")
        assert await board.reap() == {"dead_dependencies": 1}
        assert await board.reap() == {}
        assert ask(board_path, "SELECT COUNT(*) FROM events WHERE kind = 'dead_dependency'") == n
        clock.advance(1_000)
        await board.retry(person(), task_id=first)
    view = await board.view(orchestrator())
    assert second not in [row["id"] for row in view.waiting]


async def test_our_own_writes_never_need_repair(board: Board, clock: Clock, board_path: Path) -> None:
    s = worker("w")
    parent = await take(board, s)
    sub = (await board.create(s, title="Part", parents=[parent])).task_id
    await board.block(s, reason=f"waits for {sub}")
    await blocked(board, worker("b"))
    await parked(board, worker("p"))
    await done(board, sub)
    await take(board, s, parent)
    await board.complete(s, summary=SUMMARY)
    await failed(board, await ready(board))
    before = dump(board_path)
    assert await board.reap() == {}
    assert dump(board_path) == before
