"""The words that start this server, and how an entry that does so is told from one that does not."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

NAME = "kanban"
PROGRAM = "kanban-mcp"
DISTRIBUTION = "kanban-mcp-server"  # its script of that name is what `uvx` runs
HOOK_TOOL = "kanban_hook"
SHARED = (PROGRAM, "serve")
OPERATOR_TOOLS = ("kanban_approve", "kanban_reject")
_VERSION = re.compile(r"[@=<>~!]")
_UVX = re.compile(r"uvx (?:--from )?kanban-mcp-server(?:(?:@|[=<>~!]=?)[\w.]+)? (?:kanban-mcp )?serve")
_HOOK = re.compile(r"(?:kanban-mcp|kanban_mcp)['\"]? (?:hook|heartbeat)\b")


def own_command() -> list[str]:
    """Return how a client starts this installation: the console script beside the interpreter, else the module."""
    script = Path(sys.executable).with_name(PROGRAM)
    if script.is_file() and os.access(script, os.X_OK):
        return [str(script), "serve"]
    return [sys.executable, "-m", "kanban_mcp", "serve"]


def words_of(entry: Any) -> list[str]:
    """Return the command line of a server entry, in whichever form a client keeps it; empty when it has none."""
    if not isinstance(entry, Mapping):
        return []
    command, arguments = entry.get("command", ""), entry.get("args", [])
    head = command if isinstance(command, list) else [command]
    return [str(word) for word in [*head, *(arguments if isinstance(arguments, list) else [])]]


def is_ours(entry: Any) -> bool:
    """Say whether an entry named like ours starts this program, whichever installation of it."""
    words = words_of(entry)
    return "serve" in words and any(_names_us(word) for word in words)


def is_trusted(entry: Mapping[str, Any], own: Mapping[str, Any], project: Path) -> bool:
    """Say whether an entry of ours runs nothing that the project's author brought along.

    A repository may ship an entry that only looks like ours. Whatever init allows for it would run unasked, so it has
    to be `own`, or a plain call of an installed program outside the project, and set no variable but the board's.
    """
    variables = [entry.get(key) or {} for key in ("env", "environment")]
    is_plain = all(isinstance(each, Mapping) and all(name.startswith("KANBAN_") for name in each) for each in variables)
    if "cwd" in entry or not is_plain:
        return False
    words, mine = words_of(entry), words_of(own)
    base = mine[: mine.index("serve") + 1] if "serve" in mine else mine
    if words[: len(base)] == base:
        return True
    if words[:1] == ["uvx"]:
        return bool(_UVX.fullmatch(" ".join(words[: words.index("serve") + 1])))
    program = Path(words[0])
    places = (program, program.resolve()) if "/" in words[0] else ()
    is_outside = program.is_absolute() or not places
    is_outside = is_outside and not any(place.is_relative_to(project.resolve()) for place in places)
    return is_outside and program.name == PROGRAM and words[1] == "serve"


def _names_us(word: str) -> bool:
    """Say whether a word is our program, module or distribution, perhaps with a version."""
    return _VERSION.split(Path(word).name)[0] in (PROGRAM, DISTRIBUTION, "kanban_mcp")


def is_our_hook(item: Any) -> bool:
    """Say whether a group of hooks runs this program, whichever installation of it."""
    hooks = item.get("hooks") if isinstance(item, Mapping) else None
    if not isinstance(hooks, list) or not hooks:
        return False
    return all(isinstance(hook, Mapping) and _is_ours(hook) for hook in hooks)


def _is_ours(hook: Mapping[str, Any]) -> bool:
    """Say whether one handler runs this program, or calls the tool that its server keeps for hooks."""
    if hook.get("type") == "mcp_tool":
        return hook.get("tool") == HOOK_TOOL
    return bool(_HOOK.search(str(hook.get("command", ""))))


def starts(program: str) -> bool:
    """Say whether a program can be started: a bare name is looked up by the client, so it counts as one that can."""
    is_looked_up = program != "" and "/" not in program
    return is_looked_up or os.access(program, os.X_OK)


def renewed(there: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be set in an entry of ours; nothing while it starts and says what the client needs.

    Flags that people added stay as long as the program they start is there.
    """
    needed = {key: value for key, value in own.items() if key not in ("command", "args")}
    missing = {key: value for key, value in needed.items() if key not in there}
    program = next(iter(words_of(there)), "")
    if program != next(iter(words_of(own)), "") and not starts(program):
        missing |= {key: own[key] for key in ("command", "args") if key in own}
    if there.get("alwaysLoad") is False and own.get("alwaysLoad"):
        missing["alwaysLoad"] = True
    return missing


def with_board(command: Sequence[str], db: Path | None) -> list[str]:
    """Return the command with the board named, when it is not the one that the server finds from the project."""
    return [*command] if db is None else [*command, "--db", str(db)]
