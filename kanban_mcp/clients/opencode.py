"""OpenCode: `opencode.json`, or `opencode.jsonc` where there is one."""

from collections.abc import Sequence
from typing import Any

from kanban_mcp.clients.client import Client, Piece, Wanted
from kanban_mcp.clients.entries import NAME
from kanban_mcp.clients.parts import Member

FILES = ("opencode.json", "opencode.jsonc")
TIMEOUT_MS = 60_000  # starts anew with each progress notice, which the waiting tools send


def entry(wanted: Wanted) -> dict[str, Any]:
    """Return the server's entry; its command line is one list."""
    return {"type": "local", "command": wanted.words, "enabled": True, "timeout": TIMEOUT_MS}


def pieces(wanted: Wanted) -> Sequence[Piece]:
    """Return the entry, for the file that is there."""
    path = next((name for name in FILES if (wanted.folder / name).exists()), FILES[0])
    return [Piece(path, Member(("mcp", NAME), entry(wanted)))]


CLIENT = Client(
    name="opencode",
    title="OpenCode",
    programs=("opencode",),
    marks=(*FILES, ".opencode"),
    skills=".agents/skills",
    guide="AGENTS.md",
    start="opencode",
    pieces=pieces,
)
