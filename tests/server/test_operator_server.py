"""Who may have an operator's server: a person's client, never a shell below the session that asks."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp import app, machine
from kanban_mcp.domain.principals import Authority
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from tests.conftest import worker
from tests.server.conftest import RecordingBoard, a_session, connected

RISK = "Drop the column users.legacy_id"


def session_above_us() -> Session:
    """Return a worker whose client is the process that started this one."""
    client = machine.process_id(os.getppid())
    assert client is not None
    server = replace(client, pid=2**22 + 1)
    return Session(replace(worker("w").caller, process=server, client=client))


async def with_key(tmp_path: Path) -> tuple[Board, dict[str, str]]:
    environ = {"KANBAN_CONFIG_HOME": str(tmp_path / "keys")}
    board = app.open_board(app.set_up(tmp_path, {}, db=str(tmp_path / "board.db")))
    assert await app.make_operator_key(board, environ)
    return board, environ


@pytest.mark.proves("T2")
async def test_below_a_session_that_holds_a_run_an_operators_server_speaks_for_no_person(tmp_path: Path) -> None:
    board, environ = await with_key(tmp_path)
    above = session_above_us()
    assert await app.serves_a_person(board, environ)
    await board.create(above, title="Clean up the schema")
    await board.claim(above)
    await board.request_approval(above, summary=RISK, wait_s=0)
    assert not await app.serves_a_person(board, environ)
    await board.fail(above, reason="The backup is older than the column, so it cannot be dropped")
    assert await app.serves_a_person(board, environ)
    await board.close()


async def test_another_sessions_run_keeps_nobody_from_deciding(tmp_path: Path) -> None:
    board, environ = await with_key(tmp_path)
    other = worker("other")
    await board.create(other, title="Clean up the schema")
    await board.claim(other)
    assert await app.serves_a_person(board, environ)
    assert not await app.serves_a_person(board, {"KANBAN_CONFIG_HOME": str(tmp_path / "elsewhere")})
    await board.close()


async def test_before_the_first_write_there_is_no_person(tmp_path: Path) -> None:
    board = app.open_board(app.set_up(tmp_path, {}, db=str(tmp_path / "board.db")))
    assert not await app.serves_a_person(board, {})
    await board.close()


async def test_an_operators_server_is_looked_at_anew_by_every_call() -> None:
    board, answers = RecordingBoard(), [True, False, True]
    session = a_session(board, "operator")
    seen: list[Authority] = []

    async def is_person() -> bool:
        return answers.pop(0)

    opened = await session.board.get()
    session.board._opened = replace(opened, is_person=is_person)
    async with connected(session) as client:
        for _ in range(3):
            await client.call_tool("kanban_list", {})
            seen.append(board.sessions[-1].caller.authority)
    assert seen == [Authority.PERSON, Authority.ORCHESTRATOR, Authority.PERSON]


@pytest.mark.parametrize("handed", [{"KANBAN_TASK_ID": "TASK-001"}, {"KANBAN_RUN_ID": "run-1"}])
async def test_a_session_that_was_handed_work_is_no_person_whatever_it_was_started_with(handed: Any) -> None:
    board = RecordingBoard()
    async with connected(a_session(board, "operator", env=handed, is_person=True)) as client:
        await client.call_tool("kanban_list", {})
    assert board.sessions[0].caller.authority is Authority.ORCHESTRATOR
