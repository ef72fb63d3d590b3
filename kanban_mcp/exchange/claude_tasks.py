"""Claude Code's own task list: one JSON file per task in `tasks/LIST/` of the user's configuration folder."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kanban_mcp.domain.inputs import shown
from kanban_mcp.domain.links import Relation
from kanban_mcp.exchange.files import Found
from kanban_mcp.exchange.records import Reading, Remarks, SourceLink, SourceTask, Standing
from kanban_mcp.exchange.values import Fields, decode, json_of, origin_line, title_and_context

NAME = "claude-tasks"
STANDINGS: Mapping[str, tuple[Standing, str]] = {
    "pending": (Standing.OPEN, ""),
    "completed": (Standing.DONE, ""),
    "in_progress": (Standing.OPEN, "it was in progress there; no run is open here, so it waits to be claimed"),
}


def read(files: Iterable[Found], list_name: str, remarks: Remarks) -> Reading:
    """Read the files of one list.

    Raises:
        Invalid: a file is not what Claude Code writes; the text names it.
    """
    prefix = f"{list_name}/"
    known = [fields for file in files if (fields := _fields(file, prefix, remarks)) is not None]
    blocks = _blocks(known, prefix)
    return Reading(NAME, [_task(fields, prefix, blocks.get(fields.id, ())) for fields in known], remarks)


def _fields(file: Found, prefix: str, remarks: Remarks) -> Fields | None:
    fields = Fields(json_of(decode(file.data, file.name), file.name), file.name, remarks)
    fields.identity("id", prefix)
    if fields.word("status") == "deleted":
        fields.skip("it was deleted there")
        return None
    return fields


def _blocks(known: Sequence[Fields], prefix: str) -> dict[str, list[str]]:
    """Return per task what blocks it by the others' word: each link is kept on both of its ends."""
    found: dict[str, list[str]] = {}
    for fields in known:
        for blocked in fields.keys("blocks"):
            found.setdefault(prefix + blocked, []).append(fields.id)
    return found


def _task(fields: Fields, prefix: str, blockers: Sequence[str]) -> SourceTask:
    status = fields.word("status", "pending")
    standing, note = STANDINGS.get(status, (Standing.IDEA, f"status {shown(status)} is not known; it goes to triage"))
    if note:
        fields.note(note)
    parents = dict.fromkeys([*(prefix + key for key in fields.keys("blockedBy")), *blockers])
    origin = origin_line("Claude Code", fields.id, owner=fields.text("owner"))
    title, context = title_and_context(fields, fields.text("subject"), [fields.text("description"), origin])
    return SourceTask(
        id=fields.id,
        where=fields.where,
        title=title,
        context=context,
        standing=standing,
        links=tuple(SourceLink(parent, Relation.AFTER) for parent in parents),
    )


def is_task_file(name: str) -> bool:
    """Say whether a file of the folder is a task; beside them lie a lock and a counter."""
    return name.endswith(".json") and not name.startswith(".")


def order(file: Found) -> tuple[int, Any]:
    """Sort tasks by number, which is the order in which they were made."""
    stem = file.name.rsplit("/", 1)[-1].removesuffix(".json")
    return (0, int(stem)) if stem.isdecimal() and len(stem) < 16 else (1, stem)
