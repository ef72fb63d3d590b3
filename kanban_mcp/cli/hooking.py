"""`kanban-mcp hook` as the help shows it; `cli/hook.py` answers it before this framework is loaded."""

from typing import Annotated

import typer

from kanban_mcp.domain.hooks import EVENTS


def hook(
    event: Annotated[str, typer.Argument(metavar="EVENT", help=f"One of {', '.join(EVENTS)}.")],
    client: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose hook it is: claude or codex; doctor tells when it last ran."),
    ] = None,
) -> None:
    """Answer a coding agent's hook: payload on stdin, answer on stdout. Clients run this; init --hooks sets it up.

    SessionStart names the held task; PreToolUse denies edits after a lost run; PostToolUse keeps the lease and brings
    messages; Stop reminds once; SessionEnd hands the task back. The exit code is always 0: no session breaks by a hook.
    """
    from kanban_mcp.cli import hook as light

    raise typer.Exit(light.main([event, *(["--client", client] if client else [])]) or 0)
