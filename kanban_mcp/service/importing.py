"""Bringing tasks from another tool onto the board: all or nothing, and no second time (DESIGN §4, §12).

The limits on subtasks and levels bind no import, and history comes as it is: a done parent may have an open subtask.
What a task waits for is counted from the links, never taken from the source; the audit finds nothing to repair.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kanban_mcp.domain.errors import BoardError, Cycle, Forbidden, IllegalTransition
from kanban_mcp.domain.ids import TaskId, task_name
from kanban_mcp.domain.links import Relation
from kanban_mcp.domain.states import TERMINAL
from kanban_mcp.exchange.arrange import Arranged, Outer, Place, arrange
from kanban_mcp.exchange.records import Reading, Remark, Remarks, SourceTask
from kanban_mcp.service.authority import require_no_self_dealing
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.graph import add_links, require_acyclic, require_link
from kanban_mcp.service.records import ensure_worker, task_of
from kanban_mcp.service.results import Json
from kanban_mcp.service.ripple import recount
from kanban_mcp.store.base import Row, Tx

Step = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a source is brought in.

    `source` is the word it is remembered by; `assignee` the role that open tasks get, '' for none; `dry_run` tells
    and writes nothing.
    """

    source: str
    assignee: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `changed` are tasks that the source tells otherwise than when they were brought."""

    next: str
    source: str
    dry_run: bool
    imported: int
    links: int
    already: int
    states: dict[str, int] = field(default_factory=dict)
    changed: list[Json] = field(default_factory=list)
    skipped: list[Json] = field(default_factory=list)
    notes: list[Json] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)


class DryRun(Exception):
    """The import is possible; nothing was written."""

    def __init__(self, result: Imported) -> None:
        super().__init__("dry run")
        self.result = result


def bring(tx: Tx, call: Call, reading: Reading, terms: Terms, step: Step = lambda _: None) -> Imported:
    """Make a task of every record that the board does not have yet.

    Args:
        tx: the transaction.
        call: who imports.
        reading: the source.
        terms: how it is brought in.
        step: told after every task how many were made.

    Raises:
        DryRun: it is possible and was only tried.
        Forbidden: the caller serves only the worker toolset, or may not hang subtasks under one of the tasks.
    """
    if not call.caller.may_orchestrate:
        raise Forbidden("A worker may not import tasks.", hint="kanban_comment tells the orchestrator what you found.")
    remarks = Remarks(list(reading.remarks.skipped), list(reading.remarks.notes))
    known = {row["source_id"]: row for row in tx.all("known_origins", source=terms.source)}
    fresh = [task for task in reading.tasks if task.id not in known]
    changed = [_changed(task, known[task.id]["task_id"]) for task in reading.tasks if _differs(reading, task, known)]
    arranged = arrange(fresh, known, remarks)
    made = _insert(tx, call, arranged, reading.digests, terms, step)
    for edge in arranged.edges:
        add_links(tx, made[edge.child], [(made[edge.parent], edge.relation)])
    outer = _join(tx, call, arranged, made, {key: row["task_id"] for key, row in known.items()}, remarks)
    result = _told(tx, reading, terms, arranged, made, outer, changed, remarks)
    if terms.dry_run:
        raise DryRun(result)
    return result


def _differs(reading: Reading, task: SourceTask, known: Mapping[str, Row]) -> bool:
    return task.id in known and known[task.id]["digest"] != reading.digests[task.id]


def _changed(task: SourceTask, task_id: TaskId) -> Json:
    return {"id": task.id, "task_id": task_name(task_id), "where": task.where, "now": str(task.standing)}


def _insert(
    tx: Tx, call: Call, arranged: Arranged, digests: Mapping[str, str], terms: Terms, step: Step
) -> list[TaskId]:
    """Write tasks, where they came from, what was said, and one event each; returns their ids in order."""
    mine = ensure_worker(tx, call)
    made: list[TaskId] = []
    for task, place in zip(arranged.tasks, arranged.places, strict=True):
        id_ = TaskId(tx.insert("import_task", **_row(call, task, place, terms), made_by_worker=mine))
        tx.run("insert_origin", task_id=id_, source=terms.source, source_id=task.id, digest=digests[task.id])
        for comment in task.comments:
            at_ms = call.now.wall_ms if comment.at_ms is None else comment.at_ms
            tx.run("import_message", task_id=id_, author=_author(comment.author, terms), body=comment.body, at_ms=at_ms)
        record(
            tx, call, "imported", id_, title=task.title, state=str(place.state), source=terms.source, source_id=task.id
        )
        made.append(id_)
        step(len(made))
    return made


def _row(call: Call, task: SourceTask, place: Place, terms: Terms) -> Json:
    ended = place.state in TERMINAL
    now = call.now.wall_ms
    created = now if task.created_at_ms is None else task.created_at_ms
    updated = created if task.updated_at_ms is None else task.updated_at_ms
    ended_at = updated if task.ended_at_ms is None else task.ended_at_ms
    return {
        "title": task.title,
        "context": task.context,
        "assignee": "" if ended else terms.assignee,
        "priority": int(task.priority),
        "state": place.state,
        "waits_after": place.waits_after,
        "waits_subtasks": place.waits_subtasks,
        "held": place.held,
        "due_at_ms": None if ended else task.due_at_ms,
        "allowed": call.policy.max_attempts,
        "max_attempts": call.policy.max_attempts,
        "created_by": call.caller.label,
        "created_at_ms": created,
        "updated_at_ms": updated,
        "ended_at_ms": ended_at if ended else None,
    }


def _author(name: str, terms: Terms) -> str:
    """Return who said something there, marked as from there: no name of a source may read like a person's label."""
    plain = " ".join(name.replace("(", "[").replace(")", "]").split())[:64]
    return f"{plain or 'somebody'} ({terms.source})"


