"""What the person sees while the demo runs: the board live on a terminal, else one line per event."""

import time
from collections import deque
from typing import Any, Protocol

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.rule import Rule
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from kanban_mcp.cli.demo.telling import Line
from kanban_mcp.service.results import BoardView

TALLEST = 34
READ_S = 2.2
BEHIND_MOST = 2  # things said that may wait to be read, before the oldest gives way
WIDEST = 46  # columns of a card
CHAPTER = 3  # lines of what the demo itself says
ALWAYS_SHOWN = ("In progress", "Done")
_TONES = {"quiet": "dim", "plain": "", "good": "green", "bad": "red", "told": "bold"}
_MARKS = {"quiet": " ", "plain": "·", "good": "✓", "bad": "✗", "told": "▸"}


class Screen(Protocol):
    """Where the demo tells its story."""

    def __enter__(self) -> "Screen":
        """Start showing."""
        ...

    def __exit__(self, *_: object) -> None:
        """Stop showing; what was shown last stays."""
        ...

    def tell(self, line: Line) -> None:
        """Show one more line."""
        ...

    def show(self, view: BoardView) -> None:
        """Show the board as it is now."""
        ...


def is_plain(console: Console, environ: dict[str, str]) -> bool:
    """Say whether only lines fit the output: no terminal, or one that asks for no more."""
    return not console.is_terminal or console.is_dumb_terminal or bool(environ.get("NO_COLOR"))


class Clock:
    """Minutes and seconds since the demo began."""

    def __init__(self) -> None:
        self._began_ms = time.time_ns() // 1_000_000

    def at(self, at_ms: int | None = None) -> str:
        """Return `0:07` for an epoch time in milliseconds, or for now."""
        now_ms = time.time_ns() // 1_000_000 if at_ms is None else at_ms
        seconds = max(0, now_ms - self._began_ms) // 1000
        return f"{seconds // 60}:{seconds % 60:02}"


