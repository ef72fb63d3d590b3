"""Gemini CLI: `.gemini/settings.json`."""

from collections.abc import Sequence
from typing import Any

from kanban_mcp.clients.client import Client, Piece, Wanted
from kanban_mcp.clients.entries import NAME
from kanban_mcp.clients.parts import Member


def entry(wanted: Wanted) -> dict[str, Any]:
    """Return the server's entry. `trust`: its tools are not asked for each time."""
    program, *arguments = wanted.words
    return {"command": program, "args": arguments, "trust": True}


def pieces(wanted: Wanted) -> Sequence[Piece]:
    """Return the entry."""
    return [Piece(".gemini/settings.json", Member(("mcpServers", NAME), entry(wanted)))]


CLIENT = Client(
    name="gemini-cli",
    title="Gemini CLI",
    programs=("gemini",),
    marks=(".gemini", "GEMINI.md"),
    skills=".agents/skills",
    guide="GEMINI.md",
    start="gemini",
    pieces=pieces,
    note="it reads .gemini only in a folder you trust; it asks once",
)
