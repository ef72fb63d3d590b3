"""Codex: `.codex/config.toml` of a trusted project, and `.codex/hooks.json`."""

from collections.abc import Sequence
from typing import Any

from kanban_mcp.clients import hooks
from kanban_mcp.clients.client import Client, Piece, Wanted
from kanban_mcp.clients.entries import NAME, OPERATOR_TOOLS
from kanban_mcp.clients.parts import Items, Table

STARTUP_S = 30
LONGEST_CALL_S = 600  # a kanban_wait may last 540 s; Codex cuts a call off at 60 s unless told otherwise


def entry(wanted: Wanted) -> dict[str, Any]:
    """Return the server's entry. Without `required` the first request may go out before the tools are listed."""
    program, *arguments = wanted.words
    return {
        "command": program,
        "args": arguments,
        "required": True,
        "startup_timeout_sec": STARTUP_S,
        "tool_timeout_sec": LONGEST_CALL_S,
        "default_tools_approval_mode": "approve",
        "tools": {tool: {"approval_mode": "prompt"} for tool in OPERATOR_TOOLS},
    }


def pieces(wanted: Wanted) -> Sequence[Piece]:
    """Return the entry, and the hooks if wanted."""
    found = [Piece(".codex/config.toml", Table(("mcp_servers", NAME), entry(wanted)))]
    if wanted.with_hooks:
        groups = hooks.codex_hooks(wanted.program, NAME)
        for event, group in groups.items():
            found.append(Piece(".codex/hooks.json", Items(("hooks", event), tuple(group), are_hooks=True)))
    return found


CLIENT = Client(
    name="codex",
    title="Codex",
    programs=("codex",),
    marks=(".codex",),
    skills=".agents/skills",
    guide="AGENTS.md",
    start="codex",
    pieces=pieces,
    note="it reads .codex only in a project you trust: start codex here once and say yes",
    hooks_note="it runs hooks only after you have reviewed them: in codex, /hooks, trust (again when they change)",
)
