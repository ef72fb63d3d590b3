"""The one moment at which the demo stops for a person: the approval on the terminal."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from kanban_mcp.domain.texts import escape

ReadLine = Callable[[], Awaitable[str | None]]
UNATTENDED = "Unattended: --yes was given."


async def read_line() -> str | None:
    """Read a line from the terminal without a thread, so that Ctrl-C is heard at once; None at the end of input."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[str] = loop.create_future()
    descriptor = sys.stdin.fileno()
    loop.add_reader(descriptor, lambda: None if arrived.done() else arrived.set_result(sys.stdin.readline()))
    try:
        line = await arrived
    finally:
        loop.remove_reader(descriptor)
    return line.rstrip("\n") if line else None


async def decide(console: Console, request: dict[str, Any], read: ReadLine = read_line) -> tuple[bool, str]:
    """Show a request, ask for yes or no and a note. The end of input is a no: only a person's yes is a yes."""
    console.print(_panel(request))
    while True:
        console.print("Approve? [bold]y[/]es or [bold]n[/]o: ", end="")
        said = await read()
        if said is None:
            return False, "No answer: the input ended."
        word = said.strip().lower()
        if word in ("y", "yes", "n", "no"):
            break
    console.print("A note for the worker (may be empty): ", end="")
    note = await read()
    return word.startswith("y"), (note or "").strip()


def _panel(request: dict[str, Any]) -> Panel:
    lines = [Text(escape(request["text"]), style="bold")]
    if request.get("context"):
        lines.append(Text(escape(request["context"])))
    lines.append(Text("The worker waits; it cannot grant this itself (it tried).", style="dim"))
    title = f"{request['id']} {escape(request['title'])}: {request['what']}"
    return Panel(Text("\n").join(lines), title=Text(title), title_align="left", border_style="magenta")
