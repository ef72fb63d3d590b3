"""beads (`bd`): one issue per line in `.beads/issues.jsonl`."""

from collections.abc import Mapping
from typing import Any

from kanban_mcp.domain.inputs import Priority, shown
from kanban_mcp.domain.links import Relation
from kanban_mcp.exchange.records import Reading, Remarks, SourceComment, SourceLink, SourceTask, Standing
from kanban_mcp.exchange.values import Fields, json_lines, origin_line, section, title_and_context

NAME = "beads"
PRIORITIES = (Priority.URGENT, Priority.HIGH, Priority.NORMAL, Priority.LOW, Priority.LOW)
RELATIONS: Mapping[str, Relation] = {"blocks": Relation.AFTER, "parent-child": Relation.PART_OF}
STANDINGS: Mapping[str, tuple[Standing, str]] = {
    "open": (Standing.OPEN, ""),
    "closed": (Standing.DONE, ""),
    "hooked": (Standing.OPEN, "it was hooked to an agent there; nobody holds it here"),
    "in_progress": (Standing.OPEN, "it was in progress there; no run is open here, so it waits to be claimed"),
    "blocked": (Standing.OPEN, "it was marked blocked there; here its links alone decide"),
    "deferred": (Standing.IDEA, "it was deferred there; it stays in triage until somebody takes it up"),
    "pinned": (Standing.IDEA, "it was pinned there, not work; it stays in triage"),
}


def read(data: bytes, name: str) -> Reading:
    """Read an issues file. `name` is what messages call it.

    Raises:
        Invalid: a line is not what beads writes; the text names file and line.
    """
    remarks = Remarks()
    found = [_task(value, where, remarks) for where, value in json_lines(data, name)]
    return Reading(NAME, [task for task in found if task is not None], remarks)


def _task(value: Any, where: str, remarks: Remarks) -> SourceTask | None:
    fields = Fields(value, where, remarks)
    id_ = fields.identity("id")
    status = fields.word("status", "open")
    if status == "tombstone":
        fields.skip("it was deleted there")
        return None
    standing, note = STANDINGS.get(status, (Standing.IDEA, f"status {shown(status)} is not known; it goes to triage"))
    if note:
        fields.note(note)
    title, context = title_and_context(fields, fields.text("title"), _parts(fields))
    return SourceTask(
        id=id_,
        where=where,
        title=title,
        context=context,
        standing=standing,
        priority=_priority(fields),
        links=tuple(_links(fields)),
        comments=tuple(_comment(each) for each in fields.objects("comments") if each.has("text")),
        due_at_ms=fields.moment("defer_until"),
        created_at_ms=fields.moment("created_at"),
        updated_at_ms=fields.moment("updated_at"),
        ended_at_ms=fields.moment("closed_at"),
    )


def _parts(fields: Fields) -> list[str]:
    return [
        fields.text("description"),
        section("Design", fields.text("design")),
        section("Acceptance criteria", fields.text("acceptance_criteria")),
        section("Notes", fields.text("notes")),
        section("Closed there because", fields.text("close_reason")),
        origin_line(
            NAME,
            fields.id,
            type=fields.text("issue_type"),
            assignee=fields.text("assignee"),
            labels=", ".join(fields.texts("labels")),
            reference=fields.text("external_ref"),
            **_said(fields),
        ),
    ]


def _priority(fields: Fields) -> Priority:
    number = fields.number("priority")
    if number is not None and 0 <= number < len(PRIORITIES):
        return PRIORITIES[number]
    if fields.has("priority"):
        fields.note("its priority is none of 0 to 4; taken as normal")
    return Priority.NORMAL


def _said(fields: Fields) -> dict[str, str]:
    """Return the links that have no counterpart here, as words: kind to ids."""
    said: dict[str, list[str]] = {}
    for each in fields.objects("dependencies"):
        if each.word("type", "blocks") not in RELATIONS:
            said.setdefault(each.clean(each.word("type"), "type"), []).append(each.key("depends_on_id"))
    return {kind: ", ".join(ids) for kind, ids in said.items()}


def _links(fields: Fields) -> list[SourceLink]:
    links = []
    for each in fields.objects("dependencies"):
        kind, parent = each.word("type", "blocks"), each.key("depends_on_id")
        if kind in RELATIONS:
            links.append(SourceLink(parent, RELATIONS[kind]))
        else:
            fields.skip(f"the link {shown(kind)} to {parent}: nothing waits by it; the context names it")
    return links


def _comment(fields: Fields) -> SourceComment:
    return SourceComment(fields.text("author"), fields.text("text"), fields.moment("created_at"))
