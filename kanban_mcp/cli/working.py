"""Commands of a worker: claim, heartbeat, comment, block, complete, fail."""

from typing import Annotated

import typer

from kanban_mcp.cli import given
from kanban_mcp.cli.completing import tasks
from kanban_mcp.cli.options import TEXT_HELP, AsJson, Db, Message, MyTask, Role, Run, Task


def claim(
    task: Annotated[
        str | None,
        typer.Argument(metavar="TASK", help="This one, instead of the next of the role.", autocompletion=tasks),
    ] = None,
    role: Role = None,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, max=45, help="Wait for work, at most 45.")
    ] = 0,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Take the next ready task of a role, or the one named. This terminal is the worker."""
    from kanban_mcp.cli import act, render

    taken = act.call(db, lambda b, s: b.claim(s, assignee=role, task_id=task, wait_s=wait), works_here=True)
    act.answer(taken, as_json, render.claimed)


def heartbeat(
    task: MyTask = None,
    note: Annotated[
        str | None, typer.Option("-m", "--note", "--message", metavar="TEXT", help="What you do now.")
    ] = None,
    task_option: Annotated[str | None, typer.Option("--task", metavar="TASK", help="The same as the argument.")] = None,
    expect: Annotated[int, typer.Option("--expect", metavar="SECONDS", help="A command this long follows.")] = 0,
    run: Run = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Prove that you are alive: renew the lease, read what has come in."""
    from kanban_mcp.cli import light

    words = given.text(note)
    light.beat(light.Ask(db=db, task=task or task_option, run=run, note=words, expect_s=expect, as_json=as_json))


def comment(task: Task, message: Message, run: Run = None, db: Db = None, as_json: AsJson = False) -> None:
    """Leave a note on any task; its worker reads it."""
    from kanban_mcp.cli import act, render

    body = given.required(message)
    act.answer(act.call(db, lambda b, s: b.comment(s, task_id=task, body=body, run_id=run)), as_json, render.done)


def block(
    message: Annotated[
        str, typer.Option("-m", "--message", "--reason", metavar="TEXT", help=f"The question. {TEXT_HELP}")
    ],
    task: MyTask = None,
    kind: Annotated[
        str | None, typer.Option(metavar="WORD", help="needs_input, capability, dependency or transient; else guessed.")
    ] = None,
    option: Annotated[list[str] | None, typer.Option("--option", metavar="TEXT", help="A choice. Repeatable.")] = None,
    default: Annotated[str | None, typer.Option(metavar="TEXT", help="Taken if nobody answers.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="WHEN", help="For transient: an ISO time, or a while like 30m.")
    ] = None,
    run: Run = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Hand your task back until someone answers or the cause clears. It ends your run."""
    from kanban_mcp.cli import act, render

    reason = given.required(message)
    ended = act.call(
        db,
        lambda b, s: b.block(
            s, reason=reason, kind=kind, options=option, default=default, until=until, task_id=task, run_id=run
        ),
    )
    act.answer(ended, as_json, render.ended)


def complete(
    message: Annotated[
        str,
        typer.Option(
            "-m", "--message", "--summary", metavar="TEXT", help=f"What changed, how you know it works. {TEXT_HELP}"
        ),
    ],
    task: MyTask = None,
    evidence: Annotated[
        list[str] | None,
        typer.Option(
            "-e", "--evidence", metavar="PROOF", help="file:PATH, commit:SHA, url:ADDRESS or JSON. Repeatable."
        ),
    ] = None,
    metadata: Annotated[str | None, typer.Option(metavar="JSON", help="Facts for programs, a JSON object.")] = None,
    run: Run = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Finish your task. The board checks first; a refusal lists every failure and changes nothing."""
    from kanban_mcp.cli import act, render

    summary, proof = given.required(message), given.evidence(evidence or [])
    facts = given.json_object(metadata, "--metadata")
    finished = act.call(
        db,
        lambda b, s: b.complete(s, summary=summary, metadata=facts, evidence=proof, task_id=task, run_id=run),
    )
    act.answer(finished, as_json, render.completed)


def fail(
    message: Annotated[
        str, typer.Option("-m", "--message", "--reason", metavar="TEXT", help=f"What you tried. {TEXT_HELP}")
    ],
    task: MyTask = None,
    no_retry: Annotated[bool, typer.Option("--no-retry", help="No attempt can succeed: give the task up.")] = False,
    run: Run = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Give up this attempt."""
    from kanban_mcp.cli import act, render

    reason = given.required(message)
    ended = act.call(db, lambda b, s: b.fail(s, reason=reason, retry=not no_retry, task_id=task, run_id=run))
    act.answer(ended, as_json, render.ended)
