"""Text that agents write is data: it changes no tool, no instruction and no task, whatever it says (reference T5)."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp import app
from kanban_mcp.server import snapshot, texts
from kanban_mcp.server.connection import serve_connection
from kanban_mcp.server.snapshot import path_of
from kanban_mcp.server.toolsets import TOOLSETS
from kanban_mcp.service.board import Board
from tests.protocol.boards import Witness
from tests.protocol.payloads import PAYLOADS, TARGET
from tests.server.conftest import a_session, connected

OPENINGS = {"2025-11-25": snapshot.handshake, "2026-07-28": snapshot.envelope}


def digest(tools: Any) -> str:
    """Return the digest of a list of tools, whatever the order of the members in which an era writes them."""
    return hashlib.sha256(json.dumps(tools, sort_keys=True).encode()).hexdigest()


def pinned(toolset: str) -> str:
    """Return the digest of the tools that the shipped snapshot lists."""
    return digest(json.loads(path_of(toolset).read_text(encoding="utf-8"))["tools"])


async def told(board: Board, toolset: str, version: str) -> dict[str, bytes]:
    """Return, byte for byte, what a server on this board tells of itself before any tool is called."""
    asked = [(method, params) for method, params in OPENINGS[version](version) if method != "ping"]
    envelope = asked[-1][1] or {}
    asked += [(method, envelope or None) for method in ("prompts/list", "resources/list", "resources/templates/list")]
    asked += [("prompts/get", {**envelope, "name": "work", "arguments": {"role": "tester"}})]
    reader, sink = asyncio.StreamReader(), snapshot.Sink()
    for number, (method, params) in enumerate(asked):
        message = {"jsonrpc": "2.0", "id": number, "method": method} | ({"params": params} if params else {})
        reader.feed_data(json.dumps(message).encode() + b"\n")
    reader.feed_eof()
    await serve_connection(reader, sink, a_session(board, toolset))
    replies = {json.loads(line)["id"]: line for line in sink.data.splitlines()}
    return {method: replies[number] for number, (method, _) in enumerate(asked)}


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    """A board whose first task waits for a person; nobody has written anything hostile yet."""
    opened = app.open_board(app.set_up(tmp_path, {"KANBAN_DB": str(tmp_path / "board.db")}))
    async with connected(a_session(opened, env={"KANBAN_SESSION_ID": "boss"})) as client:
        await client.call_tool("kanban_create", {"title": "Drop the old table"})
        await client.call_tool("kanban_claim", {"task_id": TARGET})
        asked = {"summary": "Drop table users_old", "irreversible": True, "wait_s": 0}
        assert not (await client.call_tool("kanban_request_approval", asked)).is_error
    yield opened
    await opened.close()


async def spread(board: Board, number: int, payload: str) -> int:
    """Put a payload into every text that an agent can write, through a task's whole life. Returns how many took it."""
    line = " ".join(payload.split())[:200]
    taken = 0
    async with connected(a_session(board, env={"KANBAN_SESSION_ID": f"evil-{number}"})) as client:

        async def call(tool: str, **arguments: Any) -> Any:
            nonlocal taken
            result = await client.call_tool(tool, arguments)
            taken += not result.is_error
            return result.structured_content or {}

        made = await call("kanban_create", title=line, context=payload, acceptance=[payload], idempotency_key=line)
        task = made["task_id"]
        await call("kanban_comment", task_id=task, body=payload)
        await call("kanban_comment", task_id=TARGET, body=payload)
        await call("kanban_claim", task_id=task)
        await call("kanban_heartbeat", note=line)
        question = f"Which way? {payload}"
        await call("kanban_block", reason=question, options=[line, "no"], default=line, task_id=task)
        await call("kanban_answer", task_id=task, answer=payload)
        await call("kanban_claim", task_id=task)
        metadata = {"note": payload, line: 1}
        evidence = [{"kind": "command", "run": payload, "exit_code": 0}]
        await call("kanban_complete", summary=payload, metadata=metadata, evidence=evidence, wait_s=0, task_id=task)
        await call("kanban_fail", reason=f"It cannot be done: {payload}", retry=False, task_id=task)
    return taken


def test_there_are_fifty_payloads_and_no_two_are_the_same() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) == 50


@pytest.mark.timeout(300)
@pytest.mark.proves("T5")
async def test_no_text_on_the_board_changes_what_servers_tell_of_themselves(board: Board, tmp_path: Path) -> None:
    before = {(toolset, version): await told(board, toolset, version) for toolset in TOOLSETS for version in OPENINGS}
    for (toolset, _), replies in before.items():
        assert digest(json.loads(replies["tools/list"])["result"]["tools"]) == pinned(toolset)
        assert texts.INSTRUCTIONS.encode() in b"".join(replies.values())
    taken = 0
    for number, payload in enumerate(PAYLOADS):
        taken += await spread(board, number, payload)
        key = list(before)[number % len(before)]
        assert await told(board, *key) == before[key], payload
    assert taken >= 7 * len(PAYLOADS)  # or they never reached the board
    assert {key: await told(board, *key) for key in before} == before
    await reading_changes_nothing(board, tmp_path / "board.db")


async def reading_changes_nothing(board: Board, path: Path) -> None:
    """Let others read everything that was written: nothing moves, and what to do next is never the payload's word."""
    target, witness = await row(board, TARGET), Witness(path)
    async with connected(a_session(board, "worker", env={"KANBAN_SESSION_ID": "reader"})) as client:
        before = witness.state()
        for number in range(1, 52):
            shown = await client.call_tool("kanban_show", {"task_id": f"TASK-{number:03}"})
            told = str(shown.structured_content["next"])
            assert not any(payload in told for payload in PAYLOADS), told
            assert json.loads(shown.content[0].text) == shown.structured_content
        await client.call_tool("kanban_list", {"limit": 50})
        assert witness.state() == before
    witness.close()
    assert (target["state"], target["approval"]["state"]) == ("awaiting_review", "pending")


async def row(board: Board, task: str) -> dict[str, Any]:
    async with connected(a_session(board, env={"KANBAN_SESSION_ID": "looker"})) as client:
        content = (await client.call_tool("kanban_show", {"task_id": task})).structured_content
        assert content is not None
        return dict(content)


async def test_nothing_outside_the_board_was_touched(board: Board, tmp_path: Path) -> None:
    for number, payload in enumerate(PAYLOADS[30:36]):
        await spread(board, number, payload)
    assert not Path("/tmp/kanban-pwned").exists()
