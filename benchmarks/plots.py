"""The plots of docs/benchmarks.md, as SVG that stays the same when the figures do."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Rows = dict[str, list[dict[str, Any]]]
INK, ACCENT, CALM, MISSED = "#333333", "#2f6f9f", "#b9c6d0", "#b5482f"
_STYLE = {
    "svg.hashsalt": "kanban",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def draw(groups: Rows, folder: Path) -> None:
    """Write every plot whose rows are there."""
    with matplotlib.rc_context(_STYLE):
        _save(_allowance(groups), folder / "targets.svg")
        if "scale" in groups:
            _save(_growth(groups["scale"]), folder / "growth.svg")
        if "peers" in groups:
            _save(_peers(groups["peers"]), folder / "peers.svg")


def _save(figure: Figure, file: Path) -> None:
    figure.savefig(file, format="svg", bbox_inches="tight", transparent=False, metadata={"Date": None})


def _allowance(groups: Rows) -> Figure:
    """Every ratio as a share of its target: the line is the target itself."""
    rows = [row for each in groups.values() for row in each if row["value"] is not None and row["most"]]
    shares = [row["value"] / row["most"] for row in rows]
    figure = Figure(figsize=(7.5, 0.28 * len(rows) + 0.8))
    axes = figure.add_subplot()
    colors = [{True: ACCENT, False: MISSED, None: CALM}[row["met"]] for row in rows]
    axes.barh(range(len(rows)), shares, color=colors, height=0.62)
    axes.axvline(1, color=INK, linewidth=1)
    labels = [f"{row['what']}  {row['value']:.2f} of {row['most']:g}" for row in rows]
    axes.set_yticks(range(len(rows)), labels)
    axes.invert_yaxis()
    axes.set_xlabel("share of the target (the line is the target; pale: told, not judged)")
    return figure


def _growth(rows: list[dict[str, Any]]) -> Figure:
    figure = Figure(figsize=(7.5, 3.4))
    axes = figure.add_subplot()
    for row in rows:
        if row["data"]:
            points = sorted((int(size), us) for size, us in row["data"]["us"].items())
            axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=row["data"]["verb"])
    axes.legend(frameon=False, ncols=2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("tasks on the board, nearly all of them history")
    axes.set_ylabel("median, microseconds")
    return figure


def _peers(rows: list[dict[str, Any]]) -> Figure:
    """Three panels over the same programs: start, one create, and what is double or lost with four sessions."""
    names = list(dict.fromkeys(row["data"]["peer"] for row in rows if row["data"]))
    figure = Figure(figsize=(9, 2.6))
    panels: list[Axes] = list(figure.subplots(1, 3, sharey=True))
    _bars(panels[0], names, _found(rows, "cold_ms"), "spawn to tools/list, ms")
    creates = {name: ms["create"] for name, ms in _found(rows, "ms").items()}
    _bars(panels[1], names, creates, "one create, ms")
    _bars(panels[2], names, _found(rows, "double"), "tasks granted twice, of 20")
    figure.tight_layout()
    return figure


def _found(rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return {row["data"]["peer"]: row["data"][key] for row in rows if row["data"].get(key) is not None}


def _bars(axes: Axes, names: list[str], found: dict[str, float], title: str) -> None:
    """Draw one panel; a program without the figure gets a dash."""
    colors = [ACCENT if name == names[0] else CALM for name in names]
    axes.barh(range(len(names)), [found.get(name, 0) for name in names], color=colors, height=0.62)
    axes.set_yticks(range(len(names)), names)
    axes.set_title(title, fontsize=9)
    axes.set_xlim(right=1.2 * max(found.values(), default=1) or 1)
    for at, name in enumerate(names):
        shown = _short(found[name]) if name in found else "-"
        axes.annotate(shown, (found.get(name, 0), at), xytext=(3, -3), textcoords="offset points")
    if not axes.yaxis_inverted():
        axes.invert_yaxis()


def _short(value: float) -> str:
    """Return a figure with one decimal while it is small and no count."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
