"""Texts for a terminal: escaped, and in the words of commands. Stdlib only: the light path prints too."""

import json
import re
from typing import Any

from kanban_mcp.domain.texts import escape, has_control_characters

COMMANDS = frozenset(
    """claim show list heartbeat block create complete comment fail plan update link answer cancel retry approve
    reject""".split()
)
_CALL = re.compile(r"kanban_([a-z_]+)(?:\(([^()]*)\))?")
_TASK = re.compile(r'"(TASK-[0-9]+)"')
_ROLE = re.compile(r'assignee="([^"]*)"')
_WAIT = re.compile(r"wait_s=([0-9]+)")
_TEXT = re.compile(r"summary|reason|note|answer|…")


def line(text: object) -> str:
    """Return somebody's text as one line that a terminal cannot take for a command."""
    return escape(" ".join(str(text).split()))


def block(text: object) -> str:
    """Return somebody's text, its line breaks kept, so that a terminal cannot take it for a command."""
    return escape(str(text).replace("\r\n", "\n"))


def as_commands(text: str) -> str:
    """Return the board's advice with tool calls written as commands: `kanban_claim(wait_s=45)` is `claim --wait 45`.

    The board speaks to agents; whoever reads a terminal needs what can be typed there. Tools that have no command stay.
    """
    return _CALL.sub(_command, text)


def _command(call: re.Match[str]) -> str:
    verb, given = call[1], call[2] or ""
    if verb not in COMMANDS:
        return call[0]
    words = [f"kanban-mcp {verb}"]
    words += _TASK.findall(given)
    words += [f"--role {role}" for role in _ROLE.findall(given)]
    words += [f"--wait {seconds}" for seconds in _WAIT.findall(given)]
    words += ["--no-triage"] if "triage=false" in given else []
    words += ['-m "…"'] if _TEXT.search(given) else []
    return " ".join(words)


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """Return JSON for a terminal or a program: readable characters as they are, control and bidi characters as \\u…."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":"))
    if not has_control_characters(text):
        return text
    return "".join(
        json.dumps(ch)[1:-1] if ch != "\n" and has_control_characters(ch, one_line=True) else ch for ch in text
    )
