"""Answers as lines for people. Every text from a task goes through `said`; what to do next is named as a command."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from kanban_mcp.cli.output import STATE_STYLES, advice, console, joined, said
from kanban_mcp.service.results import (
    Beat,
    Claimed,
    Completed,
    Created,
    Done,
    Ended,
    Halted,
    Listing,
    Planned,
)

_MARKS = {True: ("passed", "green"), False: ("failed", "red")}


def state(name: str, kind: str = "") -> Text:
    """Return a state with what it waits for."""
    return Text(f"{name} ({kind})" if kind else name, STATE_STYLES.get(name, ""))


def done(result: Done) -> Iterator[Text]:
    """Show a change of one task."""
    yield joined((said(result.task_id, "bold"), state(result.state, result.kind), _changed(result.changed)))
    if result.also:
        yield joined((Text("also"), said(", ".join(result.also))), "  ")
    yield advice(result.next)


def _changed(names: list[str]) -> Text:
    return said(f"changed {', '.join(names)}") if names else Text("")


def created(result: Created) -> Iterator[Text]:
    """Show a new task."""
    parents = ", ".join(f"{row['relation']} {row['id']}" for row in result.parents)
    yield joined((said(result.task_id, "bold"), state(result.state), said(parents)))
    yield advice(result.next)


def planned(result: Planned) -> Iterator[Text]:
    """Show the tasks of a plan by their refs."""
    for row in result.tasks:
        yield joined((said(row.get("id", "(not made)"), "bold"), said(row["ref"]), state(row["state"])))
    yield advice(result.next)


def ended(result: Ended) -> Iterator[Text]:
    """Show a run that was ended by block or fail."""
    yield joined((said(result.task_id, "bold"), state(result.state, result.kind), said(result.due)))
    yield advice(result.next)


def completed(result: Completed) -> Iterator[Text]:
    """Show a completed task with what the board found."""
    yield joined((said(result.task_id, "bold"), state(result.state)))
    yield from checks(result.checks)
    if result.now_ready:
        yield said(f"now ready: {', '.join(result.now_ready)}")
    yield advice(result.next)


def checks(rows: Iterable[dict[str, Any]]) -> Iterator[Text]:
    """Show what the board looked at, one check a line."""
    for row in rows:
        word, style = _MARKS.get(row.get("passed") or False, ("", ""))
        if row.get("passed") is None:
            word, style = "not looked at", "yellow"
        yield joined((Text(f"  {word}", style), said(f"{row['kind']} {row['name']}"), said(row.get("detail", ""))))


def halted(result: Halted) -> Iterator[Text]:
    """Show which runs were ended."""
    if result.stopped:
        yield said(f"stopped: {', '.join(result.stopped)}")
    yield advice(result.next)


def beat(result: Beat) -> Iterator[Text]:
    """Show what is left of the lease, and what has come in."""
    head = f"{result.run_id}, lease {result.lease_expires_in_s} s"
    yield joined((said(result.task_id, "bold"), said(head), said(result.budget)))
    yield from messages(result.messages)
    yield advice(result.next)


def messages(rows: Iterable[dict[str, Any]]) -> Iterator[Text]:
    """Show what others wrote: author, age, what it is about, the text."""
    for row in rows:
        yield joined((said(row["from"], "bold"), said(f"{row['age']} ago"), said(row.get("re", ""))))
        yield Text("  ").append(said(row["text"]))


def claimed(result: Claimed) -> Iterator[Text]:
    """Show the task taken, or why there is none."""
    if result.task is None:
        yield joined((Text("Nothing taken", "yellow"), said(result.reason), said(result.detail)))
        yield advice(result.next)
        return
    from kanban_mcp.cli.task_page import page

    yield from page(replace(result.task, next=result.next))


def listing(result: Listing) -> Iterator[Text]:
    """Show counts and one line per task, its title cut to the terminal's width."""
    yield counts(result.counts)
    yield from _rows([_row(task) for task in result.tasks])
    if result.truncated:
        yield said(result.truncated, "yellow")
    yield advice(result.next)


def counts(numbers: dict[str, int]) -> Text:
    """Return the counts per state that are not zero."""
    return joined(said(f"{name} {n}", STATE_STYLES.get(name, "")) for name, n in numbers.items() if n)


def _row(task: dict[str, Any]) -> tuple[Text, Text, Text, Text, Text]:
    tail = [task.get("worker", ""), task.get("attempt", "") and f"attempt {task['attempt']} used", task.get("note", "")]
    if task.get("stale"):
        tail.insert(0, "STALE")
    return (
        said(task["id"], "bold"),
        state(task["state"], task.get("kind") or ""),
        said(" ".join(filter(None, (task.get("assignee", "-"), task.get("priority"))))),
        said(task["title"]),
        joined([said(part, "red" if part == "STALE" else "dim") for part in tail if part]),
    )


def _rows(rows: list[tuple[Text, ...]]) -> Iterator[Text]:
    """Align columns; the title gives way when a terminal is too narrow, and nothing does in a pipe."""
    if not rows:
        return
    to = console()
    widths = [max(cell_len(row[at].plain) for row in rows) for at in range(4)]
    if to.is_terminal:
        widths[3] = max(20, min(widths[3], to.width - sum(widths[:3]) - 6))
    for row in rows:
        cells = [_cell(cell, width) for cell, width in zip(row, widths, strict=False)]
        text = Text("  ").join([*cells, row[4]])
        if to.is_terminal:
            text.truncate(to.width, overflow="ellipsis")
        text.rstrip()
        yield text


def _cell(text: Text, width: int) -> Text:
    copy = text.copy()
    copy.truncate(width, overflow="ellipsis", pad=True)
    return copy
