"""Long-running commands: serve, reaper."""

import logging
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kanban_mcp.cli.options import AsJson, Db

if TYPE_CHECKING:
    from kanban_mcp.app import Setup


def serve(
    db: Db = None,
    toolset: Annotated[
        Literal["worker", "orchestrator", "operator"] | None,
        typer.Option(help="Which tools; default orchestrator. A delegated run always gets the worker's."),
    ] = None,
    role: Annotated[str | None, typer.Option(metavar="ROLE", help="The role of this session.")] = None,
) -> None:
    """Serve the board to one MCP client over stdio. Clients start this, not people.

    `kanban-mcp` alone does the same when its input is not a terminal.
    """
    # `kanban_mcp.__main__` takes every command line that it can read before this framework is loaded.
    raise typer.BadParameter("give each flag once, as --db FILE, --toolset NAME, --role ROLE.")


def reaper(
    once: Annotated[bool, typer.Option("--once", help="Do one pass, print what was done, end.")] = False,
    every: Annotated[
        str | None, typer.Option("--reap-every", metavar="WHILE", help="From one pass to the next, for example 10s.")
    ] = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Take back what dead workers hold, and keep the board true. Safe to run twice, or not at all."""
    import asyncio

    from kanban_mcp import app

    setup = app.set_up(db=db, reap_every=every)
    asyncio.run(_reap(setup, once, as_json))


async def _reap(setup: "Setup", once: bool, as_json: bool) -> None:
    from kanban_mcp import app
    from kanban_mcp.cli import output
    from kanban_mcp.reaper import loop

    board = app.open_board(setup, may_create=False)
    try:
        if once:
            counts = await loop.run_once(board)
            if as_json:
                output.as_json(counts)
            else:
                output.lines([output.said(loop.describe(counts))])
            return
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s kanban-mcp reaper: %(message)s")
        await loop.run_until_signalled(board, setup.settings.policy.reap_every_ms / 1000)
    finally:
        await board.close()
