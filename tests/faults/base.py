"""What every fault shares: a case with its figures at three scales, a place to happen, and how to repeat it."""

import asyncio
import inspect
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCALES = ("suite", "ci", "night")
"""suite: what `pytest` runs by default. ci: the figures the project promises for each push. night: for a long night."""

Figures = Mapping[str, object]


@dataclass
class Place:
    """Where a case happens. `seed` decides every random choice; `rounds` overrides how often it happens."""

    folder: Path
    seed: int = 2007
    scale: str = "suite"
    rounds: int | None = None
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def times(self, suite: int, ci: int, night: int) -> int:
        """Return how often the case happens at this scale."""
        return self.rounds or {"suite": suite, "ci": ci, "night": night}[self.scale]

    def at(self, *names: object) -> Path:
        """Return a folder of its own for one part of the case, made anew."""
        folder = self.folder.joinpath(*map(str, names))
        folder.mkdir(parents=True)
        return folder


@dataclass(frozen=True)
class Case:
    """One way to meet a fault. `run` raises AssertionError when the board does what it must not; returns figures."""

    fault: str
    name: str
    what: str
    run: Callable[[Place], Any]

    def meet(self, place: Place) -> Figures:
        """Run it; returns its figures."""
        found = self.run(place)
        figures: Figures = asyncio.run(found) if inspect.iscoroutine(found) else found
        return figures

    def command(self, place: Place) -> str:
        """Return the one command that repeats it."""
        rounds = f" --rounds {place.rounds}" if place.rounds else ""
        return (
            f"python -m tests.faults {self.fault} --case {self.name} --scale {place.scale} --seed {place.seed}{rounds}"
        )
