"""Commands that only look: board, list, show, log."""

from collections.abc import AsyncIterator
from typing import Annotated

import typer

from kanban_mcp.cli.options import AsJson, Db, MyTask, Role, Run


def board(
    cards: Annotated[
        int, typer.Option("--cards", metavar="N", min=1, max=500, help="At most this many cards per column.")
    ] = 8,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Show the board: what waits on you, with the command that settles it, then the columns."""
    from kanban_mcp import app
    from kanban_mcp.cli import act, output
    from kanban_mcp.cli.board_page import board as page

    view = act.call(db, lambda b, s: b.view(s, per_column=cards), reads=True)
    where = str(app.set_up(db=db).place.path)
    act.answer(view, as_json, lambda found: page(found, where, output.console()))


def list_(
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help="Only this state, for example blocked.")
    ] = None,
    role: Role = None,
    limit: Annotated[
        int, typer.Option("-n", "--limit", metavar="N", min=1, max=500, help="At most this many tasks.")
    ] = 50,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """List tasks, what people must act on first: one line each, after the counts per state."""
    from kanban_mcp.cli import act, render

    found = act.call(db, lambda b, s: b.list(s, state=state, assignee=role, limit=limit), reads=True)
    act.answer(found, as_json, render.listing)


def show(task: MyTask = None, run: Run = None, db: Db = None, as_json: AsJson = False) -> None:
    """Show a task with all its worker would read; without TASK the one you hold, or what is ready."""
    from kanban_mcp.cli import act
    from kanban_mcp.cli.task_page import shown

    found = act.call(db, lambda b, s: b.show(s, task_id=task, run_id=run), reads=True)
    act.answer(found, as_json, shown)


def log(
    task: MyTask = None,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on with what happens from now, until Ctrl-C.")
    ] = False,
    lines: Annotated[
        int, typer.Option("-n", "--lines", metavar="N", min=0, max=100_000, help="How many of the last events.")
    ] = 20,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=0, help="Stop after this many events; 0 never.")
    ] = 0,
    db: Db = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """Show what happened: the change feed of the board, or of one task, oldest first."""
    import asyncio

    asyncio.run(_log(db, task, follow, lines, count, as_json))


async def _log(db: str | None, task: str | None, follow: bool, lines: int, count: int, as_json: bool) -> None:
    from kanban_mcp import app
    from kanban_mcp.cli import output
    from kanban_mcp.cli.feed_line import feed_line
    from kanban_mcp.service.board import Board
    from kanban_mcp.service.results import Event, to_json

    async def events(board: Board) -> AsyncIterator[Event]:
        newest = await board.events(after=None, limit=1)
        after = newest[0].id if newest else 0
        for event in await board.events(after=None, limit=lines, task_id=task):
            if event.id <= after:
                yield event
        if follow:
            async for event in board.follow(after=after, task_id=task):
                yield event

    board = app.open_board(app.set_up(db=db), may_create=False)
    left = count
    try:
        async for event in events(board):
            if as_json:
                output.as_json(to_json(event), indent=None)
            else:
                output.lines([feed_line(event)])
            left -= 1
            if left == 0:
                return
    finally:
        await board.close()
