"""`kanban-mcp demo`: watch a board at work in an empty folder, offline and without a key, in about a minute."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="An empty or new folder. Default: this one if it is empty, else a temporary one."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Approve in your place when a worker asks.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the proof as JSON; progress goes to stderr.")] = False,
    fast: Annotated[bool, typer.Option("--fast", hidden=True, help="Shorten the pauses.")] = False,
) -> None:
    """Watch the board at work: workers that plan, build, die, come back and ask, in a small git repository.

    Starts real worker processes on a board of its own; nothing outside of the folder is touched. Ends with what was
    proven; the exit code is 0 only if all of it was observed.
    """
    from kanban_mcp.cli.demo.command import run

    raise typer.Exit(run(folder, is_unattended=yes, as_json=json, is_fast=fast))
