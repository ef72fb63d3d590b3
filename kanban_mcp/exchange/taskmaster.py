"""task-master-ai: one JSON file, tasks with subtasks, in the old form or one list per tag."""

from collections.abc import Iterator, Mapping
from typing import Any

from kanban_mcp.domain.inputs import DEPTH_LIMIT, Priority, shown
from kanban_mcp.domain.links import Relation
from kanban_mcp.exchange.records import Reading, Remarks, SourceLink, SourceTask, Standing
from kanban_mcp.exchange.values import (
    Fields,
    decode,
    json_of,
    origin_line,
    priority_of,
    refuse,
    section,
    title_and_context,
)

NAME = "taskmaster"
DEFAULT_TAG = "master"  # what the program itself calls the one list of a file in the old form
PRIORITIES: Mapping[str, Priority] = {
    "critical": Priority.URGENT,
    "high": Priority.HIGH,
    "medium": Priority.NORMAL,
    "low": Priority.LOW,
}
STANDINGS: Mapping[str, tuple[Standing, str]] = {
    "pending": (Standing.OPEN, ""),
    "done": (Standing.DONE, ""),
    "completed": (Standing.DONE, ""),
    "cancelled": (Standing.CANCELLED, ""),
    "in-progress": (Standing.OPEN, "it was in progress there; no run is open here, so it waits to be claimed"),
    "review": (Standing.OPEN, "it was in review there; there is nothing to review here yet, so it is open"),
    "blocked": (Standing.OPEN, "it was marked blocked there; here its links alone decide"),
    "deferred": (Standing.IDEA, "it was deferred there; it stays in triage until somebody takes it up"),
}


def read(data: bytes, name: str) -> Reading:
    """Read a tasks file.

    Raises:
        Invalid: it is not what task-master writes; the text names the file and the task.
    """
    remarks = Remarks()
    value = json_of(decode(data, name), name)
    if not isinstance(value, Mapping):
        raise refuse(name, "this is no tasks.json of task-master: an object is expected")
    tasks: list[SourceTask] = []
    for tag, list_ in _tags(value, name, remarks):
        tasks += _Tag(tag, list_, name, remarks).tasks()
    return Reading(NAME, tasks, remarks)


def _tags(value: Mapping[str, Any], name: str, remarks: Remarks) -> Iterator[tuple[str, Any]]:
    if isinstance(value.get("tasks"), list):
        yield DEFAULT_TAG, value["tasks"]
        return
    found = False
    for tag, inner in value.items():
        if isinstance(inner, Mapping) and isinstance(inner.get("tasks"), list):
            found = True
            yield tag, inner["tasks"]
        elif tag != "metadata":
            remarks.skip(str(tag)[:60], name, "it is no tag: it has no list of tasks")
    if not found:
        raise refuse(name, "this is no tasks.json of task-master: it has neither tasks nor tags with tasks")


class _Tag:
    """The tasks of one tag. Ids are `tag/1` and `tag/1.2`: each tag counts for itself."""

    def __init__(self, tag: str, list_: list[Any], name: str, remarks: Remarks) -> None:
        self.prefix = f"{tag}/"
        self.remarks = remarks
        self.raw = list(self._walk(list_, "", f"{name}, tag {shown(tag)}", 0))
        self.ids = {id_ for id_, _, _ in self.raw}

    def tasks(self) -> list[SourceTask]:
        return [self._task(id_, parent, fields) for id_, parent, fields in self.raw]

    def _walk(self, list_: list[Any], parent: str, where: str, level: int) -> Iterator[tuple[str, str, Fields]]:
        if level > DEPTH_LIMIT:
            raise refuse(where, f"subtasks are nested deeper than {DEPTH_LIMIT} levels")
        for number, value in enumerate(list_, 1):
            fields = Fields(value, f"{where}, {'subtask' if parent else 'task'} {number}", self.remarks)
            own = fields.key("id")
            id_ = own if not parent or own.startswith(f"{parent}.") else f"{parent}.{own}"
            fields.id = self.prefix + id_
            yield id_, parent, fields
            inner = fields.items("subtasks")
            yield from self._walk(inner, id_, fields.where, level + 1)

    def _task(self, id_: str, parent: str, fields: Fields) -> SourceTask:
        status = fields.word("status", "pending").replace("_", "-")
        unknown = (Standing.IDEA, f"status {shown(status)} is not known; it goes to triage")
        standing, note = STANDINGS.get(status, unknown)
        if note:
            fields.note(note)
        title, context = title_and_context(fields, fields.text("title"), _parts(fields))
        links = [SourceLink(self.prefix + parent, Relation.PART_OF)] if parent else []
        links += [SourceLink(self._parent(key, parent), Relation.AFTER) for key in fields.keys("dependencies")]
        ended = fields.moment("completedAt") if standing is Standing.DONE else None
        return SourceTask(
            id=fields.id,
            where=fields.where,
            title=title,
            context=context,
            standing=standing,
            priority=priority_of(fields, fields.word("priority"), PRIORITIES),
            links=tuple(links),
            created_at_ms=fields.moment("createdAt"),
            updated_at_ms=fields.moment("updatedAt"),
            ended_at_ms=ended,
        )

    def _parent(self, key: str, under: str) -> str:
        """Return the task a dependency means: below a task, a bare number is a subtask beside it where there is one."""
        beside = f"{under}.{key}"
        return self.prefix + (beside if under and beside in self.ids else key)


def _parts(fields: Fields) -> list[str]:
    return [
        fields.text("description"),
        section("Details", fields.text("details")),
        section("Test strategy", fields.text("testStrategy")),
        origin_line(NAME, fields.id, assignee=fields.text("assignee")),
    ]
