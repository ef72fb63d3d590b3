"""Cursor: `.cursor/mcp.json`."""

from collections.abc import Sequence
from typing import Any

from kanban_mcp.clients.client import Client, Piece, Wanted
from kanban_mcp.clients.entries import NAME
from kanban_mcp.clients.parts import Member


def entry(wanted: Wanted) -> dict[str, Any]:
    """Return the server's entry."""
    program, *arguments = wanted.words
    return {"type": "stdio", "command": program, "args": arguments}


def pieces(wanted: Wanted) -> Sequence[Piece]:
    """Return the entry."""
    return [Piece(".cursor/mcp.json", Member(("mcpServers", NAME), entry(wanted)))]


CLIENT = Client(
    name="cursor",
    title="Cursor",
    programs=("cursor", "cursor-agent"),
    marks=(".cursor",),
    skills=".agents/skills",
    guide="AGENTS.md",
    start="cursor .",
    pieces=pieces,
    note="switch the server on once, in Cursor's settings under MCP",
)
