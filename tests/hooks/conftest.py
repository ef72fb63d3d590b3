"""Sessions with sub-agents on a board, and hooks as their client calls them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.domain.hooks import HookEvent, read_event
from kanban_mcp.domain.principals import agent_key
from kanban_mcp.service.board import Board
from kanban_mcp.service.hooking import Reaction
from kanban_mcp.service.session import Session
from tests.conftest import caller
from tests.service.conftest import refused as refused
from tests.service.helpers import ask_all

Hook = Callable[..., Awaitable[Reaction]]
ROOT = "testhost|main"


def main_agent(**fields: Any) -> Session:
    """Return the connection of a session's main agent, as its server holds it."""
    return Session(replace(caller("main"), **fields))


def sub_agent(name: str = "a1", **fields: Any) -> Session:
    """Return what the same server holds for a sub-agent of that session."""
    main = caller("main")
    return Session(replace(main, key=agent_key(main.key, name), name=f"{main.name}/{name}", **fields))


def event(name: str, **payload: Any) -> HookEvent:
    """Return an event as a client sends it."""
    return read_event(name, payload)


EDIT = event("PreToolUse", tool_name="Edit", tool_input={"file_path": "a.py"})
AFTER = event("PostToolUse", tool_name="Edit")
STOP = event("Stop")


@pytest.fixture
def hook(board: Board) -> Hook:
    """Return a function that sends one event for a session and returns the reaction."""

    async def send(s: Session, what: HookEvent | str, **payload: Any) -> Reaction:
        return await board.hook(s, what if isinstance(what, HookEvent) else event(what, **payload))

    return send


def kinds(path: Path, run: int = 1) -> list[str]:
    """Return the kinds of events that a run has on record, oldest first."""
    return [kind for (kind,) in ask_all(path, "SELECT kind FROM events WHERE run_id = ? ORDER BY id", run)]
