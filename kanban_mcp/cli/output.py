"""Printing: what came from tasks is escaped and never read as markup; nothing is cut or coloured in a pipe."""

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from kanban_mcp.cli import wording

DEFAULT_WIDTH = 80
STATE_STYLES = {
    "ready": "green",
    "in_progress": "cyan",
    "awaiting_review": "yellow",
    "blocked": "yellow",
    "failed": "red",
    "done": "dim",
    "cancelled": "dim",
}


def console() -> Console:
    """Return a console on stdout as it is now; Rich looks at the terminal, NO_COLOR and COLUMNS."""
    found = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if found.width < 1:  # COLUMNS=0, as some editors set it
        found.width = DEFAULT_WIDTH
    return found


def said(text: object, style: str = "") -> Text:
    """Return somebody's text as one safe line."""
    return Text(wording.line(text), style)


def advice(text: str) -> Text:
    """Return what to do next, in the words of commands."""
    return said(wording.as_commands(text), "dim")


def joined(parts: Iterable[Text], between: str = " · ") -> Text:
    """Join the parts that say something."""
    return Text(between).join(part for part in parts if part.plain)


def lines(rows: Iterable[Text]) -> None:
    """Print lines; a long one is left to the terminal to wrap, and never cut in a pipe."""
    to = console()
    for row in rows:
        to.print(row, soft_wrap=True)


def as_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON value."""
    sys.stdout.write(wording.as_json(value, indent=indent) + "\n")
    sys.stdout.flush()
