"""The page of error codes shows real refusals: each is provoked here, and reads as the page says."""

import re
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from kanban_mcp.config import load_settings
from kanban_mcp.domain.errors import PUBLIC_CODES, BoardError
from kanban_mcp.service.board import Board
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.lock import WriteLock
from kanban_mcp.store.opening import SqliteOptions
from tests.conftest import Clock, MakeBoard, orchestrator, worker
from tests.server.conftest import a_session, connected, text_of
from tests.service.helpers import MINUTE, asking, ready, take

ROOT = Path(__file__).parent.parent.parent
SAID = tomllib.loads((ROOT / "docs" / "errors.toml").read_text(encoding="utf-8"))
TITLE, ROLE = "Write the parser", "implementer"
ANN, BEN, LEAD = "ann", "ben", "lead"

Provocation = Callable[[Board, Clock, MakeBoard, Path], Awaitable[object]]
PROVOKED: dict[str, Provocation] = {}


def provokes(code: str) -> Callable[[Provocation], Provocation]:
    def register(provocation: Provocation) -> Provocation:
        PROVOKED[code] = provocation
        return provocation

    return register


@provokes("board_busy")
async def someone_keeps_the_lock(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    await ready(board)
    lock = WriteLock(path.with_name(f"{path.name}.lock"))
    lock.acquire(0)
    lock.note()
    try:
        store = SqliteStore(path, SqliteOptions(lock_wait_s=0.0))
        return await Board(store, clock=clock, is_gone=lambda _: False).create(orchestrator(LEAD), title=TITLE)
    finally:
        lock.close()


@provokes("board_unavailable")
async def the_file_is_no_board(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    path.parent.mkdir()
    path.write_bytes(b"")
    return await board.create(orchestrator(LEAD), title=TITLE)


@provokes("cancelled")
async def the_task_is_withdrawn(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    task = await take(board, worker(ANN))
    await board.cancel(orchestrator(LEAD), task_id=task, reason="superseded by TASK-020")
    return await board.heartbeat(worker(ANN), note="Writing tests", task_id=task)


@provokes("config")
async def a_duration_is_none(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    file = path.parent / "kanban.toml"
    file.parent.mkdir()
    file.write_text('lease_for = "5x"\n')
    return load_settings(file.parent, {})


@provokes("cycle")
async def tasks_would_wait_for_each_other(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    first = await ready(board)
    second = await ready(board, parents=[first])
    return await board.link(orchestrator(LEAD), task_id=first, parent=second, relation="after")


@provokes("finished")
async def the_run_has_ended(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    s = worker(ANN)
    task = await take(board, s)
    await board.complete(s, task_id=task, summary="Parser reads nested lists; 14 tests pass")
    clock.advance(2 * MINUTE)
    return await board.fail(s, task_id=task, reason="The grammar is ambiguous after all")


@provokes("forbidden")
async def a_worker_answers_itself(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    s = orchestrator(ANN)
    task = await take(board, s)
    await board.block(s, reason="Which grammar, LL or LR?")
    return await board.answer(s, task_id=task, answer="LR")


@provokes("gates_not_met")
async def a_subtask_is_open(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    s = worker(ANN)
    task = await take(board, s)
    await board.create(s, title="Write the lexer", assignee=ROLE, parents=[task])
    return await board.complete(s, summary="done")


@provokes("held_by")
async def somebody_has_it(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    task = await take(board, worker(ANN))
    clock.advance(3 * MINUTE)
    return await board.claim(worker(BEN), task_id=task)


@provokes("illegal_transition")
async def nothing_was_asked(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    task = await take(board, worker(ANN))
    return await board.answer(orchestrator(LEAD), task_id=task, answer="LR")


@provokes("invalid")
async def a_word_is_not_known(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    return await called(board, "kanban_create", title=TITLE, priority="hihg")


@provokes("lease_lost")
async def it_fell_silent(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    s = worker(ANN)
    task = await take(board, s, await ready(board, assignee=ROLE), assignee=ROLE)
    clock.advance(6 * MINUTE)
    await take(board, worker(BEN), task, assignee=ROLE)
    clock.advance(2 * MINUTE)
    return await board.complete(s, summary="Parser reads nested lists; 14 tests pass")


@provokes("limit")
async def it_splits_too_much(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    s = worker(ANN)
    task = await take(board, s)
    for part in range(6):
        await board.create(s, title=f"Part {part}", parents=[task])
    return None


@provokes("needs_approval")
async def a_request_is_open(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    s = worker(ANN)
    await asking(board, s)
    return await board.complete(s, summary="Dropped the column, 14 tests pass")


@provokes("not_found")
async def there_is_no_such_task(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    await ready(board)
    return await board.show(worker(ANN), task_id="TASK-099")


@provokes("not_yours")
async def it_completes_for_another(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    task = await take(board, worker(ANN))
    clock.advance(3 * MINUTE)
    return await board.complete(worker(BEN), task_id=task, summary="Parser reads nested lists; 14 tests pass")


@provokes("unknown_argument")
async def an_argument_is_made_up(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    return await called(board, "kanban_comment", task_id="TASK-001", body="Looks good", author="mia")


@provokes("weak_reason")
async def it_is_stuck(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    s = worker(ANN)
    await take(board, s)
    return await board.block(s, reason="I am stuck")


@provokes("weak_summary")
async def it_is_done(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    s = worker(ANN)
    await take(board, s)
    return await board.complete(s, summary="done")


@provokes("which_task")
async def it_holds_two(board: Board, clock: Clock, make_board: MakeBoard, path: Path) -> object:
    s = worker(ANN)
    for _ in range(2):
        await take(board, s)
    return await board.heartbeat(s, note="Writing tests")


async def called(board: Board, tool: str, **arguments: object) -> None:
    """Call a tool as a client does, and raise what it refuses as text."""
    async with connected(a_session(board)) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    raise Refusal(text_of(result))


class Refusal(Exception):
    """A refusal as a client sees it."""


@pytest.mark.parametrize("code", PUBLIC_CODES)
async def test_the_refusal_reads_as_the_page_says(
    code: str, board: Board, clock: Clock, make_board: MakeBoard, board_path: Path
) -> None:
    with pytest.raises((BoardError, Refusal)) as caught:
        await PROVOKED[code](board, clock, make_board, board_path)
    text = str(caught.value).replace(str(board_path.parent), "/home/mia/shop/.kanban")
    text = re.sub(r"process \d+", "process 4711", re.sub(r"lock for [\d.]+ s", "lock for 5.2 s", text))
    assert text == SAID[code]["example"]


def test_every_code_has_a_cause_and_a_remedy() -> None:
    assert SAID.keys() == set(PUBLIC_CODES) == PROVOKED.keys()
    for code, said in SAID.items():
        assert said.keys() == {"example", "why", "agent", "person"}, code
        assert said["why"].endswith("."), code
        assert said["agent"].endswith("."), code
