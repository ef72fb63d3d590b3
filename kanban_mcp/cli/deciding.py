"""Decisions: answer, approve, reject, cancel, retry."""

from typing import Annotated

import typer

from kanban_mcp.cli import given
from kanban_mcp.cli.options import AsJson, Db, Message, Note, Task


def answer(task: Task, message: Message, db: Db = None, as_json: AsJson = False) -> None:
    """Answer what a blocked task asks; every later run reads it."""
    from kanban_mcp.cli import act, render

    text = given.required(message)
    act.answer(act.call(db, lambda b, s: b.answer(s, task_id=task, answer=text)), as_json, render.done)


def approve(task: Task, note: Note = "", db: Db = None, as_json: AsJson = False) -> None:
    """Grant what waits for a person: a request, once and as worded, or submitted work. People only."""
    from kanban_mcp.cli import act, render

    text = given.required(note)
    act.answer(act.call(db, lambda b, s: b.approve(s, task_id=task, note=text)), as_json, render.done)


def reject(task: Task, note: Note = "", db: Db = None, as_json: AsJson = False) -> None:
    """Refuse a request, or send submitted work back with the note as its finding. People only."""
    from kanban_mcp.cli import act, render

    text = given.required(note)
    act.answer(act.call(db, lambda b, s: b.reject(s, task_id=task, note=text)), as_json, render.done)


def cancel(
    task: Task,
    reason: Note = "",
    subtree: Annotated[bool, typer.Option("--subtree", help="Also the tasks that run after it.")] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw a task and its open subtasks; runs on them end at once."""
    from kanban_mcp.cli import act, render

    text = given.required(reason)
    done = act.call(db, lambda b, s: b.cancel(s, task_id=task, reason=text, subtree=subtree))
    act.answer(done, as_json, render.done)


def retry(task: Task, note: Note = "", db: Db = None, as_json: AsJson = False) -> None:
    """Bring an ended task back with a further round of attempts."""
    from kanban_mcp.cli import act, render

    text = given.required(note)
    act.answer(act.call(db, lambda b, s: b.retry(s, task_id=task, note=text)), as_json, render.done)
