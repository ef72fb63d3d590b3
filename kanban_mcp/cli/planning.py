"""Commands that make and change tasks: create, plan, update, link."""

from typing import Annotated

import typer

from kanban_mcp.cli import given
from kanban_mcp.cli.completing import tasks
from kanban_mcp.cli.options import Accept, AsJson, Context, Db, Key, Priority, Role, Run, Task


def create(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What is to be done, in one line.")],
    role: Role = None,
    parent: Annotated[
        list[str] | None,
        typer.Option("-p", "--parent", metavar="TASK", help="A parent. Repeatable.", autocompletion=tasks),
    ] = None,
    relation: Annotated[
        str,
        typer.Option(metavar="WORD", help="after: starts when the parents are done; part_of: a subtask of them; auto."),
    ] = "auto",
    context: Context = None,
    priority: Priority = None,
    accept: Accept = None,
    triage: Annotated[bool, typer.Option("--triage", help="Only a rough idea, not to be worked on yet.")] = False,
    key: Key = None,
    run: Run = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Add a task to the board."""
    from kanban_mcp.cli import act, render

    text = given.text(context) or ""
    made = act.call(
        db,
        lambda b, s: b.create(
            s,
            title=title,
            assignee=role,
            parents=parent or (),
            context=text,
            priority=priority or "normal",
            relation=relation,
            acceptance=accept or (),
            idempotency_key=key,
            triage=triage,
            run_id=run,
        ),
    )
    act.answer(made, as_json, render.created)


def plan(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON: a list of tasks, or {tasks: […]}; - reads stdin.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say whether it is possible.")] = False,
    key: Key = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Add a whole graph of tasks at once, all or nothing.

    Each task: {"ref": "a", "title": "…", "assignee": "…", "after": ["b"], "part_of": [], "context": "…",
    "priority": "normal", "acceptance": ["cmd:…"]}. Parents are refs of the plan or ids of the board.
    """
    from kanban_mcp.cli import act, render

    tasks = given.plan(file)
    made = act.call(db, lambda b, s: b.plan(s, tasks=tasks, dry_run=dry_run, idempotency_key=key))
    act.answer(made, as_json, render.planned)


def update(
    task: Task,
    title: Annotated[str | None, typer.Option(metavar="TITLE", help="New title.")] = None,
    role: Role = None,
    priority: Priority = None,
    context: Context = None,
    accept: Accept = None,
    no_acceptance: Annotated[bool, typer.Option("--no-acceptance", help="Remove every acceptance check.")] = False,
    verify: Annotated[str | None, typer.Option(metavar="WORD", help="verifier, or none.")] = None,
    review: Annotated[str | None, typer.Option(metavar="WORD", help="human, or none.")] = None,
    due: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Not before: an ISO time, or a while like 30m.")
    ] = None,
    max_attempts: Annotated[int | None, typer.Option(metavar="N", help="Attempts per round; people only.")] = None,
    triage: Annotated[
        bool | None, typer.Option("--triage/--no-triage", help="Back to a rough idea / workable.")
    ] = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Change fields of a task that has not ended; what is not given stays."""
    from kanban_mcp.cli import act, render

    text = given.text(context)
    acceptance = [] if no_acceptance else accept
    changed = act.call(
        db,
        lambda b, s: b.update(
            s,
            task_id=task,
            title=title,
            assignee=role,
            priority=priority,
            context=text,
            acceptance=acceptance,
            verify=_none(verify),
            review=_none(review),
            due_at=due,
            max_attempts=max_attempts,
            triage=triage,
        ),
    )
    act.answer(changed, as_json, render.done)


def _none(word: str | None) -> str | None:
    return "" if word == "none" else word


def link(
    task: Task,
    parent: Annotated[
        str, typer.Argument(metavar="PARENT", help="The task it waits for, or is part of.", autocompletion=tasks)
    ],
    relation: Annotated[str, typer.Option(metavar="WORD", help="after, or part_of.")] = "after",
    remove: Annotated[bool, typer.Option("--remove", help="Take the link away.")] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Let TASK wait for PARENT, or make it a subtask of it."""
    from kanban_mcp.cli import act, render

    linked = act.call(db, lambda b, s: b.link(s, task_id=task, parent=parent, relation=relation, remove=remove))
    act.answer(linked, as_json, render.done)
