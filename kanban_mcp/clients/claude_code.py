"""Claude Code: `.mcp.json`, and the permission to use the tools in `.claude/settings.local.json`."""

from collections.abc import Sequence
from typing import Any

from kanban_mcp.clients import hooks
from kanban_mcp.clients.client import Client, Piece, Wanted
from kanban_mcp.clients.entries import NAME, OPERATOR_TOOLS, SHARED
from kanban_mcp.clients.parts import Items, Member, Part, Setting

TOOLS = f"mcp__{NAME}"
CONNECT_MS = "15000"  # a server to be loaded always is waited for 5 s otherwise, too short on a busy machine (measured)
PLUGIN = "kanban"
PLUGIN_SERVER = f"plugin:{PLUGIN}:{NAME}"  # what Claude Code calls the server of our plugin, also in its hooks


def entry(wanted: Wanted) -> dict[str, Any]:
    """Return the server's entry. Without `alwaysLoad` the first request goes out before the tools are listed."""
    program, *arguments = wanted.words
    return {"type": "stdio", "command": program, "args": arguments, "alwaysLoad": True}


def pieces(wanted: Wanted) -> Sequence[Piece]:
    """Return the entry, the tools allowed but for those that decide in a person's place, and the hooks if wanted."""
    settings = ".claude/settings.json" if wanted.is_shared else ".claude/settings.local.json"
    asked = tuple(f"{TOOLS}__{tool}" for tool in OPERATOR_TOOLS)
    parts: list[Part] = [
        Items(("enabledMcpjsonServers",), (NAME,), is_strict=True),
        Items(("permissions", "allow"), (TOOLS,), is_strict=True),
        Items(("permissions", "ask"), asked, is_strict=True),
        Setting(("env", "MCP_CONNECT_TIMEOUT_MS"), CONNECT_MS),
    ]
    if wanted.with_hooks:
        groups = hooks.claude_hooks(wanted.program, NAME)
        parts += [Items(("hooks", event), tuple(group), are_hooks=True) for event, group in groups.items()]
    server = Piece(".mcp.json", Member(("mcpServers", NAME), entry(wanted), is_strict=True))
    return [server, *(Piece(settings, part) for part in parts)]


def plugin_hooks() -> dict[str, Any]:
    """Return what `hooks/hooks.json` of the plugin says: the same, with the bare command and the plugin's server."""
    return {"hooks": hooks.claude_hooks(SHARED[:1], PLUGIN_SERVER)}


CLIENT = Client(
    name="claude-code",
    title="Claude Code",
    programs=("claude",),
    marks=(".claude", ".mcp.json", "CLAUDE.md"),
    skills=".claude/skills",
    guide="CLAUDE.md",
    start="claude",
    pieces=pieces,
    shared_note="it follows .claude/settings.json only in a folder you trust: start claude here once and say yes",
)