def _join(
    tx: Tx,
    call: Call,
    arranged: Arranged,
    made: Sequence[TaskId],
    known: Mapping[str, TaskId],
    remarks: Remarks,
) -> int:
    """Link new tasks to those of an earlier import, by the rules of any other link. Returns how many could be."""
    joined = 0
    for link in arranged.outer:
        task, child, parent = arranged.tasks[link.child], made[link.child], known[link.parent]
        try:
            _join_one(tx, call, child, parent, link)
        except (IllegalTransition, Cycle) as why:
            remarks.skip(task.id, task.where, f"the link {link.relation} {link.parent}: {why.message}")
            continue
        recount(tx, call, child)
        recount(tx, call, parent)
        joined += 1
    return joined


def _join_one(tx: Tx, call: Call, child: TaskId, parent: TaskId, link: Outer) -> None:
    if link.relation is Relation.PART_OF:
        require_no_self_dealing(tx, call, task_of(tx, parent), "hang subtasks under")
    require_link(task_of(tx, child), task_of(tx, parent), link.relation)
    add_links(tx, child, [(parent, link.relation)])
    try:
        require_acyclic(tx, child, parent)
    except BoardError:
        tx.run("delete_link", child_id=child, parent_id=parent)
        raise


def _told(
    tx: Tx,
    reading: Reading,
    terms: Terms,
    arranged: Arranged,
    made: Sequence[TaskId],
    outer: int,
    changed: list[Json],
    remarks: Remarks,
) -> Imported:
    names = [task_name(id_) for id_ in made]
    stand = [place.state for place in arranged.places]
    if outer:  # what they wait for on the board has moved some of them
        stand = [task_of(tx, id_).state for id_ in made]
    return Imported(
        next=_next(terms, len(made), len(changed)),
        source=terms.source,
        dry_run=terms.dry_run,
        imported=len(made),
        links=len(arranged.edges) + outer,
        already=len(reading.tasks) - len(made),
        states={str(state): count for state, count in Counter(stand).items()},
        changed=changed,
        skipped=[_json(each) for each in remarks.skipped],
        notes=[_json(each) for each in remarks.notes],
        ids={} if terms.dry_run else dict(zip((task.id for task in arranged.tasks), names, strict=True)),
    )


def _next(terms: Terms, made: int, changed: int) -> str:
    if terms.dry_run:
        return "Possible. Nothing was written."
    if changed:
        return "The source tells some tasks otherwise than when they were imported; the board's own stay as they are."
    return "kanban_list shows them." if made else "Everything was here already; nothing changed."


def _json(remark: Remark) -> Json:
    return {"id": remark.id, "where": remark.where, "why": remark.text}
