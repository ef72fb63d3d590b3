"""What goes in and out of a board as a whole, as one call each. No session of an agent loads it."""

from kanban_mcp.domain.errors import BoardBusy
from kanban_mcp.exchange.dump import Reader
from kanban_mcp.exchange.records import Reading
from kanban_mcp.service import exporting, importing, restoring
from kanban_mcp.service.exporting import Write
from kanban_mcp.service.importing import Imported, Step, Terms
from kanban_mcp.service.plumbing import Plumbing
from kanban_mcp.service.restoring import Restored
from kanban_mcp.service.session import Session
from kanban_mcp.store.base import Tx


def _nothing(_: int) -> None:
    return


class Stopped(Exception):
    """The caller has gone away; raised inside of the work, so that it ends and is rolled back."""


class _Stoppable:
    """A step of the work that ends it once its caller was cancelled.

    A transaction runs in a thread that no cancellation reaches. Without this, Ctrl-C in the middle of a large import
    would end the command, and the import would still be there a while later.
    """

    def __init__(self, step: Step) -> None:
        self._step = step
        self._is_stopped = False

    def __call__(self, number: int) -> None:
        if self._is_stopped:
            raise Stopped
        self._step(number)

    def __enter__(self) -> "_Stoppable":
        return self

    def __exit__(self, *error: object) -> None:
        self._is_stopped = True


async def bring(board: Plumbing, s: Session, reading: Reading, terms: Terms, step: Step = _nothing) -> Imported:
    """Make tasks of what another tool has; what the board has already is left as it is.

    Raises:
        Forbidden, Limit: see `importing.bring`; nothing was written.
    """
    try:
        with _Stoppable(step) as step:
            return await board._write(s, importing.bring, reading, terms, step)
    except importing.DryRun as tried:
        return tried.result


async def restore(
    board: Plumbing, s: Session, export: Reader, *, dry_run: bool = False, step: Step = _nothing
) -> Restored:
    """Fill an empty board from an export.

    Raises:
        PeopleOnly, Invalid: see `restoring.restore`; nothing was written.
    """
    try:
        with _Stoppable(step) as step:
            return await board._write(s, restoring.restore, export, dry_run, step)
    except restoring.DryRun as tried:
        return tried.result


async def export(board: Plumbing, write: Write, *, step: Step = _nothing) -> dict[str, int]:
    """Write the whole board as an export; returns how many rows of each table. `write` is called on another thread.

    Raises:
        NotFound: there is no board.
    """
    began = False

    def once(data: bytes) -> None:
        nonlocal began
        began = True
        write(data)

    def run(tx: Tx) -> dict[str, int]:
        if began:  # a read may run anew, but what was written cannot be taken back
            raise BoardBusy("The board was busy while it was exported. The export is not whole.", hint="Export again.")
        return exporting.export(tx, once, step)

    with _Stoppable(step) as step:
        return await board._store.read(run)
