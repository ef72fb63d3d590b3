"""What a hook says to its client, in the client's own JSON; the same fields in Claude Code and Codex."""

from __future__ import annotations

from kanban_mcp.domain import hooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kanban_mcp.domain.hooks import HookEvent
    from kanban_mcp.service.hooking import Reaction

_TAKES_CONTEXT = frozenset(
    {hooks.SESSION_START, hooks.PROMPT, hooks.PRE_TOOL, hooks.POST_TOOL, hooks.POST_TOOL_FAILURE, hooks.AGENT_START}
)


def answer(event: HookEvent, reaction: Reaction) -> dict[str, Any]:
    """Return the answer to an event; {} says nothing and stops nothing."""
    if reaction.deny and event.name == hooks.PRE_TOOL:
        decision = {"permissionDecision": "deny", "permissionDecisionReason": reaction.deny}
        return {"hookSpecificOutput": {"hookEventName": event.name, **decision}}
    if reaction.block and event.name in (hooks.STOP, hooks.AGENT_STOP):
        return {"decision": "block", "reason": reaction.block}
    if reaction.context and event.name in _TAKES_CONTEXT:
        return {"hookSpecificOutput": {"hookEventName": event.name, "additionalContext": reaction.context}}
    return {}
