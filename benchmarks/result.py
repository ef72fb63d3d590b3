"""One measured row, how it is printed and how it is kept for the plots."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Result:
    """A figure against its target. `met` is None for a figure that has no target.

    `value` is the figure as a number where it is one (a ratio stays a ratio), `most` its target; `data` is what a plot
    needs beyond that.
    """

    what: str
    figure: str
    target: str
    met: bool | None
    value: float | None = None
    most: float | None = None
    data: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """Return the row as one line of the table."""
        mark = {True: "ok", False: "MISSED", None: ""}[self.met]
        return f"{self.what:<70} {self.figure:<34} {self.target:<14} {mark}".rstrip()


def ratio(what: str, value: float, floor: float, target: float, unit: str = "us") -> Result:
    """Compare two medians of one run."""
    times = value / floor
    figure = f"{times:.2f}x ({value:.0f} / {floor:.0f} {unit})"
    return Result(what, figure, f"<= {target}x", times <= target, times, target)


def told(what: str, figure: str, **data: Any) -> Result:
    """Return a row that is shown and not judged."""
    return Result(what, figure, "", None, data=data)
