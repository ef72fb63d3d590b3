"""The board as text: what waits for you first, then the columns that hold cards, side by side as the width allows."""

from collections.abc import Iterator
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from kanban_mcp.cli.output import STATE_STYLES, joined, said
from kanban_mcp.service.results import BoardView, Json

GAP = 2
NARROWEST = 24  # a card is read, not spelled, from here on: three columns at a width of 80
WIDEST = 44
TITLE_LINES = 3


def board(view: BoardView, where: str, to: Console) -> Iterator[Text]:
    """Show the board that lies at `where`, laid out for the width of `to`."""
    paused = "PAUSED: nothing can be claimed; kanban-mcp resume" if view.paused else ""
    yield joined((said(where, "bold"), Text(paused, "bold red")))
    yield from _flowed([_count(column) for column in view.columns], to.width)
    yield from _waiting(view.waiting, to)
    yield from _bands([column for column in view.columns if column["count"]], to.width)
    if not any(column["count"] for column in view.columns):
        yield Text("")
        yield Text('No cards yet. kanban-mcp create "…" --role implementer, or kanban-mcp plan FILE')


def _flowed(parts: list[Text], width: int) -> Iterator[Text]:
    """Lay short texts in lines of a width, none of them broken."""
    line = Text("")
    for part in parts:
        if line and cell_len(line.plain) + GAP + cell_len(part.plain) > width:
            yield line
            line = Text("")
        line = line.append(" " * GAP if line else "").append(part)
    yield line


def _count(column: Json) -> Text:
    style = STATE_STYLES.get(column["state"], "") if column["count"] else "dim"
    return Text(f"{column['name']} {column['count']}", style)


def _waiting(items: list[Json], to: Console) -> Iterator[Text]:
    yield Text("")
    yield from waiting(items, to)


def waiting(items: list[Json], to: Console) -> Iterator[Text]:
    """Show what waits for people, each with the command that settles it, laid out for the width of `to`."""
    if not items:
        yield Text("Nothing waits for you.", "dim")
        return
    yield Text(f"Waiting on you ({len(items)})", "bold yellow")
    for item in items:
        yield from _waits(item, to)


def _waits(item: Json, to: Console) -> Iterator[Text]:
    behind = f"{item['behind']} wait behind it" if item.get("behind") else ""
    more = (said(f"{item['age']} ago"), said(behind, "bold"), said(item.get("expires", ""), "red"))
    facts = joined((said(item["what"], "yellow"), *more))
    yield from _wrapped(Text("  ").join((Text(""), said(item["id"], "bold"), said(item["title"]))), to, 2)
    yield from _wrapped(Text("    ").append(facts), to, 4)
    if item.get("text"):
        yield from _wrapped(Text("    ").append(Text(f"“{said(item['text']).plain}”")), to, 4)
    if item.get("options"):
        default = f"   (if nobody answers: {item['default']})" if item.get("default") else ""
        yield from _wrapped(Text("    options: ").append(said(" | ".join(map(str, item["options"])) + default)), to, 4)
    yield Text("    ").append(said(item["do"], "bold")).append(f"   or   {item['or']}")


def _wrapped(text: Text, to: Console, indent: int) -> Iterator[Text]:
    """Wrap a paragraph to the width, its further lines indented like the first, at most four of them."""
    body = text.copy()
    lead = len(body.plain) - len(body.plain.lstrip())
    lines = list(body[lead:].wrap(to, max(20, to.width - indent)))
    for line in lines[:4]:
        line.rstrip()
        yield Text(" " * indent).append(line)


def _bands(columns: list[Json], width: int) -> Iterator[Text]:
    """Lay columns out in as many bands as the width needs, evenly filled."""
    if not columns:
        return
    fit = max(1, (width + GAP) // (NARROWEST + GAP))
    bands = -(-len(columns) // fit)
    per_band = -(-len(columns) // bands)
    each = min(WIDEST, (width - GAP * (per_band - 1)) // per_band)
    for first in range(0, len(columns), per_band):
        yield Text("")
        yield from _band([_column(column, each) for column in columns[first : first + per_band]], each)


def _band(columns: list[list[Text]], width: int) -> Iterator[Text]:
    for row in zip_longest(*columns, fillvalue=Text("")):
        cells = [_padded(cell, width) for cell in row]
        line = Text(" " * GAP).join(cells)
        line.rstrip()
        yield line


def _padded(cell: Text, width: int) -> Text:
    copy = cell.copy()
    copy.truncate(width, overflow="ellipsis", pad=True)
    return copy


def _column(column: Json, width: int) -> list[Text]:
    """Return the lines of a column: its name and count, a rule, its cards, how many more there are."""
    cards: list[Json] = column["cards"]
    head = Text(f"{column['name']} ({column['count']})", f"bold {STATE_STYLES.get(column['state'], '')}".strip())
    lines = [head, Text("─" * width, "dim")]
    for card in cards:
        lines += [*_card(card, width), Text("")]
    more = column["count"] - len(cards)
    return [*lines, Text(f"+ {more} more", "dim")] if more > 0 else lines[:-1]


def _card(card: Json, width: int) -> list[Text]:
    head = joined((said(card["id"], "bold"), _urgency(card["priority"]), said(card["kind"], "yellow")), " ")
    lines = [head, *_fitted(said(card["title"]), width, TITLE_LINES)]
    facts = (
        said(card["assignee"] or "any role"),
        said(card["age"]),
        said(card["attempt"] and f"{card['attempt']} used"),
    )
    lines += _fitted(joined(facts, ", "), width, 2)
    if card["worker"]:
        lines.append(said(card["worker"], "cyan"))
    if card["stale"]:
        lines.append(Text("STALE: no sign of life", "bold red"))
    if card["note"]:
        lines += _fitted(Text(f"“{said(card['note']).plain}”", "italic"), width, 2)
    if card["waits_for"]:
        lines += _fitted(said(f"waits for {', '.join(card['waits_for'])}", "dim"), width, 2)
    return lines


def _urgency(priority: str) -> Text:
    return said(priority, "bold red" if priority == "urgent" else "bold" if priority == "high" else "dim")


def _fitted(text: Text, width: int, most: int) -> list[Text]:
    """Wrap a text to a column, at most `most` lines; the last one shows that something was cut."""
    lines = list(text.wrap(Console(width=width), width))
    for line in lines:
        line.rstrip()
    if len(lines) > most:
        last = lines[most - 1]
        last.truncate(max(1, min(width, cell_len(last.plain) + 1) - 1))
        last.append("…")
    return lines[:most]
