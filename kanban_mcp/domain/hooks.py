"""What a client's hook tells about its session, as a value: read leniently, because a hook must never break a session.

Clients name the fields alike (reference: real clients). A hook that calls our server names its arguments itself, where
everything may arrive as text: a placeholder without a value is "", a list is JSON.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

SESSION_START = "SessionStart"
PROMPT = "UserPromptSubmit"
PRE_TOOL = "PreToolUse"
POST_TOOL = "PostToolUse"
POST_TOOL_FAILURE = "PostToolUseFailure"
AGENT_START = "SubagentStart"
AGENT_STOP = "SubagentStop"
STOP = "Stop"
SESSION_END = "SessionEnd"

EVENTS = (
    SESSION_START, PROMPT, PRE_TOOL, POST_TOOL, POST_TOOL_FAILURE, AGENT_START, AGENT_STOP, STOP, SESSION_END,
)  # fmt: skip

BEATS = frozenset({PROMPT, POST_TOOL, POST_TOOL_FAILURE})
"""Events that prove the session alive and can hand text to the model."""

GOES_ON = frozenset({"clear", "resume", "compact"})
"""Reasons of SessionEnd after which the same process goes on, and its runs with it: /clear, /resume, compaction."""

_HARMLESS = frozenset(
    """read grep glob ls notebookread websearch webfetch toolsearch skill todoread todowrite taskget tasklist taskoutput
    taskstop bashoutput killshell killbash sendmessage askuserquestion enterplanmode exitplanmode view_image update_plan
    list_mcp_resources list_mcp_resource_templates read_mcp_resource request_user_input get_goal wait_agent close_agent
    """.split()
)
_TEXT_LIMIT = 4096
_SHELL_SIGNS = frozenset(";|&<>$`\\\n\r(){}")


class HookEvent(NamedTuple):
    """One event of a session.

    `agent` is the sub-agent it happened in, "" for the main agent. `is_repeat`: the agent goes on only because a Stop
    hook asked it to. `is_busy`: something of its own still runs in the background. `command` is a shell's.
    """

    name: str
    session: str = ""
    agent: str = ""
    tool: str = ""
    tool_use: str = ""
    command: str = ""
    is_repeat: bool = False
    is_busy: bool = False
    source: str = ""
    reason: str = ""

    @property
    def speaks_to_the_board(self) -> bool:
        """Say whether the tool is one of ours, by whatever name the client gave it: these are never denied."""
        name = _bare(self.tool)
        return name.startswith("kanban_") or name == "delegate_task"

    @property
    def changes_something(self) -> bool:
        """Say whether the tool may edit, run or send something; a tool nobody here knows may.

        The board's own command is none: where the tools cannot be reached it is the way to learn what happened.
        """
        if self.speaks_to_the_board or _bare(self.tool) in _HARMLESS:
            return False
        words = self.command.split()
        is_own = bool(words) and words[0].rpartition("/")[2] == "kanban-mcp"
        return not is_own or bool(_SHELL_SIGNS & set(self.command))


def read_event(name: str, payload: Mapping[str, Any]) -> HookEvent:
    """Read an event from a hook's payload; whatever is missing or of another kind counts as not said."""
    tool_input = payload.get("tool_input")
    command = tool_input.get("command") if isinstance(tool_input, Mapping) else payload.get("command")
    return HookEvent(
        name=name,
        session=_text(payload.get("session_id")),
        agent=_text(payload.get("agent_id")),
        tool=_text(payload.get("tool_name")),
        tool_use=_text(payload.get("tool_use_id")),
        command=command if isinstance(command, str) and len(command) <= _TEXT_LIMIT else "\n",
        is_repeat=payload.get("stop_hook_active") in (True, "true"),
        is_busy=_is_busy(payload.get("background_tasks")),
        source=_text(payload.get("source")),
        reason=_text(payload.get("reason")),
    )


def _text(value: Any) -> str:
    return value.strip()[:_TEXT_LIMIT] if isinstance(value, str) else ""


def _is_busy(tasks: Any) -> bool:
    """Say whether a task of the list still runs; a hook that calls our server passes the list as text."""
    if isinstance(tasks, str):
        try:
            tasks = json.loads(tasks)
        except (ValueError, RecursionError):
            return False
    rows = tasks if isinstance(tasks, list) else []
    return any(isinstance(row, Mapping) and row.get("status") in ("running", "pending") for row in rows)


def _bare(tool: str) -> str:
    """Return a tool's name without what a client puts before it (`mcp__kanban__kanban_show`)."""
    return tool.rpartition("__")[2].lower()
