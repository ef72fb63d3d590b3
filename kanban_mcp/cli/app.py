"""The command line: which commands there are, what a bare `kanban-mcp` shows, and how a refusal ends."""

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from kanban_mcp import __version__
from kanban_mcp.cli import (
    archiving,
    completing,
    deciding,
    doctor,
    exchanging,
    exits,
    halting,
    hooking,
    initialising,
    keeping,
    looking,
    lost,
    managing,
    options,
    planning,
    serving,
    telling,
    working,
)
from kanban_mcp.domain.errors import BoardError

PROGRAM = "kanban-mcp"
_MEANINGS = (f"{code}  {meaning}".replace("[", "\\[") for code, meaning in exits.MEANINGS.items())
EPILOG = "\n\n".join(["Exit codes:", *_MEANINGS])

Command = Callable[..., None]
COMMANDS: Sequence[tuple[str, str, Command]] = (
    (options.SETUP, "init", initialising.init),
    (options.SETUP, "uninstall", initialising.uninstall),
    (options.SETUP, "config", managing.config),
    (options.SETUP, "serve", serving.serve),
    (options.SETUP, "reaper", serving.reaper),
    (options.SETUP, "hook", hooking.hook),
    (options.SETUP, "backup", keeping.backup),
    (options.SETUP, "doctor", doctor.doctor),
    (options.SETUP, "completions", completing.completions),
    (options.SETUP, "import", exchanging.import_),
    (options.SETUP, "export", exchanging.export),
    (options.LOOK, "board", looking.board),
    (options.LOOK, "list", looking.list_),
    (options.LOOK, "show", looking.show),
    (options.LOOK, "log", looking.log),
    (options.LOOK, "inbox", telling.inbox),
    (options.LOOK, "digest", telling.digest),
    (options.LOOK, "stats", telling.stats),
    (options.PLAN, "create", planning.create),
    (options.PLAN, "plan", planning.plan),
    (options.PLAN, "update", planning.update),
    (options.PLAN, "link", planning.link),
    (options.PLAN, "archive", archiving.archive),
    (options.DECIDE, "answer", deciding.answer),
    (options.DECIDE, "approve", deciding.approve),
    (options.DECIDE, "reject", deciding.reject),
    (options.DECIDE, "cancel", deciding.cancel),
    (options.DECIDE, "stop", halting.stop),
    (options.DECIDE, "retry", deciding.retry),
    (options.DECIDE, "pause", halting.pause),
    (options.DECIDE, "resume", halting.resume),
    (options.WORK, "claim", working.claim),
    (options.WORK, "heartbeat", working.heartbeat),
    (options.WORK, "comment", working.comment),
    (options.WORK, "block", working.block),
    (options.WORK, "complete", working.complete),
    (options.WORK, "fail", working.fail),
)
# Commands whose module is imported only when they run; each brings its own options.
LATER: Sequence[tuple[str, str, str, str]] = (
    (options.SETUP, "demo", "kanban_mcp.cli.demo:demo", "Watch agents share a board: offline, in an empty folder."),
)

app = typer.Typer(
    name=PROGRAM,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The task board that coding agents share. Without a command: the board, and what waits on you."""
    if context.invoked_subcommand is None:
        from kanban_mcp.cli.home import home

        home()


def _later(name: str, target: str) -> Command:
    def run(context: typer.Context) -> None:
        command_of(target)(args=context.args, prog_name=f"{PROGRAM} {name}")

    return run


def command_of(target: str) -> typer.Typer:
    """Return a command that is imported only now, as a program of its own. `target` is `module:function`."""
    module, _, function = target.partition(":")
    alone = typer.Typer(
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    alone.command()(getattr(importlib.import_module(module), function))
    return alone


def _register() -> None:
    for panel, name, function in COMMANDS:
        app.command(name, rich_help_panel=panel)(function)
    passed_on: dict[str, Any] = {"ignore_unknown_options": True, "allow_extra_args": True}
    for panel, name, target, text in LATER:
        settings = {**passed_on, "help_option_names": []}
        app.command(name, rich_help_panel=panel, help=text, context_settings=settings)(_later(name, target))


_register()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; `sys.argv` when none is given. Returns the exit code (`exits.MEANINGS`)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode must not end in a traceback
    return lost.guarded(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        app(args=None if arguments is None else list(arguments), prog_name=PROGRAM)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else exits.OK if end.code is None else exits.REFUSED
    except BoardError as refused:
        return exits.report(refused)
    return exits.OK
