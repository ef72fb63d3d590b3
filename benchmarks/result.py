"""One measured row and how it is printed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """A figure against its target. `met` is None for a figure that has no target."""

    what: str
    figure: str
    target: str
    met: bool | None

    def line(self) -> str:
        """Return the row as one line of the table."""
        mark = {True: "ok", False: "MISSED", None: ""}[self.met]
        return f"{self.what:<66} {self.figure:<34} {self.target:<14} {mark}"


def ratio(what: str, value: float, floor: float, target: float, unit: str = "us") -> Result:
    """Compare two medians of one run."""
    times = value / floor
    return Result(what, f"{times:.2f}x ({value:.0f} / {floor:.0f} {unit})", f"<= {target}x", times <= target)
