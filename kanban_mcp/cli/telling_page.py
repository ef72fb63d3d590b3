"""Inbox, digest and stats as lines for people: one screen each, every text escaped."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from kanban_mcp.cli.board_page import waiting
from kanban_mcp.cli.output import joined, said
from kanban_mcp.domain.clock import age
from kanban_mcp.service.results import Digest, Inbox, Json, Stats

_NAME = 9  # width of the word in front of a line


def inbox(result: Inbox, to: Console) -> Iterator[Text]:
    """Show what waits for people."""
    yield from waiting(result.waiting, to)
    if result.truncated:
        yield said(result.truncated, "dim")


def digest(result: Digest, to: Console) -> Iterator[Text]:
    """Show what happened, most pressing first; a list that says nothing takes no line."""
    yield from _head(result.since_ms, result.until_ms, _summed(result.counts))
    if result.cut:
        yield said(result.cut, "yellow")
    room = max(20, to.width * 2 // 5) if to.is_terminal else 0
    rows = {
        "waiting": ("Waits", "yellow", [_waits(row) for row in result.waiting]),
        "failed": ("Failed", "red", [_failure(row, room) for row in result.failed]),
        "odd": ("Odd", "yellow", [_odd(row, room) for row in result.odd]),
        "done": ("Done", "green", [_done(row, room) for row in result.done]),
        "running": ("Running", "cyan", [_running(row, room) for row in result.running]),
        "workers": ("Workers", "", [_workers(result.workers)] if result.workers else []),
    }
    for name, (word, style, found) in rows.items():
        yield from _block(word, style, found, result.more.get(name, 0), to)
    yield said(result.next, "dim")


def stats(result: Stats, to: Console) -> Iterator[Text]:
    """Show numbers."""
    yield from _head(result.since_ms, result.until_ms, [])
    if result.cut:
        yield said(result.cut, "yellow")
    tasks = result.tasks
    parts = [f"{tasks['done']} done ({tasks['done_per_day']} a day)"]
    parts += [f"{tasks[name]} {name}" for name in ("created", "failed", "cancelled", "retried") if tasks[name]]
    yield _line("Tasks", said(", ".join(parts)))
    for name, word, what in (("cycle", "Cycle", "first claim to done"), ("lead", "Lead", "made to done")):
        if name in result.times:
            yield _line(word, said(f"{_spread(result.times[name])}, {what}"))
    if result.attempts:
        yield _line("Attempts", said(", ".join(_tries(*pair) for pair in result.attempts.items())))
    if result.waits:
        yield _line("People", said(f"{_spread(result.waits)}, from asked to decided"))
    yield from _table("role", result.roles)
    yield from _table("worker", result.workers)
    if result.oldest_waits:
        yield Text("")
        yield Text("Waiting longest", "bold yellow")
    for row in result.oldest_waits:
        yield _cut(joined((said(row["id"], "bold"), said(row["title"]), said(_age(row["waits_s"]))), "  "), to)
        yield Text("    ").append(said(row["do"], "bold"))
    yield said(result.next, "dim")


def _head(since_ms: int, until_ms: int, parts: Sequence[str]) -> Iterator[Text]:
    then = datetime.fromtimestamp(since_ms / 1000).astimezone()
    now = datetime.fromtimestamp(until_ms / 1000).astimezone()
    when = f"{then:%H:%M}" if then.date() == now.date() else f"{then:%Y-%m-%d %H:%M}"
    counts = ", ".join(parts)
    yield Text(f"Since {when} ({age(since_ms, until_ms)})", "bold").append(f": {counts}." if counts else "")


def _summed(counts: Json) -> list[str]:
    words = {"done": "done", "failed": "failed", "cancelled": "cancelled", "created": "new", "running": "running"}
    parts = [f"{counts[name]} {word}" for name, word in words.items() if counts[name]]
    return [*parts, f"{counts['waiting']} wait for you"] if counts["waiting"] else [*parts, "nothing waits for you"]


def _block(word: str, style: str, rows: Sequence[Text], more: int, to: Console) -> Iterator[Text]:
    for at, row in enumerate(rows):
        yield _cut(_line(word if at == 0 else "", row, style), to)
    if more:
        yield _line("", Text(f"+ {more} more", "dim"))


def _line(word: str, text: Text, style: str = "bold") -> Text:
    return Text("").append(f"{word:<{_NAME}}", style).append(text)


def _cut(text: Text, to: Console) -> Text:
    """Return a line that fits the terminal; in a pipe nothing is cut."""
    if to.is_terminal:
        text.truncate(to.width, overflow="ellipsis")
    text.rstrip()
    return text


def _titled(row: Json, room: int) -> Text:
    """Return a task's title, cut to `room` cells on a terminal so that what is said about it is seen too."""
    title = said(row["title"])
    if room:
        title.truncate(room, overflow="ellipsis")
    return title


def _told(*parts: Text) -> Text:
    return joined(parts, "  ")


def _waits(row: Json) -> Text:
    return _told(said(row["do"], "bold"), said(row["title"]), said(f"{row['what']}, {row['age']} ago", "dim"))


def _failure(row: Json, room: int) -> Text:
    return _told(said(row["id"], "bold"), _titled(row, room), said(f"{row['age']} ago", "dim"), said(row["why"]))


def _odd(row: Json, room: int) -> Text:
    what = row["what"] if row["times"] == 1 else f"{row['what']} {row['times']} times"
    return _told(said(row["id"], "bold"), said(what, "yellow"), _titled(row, room), said(row["why"], "dim"))


def _done(row: Json, room: int) -> Text:
    return _told(said(row["id"], "bold"), _titled(row, room), said(row["commit"], "cyan"), said(row["summary"], "dim"))


def _running(row: Json, room: int) -> Text:
    stale = Text("STALE" if row["stale"] else "", "bold red")
    return _told(said(row["id"], "bold"), stale, _titled(row, room), said(row["worker"], "cyan"), said(row["note"]))


def _workers(rows: Sequence[Json]) -> Text:
    return said(", ".join(f"{row['worker']} ({row['done']} of {row['runs']} runs)" for row in rows))


def _spread(times: Json) -> str:
    return f"median {_age(times['median_s'])}, 9 of 10 within {_age(times['p90_s'])} (n={times['n']})"


def _age(seconds: int) -> str:
    return age(0, seconds * 1000)


def _tries(tries: str, count: int) -> str:
    return f"{count} at the first" if tries == "1" else f"{count} after {tries}"


def _table(name: str, rows: Sequence[Json]) -> Iterator[Text]:
    """Show one line per role or worker; outcomes that nobody had take no column."""
    if not rows:
        return
    shown = [column for column in rows[0] | _all(rows) if column not in (name, "lost_percent", "median_s")]
    heads = [name, *shown, "lost", "median"]
    cells = [[_cell(row, column) for column in (name, *shown)] + _ends(row) for row in rows]
    widths = [max(cell_len(line[at]) for line in [heads, *cells]) for at in range(len(heads))]
    yield Text("")
    yield Text(_row(heads, widths), "dim")
    for line in cells:
        yield Text(_row(line, widths))


def _all(rows: Sequence[Json]) -> Json:
    return {column: None for row in rows for column in row}


def _cell(row: Json, column: str) -> str:
    value = row.get(column, "")
    return said(value).plain or "-"


def _ends(row: Json) -> list[str]:
    return [f"{row['lost_percent']}%", _age(row["median_s"])]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0] + " " * (widths[0] - cell_len(cells[0]))
    rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  ".join([first, *rest])
