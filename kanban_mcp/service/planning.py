"""A whole graph in one transaction, all or nothing, ids by ref (DESIGN §6, `kanban_plan`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kanban_mcp.domain.errors import Cycle, Invalid
from kanban_mcp.domain.ids import parse_task
from kanban_mcp.domain.inputs import line, nearest, only_known, priority, role, shown, text, title
from kanban_mcp.domain.links import Relation
from kanban_mcp.domain.tasks import Task, read_acceptance
from kanban_mcp.service.call import Call
from kanban_mcp.service.creating import Draft, add, speaking_run_of
from kanban_mcp.service.idempotency import earlier_answer, keep_answer
from kanban_mcp.service.records import task_of
from kanban_mcp.service.results import Json, Planned
from kanban_mcp.store.base import Tx

PLAN_FIELDS = ("ref", "title", "assignee", "after", "part_of", "context", "priority", "acceptance")
PLAN_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Item:
    """One task of a plan; parents are refs of the plan or ids of the board."""

    ref: str
    draft: Draft
    after: tuple[str, ...]
    part_of: tuple[str, ...]

    @property
    def parents(self) -> tuple[str, ...]:
        """Return all parents as written."""
        return self.after + self.part_of


class DryRun(Exception):
    """The plan is possible; nothing was written."""

    def __init__(self, result: Planned) -> None:
        super().__init__("dry run")
        self.result = result


def read_plan(tasks: Sequence[Any]) -> tuple[Item, ...]:
    """Read the `tasks` argument and put parents before children.

    Raises:
        Invalid, UnknownArgument: an entry or a ref is not as it must be; the text names the entry.
        Cycle: the refs wait for each other; the text shows the path.
    """
    if not tasks:
        raise Invalid("tasks is empty.", hint="Give at least one task with a ref and a title.")
    if len(tasks) > PLAN_LIMIT:
        raise Invalid(f"tasks has {len(tasks)} entries, at most {PLAN_LIMIT} fit in one call.", hint="Plan in parts.")
    items = [_read(task, f"tasks[{at}]") for at, task in enumerate(tasks)]
    by_ref = {item.ref: item for item in items}
    if len(by_ref) < len(items):
        twice = next(item.ref for item in items if sum(other.ref == item.ref for other in items) > 1)
        raise Invalid(f"ref {shown(twice)} stands for two tasks.", hint="Give each task a ref of its own.")
    return tuple(_ordered(by_ref))


def _read(task: Any, where: str) -> Item:
    if not isinstance(task, Mapping):
        raise Invalid(f"{where} is not an object.", hint='Write {"ref": "a", "title": "…"}.')
    only_known(task, PLAN_FIELDS, where)
    if not isinstance(task.get("title"), str) or not isinstance(task.get("ref"), str):
        raise Invalid(f"{where} needs a ref and a title.", hint='Write {"ref": "a", "title": "…"}.')
    draft = Draft(
        title=title(task["title"], f"{where}.title"),
        assignee=role(_text(task, "assignee", where)),
        context=text(_text(task, "context", where), f"{where}.context"),
        priority=priority(_text(task, "priority", where) or "normal"),
        acceptance=read_acceptance(_list(task, "acceptance", where), f"{where}.acceptance"),
    )
    after, part_of = _list(task, "after", where), _list(task, "part_of", where)
    ref = line(task["ref"], f"{where}.ref")
    if not ref or ref.upper().startswith("TASK-"):
        what = "is empty" if not ref else f"{shown(ref)} reads like a task of the board"
        raise Invalid(f"{where}.ref {what}.", hint="A short word by which other tasks of the plan name this one.")
    return Item(ref, draft, after, part_of)


def _text(task: Mapping[str, Any], name: str, where: str) -> str:
    value = task.get(name) or ""
    if not isinstance(value, str):
        raise Invalid(f"{where}.{name} is not a text.", hint=f'Write "{name}": "…".')
    return value


def _list(task: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = task.get(name) or []
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Invalid(f"{where}.{name} is not a list of texts.", hint=f'Write "{name}": ["…"].')
    return tuple(dict.fromkeys(value))


def _ordered(by_ref: Mapping[str, Item]) -> list[Item]:
    """Put parents before children (Kahn's algorithm)."""
    waiting = {ref: [p for p in item.parents if _in_plan(by_ref, item, p)] for ref, item in by_ref.items()}
    ordered: list[Item] = []
    while waiting:
        free = [ref for ref, parents in waiting.items() if not parents]
        if not free:
            raise Cycle(
                f"The plan waits for itself: {_circle(waiting)}.", hint="Remove one of these links and try again."
            )
        for ref in free:
            del waiting[ref]
            ordered.append(by_ref[ref])
        waiting = {ref: [p for p in parents if p in waiting] for ref, parents in waiting.items()}
    return ordered


def _in_plan(by_ref: Mapping[str, Item], item: Item, parent: str) -> bool:
    if parent in by_ref:
        return True
    try:
        parse_task(parent)
    except Invalid:
        hint = f"{nearest(parent, by_ref)}Name a ref of this plan, or a task like TASK-001."
        raise Invalid(f"{shown(item.ref)} names {shown(parent)}, which is neither.", hint=hint) from None
    return False


def _circle(waiting: Mapping[str, Sequence[str]]) -> str:
    path = [next(iter(waiting))]
    while path[-1] not in path[:-1]:
        path.append(waiting[path[-1]][0])
    circle = path[path.index(path[-1]) :]
    return " → ".join(circle if len(circle) <= 8 else [*circle[:6], "…", circle[-1]])


def plan(tx: Tx, call: Call, items: tuple[Item, ...], dry_run: bool, key: str | None) -> Planned:
    """Create every task of a plan.

    Raises:
        DryRun: the plan is possible and was only tried.
        Cycle, Limit, IllegalTransition, NotFound, Forbidden: one of the tasks is not possible; nothing was written.
    """
    earlier = earlier_answer(tx, key, items)
    if earlier is not None:
        return Planned(**earlier)
    run = speaking_run_of(tx, call)
    made: dict[str, Task] = {}
    for item in items:
        made[item.ref] = add(tx, call, item.draft, _links(tx, item, made), run)
    result = _planned(tx, items, made, dry_run)
    if dry_run:
        raise DryRun(result)
    keep_answer(tx, call, key, items, result)
    return result


def _links(tx: Tx, item: Item, made: Mapping[str, Task]) -> list[tuple[Task, Relation]]:
    """Return the links of an item, its parents read anew: earlier items of the plan may have moved them."""
    both = ((item.part_of, Relation.PART_OF), (item.after, Relation.AFTER))
    links: dict[int, tuple[Task, Relation]] = {}
    for parents, relation in both:
        for parent in parents:
            task = task_of(tx, made[parent].id if parent in made else parse_task(parent))
            if task.id in links:
                raise Invalid(f"{shown(item.ref)} is both part of and after {task.name}.", hint="Choose one.")
            links[task.id] = (task, relation)
    return list(links.values())


def _planned(tx: Tx, items: tuple[Item, ...], made: Mapping[str, Task], dry_run: bool) -> Planned:
    rows: list[Json] = []
    for item in items:
        task = task_of(tx, made[item.ref].id)
        shown_id = {} if dry_run else {"id": task.name}
        rows.append({"ref": item.ref, **shown_id, "state": str(task.state)})
    ready = [str(row.get("id") or row["ref"]) for row in rows if row["state"] == "ready"]
    if dry_run:
        text_ = f"Possible: {len(rows)} tasks, {len(ready)} would be ready at once. Nothing was written."
    else:
        text_ = f"{len(rows)} tasks planned; ready now: {', '.join(ready[:10]) or 'none'}. Workers claim them by role."
    return Planned(next=text_, dry_run=dry_run, tasks=rows)
