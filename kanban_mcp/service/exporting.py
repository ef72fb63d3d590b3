"""The whole board as lines of text, from one snapshot, page by page: a board of any size in the memory of one page."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kanban_mcp.exchange import dump
from kanban_mcp.service.founding import identity
from kanban_mcp.store.base import Row, Tx

PAGE = 500
Write = Callable[[bytes], None]
Step = Callable[[int], None]

# Table → query, columns it goes on after, where it begins. The order is the order of the file.
_PAGES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "workers": ("export_workers", {"id": 0}),
    "tasks": ("export_tasks", {"id": 0}),
    "links": ("export_links", {"child_id": 0, "parent_id": 0}),
    "runs": ("export_runs", {"id": 0}),
    "approvals": ("export_approvals", {"id": 0}),
    "messages": ("export_messages", {"id": 0}),
    "origins": ("export_origins", {"task_id": 0}),
    "idempotency": ("export_idempotency", {"key": ""}),
    "events": ("export_events", {"id": 0}),
}


def export(tx: Tx, write: Write, step: Step = lambda _: None) -> dict[str, int]:
    """Write every row of the board; returns how many of each table.

    Args:
        tx: a reading transaction; it is one snapshot from its first statement on.
        write: takes the bytes of the file, in order.
        step: told now and then how many rows were written.
    """
    board = identity(tx)  # the first statement: from here on nothing can make the store begin anew
    write(dump.head_line(tx.value("schema_version"), board.paused))
    counts: dict[str, int] = {}
    written = 0
    for table in dump.TABLES:
        counts[table] = 0
        for page in _pages(tx, table):
            write(b"".join(dump.row_line(table, row) for row in page))
            counts[table] += len(page)
            written += len(page)
            step(written)
    write(dump.end_line(counts))
    return counts


def _pages(tx: Tx, table: str) -> Iterator[list[Row]]:
    query, start = _PAGES[table]
    at = dict(start)
    single = len(at) == 1
    while True:
        after = {"after": next(iter(at.values()))} if single else at
        page = tx.all(query, **after, limit=PAGE)
        if page:
            yield page
        if len(page) < PAGE:
            return
        at = {column: page[-1][column] for column in at}
