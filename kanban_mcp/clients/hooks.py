"""The hook entries of Claude Code and Codex, as data, and whether they run.

Where the client can call a tool of its connected server from a hook, that is used: no process, and a sub-agent can be
told apart. Measured with Claude Code 2.1.197 and 2.1.329 and Codex 0.169.0:

* Claude Code: a SessionStart hook has no MCP client yet, at SessionEnd it has none any more: these two are commands.
* Codex: SessionEnd takes commands only, SessionStart may come before the server is ready: the same two.
* A placeholder that an event's payload lacks is "" in Claude Code; Codex then leaves the hook out without a word. So
  each event names only what its payload always has.

For `doctor`: `installed_events(hooks)` says which events of a settings file are ours, `last_fired(folder)` when a hook
of each client last reached the board in that directory, and `codex_trust.codex_trust(project)` asks Codex. Codex runs
no hook that the person has not trusted (`/hooks` in codex) and says nothing about it; a changed entry has lost it.
"""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from kanban_mcp.clients import entries
from kanban_mcp.domain import hooks
from kanban_mcp.hooks.trace import last_fired as last_fired

MCP_TIMEOUT_S = 5
COMMAND_TIMEOUT_S = 10
ENDING_TIMEOUT_S = 3  # Codex allows a SessionEnd hook no more; Claude Code gives 1.5 s unless told

_CLAUDE: Mapping[str, Sequence[str]] = {
    hooks.PROMPT: ("session_id",),
    hooks.PRE_TOOL: ("session_id", "agent_id", "tool_name", "tool_use_id"),
    hooks.POST_TOOL: ("session_id", "agent_id", "tool_name"),
    hooks.POST_TOOL_FAILURE: ("session_id", "agent_id", "tool_name"),
    hooks.AGENT_STOP: ("session_id", "agent_id", "stop_hook_active"),
    hooks.STOP: ("session_id", "stop_hook_active", "background_tasks"),
}
_CODEX: Mapping[str, Sequence[str]] = {
    hooks.PROMPT: ("session_id",),
    hooks.PRE_TOOL: ("session_id", "tool_name", "tool_use_id"),
    hooks.POST_TOOL: ("session_id", "tool_name"),
    hooks.AGENT_STOP: ("session_id", "agent_id", "stop_hook_active"),
    hooks.STOP: ("session_id", "stop_hook_active"),
}


def claude_hooks(command: Sequence[str], server: str = entries.NAME) -> dict[str, list[dict[str, Any]]]:
    """Return the value of "hooks" in a settings file of Claude Code.

    `command` is the command line of kanban-mcp without a subcommand; `server` is the name of our entry among the
    client's MCP servers.
    """
    return _entries(command, "claude", _CLAUDE, server)


def codex_hooks(command: Sequence[str], server: str = entries.NAME) -> dict[str, list[dict[str, Any]]]:
    """Return the value of "hooks" in Codex's hooks.json; the arguments are those of `claude_hooks`."""
    return _entries(command, "codex", _CODEX, server)


def installed_events(configured: Any) -> list[str]:
    """Return the events for which a "hooks" value of a client's settings holds one of our entries, in our order."""
    groups = configured if isinstance(configured, Mapping) else {}
    return [event for event in hooks.EVENTS if any(map(entries.is_our_hook, _groups(groups.get(event))))]


def _groups(groups: Any) -> list[Any]:
    """Return a group of its own for each handler: ours may stand in one group with those of other programs."""
    found = [group.get("hooks") for group in groups if isinstance(group, Mapping)] if isinstance(groups, list) else []
    return [{"hooks": [handler]} for handlers in found if isinstance(handlers, list) for handler in handlers]


def _entries(
    command: Sequence[str], client: str, fields: Mapping[str, Sequence[str]], server: str
) -> dict[str, list[dict[str, Any]]]:
    found = {hooks.SESSION_START: _command(command, hooks.SESSION_START, client, COMMAND_TIMEOUT_S)}
    found |= {event: _call(server, event, client, names) for event, names in fields.items()}
    found[hooks.SESSION_END] = _command(command, hooks.SESSION_END, client, ENDING_TIMEOUT_S)
    return {event: [{"hooks": [handler]}] for event, handler in found.items()}


def _command(command: Sequence[str], event: str, client: str, timeout_s: int) -> dict[str, Any]:
    line = shlex.join([*command, "hook", event, "--client", client])
    return {"type": "command", "command": line, "timeout": timeout_s}


def _call(server: str, event: str, client: str, names: Sequence[str]) -> dict[str, Any]:
    given = {"event": event, "client": client, **{name: f"${{{name}}}" for name in names}}
    return {"type": "mcp_tool", "server": server, "tool": entries.HOOK_TOOL, "input": given, "timeout": MCP_TIMEOUT_S}
