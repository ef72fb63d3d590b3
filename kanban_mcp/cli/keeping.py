"""Keeping the board safe: backup."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kanban_mcp.cli.options import AsJson, Db

if TYPE_CHECKING:
    from rich.text import Text

FOLDER = "backups"


def backup(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="PATH", help="Where to; a file, or a folder. Default: backups/ beside the board."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Copy the live board into one file, checked, while agents work on; the answer says how to restore it."""
    from kanban_mcp import app, machine
    from kanban_mcp.cli import output
    from kanban_mcp.cli.progress import copying

    setup = app.set_up(db=db)
    board = setup.place.require(create=False).resolve()
    target = _target(path, board, machine.read_clock().wall_ms)
    with app.open_file(setup) as file, copying("Copying") as progress:
        file.backup(target, replace=force, progress=progress)
    size = target.stat().st_size
    if as_json:
        output.as_json({"backup": str(target), "bytes": size, "board": str(board), "checked": True})
    else:
        output.lines(_said(target, size, board))


def _target(path: Path | None, board: Path, wall_ms: int) -> Path:
    """Return the file to write, absolute. A folder gets a file named after the board and the moment."""
    name = f"{board.name}.{datetime.fromtimestamp(wall_ms / 1000, UTC):%Y%m%dT%H%M%SZ}"
    if path is None:
        folder = board.parent / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / name
    path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - a link in the way stays a link
    return path / name if path.is_dir() else path


def _said(target: Path, size: int, board: Path) -> Iterator["Text"]:
    from rich.text import Text

    from kanban_mcp.cli.output import said

    yield said(f"Backup of {board}:")
    yield Text("  ").append(said(target, "bold"))
    yield said(f"{size:,} bytes, passed SQLite's integrity check, readable by you only.")
    yield said(
        f"To restore: end every session, move {board.name} and {board.name}-wal away, copy this file there.", "dim"
    )