class PlainScreen:
    """One line per event."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._clock = Clock()

    def __enter__(self) -> "PlainScreen":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def tell(self, line: Line) -> None:
        """Print the line."""
        subject = f"{line.subject} " if line.subject else ""
        text = Text(f"{self._clock.at(line.at_ms):>5} {_MARKS[line.tone]} {subject}{line.text}")
        self._console.print(text, soft_wrap=True)

    def show(self, view: BoardView) -> None:
        """Show nothing: the lines tell what moved."""


class LiveScreen:
    """The board with its columns, what is happening below it. Drawn in place; its height never changes."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._clock = Clock()
        self._lines: deque[Line] = deque(maxlen=TALLEST)
        self._chapter = ""
        self._chapter_since = 0.0
        self._chapters: deque[str] = deque()
        self._view: BoardView | None = None
        self._live: Live | None = None

    def __enter__(self) -> "LiveScreen":
        self._live = Live(self, console=self._console, refresh_per_second=5, vertical_overflow="crop")
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._chapters:
            self._chapter = self._chapters[-1]
            self._chapters.clear()
        if self._live is not None:
            self._live.stop()

    def tell(self, line: Line) -> None:
        """Add the line; what the demo itself says stands above the board until it says something else."""
        if line.tone == "told":
            self._chapters.append(line.text)
        else:
            self._lines.append(line)

    def show(self, view: BoardView) -> None:
        """Show the board as it is now."""
        self._view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self._turn_the_page()
        height = min(console.height - 1, TALLEST)
        lines = max(4, height * 3 // 10)
        cards = height - lines - CHAPTER - 3
        width = options.max_width
        chapter = Text(f"▸ {self._chapter}" if self._chapter else "", style="bold")
        for content, rows in (
            (self._heading(width), 1),
            (chapter, CHAPTER),
            (self._board(cards, width), cards + 1),
            (Rule(style="dim", characters="─"), 1),
            (self._tail(lines, width), lines),
        ):
            drawn = console.render_lines(content, options.update(height=None), pad=True)[:rows]
            for row in (*drawn, *([[]] * (rows - len(drawn)))):  # a fixed height: nothing below it moves
                yield from row
                yield Segment.line()

    def _turn_the_page(self) -> None:
        """Go on to what the demo said next, but leave each thing long enough to be read."""
        is_read = time.monotonic() - self._chapter_since >= READ_S
        if self._chapters and (is_read or len(self._chapters) > BEHIND_MOST):
            self._chapter = self._chapters.popleft()
            self._chapter_since = time.monotonic()

    def _heading(self, width: int) -> Text:
        text = Text.assemble((" kanban-mcp demo ", "reverse"), f" {self._clock.at()}  ", (self._title, "dim"))
        text.truncate(width, overflow="ellipsis")
        return text

    def _tail(self, count: int, width: int) -> RenderableType:
        rows = [self._row(line, width) for line in list(self._lines)[-count:]]
        return Group(*rows)

    def _row(self, line: Line, width: int) -> Text:
        when = f"{self._clock.at(line.at_ms):>5} "
        subject = f"{line.subject} " if line.subject else ""
        tone = _TONES[line.tone]
        row = Text.assemble((when, "dim"), (f"{_MARKS[line.tone]} ", tone), (subject, "dim"), (line.text, tone))
        row.truncate(width, overflow="ellipsis")
        return row

    def _board(self, height: int, width: int) -> RenderableType:
        if self._view is None:
            return Text("")
        shown = [column for column in self._view.columns if column["count"] or column["name"] in ALWAYS_SHOWN]
        room = min(WIDEST, (width - 2 * (len(shown) - 1)) // len(shown))
        table = Table.grid(padding=(0, 2, 0, 0))
        for _ in shown:
            table.add_column(width=room, no_wrap=True, overflow="ellipsis")
        table.add_row(*(_column_head(column, room) for column in shown))
        table.add_row(*(_cards(column, height, room) for column in shown))
        return table


def _column_head(column: dict[str, Any], width: int) -> Text:
    name = f"{column['name']} {column['count']}"
    style = "bold magenta" if column["name"] in ("Review", "Blocked") and column["count"] else "bold"
    return Text.assemble((name, style), (" " + "─" * max(0, width - len(name) - 1), "dim"))


def _cards(column: dict[str, Any], height: int, width: int) -> Text:
    """Return the cards of a column, one below the other, with a count for those that do not fit."""
    blocks = [_card(card, column["name"], width) for card in column["cards"]]
    gap = 1 if sum(len(block) + 1 for block in blocks) - 1 <= height else 0
    rows: list[Text] = []
    for at, block in enumerate(blocks):
        left = len(blocks) - at
        if len(rows) + len(block) > height - (1 if left > 1 and len(rows) + len(block) == height else 0):
            rows = [*rows[: height - 1], Text(f"+ {left} more", style="dim")]
            break
        rows += [*block, *([Text("")] * gap)]
    return Text("\n").join(rows)


def _card(card: dict[str, Any], column: str, width: int) -> list[Text]:
    draw = {"Done": _done, "In progress": _running, "Review": _waiting, "Blocked": _waiting}.get(column, _queued)
    rows = draw(card)
    for row in rows:
        row.truncate(width, overflow="ellipsis")
    return rows


def _done(card: dict[str, Any]) -> list[Text]:
    return [Text.assemble(("✓ ", "green"), card["title"])]


def _running(card: dict[str, Any]) -> list[Text]:
    worker = card["worker"].partition("@")[0]
    mark, doing, style = ("● ", card["note"] or "starting", "cyan")
    if card["stale"]:
        mark, doing, style = ("? ", "silent for longer than its lease", "yellow")
    return [
        Text.assemble((mark, style), (card["title"], "bold")),
        Text(f"  {doing}", style=style if card["stale"] else ""),
        Text(f"  {worker}{_tries(card)}", style="dim"),
    ]


def _waiting(card: dict[str, Any]) -> list[Text]:
    title = Text.assemble(("◆ ", "magenta"), (card["title"], "bold"))
    return [title, Text("  waits for you", style="magenta"), Text(f"  {card['id']}", style="dim")]


def _queued(card: dict[str, Any]) -> list[Text]:
    after = f"after {', '.join(card['waits_for'])}" if card["waits_for"] else card["assignee"]
    return [Text(f"○ {card['title']}"), Text(f"  {after}{_tries(card)}", style="dim")]


def _tries(card: dict[str, Any]) -> str:
    """Return which attempt this is, for a task that was tried before; the card says `used/allowed`."""
    return f" · try {int(card['attempt'].partition('/')[0]) + 1}" if card["attempt"] else ""
