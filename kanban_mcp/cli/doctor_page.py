"""What `doctor` found, as lines: a mark, a name, what it is; below it why that matters and what to do."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from kanban_mcp.cli.output import said
from kanban_mcp.domain.diagnostics import Finding, Level, count

_STYLES = {Level.OK: "green", Level.NOTE: "cyan", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}
_MARK, _NAME = 9, 18  # widths of the mark, and of the longest name there is
_INDENT = 2 + _MARK + _NAME


def page(findings: Sequence[Finding], to: Console) -> Iterator[Text]:
    """Show the findings by group, laid out for the width of `to`; nothing is wrapped in a pipe."""
    for group, members in groupby(findings, key=lambda finding: finding.group):
        yield Text(group.capitalize(), "bold")
        for finding in members:
            yield from _finding(finding, to)
    yield Text("")
    yield _sum(findings)


def _finding(finding: Finding, to: Console) -> Iterator[Text]:
    head = Text("  ").append(f"{finding.level:<{_MARK}}", _STYLES[finding.level])
    name = said(finding.name)
    name.truncate(_NAME - 1, overflow="ellipsis", pad=True)
    head.append(name).append(" ")
    yield from _wrapped(head, said(finding.what), to)
    if finding.why:
        yield from _wrapped(Text(" " * _INDENT), Text("why: ").append(said(finding.why, "dim")), to)
    if finding.fix:  # never wrapped by us: it is there to be copied
        yield Text(" " * _INDENT).append("fix: ").append(said(finding.fix, "bold"))


def _wrapped(head: Text, text: Text, to: Console) -> Iterator[Text]:
    if not to.is_terminal:
        yield head.append(text)
        return
    for at, line in enumerate(text.wrap(to, max(30, to.width - _INDENT))):
        line.rstrip()
        yield (head if at == 0 else Text(" " * _INDENT)).append(line)


def _sum(findings: Sequence[Finding]) -> Text:
    words = {Level.PROBLEM: "problem", Level.WARNING: "warning", Level.NOTE: "note"}
    counts = {word: count(findings, level) for level, word in words.items()}
    parts = [f"{n} {word}{'s' if n > 1 else ''}" for word, n in counts.items() if n]
    if not parts:
        return Text("All is well.", "green")
    return Text(f"{', '.join(parts)}.", "bold" if counts["problem"] else "")
