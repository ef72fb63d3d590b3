"""Backlog.md: one markdown file per task, its fields in YAML between two `---` lines."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kanban_mcp.domain.inputs import Priority, shown
from kanban_mcp.domain.links import Relation
from kanban_mcp.exchange.files import Found
from kanban_mcp.exchange.frontmatter import split, values
from kanban_mcp.exchange.records import Reading, Remarks, SourceLink, SourceTask, Standing
from kanban_mcp.exchange.values import Fields, decode, origin_line, priority_of, title_and_context

NAME = "backlog"
FOLDERS: Mapping[str, Standing | None] = {"tasks": None, "completed": Standing.DONE, "drafts": Standing.IDEA}
DEFAULT_STATUSES = ("To Do", "In Progress", "Done")
PRIORITIES: Mapping[str, Priority] = {"high": Priority.HIGH, "medium": Priority.NORMAL, "low": Priority.LOW}
_DONE = frozenset({"done", "complete", "completed", "closed"})
_MARKER = re.compile(r"^<!-- (?:SECTION:[A-Z_]+|AC|DOD|COMMENTS?):(?:BEGIN|END) -->\n?", re.MULTILINE)
_DOTTED = re.compile(r"(.+)\.[0-9]+")


@dataclass(frozen=True, slots=True)
class Folder:
    """Files of one folder of a backlog; `standing` is what lying there means, None where the status says it."""

    standing: Standing | None
    files: Sequence[Found]


def is_task_file(name: str) -> bool:
    """Say whether a file of the folder is a task."""
    return name.lower().endswith(".md") and name.lower() != "readme.md"


def read(folders: Iterable[Folder], config: Found | None, remarks: Remarks) -> Reading:
    """Read the task files of a backlog.

    Raises:
        Invalid: a file is not what Backlog.md writes; the text names it and the line.
    """
    statuses = _statuses(config, remarks)
    raw = [(_fields(file, remarks), folder.standing) for folder in folders for file in folder.files]
    ids = {fields.id for (fields, _), _ in raw}
    tasks = [_task(fields, body, standing, statuses, ids) for (fields, body), standing in raw]
    return Reading(NAME, tasks, remarks)


def _statuses(config: Found | None, remarks: Remarks) -> tuple[str, ...]:
    """Return the columns of the backlog, first to last, in lower case."""
    names: tuple[str, ...] = DEFAULT_STATUSES
    if config is not None:
        fields = Fields(values(decode(config.data, config.name), config.name, 0), config.name, remarks)
        names = fields.texts("statuses") or names
    return tuple(name.lower() for name in names)


def _fields(file: Found, remarks: Remarks) -> tuple[Fields, str]:
    head, body, line = split(decode(file.data, file.name), file.name)
    fields = Fields(values(head, file.name, line), file.name, remarks)
    fields.id = normal(fields.key("id"))
    return fields, body


def normal(id_: str) -> str:
    """Return an id as it is compared: older files write `task-7`, newer ones `TASK-7`."""
    return id_.strip().lower()


def _task(fields: Fields, body: str, standing: Standing | None, statuses: Sequence[str], ids: set[str]) -> SourceTask:
    title, context = title_and_context(fields, fields.text("title"), _parts(fields, body))
    created, updated = fields.moment("created_date"), fields.moment("updated_date")
    is_at = standing or _standing(fields, statuses)
    return SourceTask(
        id=fields.id,
        where=fields.where,
        title=title,
        context=context,
        standing=is_at,
        priority=priority_of(fields, fields.word("priority"), PRIORITIES),
        links=tuple(_links(fields, ids)),
        created_at_ms=created,
        updated_at_ms=updated,
        ended_at_ms=updated if is_at is Standing.DONE else None,
    )


def _standing(fields: Fields, statuses: Sequence[str]) -> Standing:
    """Say what a column means: the last is done, the first is open, one between them was being worked on."""
    status = fields.word("status", statuses[0])
    if status == statuses[-1] or status in _DONE:
        return Standing.DONE
    if status == statuses[0]:
        return Standing.OPEN
    if status in statuses:
        fields.note(f"it stood in {shown(status)} there; no run is open here, so it waits to be claimed")
        return Standing.OPEN
    fields.note(f"status {shown(status)} is not known; it goes to triage")
    return Standing.IDEA


def _links(fields: Fields, ids: set[str]) -> list[SourceLink]:
    links = []
    dotted = _DOTTED.fullmatch(fields.id)
    if fields.has("parent_task_id"):
        links.append(SourceLink(_named(fields.key("parent_task_id"), fields.id), Relation.PART_OF))
    elif dotted and dotted[1] in ids:
        links.append(SourceLink(dotted[1], Relation.PART_OF))
    links += [SourceLink(_named(key, fields.id), Relation.AFTER) for key in fields.keys("dependencies")]
    return links


def _named(key: str, beside: str) -> str:
    """Return the id a field means: a bare number takes the prefix of the task that names it."""
    key = normal(key)
    return f"{beside.rpartition('-')[0]}-{key}" if key[:1].isdigit() and "-" in beside else key


def _parts(fields: Fields, body: str) -> list[str]:
    kept: dict[str, Any] = {
        "assignee": fields.texts("assignee"),
        "labels": fields.texts("labels"),
        "milestone": fields.texts("milestone"),
        "references": fields.texts("references"),
        "due": fields.texts("due_date"),
    }
    return [
        _MARKER.sub("", fields.clean(body, "the text")).strip(),
        origin_line("Backlog.md", fields.id, **{name: ", ".join(found) for name, found in kept.items()}),
    ]
