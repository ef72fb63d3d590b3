"""Halting the board: pause, resume, stop."""

from typing import Annotated

import typer

from kanban_mcp.cli import given
from kanban_mcp.cli.completing import tasks
from kanban_mcp.cli.options import AsJson, Db, Note


def pause(
    drain: Annotated[
        bool, typer.Option("--drain", help="Then wait until what runs has ended; Ctrl-C ends the waiting only.")
    ] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Let nobody claim anything; running work goes on. People only."""
    from kanban_mcp.cli import act
    from kanban_mcp.cli.progress import counting

    act.call(db, lambda b, s: b.pause(s, paused=True))
    if drain:
        with counting("Paused. Runs that go on") as progress:
            act.call(db, lambda b, s: b.drain(s, progress=progress))
    _say(as_json, paused=True, drained=drain)


def resume(db: Db = None, as_json: AsJson = False) -> None:
    """Allow claims again. People only."""
    from kanban_mcp.cli import act

    act.call(db, lambda b, s: b.pause(s, paused=False))
    _say(as_json, paused=False, drained=False)


def _say(as_json: bool, *, paused: bool, drained: bool) -> None:
    from kanban_mcp.cli import output

    if as_json:
        output.as_json({"paused": paused, **({"drained": True} if drained else {})})
        return
    text = "Paused: nothing can be claimed. kanban-mcp resume ends it." if paused else "Claims are allowed again."
    output.lines([output.said(f"{'Nothing runs any more. ' if drained else ''}{text}")])


def stop(
    task: Annotated[
        str | None, typer.Argument(metavar="TASK", help="The task, for example TASK-003 or 3.", autocompletion=tasks)
    ] = None,
    reason: Note = "",
    everything: Annotated[bool, typer.Option("--all", help="Every run there is.")] = False,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """End the run of a task at once; only a person releases the task again. No attempt is used. People only."""
    from kanban_mcp.cli import act, render

    if (task is None) != everything:
        raise typer.BadParameter("Name one task, or --all for every run there is.")
    text = given.required(reason)
    if task is not None:
        act.answer(act.call(db, lambda b, s: b.stop(s, task_id=task, reason=text)), as_json, render.done)
    else:
        act.answer(act.call(db, lambda b, s: b.stop_all(s, reason=text)), as_json, render.halted)
