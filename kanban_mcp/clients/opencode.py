"""OpenCode: `opencode.json`, or `opencode.jsonc` where there is one."""

from collections.abc import Sequence
from typing import Any

from kanban_mcp.clients.client import Client, Piece, Wanted
from kanban_mcp.clients.entries import NAME
from kanban_mcp.clients.parts import Member, Setting

FILES = ("opencode.json", "opencode.jsonc")
SCHEMA = "https://opencode.ai/config.json"
TIMEOUT_MS = 60_000  # starts anew with each progress notice, which the waiting tools send


def entry(wanted: Wanted) -> dict[str, Any]:
    """Return the server's entry; its command line is one list."""
    return {"type": "local", "command": wanted.words, "enabled": True, "timeout": TIMEOUT_MS}


def pieces(wanted: Wanted) -> Sequence[Piece]:
    """Return the entry, for the file that is there; a new one names its schema, or OpenCode would write that in."""
    there = next((name for name in FILES if (wanted.folder / name).exists()), None)
    member = Member(("mcp", NAME), entry(wanted))
    if there is not None:
        return [Piece(there, member)]
    return [Piece(FILES[0], Setting(("$schema",), SCHEMA)), Piece(FILES[0], member)]


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
