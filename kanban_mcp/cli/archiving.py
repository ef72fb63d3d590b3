"""Hiding what has ended: archive, one task or all that ended long ago."""

from typing import Annotated

import typer

from kanban_mcp.cli.options import AsJson, Db
from kanban_mcp.domain.errors import BoardError
from kanban_mcp.domain.inputs import duration_ms

_EVER = "0s"


def archive(
    task: Annotated[
        str | None, typer.Argument(metavar="TASK", help="One task that has ended, for example TASK-003.")
    ] = None,
    done: Annotated[bool, typer.Option("--done", help="Every task that is done.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Every task that failed.")] = False,
    cancelled: Annotated[bool, typer.Option("--cancelled", help="Every task that was cancelled.")] = False,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="WHILE", help="Only what ended that long ago, like 7d.")
    ] = None,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Hide what has ended from the board: one task, or all that are done. Nothing is deleted."""
    chosen = {"done": done, "failed": failed, "cancelled": cancelled}
    states = [state for state, wanted in chosen.items() if wanted]
    if (task is None) == (not states):
        raise typer.BadParameter("Name one task, or --done, --failed or --cancelled for all of them.")
    if task is not None and older_than is not None:
        raise typer.BadParameter("--older-than goes with --done, --failed or --cancelled, not with one task.")
    if task is not None:
        _one(task, db, as_json)
    else:
        _all(states, _while(older_than or _EVER), db, as_json)


def _while(text: str) -> int:
    try:
        return duration_ms(text, "--older-than")
    except BoardError as refused:
        raise typer.BadParameter(f"{refused.message} {refused.hint}") from None


def _one(task: str, db: str | None, as_json: bool) -> None:
    from kanban_mcp.cli import act, render

    act.answer(act.call(db, lambda b, s: b.archive(s, task_id=task)), as_json, render.done)


def _all(states: list[str], older_than_ms: int, db: str | None, as_json: bool) -> None:
    from kanban_mcp.cli import act, output
    from kanban_mcp.cli.progress import counting

    with counting("Archiving") as progress:
        hidden = act.call(
            db, lambda b, s: b.archive_ended(s, states=states, older_than_ms=older_than_ms, progress=progress)
        )
    act.answer(hidden, as_json, lambda result: [output.said(result.next)])
