"""One task on the terminal: what it is, where it stands, and what its worker would read."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.text import Text

from kanban_mcp.cli import wording
from kanban_mcp.cli.output import advice, joined, said
from kanban_mcp.cli.render import checks, messages, state
from kanban_mcp.service.results import Overview, TaskView


def shown(result: TaskView | Overview) -> Iterator[Text]:
    """Show a task, or what a caller that holds none can do."""
    return page(result) if isinstance(result, TaskView) else _overview(result)


def _overview(result: Overview) -> Iterator[Text]:
    yield advice(result.next)
    for row in result.holding:
        left = f"{row['run_id']}, lease {row['lease_expires_in_s']} s"
        yield joined((said(row["id"], "bold"), said(row["title"]), said(left, "dim")))
    for row in result.ready:
        yield joined((said(row["id"], "bold"), said(row["title"]), said(row["priority"], "dim")))
    for text in result.waiting:
        yield said(text, "dim")


def page(task: TaskView) -> Iterator[Text]:
    """Show a task: head, what to do next, then each part that says something."""
    yield Text(" ").join((said(task.id, "bold"), said(task.title, "bold")))
    yield joined((state(task.state, task.kind), said(task.assignee or "any role"), said(task.priority), _attempt(task)))
    if task.next:
        yield advice(task.next)
    for flag in task.flags:
        yield said(flag, "yellow")
    yield from _part("Run", _run(task.run))
    yield from _part("Blocked", _blocked(task.blocked))
    yield from _part("Approval", _approval(task.approval))
    yield from _part("Context", _text(task.context))
    yield from _part("Acceptance", (said(f"  {line}") for line in task.acceptance))
    yield from _part("Messages", messages(task.messages))
    yield from _part("Parents", (_parent(row) for row in task.parents))
    yield from _part("Subtasks", (_related(row) for row in task.subtasks))
    yield from _part("Result", _result(task.result))
    yield from _part("Earlier attempts", (_attempted(row) for row in task.previous_attempts))
    yield from _part("Comments", messages(task.comments))
    yield from _part("Works beside it", (_related(row) for row in task.siblings))
    if task.left_out:
        yield said(f"Left out: {task.left_out}", "dim")


def _part(name: str, rows: Iterable[Text]) -> Iterator[Text]:
    found = list(rows)
    if found:
        yield Text("")
        yield Text(name, "underline")
        yield from found


def _attempt(task: TaskView) -> Text:
    return Text(f"attempt {task.attempt} of {task.max_attempts}" if task.attempt else "")


def _text(text: str) -> list[Text]:
    return [Text(f"  {line}") for line in wording.block(text).split("\n")] if text else []


def _pairs(row: dict[str, Any], names: Iterable[str]) -> Iterator[Text]:
    for name in names:
        if row.get(name) not in (None, "", []):
            yield Text(f"  {name.replace('_', ' ')}: ", "dim").append(said(row[name], "none"))


def _run(run: dict[str, Any]) -> Iterator[Text]:
    if not run:
        return
    left = "stale: its lease is over" if run.get("stale") else f"lease {run['lease_expires_in_s']} s"
    yield Text("  ").append(joined((said(run["run_id"]), said(run["worker"]), said(run["role"]), Text(left))))
    yield from _pairs(run, ("note", "since", "workdir", "branch", "base"))


def _blocked(blocked: dict[str, Any]) -> Iterator[Text]:
    if blocked:
        yield Text("  ").append(said(blocked["reason"]))
        yield from _pairs(
            {**blocked, "options": " | ".join(map(str, blocked["options"]))}, ("options", "default", "who")
        )


def _approval(approval: dict[str, Any]) -> Iterator[Text]:
    if approval:
        sure = "irreversible" if approval.get("irreversible") else ""
        yield Text("  ").append(joined((said(approval["state"], "bold"), Text(sure, "red"), said(approval["summary"]))))
        yield from _pairs(approval, ("context", "note", "decided_by"))


def _parent(row: dict[str, Any]) -> Text:
    return Text("  ").append(
        joined((said(row["id"]), state(row["state"]), said(row["relation"]), said(row["title"]), said(row["summary"])))
    )


def _related(row: dict[str, Any]) -> Text:
    who = row.get("assignee") or row.get("role") or ""
    return Text("  ").append(
        joined((said(row["id"]), state(row.get("state", "")), said(who), said(row["title"]), said(row.get("note", ""))))
    )


def _result(result: dict[str, Any]) -> Iterator[Text]:
    if result:
        yield Text("  ").append(said(result["summary"]))
        yield from _pairs(result, ("commit", "metadata", "run_id"))
        yield from checks(result.get("checks") or ())


def _attempted(row: dict[str, Any]) -> Text:
    head = f"{row['attempt']}. {row['outcome']} {row['age']} ago"
    return Text("  ").append(joined((said(head), said(row["run_id"]), said(row["why"]), said(row["note"]))))
