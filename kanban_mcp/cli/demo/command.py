"""Runs `kanban-mcp demo`: chooses the folder and the screen, performs, says what was proven."""

import asyncio
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kanban_mcp.cli import exits, output
from kanban_mcp.cli.demo import asking, ground, stage
from kanban_mcp.cli.demo.screen import LiveScreen, PlainScreen, Screen, is_plain
from kanban_mcp.domain.errors import BoardError, Invalid
from kanban_mcp.domain.texts import escape

NOT_PROVEN = 1


def demo(
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="An empty or new folder. Default: this one if it is empty, else a temporary one."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Approve in your place when a worker asks.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the proof as JSON; progress goes to stderr.")] = False,
    fast: Annotated[bool, typer.Option("--fast", hidden=True, help="Shorten the pauses.")] = False,
) -> None:
    """Watch the board at work: workers that plan, build, die, come back and ask, in a small git repository.

    Starts real worker processes on a board of its own; nothing outside of the folder is touched. Ends with what was
    proven; the exit code is 0 only if all of it was observed.
    """
    raise typer.Exit(run(folder, is_unattended=yes, as_json=json, is_fast=fast))


def run(folder: Path | None, *, is_unattended: bool, as_json: bool, is_fast: bool) -> int:
    """Run the command. Returns the exit code: 1 if anything was not proven, else as in `exits`."""
    console = Console(stderr=as_json, highlight=False)
    place: ground.Ground | None = None
    try:
        if not is_unattended:
            _require_person(console)
        place = ground.Ground(ground.choose(folder))
        ground.prepare(place)
        options = stage.Options(place, is_unattended, is_fast)
        outcome = asyncio.run(_perform(options, console))
    except Invalid as refusal:
        exits.report(refusal)
        return exits.USAGE
    except BoardError as refusal:
        return exits.report(refusal)
    except (KeyboardInterrupt, asyncio.CancelledError):
        where = f" What there is stays in {place.root}." if place else ""
        console.print(Text(f"\nStopped; every process of the demo has ended.{where}"), soft_wrap=True)
        return exits.INTERRUPTED
    if as_json:
        output.as_json(report(outcome, place))
    else:
        conclude(console, outcome, place)
    return exits.OK if outcome.is_proven else NOT_PROVEN


def _require_person(console: Console) -> None:
    """Refuse to begin what would stop for an approval that nobody can give.

    Raises:
        Invalid: input or output is no terminal.
    """
    if not (sys.stdin.isatty() and console.is_terminal):
        raise Invalid(
            "The demo stops once for a person's approval, and there is no terminal to ask on.",
            hint="Add --yes to run it unattended.",
        )


async def _perform(options: stage.Options, console: Console) -> stage.Outcome:
    me = asyncio.current_task()
    assert me is not None  # noqa: S101 - we are in it
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, me.cancel)
    title = f"{options.place.root}"
    screen: Screen = PlainScreen(console) if is_plain(console, dict(os.environ)) else LiveScreen(console, title)
    decide = _unattended(options) if options.is_unattended else _attended(console, screen)
    console.print(Text(f"The demo works in {options.place.root}"), soft_wrap=True)
    return await stage.perform(options, screen, decide)


def _attended(console: Console, screen: Screen) -> Callable[[dict[str, Any]], Awaitable[tuple[bool, str]]]:
    async def decide(request: dict[str, Any]) -> tuple[bool, str]:
        screen.__exit__(None, None, None)
        decision = await asking.decide(console, request)
        screen.__enter__()
        return decision

    return decide


def _unattended(options: stage.Options) -> Callable[[dict[str, Any]], Awaitable[tuple[bool, str]]]:
    async def decide(_request: dict[str, Any]) -> tuple[bool, str]:
        await asyncio.sleep(2 * options.pace)
        return True, asking.UNATTENDED

    return decide


def report(outcome: stage.Outcome, place: ground.Ground) -> dict[str, Any]:
    """Return what `--json` prints."""
    tests = outcome.evidence.tests
    return {
        "proven": outcome.is_proven,
        "facts": [{"name": fact.name, "seen": fact.seen, "text": fact.text} for fact in outcome.facts],
        "tasks": [{"id": task.id, "title": task.title, "state": task.state} for task in outcome.evidence.tasks],
        "commits": outcome.evidence.commits,
        "tests": {"count": tests.count, "passed": tests.passed} if tests else None,
        "seconds": round(outcome.seconds, 1),
        "folder": str(place.root),
        "board": str(place.repository / ".kanban" / "board.db"),
    }


def conclude(console: Console, outcome: stage.Outcome, place: ground.Ground) -> None:
    """Print what was proven, and how to look at the board that was left."""
    said = "What was proven" if outcome.is_proven else "Not everything was proven"
    console.print(Text(f"\n{said}, in {outcome.seconds:.0f} s (from the board's events and from git):", style="bold"))
    _print_facts(console, outcome)
    if not outcome.is_proven:
        console.print(Text(f"What the workers called and were answered is in {place.transcripts}"), soft_wrap=True)
    console.print(Text("\nThe board is still there:", style="bold"))
    for line in (f"cd {shlex.quote(str(place.repository))}", f"{_command()} board", f"{_command()} log"):
        console.print(Text(f"  {line}"), soft_wrap=True)
    console.print(Text("  git log --graph --oneline"), soft_wrap=True)
    key = f"KANBAN_CONFIG_HOME={shlex.quote(str(place.operator))}"
    console.print(Text(f"With {key} a command of yours decides there as a person.", style="dim"), soft_wrap=True)


def _print_facts(console: Console, outcome: stage.Outcome) -> None:
    table = Table.grid(padding=(0, 1, 0, 0))
    for fact in outcome.facts:
        mark = Text(" ✓", style="green") if fact.seen else Text(" ✗", style="bold red")
        table.add_row(mark, Text(escape(fact.text)))
        if not console.is_terminal:  # a file or a pipe gets one line per fact
            console.print(Text.assemble(mark, " ", escape(fact.text)), soft_wrap=True)
    if console.is_terminal:
        console.print(table)


def _command() -> str:
    """Return how this very installation is called: by name if that is what PATH finds, else by its interpreter."""
    found = shutil.which("kanban-mcp")
    own = Path(sys.executable).parent / "kanban-mcp"
    is_on_path = found is not None and Path(found).resolve() == own.resolve()
    return "kanban-mcp" if is_on_path else f"{shlex.quote(sys.executable)} -m kanban_mcp"
