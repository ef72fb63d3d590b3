"""The reference of all commands as Markdown, made from the commands themselves: `docs/reference/cli.md`."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from kanban_mcp.cli import app as commands
from kanban_mcp.cli import exits

_HEAD = """\
# Commands

Generated from the commands themselves. `kanban-mcp` alone on a terminal shows the board and what waits on you; when its
input is not a terminal it serves, as `kanban-mcp serve`. `kanban-mcp COMMAND --help` says the same as this page.

* `--json` prints the answer as one JSON object on stdout: the object that the tool of the same name answers.
* A refusal is one text on stderr: `[code] what happened. Next: what to do.` The codes are in [errors](errors.md).
* Long texts: `-` reads standard input, `@FILE` a file, `@@` stands for one `@`.
* Nothing that came from a task reaches the terminal as a control character; without a terminal nothing is coloured,
  wrapped or cut, and `NO_COLOR` is heeded.
* Who calls: a person holds the operator key and is not below a worker's process. An agent's shell (one with
  `CLAUDE_CODE_SESSION_ID`, `KANBAN_SESSION_ID`, `KANBAN_TASK_ID` or `KANBAN_RUN_ID`, or below a process that speaks
  for an open run) speaks for the agent and can neither approve nor pause. Otherwise the terminal is the worker: a claim
  and the later complete of one shell belong together.
"""


def cli_reference() -> str:
    """Return the page."""
    parts = [_HEAD, "## Exit codes\n", *_exit_codes(), ""]
    panel = ""
    for of_panel, name, command in _commands():
        if of_panel != panel:
            panel = of_panel
            parts.append(f"## {panel}\n")
        parts += _command(name, command)
    return "\n".join(parts)


def _exit_codes() -> Iterator[str]:
    yield "| code | meaning |"
    yield "|---|---|"
    for code, meaning in exits.MEANINGS.items():
        yield f"| {code} | {meaning} |"


def _commands() -> Iterator[tuple[str, str, Any]]:
    group: Any = get_command(commands.app)
    known = [(panel, name, group.commands[name]) for panel, name, _ in commands.COMMANDS]
    later = [(panel, name, get_command(commands.command_of(target))) for panel, name, target, _ in commands.LATER]
    panels = list(dict.fromkeys(panel for panel, _, _ in known))
    yield from sorted([*known, *later], key=lambda one: panels.index(one[0]))


def _command(name: str, command: Any) -> Iterator[str]:
    params = [param for param in command.params if not getattr(param, "hidden", False) and param.name != "help"]
    arguments = [param for param in params if param.param_type_name == "argument"]
    usage = " ".join(_argument(param) for param in arguments)
    yield f"### `{commands.PROGRAM} {f'{name} {usage}'.strip()}`\n"
    yield f"{' '.join((command.help or '').split())}\n"
    if params:
        yield "| | |"
        yield "|---|---|"
    for param in params:
        yield f"| {_cell(_names(param))} | {_cell(_meaning(param))} |"
    yield ""


def _argument(param: Any) -> str:
    label = param.metavar or param.name.upper()
    return label if param.required else f"[{label}]"


def _names(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.metavar or param.name.upper()}`"
    value = "" if getattr(param, "is_flag", False) else f" {param.metavar or _kind(param)}"
    return ", ".join(f"`{name}{value}`" for name in (*param.opts, *param.secondary_opts))


def _kind(param: Any) -> str:
    return "|".join(map(str, getattr(param.type, "choices", ()))) or str(param.type.name).upper()


def _meaning(param: Any) -> str:
    needed = "Required. " if param.required and param.param_type_name != "argument" else ""
    default = param.default
    shows = (
        isinstance(default, (str, int, float))
        and not isinstance(default, bool)
        and default != ""
        and not callable(default)
    )
    return f"{needed}{param.help or ''}{f' Default: {default}.' if shows else ''}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
