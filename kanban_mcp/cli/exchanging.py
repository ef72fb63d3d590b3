"""Commands that bring tasks and boards in, and take a board out: import, export."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from kanban_mcp.cli.options import AsJson, Db, Role

if TYPE_CHECKING:
    from kanban_mcp.exchange.records import Reading
    from kanban_mcp.service.importing import Imported, Terms
    from kanban_mcp.service.restoring import Restored

STDIN = "-"
EVERY = 200  # how many tasks or lines one step of the progress bar stands for
_MARK = b'{"kanban_export":'


def import_(
    what: Annotated[
        str | None,
        typer.Argument(metavar="WHAT", help="File, folder or list; - reads standard input. Default: the usual place."),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="SOURCE", help="kanban (a file of ours), beads, taskmaster, backlog or claude-tasks."
        ),
    ] = "kanban",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would come in, and what not.")] = False,
    role: Role = None,
    name: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="Tells two sources of one kind apart, for example two projects."),
    ] = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Bring the tasks of another tool onto the board, or a whole board into an empty one: all or nothing.

    What a source has and the board cannot take is told, with file and line. Running it again brings only what is new.
    """
    from kanban_mcp.cli import act, exchange_page
    from kanban_mcp.domain.inputs import choice, line
    from kanban_mcp.exchange.sources import BOARD, SOURCES

    if choice(source, (BOARD, *SOURCES), "--from") == BOARD:
        act.answer(_restore(what, db, dry_run), as_json, exchange_page.restored)
        return
    terms = _terms(source, line(name or "", "--as"), role, dry_run)
    act.answer(_bring(source, what, db, terms), as_json, exchange_page.imported)


def _terms(source: str, name: str, role: str | None, dry_run: bool) -> "Terms":
    from kanban_mcp.domain import inputs
    from kanban_mcp.service.importing import Terms

    return Terms(f"{source}:{name}" if name else source, inputs.role(role), dry_run)


def _bring(source: str, what: str | None, db: str | None, terms: "Terms") -> "Imported":
    from kanban_mcp.cli import act, progress
    from kanban_mcp.exchange.sources import Around, read_source
    from kanban_mcp.service import exchanging

    reading: Reading = read_source(source, what, Around(Path.cwd(), os.environ, _stdin))
    total = len(reading.tasks)
    with _board_for(db, terms.dry_run) as board, progress.copying("Importing") as told:
        step = _throttled(told and (lambda made: told(made, total)))
        return act.call(board, lambda b, s: exchanging.bring(b, s, reading, terms, step))


def _restore(what: str | None, db: str | None, dry_run: bool) -> "Restored":
    from kanban_mcp.cli import act, progress
    from kanban_mcp.exchange.dump import Reader
    from kanban_mcp.service import exchanging

    if what is None:
        raise typer.BadParameter("Name the file that kanban-mcp export has written, or say --from what to import.")
    with _export_file(what) as file, _board_for(db, dry_run) as board, progress.copying("Importing") as told:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        whole = Reader(file.readline, "the standard input" if what == STDIN else Path(what).name)
        step = _throttled(told and (lambda _: told(file.tell(), size)))
        return act.call(board, lambda b, s: exchanging.restore(b, s, whole, dry_run=dry_run, step=step))


def _export_file(what: str) -> AbstractContextManager[BinaryIO]:
    from kanban_mcp.exchange.files import open_lines

    return _spooled() if what == STDIN else open_lines(Path(what).expanduser())


@contextmanager
def _spooled() -> Iterator[BinaryIO]:
    """Keep the standard input in a file first: while the board is written, nobody may wait for a slow pipe."""
    import shutil
    import tempfile

    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(_stdin(), file)
        yield cast(BinaryIO, file)


def _stdin() -> BinaryIO:
    if sys.stdin is None:  # started with it closed
        raise typer.BadParameter("There is no standard input to read.")
    return sys.stdin.buffer


@contextmanager
def _board_for(db: str | None, dry_run: bool) -> Iterator[str | None]:
    """Name the board; for a dry run where there is none yet, an empty one that is gone afterwards."""
    from kanban_mcp import app

    if not dry_run or app.set_up(db=db).place.exists:
        yield db
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="kanban-mcp-") as folder:
        yield str(Path(folder) / "board.db")


def _throttled(told: Callable[[int], object] | None) -> Callable[[int], None]:
    def step(number: int) -> None:
        if told is not None and number % EVERY == 0:
            told(number)

    return step


def export(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to; standard output when none is named.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is no export.")] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Write the whole board as JSON Lines, of one moment, while agents work on. kanban-mcp import FILE brings it back.

    Keys stay behind. Texts of tasks go out as they are, so treat the file as you treat the board.
    """
    from kanban_mcp import app

    setup = app.set_up(db=db)
    board = setup.place.require(create=False)
    if file is None or str(file) == STDIN:
        _export(db, sys.stdout.buffer.write)
        return
    from kanban_mcp.cli import exchange_page, output
    from kanban_mcp.exchange.files import replacing

    _require_replaceable(file, board, force)
    with replacing(file) as written:
        rows = _export(db, written.write)
    if as_json:
        output.as_json({"file": str(file), "rows": rows})
    else:
        output.lines(exchange_page.exported(file, rows))


def _export(db: str | None, write: Callable[[bytes], object]) -> dict[str, int]:
    from kanban_mcp.cli import act, progress
    from kanban_mcp.service import exchanging

    def take(data: bytes) -> None:
        write(data)

    with progress.counting("Exporting") as told:
        step = told or (lambda _: None)
        return act.call(db, lambda b, s: exchanging.export(b, take, step=step), reads=True)


def _require_replaceable(file: Path, board: Path, force: bool) -> None:
    """Refuse to write over what is no export: over the board itself never, over other files only when told to.

    The board is recognised by its place: to open its file would drop the locks that this process holds on it.
    """
    from kanban_mcp.domain.errors import Invalid
    from kanban_mcp.domain.inputs import shown

    if not os.path.lexists(file):
        return
    own = [board, *(board.with_name(f"{board.name}{end}") for end in ("-wal", "-shm", ".lock"))]
    if any(each.exists() and file.exists() and file.samefile(each) for each in own):
        raise Invalid(f"{shown(str(file), 200)} is the board itself.", hint="Name another file.")
    if not file.is_file() or file.is_symlink():
        raise Invalid(f"{shown(str(file), 200)} is no regular file.", hint="Name another file.")
    if force:
        return
    with file.open("rb") as there:
        begins = there.read(len(_MARK))
    if begins and begins != _MARK:
        raise Invalid(f"{shown(str(file), 200)} is there and is no export.", hint="Name another file, or say --force.")
