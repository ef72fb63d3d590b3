"""What goes in and out of a board as a whole, as one call each. No session of an agent loads it."""

from kanban_mcp.exchange.records import Reading
from kanban_mcp.service import importing
from kanban_mcp.service.importing import Imported, Step, Terms
from kanban_mcp.service.plumbing import Plumbing
from kanban_mcp.service.session import Session


async def bring(board: Plumbing, s: Session, reading: Reading, terms: Terms, step: Step = lambda _: None) -> Imported:
    """Make tasks of what another tool has; what the board has already is left as it is.

    Raises:
        Forbidden, Limit: see `importing.bring`; nothing was written.
    """
    try:
        return await board._write(s, importing.bring, reading, terms, step)
    except importing.DryRun as tried:
        return tried.result
