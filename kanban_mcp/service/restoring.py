"""A board from its export, into an empty board: row for row, or not at all.

The rows are somebody's file, so the schema's own rules are not the end of it: what the audit would repair, references
that lead nowhere and circles of waits are refused. An open run cannot come along: its process speaks to the board it
was opened on. It is kept as history and taken back, as if its lease had ended (a request it had open is parked).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kanban_mcp.domain.errors import Invalid, PeopleOnly
from kanban_mcp.domain.ids import run_name, task_name
from kanban_mcp.domain.links import Relation
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import Kind, Verb
from kanban_mcp.exchange.circles import Edge, circle_of
from kanban_mcp.exchange.dump import NEWER, Line, Reader
from kanban_mcp.service.call import Call
from kanban_mcp.service.records import run_from, task_of
from kanban_mcp.service.results import Json
from kanban_mcp.service.sweeping import park, requeue
from kanban_mcp.store.base import ConstraintViolation, Tx

Step = Callable[[int], None]
WHY_TAKEN_BACK = "The board was imported from an export; the process of this run speaks to the board it was opened on"

_INSERTS: Mapping[str, str] = {
    "workers": "restore_workers",
    "tasks": "restore_tasks",
    "links": "restore_links",
    "runs": "restore_runs",
    "approvals": "restore_approvals",
    "messages": "restore_messages",
    "origins": "restore_origins",
    "idempotency": "restore_idempotency",
    "events": "restore_events",
}
_CONTRADICTIONS: Mapping[str, str] = {
    "orphan_runs": "a run is open that its task does not know",
    "tasks_with_ended_run": "a task shows work which no open run does",
    "requests_without_ask": "a request is open on a task that does not ask",
    "asks_without_request": "a task waits for a decision without an open request",
    "wrong_waits": "what a task waits for is not what its links say",
}


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought in. `taken_back` are the runs that were open in the export."""

    next: str
    rows: dict[str, int]
    taken_back: list[Json]
    paused: bool
    dry_run: bool


class DryRun(Exception):
    """The export is whole and fits; nothing was written."""

    def __init__(self, result: Restored) -> None:
        super().__init__("dry run")
        self.result = result


def restore(tx: Tx, call: Call, export: Reader, dry_run: bool, step: Step = lambda _: None) -> Restored:
    """Write every row of an export.

    Raises:
        DryRun: it is possible and was only tried.
        PeopleOnly: the caller is no person: an export holds decisions that only people make.
        Invalid: the board has tasks already, or the export is damaged or contradicts itself; the text names the line.
    """
    if not call.caller.is_person:
        raise PeopleOnly(
            "Only a person may import a board: its approvals and results come with it unchecked.",
            hint="Tell them: kanban-mcp import FILE",
        )
    _require_known(tx, export)
    _require_empty(tx)
    tx.run("forget_workers")
    tx.run("defer_references")
    rows: dict[str, int] = {}
    for number, line in enumerate(export, 1):
        _insert(tx, line)
        rows[line.table] = rows.get(line.table, 0) + 1
        step(number)
    _require_whole(tx)
    tx.run("set_paused", paused=export.head.paused)
    result = Restored(_next(dry_run), rows, _take_back(tx, call), export.head.paused, dry_run)
    if dry_run:
        raise DryRun(result)
    return result


def _next(dry_run: bool) -> str:
    return "Possible. Nothing was written." if dry_run else "kanban_list shows the board."


def _require_known(tx: Tx, export: Reader) -> None:
    known = tx.value("schema_version")
    if export.head.schema > known:
        raise Invalid(f"The export is of schema {export.head.schema}, this program knows {known}.", hint=NEWER)


def _require_empty(tx: Tx) -> None:
    holds = tx.one("board_holds")
    if holds and (holds["tasks"] or holds["answers"]):
        raise Invalid(
            f"This board has {holds['tasks']} tasks already; an export goes only into an empty board.",
            hint="kanban-mcp init in another folder makes one.",
        )


def _insert(tx: Tx, line: Line) -> None:
    try:
        tx.run(_INSERTS[line.table], **line.row)
    except ConstraintViolation as why:
        raise Invalid(
            f"{line.where}: no board can hold this row of {line.table} ({why}). Nothing was imported.",
            hint="Export again; this file was changed.",
        ) from None


def _require_whole(tx: Tx) -> None:
    """Refuse rows that are each possible and together are not."""
    dangling = next(iter(tx.all("dangling_references")), None)
    if dangling is not None:
        raise _contradiction(f"a row of {dangling['table']} refers to a row of {dangling['parent']} that is not there")
    for query, what in _CONTRADICTIONS.items():
        found = next(iter(tx.all(query, limit=1)), None)
        if found is not None:
            raise _contradiction(f"{what} (id {found['id']})")
    links = tx.all("all_links")
    circle = circle_of(Edge(row["child_id"], row["parent_id"], Relation(row["relation"])) for row in links)
    if circle:
        around = ", ".join(task_name(edge.child) for edge in circle[:8])
        raise _contradiction(f"tasks wait for each other: {around}")


def _contradiction(what: str) -> Invalid:
    return Invalid(
        f"The export contradicts itself: {what}. Nothing was imported.", hint="Export again; this file was changed."
    )


def _take_back(tx: Tx, call: Call) -> list[Json]:
    """End the runs that were open; each goes the way of a run whose lease has ended."""
    taken: list[Json] = []
    for row in tx.all("every_open_run"):
        run = run_from(row)
        task = task_of(tx, run.task_id)
        if task.kind is Kind.ASKING:
            park(tx, call, task, run, WHY_TAKEN_BACK)
        else:
            requeue(tx, call, task, run, Verb.RECLAIM, Outcome.RECLAIMED, WHY_TAKEN_BACK, by="board")
        after = task_of(tx, run.task_id)
        taken.append({"id": run_name(run.id), "task_id": task.name, "state": str(after.state), "by": run.worker_name})
    return taken
