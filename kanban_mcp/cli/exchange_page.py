"""What import and export tell people. Ids and texts of a source are somebody's: each line is escaped."""

from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from kanban_mcp.cli.output import STATE_STYLES, advice, joined, said
from kanban_mcp.service.importing import Imported
from kanban_mcp.service.restoring import Restored
from kanban_mcp.service.results import Json

SHOWN = 20


def imported(result: Imported) -> Iterator[Text]:
    """Show what an import brought, and what it could not bring."""
    verb = "would come" if result.dry_run else "came"
    head = f"{_count(result.imported, 'task')} and {_count(result.links, 'link')} {verb} from {result.source}"
    states = (Text(f"{n} {state}", STATE_STYLES.get(state, "")) for state, n in sorted(result.states.items()))
    yield joined((said(head, "bold"), *states))
    if result.already:
        yield said(f"{_count(result.already, 'task')} here already")
    yield from _list("left out", result.skipped, "yellow")
    yield from _list("taken in another form", result.notes, "dim")
    changed = [{"id": row["id"], "where": row["task_id"], "why": f"{row['now']} there"} for row in result.changed]
    yield from _list("changed there since; the board's own left as they are", changed, "yellow")
    yield advice(result.next)


def _list(what: str, rows: list[Json], style: str) -> Iterator[Text]:
    if not rows:
        return
    yield said(f"{len(rows):,} {what}:", style)
    for row in rows[:SHOWN]:
        yield Text("  ").append(said(f"{row['id']}  {row['where']}: {row['why']}"))
    if len(rows) > SHOWN:
        yield said(f"  … and {len(rows) - SHOWN:,} more; --json lists all", "dim")


def restored(result: Restored) -> Iterator[Text]:
    """Show what a board has got from an export."""
    verb = "would come" if result.dry_run else "came"
    rows = result.rows
    head = f"{_count(rows.get('tasks', 0), 'task')} {verb} with {_count(rows.get('runs', 0), 'run')}"
    yield joined((said(head, "bold"), said(_count(rows.get("events", 0), "event"))))
    for row in result.taken_back:
        yield said(f"  {row['id']} of {row['by']} was open; {row['task_id']} is {row['state']}", "yellow")
    if result.paused:
        yield said("The board is paused, as it was: kanban-mcp resume lets agents claim.", "yellow")
    yield advice(result.next)


def exported(file: Path, rows: dict[str, int]) -> Iterator[Text]:
    """Show what went into a file."""
    total = sum(rows.values())
    yield said(f"{_count(rows['tasks'], 'task')}, {total:,} rows in all, in {file}", "bold")
    yield advice(f"kanban-mcp import {file} makes a board of it where there is an empty one (kanban-mcp init).")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
