"""`kanban-mcp` alone on a terminal: the board and what waits for you, then the agents on this machine.

Agents are asked for their versions while the board is read, and given little time: this is a page that people open
often. Whether a server really starts is `doctor`'s to find out.
"""

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.text import Text

    from kanban_mcp.app import Setup
    from kanban_mcp.clients.probe import Agent
    from kanban_mcp.clients.standing import Standing

PROGRAM = "kanban-mcp"
_WAIT_S = 2.0  # for the versions of all agents together
_CARDS = 4  # per column: the page is to fit a screen; kanban-mcp board shows more


def home() -> None:
    """Show the board, or how to get one; then the agents that could work on it."""
    from kanban_mcp import app
    from kanban_mcp.cli import act, board_page, initialising, output
    from kanban_mcp.clients import probe

    setup = app.set_up()
    project = initialising.project_of(setup)
    if not setup.place.exists and not _made(setup, project):
        return
    agents = probe.installed(project)
    asking = threading.Thread(target=probe.ask_versions, args=(agents, _WAIT_S), daemon=True)
    asking.start()
    view = act.call(None, lambda b, s: b.view(s, per_column=_CARDS), reads=True)
    output.lines(board_page.board(view, str(setup.place.path), output.console()))
    sys.stdout.flush()
    asking.join(_WAIT_S)
    output.lines(_agents(agents, setup, project))
    output.lines([output.said(""), output.said(view.next, "bold" if view.waiting else "dim")])


def _made(setup: "Setup", project: Path) -> bool:
    """Ask whether to make a board here, where there is somebody to ask; say how otherwise. Says whether there is one.

    Never without asking: this command is typed in any folder, also in one that is nobody's project.
    """
    from kanban_mcp.cli import initialising, output

    output.lines([output.said(f"There is no board for {project} yet.")])
    if sys.stdin.isatty() and sys.stdout.isatty():
        is_project = setup.place.found == "git"
        if typer.confirm("Make one, and tell the agents found here about it?", default=is_project):
            initialising.init()
            return True
    typer.echo(f"  {PROGRAM} init      make one for this project and tell your agents about it")
    typer.echo(f"  {PROGRAM} demo      first watch one at work, in an empty folder")
    typer.echo(f"  {PROGRAM} --help    every command")
    return False


def _agents(agents: "Sequence[Agent]", setup: "Setup", project: Path) -> "Iterator[Text]":
    from rich.text import Text

    from kanban_mcp.cli.output import said

    yield Text("")
    if not agents:
        yield Text("No coding agent is on PATH. kanban-mcp demo shows the board at work without one.", "dim")
        return
    yield Text("Agents", "bold")
    names = [said(f"{agent.client.title} {agent.version}".strip()) for agent in agents]
    width = max(len(name.plain) for name in names)
    for name, agent, state in zip(names, agents, _states(agents, setup, project), strict=True):
        name.pad_right(width - len(name.plain))
        for line in _said(agent, state):
            yield Text("  ").append(name).append("  ").append(line)
            name = Text(" " * width)


def _states(agents: "Sequence[Agent]", setup: "Setup", project: Path) -> "list[Standing]":
    from kanban_mcp.clients import standing
    from kanban_mcp.clients.client import Wanted
    from kanban_mcp.clients.record import Record, Records
    from kanban_mcp.domain.errors import BoardError

    try:
        record = Records(setup.place.folder).of(project)
    except BoardError:
        record = Record()  # doctor says what is wrong with it
    db = setup.place.path if setup.place.found == "given" else None
    return [standing.look(agent.client, Wanted(project, db=db), record) for agent in agents]


def _said(agent: "Agent", state: "Standing") -> "Iterator[Text]":
    """Say whether an agent sees the board and is logged in: one line when all is well, else one per missing thing."""
    from rich.text import Text

    from kanban_mcp.cli.output import said

    if state.unusable:
        yield Text(f"its files cannot be read: {PROGRAM} doctor", "yellow")
    elif state.entry == "not ours":
        yield said(f'another server is called "kanban" in {state.file}: {PROGRAM} doctor', "yellow")
    elif state.entry != "there already":
        yield Text(f"does not see the board: {PROGRAM} init --client {agent.client.name}", "yellow")
    else:
        yield said(f"sees the board ({state.file}){', logged in' if agent.logged_in else ''}", "green")
    if agent.logged_in is False:
        yield Text(f"no login found: {agent.login}", "yellow")
