"""VS Code (agent mode): `.vscode/mcp.json`, whose servers stand under `servers`."""

from collections.abc import Sequence

from kanban_mcp.clients import cursor
from kanban_mcp.clients.client import Client, Piece, Wanted
from kanban_mcp.clients.entries import NAME
from kanban_mcp.clients.parts import Member


def pieces(wanted: Wanted) -> Sequence[Piece]:
    """Return the entry; its form is the one Cursor has."""
    return [Piece(".vscode/mcp.json", Member(("servers", NAME), cursor.entry(wanted)))]


CLIENT = Client(
    name="vscode",
    title="VS Code",
    programs=("code", "code-insiders", "codium"),
    marks=(".vscode",),
    skills=".agents/skills",
    guide="AGENTS.md",
    start="code .",
    pieces=pieces,
    note="open .vscode/mcp.json once and start the server there; VS Code asks whether you trust it",
)
