"""Write the tables and plots of docs/benchmarks.md from the rows that `python -m benchmarks --json` kept.

`python -m benchmarks.page` writes them (plots need matplotlib); `--check` says whether the tables match the rows.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
ROWS = DOCS / "benchmarks" / "results.json"
PAGE = DOCS / "benchmarks.md"
TITLES = {
    "facade": "Verbs through the facade, against the same SQL in a plain loop",
    "stdio": "A session, against a bare SDK server",
    "burst": "Sixteen sessions started at once",
    "cold": "Servers started cold on a board that does not exist yet",
    "contention": "Sixteen processes saturating one file",
    "wake": "From a commit to a waiter in another process",
    "reclaim": "From the end of a lease to claimable work",
    "scale": "Growth of the board",
    "peers": "Boards of other projects, beside ours",
}
Rows = dict[str, list[dict[str, Any]]]


def tables(kept: dict[str, Any]) -> str:
    """Return the rows as Markdown, a table per group, with the conditions they were measured under."""
    there = ", ".join(f"{name} {value}" for name, value in kept["conditions"].items())
    parts = [f"Measured with {there}."]
    for group, title in TITLES.items():
        if group in kept["groups"]:
            parts.append(_table(title, kept["groups"][group]))
    return "\n\n".join(parts)


def _table(title: str, rows: list[dict[str, Any]]) -> str:
    lines = [f"### {title}", "", "| what | figure | target | |", "|---|---|---|---|"]
    marks = {True: "met", False: "**missed**", None: "told"}
    lines += [f"| {row['what']} | {row['figure']} | {row['target']} | {marks[row['met']]} |" for row in rows]
    return "\n".join(lines)


def with_tables(page: str, kept: dict[str, Any]) -> str:
    """Return the page with its tables replaced."""
    begin, end = "<!-- figures:begin (benchmarks/page.py) -->", "<!-- figures:end -->"
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{tables(kept)}\n{end}{tail}"


def main() -> int:
    """Write the page and its plots. Returns 1 when `--check` finds the page to say something else."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    asked = parser.parse_args()
    kept = json.loads(ROWS.read_text())
    before = PAGE.read_text()
    after = with_tables(before, kept)
    if asked.check:
        return int(before != after)
    PAGE.write_text(after)
    from benchmarks import plots

    plots.draw(kept["groups"], DOCS / "benchmarks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
