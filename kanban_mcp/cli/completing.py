"""Completion of task ids and roles in a shell, from the board: quick, silent when anything is wrong, and harmless.

What is printed here is read by a shell, in zsh by `eval`: a title is text of an agent, and quoting it for every shell
has failed others before. So of a title only letters, digits and blanks are shown.
"""

import time
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import typer

_WAIT_S = 0.5  # somebody waits with the finger on the key
_TASKS_MOST = 500
_TITLE = 48
Shell = Literal["bash", "zsh", "fish", "powershell"]


def tasks(incomplete: str) -> list[tuple[str, str]]:
    """Return the open tasks whose id begins as typed, `TASK-0…` or `3…`, with their titles."""
    try:
        return list(_tasks(incomplete.upper()))
    except Exception:  # noqa: BLE001 - a completion has nobody to tell; the command itself will say what is wrong
        return []


def roles(incomplete: str) -> list[str]:
    """Return the roles of open tasks that begin as typed."""
    try:
        return [role for role in _roles() if role.startswith(incomplete.lower())]
    except Exception:  # noqa: BLE001 - as above
        return []


def _tasks(typed: str) -> Iterator[tuple[str, str]]:
    from kanban_mcp.domain.ids import task_name

    for row in _rows("live_tasks", assignee=None, limit=_TASKS_MOST):
        name = task_name(row["id"])
        if name.startswith(typed):
            yield name, plain(row["title"])
        elif typed and str(row["id"]).startswith(typed):
            yield str(row["id"]), plain(row["title"])


def _roles() -> list[str]:
    return [row["assignee"] for row in _rows("live_roles") if plain(row["assignee"]) == row["assignee"]]


def _rows(query: str, **params: object) -> list[dict[str, Any]]:
    """Read the board as `doctor` does: nothing is opened for writing, upgraded or made."""
    from kanban_mcp import app
    from kanban_mcp.store import health

    path = app.set_up().place.require(create=False).resolve()
    with health.looking(path, time.monotonic() + _WAIT_S) as look:
        return [dict(row) for row in look.tx.all(query, **params)]


def plain(text: str) -> str:
    """Return a text without anything that means something to a shell: letters, digits, blanks and `-_.` stay."""
    kept = "".join(ch if ch.isalnum() or ch in "-_." else " " for ch in text)
    return " ".join(kept.split())[:_TITLE]


def completions(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")],
) -> None:
    """Print the completion script of a shell; kanban-mcp --install-completion puts it where the shell looks.

    Commands, options, task ids and roles are completed.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # typer lists no names there

    from kanban_mcp.cli.app import PROGRAM

    variable = f"_{PROGRAM.replace('-', '_').upper()}_COMPLETE"
    typer.echo(get_completion_script(prog_name=PROGRAM, complete_var=variable, shell=shell))
