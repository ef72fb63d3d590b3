"""Setting up a project and taking it back: init, uninstall."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from kanban_mcp.cli.options import AsJson, Db

if TYPE_CHECKING:
    from rich.text import Text

    from kanban_mcp.app import Setup
    from kanban_mcp.clients.client import Client, Wanted
    from kanban_mcp.clients.planning import Plan

Clients = Annotated[
    list[str] | None,
    typer.Option(
        "--client",
        metavar="NAME",
        help="claude-code, cursor, vscode, codex, gemini-cli, opencode or all. Repeatable. Default: those found here.",
    ),
]
Shared = Annotated[
    bool, typer.Option("--shared", help="Write files to commit: the bare command kanban-mcp, looked up on PATH.")
]
Hooks = Annotated[
    bool, typer.Option("--hooks", help="Also heartbeat, fence and reminders by hooks (Claude Code, Codex).")
]


class Founded(NamedTuple):
    """What init did: the board was new, its key's path, whether the key was made now and is with this user."""

    was_new: bool
    key: Path
    key_is_new: bool
    key_is_here: bool


def init(
    client: Clients = None,
    shared: Shared = False,
    hooks: Hooks = False,
    print_only: Annotated[
        bool, typer.Option("--print", help="Show what belongs into each client's files; write nothing at all.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, a line per file; write nothing.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take out what init wrote, like kanban-mcp uninstall.")] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Make a board here, its operator key, and the entries for your agents. Running it again changes nothing."""
    from kanban_mcp import app
    from kanban_mcp.cli import init_page, output

    if undo:
        uninstall(dry_run=dry_run or print_only, db=db, as_json=as_json)
        return
    setup = app.set_up(db=db)
    wanted, clients = _wanted(setup, shared, hooks), _clients(setup, client or ())
    if print_only:
        pages = init_page.snippets(wanted, clients)
        output.as_json(pages) if as_json else output.lines(init_page.printed(pages))
        return
    plan = _planned(setup, wanted, clients)  # first: a file that cannot be merged must not leave half an init behind
    if dry_run:
        output.as_json(init_page.changes(plan)) if as_json else output.lines(init_page.planned(plan))
        return
    founded = _carried_out(setup, wanted, clients)
    if as_json:
        output.as_json(_facts(setup, founded, plan))
    else:
        output.lines(_said(setup, founded, plan, wanted))


def _wanted(setup: "Setup", shared: bool, hooks: bool) -> "Wanted":
    from kanban_mcp.clients.client import Wanted

    db = setup.place.path if setup.place.found == "given" else None
    return Wanted(project_of(setup), db=db, is_shared=shared, with_hooks=hooks)


def project_of(setup: "Setup") -> Path:
    """Return the folder whose files the clients read: the checkout we are in, or where the board was found."""
    here = Path.cwd()
    checkout = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)
    if setup.place.found == "given":
        return checkout or here
    return checkout if setup.place.found == "git" and checkout else setup.place.folder.parent


def _clients(setup: "Setup", names: "list[str] | tuple[()]") -> "tuple[Client, ...]":
    from kanban_mcp.clients import registry

    return registry.chosen(names) if names else registry.found(project_of(setup))


def _planned(setup: "Setup", wanted: "Wanted", clients: "tuple[Client, ...]") -> "Plan":
    from kanban_mcp.clients import planning
    from kanban_mcp.clients.record import Records

    return planning.plan(wanted, clients, Records(setup.place.folder).of(wanted.folder))


def _carried_out(setup: "Setup", wanted: "Wanted", clients: "tuple[Client, ...]") -> Founded:
    import asyncio

    from kanban_mcp.clients import applying, files, planning
    from kanban_mcp.clients.record import Records

    founded = asyncio.run(_found(setup))
    records = Records(setup.place.folder)
    with files.alone(setup.place.folder):  # looked at again: another init may have been faster
        record = records.of(wanted.folder)
        applying.apply(planning.plan(wanted, clients, record), records, record)
    return founded


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


def _facts(setup: "Setup", founded: Founded, plan: "Plan") -> Mapping[str, object]:
    return {
        "board": str(setup.place.path),
        "board_is_new": founded.was_new,
        "agents": [client.name for client in plan.clients],
        "clients": {str(plan.root / file.name): file.change for file in plan.files},
        "operator_key": str(founded.key),
        "operator_key_is_new": founded.key_is_new,
        "operator_key_is_here": founded.key_is_here,
    }


def _said(setup: "Setup", founded: Founded, plan: "Plan", wanted: "Wanted") -> Iterator["Text"]:
    from rich.text import Text

    from kanban_mcp.cli import init_page
    from kanban_mcp.cli.output import said

    how = "new" if founded.was_new else "there already"
    facts = {
        "board": f"{setup.place.path} ({how}); {_key(founded)}",
        "agents": ", ".join(client.title for client in plan.clients),
        "wrote": init_page.summary(plan),
        "undo": "kanban-mcp uninstall (a board with tasks on it stays)",
    }
    for name, fact in facts.items():
        yield Text(f"{name:<8}").append(said(fact))
    yield from map(Text, _steps(plan.clients[0].start))
    for note in init_page.notes(plan, wanted):
        yield Text("note    ").append(said(note))


def _steps(start: str) -> tuple[str, ...]:
    """Return what to do next, a line each; `start` is what one types to start the agent."""
    return (
        'Next    1. kanban-mcp create "Rate-limit /login" --role implementer',
        f'        2. {start}, then say: "Work the kanban board as implementer"',
        "        3. kanban-mcp",
    )


def _key(founded: Founded) -> str:
    if not founded.key_is_here:
        return f"its operator key is not with you ({founded.key}); only who has it approves"
    return f"operator key {'made' if founded.key_is_new else 'there already'}: {founded.key}"


def uninstall(
    data: Annotated[
        bool, typer.Option("--data", help="Also delete the board, its backups and the operator key. People only.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the board is deleted.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, a line per file; write nothing.")
    ] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Take out what init wrote, and nothing else. What you changed since stays, and so do tasks, without --data."""
    from kanban_mcp import app
    from kanban_mcp.cli import init_page, leaving, output
    from kanban_mcp.clients import files, undoing
    from kanban_mcp.clients.record import Records

    setup = app.set_up(db=db)
    root, records = project_of(setup), Records(setup.place.folder)
    taken = undoing.plan_undo(root, records.of(root))
    removal = leaving.ask(setup, db, is_sure=yes or dry_run) if data else leaving.unused(setup, db)
    if not dry_run and setup.place.folder.is_dir():
        with files.alone(setup.place.folder):
            record = records.of(root)
            taken = undoing.plan_undo(root, record)
            undoing.undo(root, records, record, taken)
        if removal is not None:
            leaving.remove(setup, removal)
    board = setup.place.path if setup.place.exists else None
    if as_json:
        files_now = {str(file.path): file.outcome for file in taken}
        output.as_json({"files": files_now, "board": None if board is None or removal else str(board)})
    else:
        output.lines(init_page.taken_out(taken, board, is_deleted=removal is not None, is_plan=dry_run))
