"""Setting up: init, config."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from kanban_mcp.cli.options import AsJson, Db

if TYPE_CHECKING:
    from rich.text import Text

    from kanban_mcp.app import Setup
    from kanban_mcp.cli.clients import Merged


class Founded(NamedTuple):
    """What init did: the board was new, its key's path, whether the key was made now and is with this user."""

    was_new: bool
    key: Path
    key_is_new: bool
    key_is_here: bool


def init(
    print_only: Annotated[
        bool, typer.Option("--print", help="Show .mcp.json as it would be; write nothing at all.")
    ] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Make a board here, its operator key, and the entry for Claude Code. Running it again changes nothing."""
    import asyncio

    from kanban_mcp import app
    from kanban_mcp.cli import clients, output

    setup = app.set_up(db=db)
    is_elsewhere = setup.place.found == "given"
    folder = Path.cwd() if is_elsewhere else setup.place.folder.parent
    own = clients.entry(clients.command(), setup.place.path if is_elsewhere else None)
    merged = clients.merge(folder, own)  # first: a file that cannot be merged must not leave half an init behind
    if print_only:
        typer.echo(merged.text, nl=False)
        return
    founded = asyncio.run(_found(setup))
    if merged.is_news:
        merged.write()
    if as_json:
        output.as_json(_facts(setup, founded, merged))
    else:
        output.lines(_said(setup, founded, merged))


async def _found(setup: "Setup") -> Founded:
    from kanban_mcp import app, keys
    from kanban_mcp.store.location import initialise

    was_new = not setup.place.exists
    place = initialise(setup.place)
    board = app.open_board(app.Setup(place, setup.settings))
    try:
        identity = await board.create_if_missing()
        had_key = identity.operator_hash is not None
        is_here = await app.make_operator_key(board)
        path = keys.key_path(keys.keys_folder(os.environ), identity.board_key)
        return Founded(was_new, path, not had_key, is_here)
    finally:
        await board.close()


def _facts(setup: "Setup", founded: Founded, merged: "Merged") -> dict[str, object]:
    return {
        "board": str(setup.place.path),
        "board_is_new": founded.was_new,
        "clients": {str(merged.path): merged.change},
        "operator_key": str(founded.key),
        "operator_key_is_new": founded.key_is_new,
        "operator_key_is_here": founded.key_is_here,
    }


def _said(setup: "Setup", founded: Founded, merged: "Merged") -> Iterator["Text"]:
    from rich.text import Text

    from kanban_mcp.cli.output import said

    how = "new" if founded.was_new else "there already"
    kept = "; its data is ignored by git, profiles and kanban.toml beside it are yours to commit"
    facts = {
        "board": f"{setup.place.path} ({how}{kept if setup.place.found != 'given' else ''})",
        "clients": f"{merged.path}: {_change(merged.change)}",
        "operator": _key(founded),
    }
    for name, fact in facts.items():
        yield Text(f"{name:<10}").append(said(fact))
    yield Text('Next  1. kanban-mcp create "Rate-limit /login" --role implementer')
    yield Text("      2. claude, then /mcp__kanban__work implementer    one session per role")
    yield Text("      3. kanban-mcp                                     the board, and what waits on you")


def _change(change: str) -> str:
    if change == "not ours":
        return 'another server is called "kanban"; left as it is. kanban-mcp init --print with it renamed shows ours'
    return f'"kanban" {change}'


def _key(founded: Founded) -> str:
    if not founded.key_is_here:
        return f"this board's key is not with you ({founded.key}); only who has it approves"
    what = "key made" if founded.key_is_new else "key there already"
    return f"{what}: {founded.key}; only people approve: kanban-mcp approve"


def config(db: Db = None, as_json: AsJson = False) -> None:
    """Print the settings in force, and where each value comes from."""
    from kanban_mcp import app
    from kanban_mcp.cli import output
    from kanban_mcp.config import in_force

    setup = app.set_up(db=db)
    rows = in_force(setup.settings)
    place = setup.place
    if as_json:
        settings = [{"name": name, "value": value, "source": source} for name, value, source in rows]
        board = {"path": str(place.path), "found": place.found, "exists": place.exists}
        output.as_json({"board": board, "settings": settings})
        return
    exists = "" if place.exists else ", not made yet"
    head = output.said(f"{'board':<18}{place.path}  ({place.found}{exists})")
    output.lines([head, *(_setting(*row) for row in rows)])


def _setting(name: str, value: str, source: str) -> "Text":
    from rich.text import Text

    from kanban_mcp.cli.output import said

    row = f"{name:<18}{said(value or '-').plain:<16}{said(source).plain}"
    return Text(row, "" if source == "default" else "bold")
