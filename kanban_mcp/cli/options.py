"""Arguments and options that several commands share; each is described once."""

from typing import Annotated

import typer

from kanban_mcp.cli import completing

TEXT_HELP = "Text; - reads standard input, @FILE a file."

Db = Annotated[
    str | None, typer.Option("--db", metavar="FILE", help="The board's file, instead of the one found from here.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as one JSON object.")]
Task = Annotated[
    str,
    typer.Argument(metavar="TASK", help="The task, for example TASK-003 or 3.", autocompletion=completing.tasks),
]
MyTask = Annotated[
    str | None,
    typer.Argument(
        metavar="TASK", help="The task; needed only while you hold several.", autocompletion=completing.tasks
    ),
]
Run = Annotated[
    str | None, typer.Option("--run", metavar="RUN", help="Which of your own runs is meant, for example run-31.")
]
Note = Annotated[str, typer.Option("-m", "--message", "--note", metavar="TEXT", help=TEXT_HELP)]
Message = Annotated[str, typer.Option("-m", "--message", metavar="TEXT", help=TEXT_HELP)]
Role = Annotated[
    str | None,
    typer.Option(
        "-r",
        "--role",
        "--assignee",
        metavar="ROLE",
        help="Role, for example implementer.",
        autocompletion=completing.roles,
    ),
]
Priority = Annotated[str | None, typer.Option("--priority", metavar="WORD", help="urgent, high, normal or low.")]
Context = Annotated[
    str | None, typer.Option("-c", "--context", metavar="TEXT", help=f"All a fresh worker needs. {TEXT_HELP}")
]
Accept = Annotated[
    list[str] | None,
    typer.Option(
        "-a", "--accept", metavar="CHECK", help="Acceptance: cmd:…, file:…, url:… or plain words. Repeatable."
    ),
]
Key = Annotated[
    str | None, typer.Option("--key", metavar="KEY", help="Idempotency key: the same call again changes nothing.")
]

Since = Annotated[
    str, typer.Option("--since", metavar="WHEN", help="How long ago (24h, 7d), or a time: 18:00, 2026-05-01.")
]

DECIDE = "Decide"
PLAN = "Planning"
WORK = "Work on a task"
LOOK = "Look"
SETUP = "Set up and run"
