"""Deleting a board for good: asked for twice, by a person, and never while somebody works on it.

A board without a single task is part of what init wrote, and goes with it unasked.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from kanban_mcp.domain.errors import BoardError, HeldBy, Invalid, PeopleOnly
from kanban_mcp.service.session import Session

if TYPE_CHECKING:
    from kanban_mcp.app import Setup
    from kanban_mcp.service.board import Board


class Removal(NamedTuple):
    """What is to be deleted beside the board: the file of its operator key."""

    key: Path


def ask(setup: "Setup", db: str | None, *, is_sure: bool) -> Removal | None:
    """Return what to delete, once a person has agreed; None when there is no board.

    Raises:
        PeopleOnly: the caller is no person to this board.
        HeldBy: somebody works on it.
        Invalid: there is nobody to ask.
    """
    from kanban_mcp import keys
    from kanban_mcp.cli import act

    if not setup.place.exists:
        return None
    key, tasks = act.call(db, _looked_at, reads=True)
    if not is_sure:
        if not sys.stdin.isatty():
            raise Invalid("Deleting the board was not confirmed.", hint="add --yes if you mean it.")
        typer.confirm(f"Delete {setup.place.path} with {tasks} tasks, its backups and its operator key?", abort=True)
    return Removal(keys.key_path(keys.keys_folder(os.environ), key))


def unused(setup: "Setup", db: str | None) -> Removal | None:
    """Return what to delete of a board that nobody has put a task on; None when there is one, or it is not ours."""
    from kanban_mcp import keys
    from kanban_mcp.cli import act

    if not setup.place.exists or not setup.place.initialised:
        return None
    try:
        key, tasks = act.call(db, _looked_at, reads=True)
    except BoardError:
        return None  # not ours to delete, or it cannot be read: it stays
    return None if tasks else Removal(keys.key_path(keys.keys_folder(os.environ), key))


async def _looked_at(board: "Board", session: Session) -> tuple[str, int]:
    if not session.caller.is_person:
        raise PeopleOnly("Only a person may delete the board.", hint="kanban-mcp uninstall without --data leaves it.")
    standing = await board.standing()
    if standing.runs:
        held = ", ".join(f"{run.task} ({run.worker_name})" for run in standing.runs[:5])
        raise HeldBy(f"Work is going on: {held}. Nothing was deleted.", hint="kanban-mcp stop TASK ends a run.")
    counts = (await board.list(session, limit=1)).counts
    return standing.identity.board_key, sum(counts.values())


def remove(setup: "Setup", removal: Removal) -> None:
    """Delete the board, its side files, backups and traces of hooks, and its key; then the folder, if it is empty."""
    from kanban_mcp.hooks import trace
    from kanban_mcp.store.removing import remove_board

    traces = setup.place.folder / trace.FOLDER
    for client in trace.CLIENTS:
        (traces / client).unlink(missing_ok=True)
    with suppress(OSError):
        traces.rmdir()
    remove_board(setup.place.path)
    removal.key.unlink(missing_ok=True)
