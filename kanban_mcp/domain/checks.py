"""What a completion asks to be looked at, and what was found (DESIGN §8)."""

from dataclasses import dataclass

from kanban_mcp.domain.evidence import Check, Evidence
from kanban_mcp.domain.tasks import Criterion, Run, Task


@dataclass(frozen=True, slots=True)
class CheckJob:
    """All that a check may look at: the run's place, and what was promised and handed in."""

    task: Task
    run: Run
    acceptance: tuple[Criterion, ...]
    evidence: tuple[Evidence, ...]

    @property
    def is_needed(self) -> bool:
        """Say whether anything outside the board has to be looked at."""
        return bool(self.acceptance or self.evidence or self.run.isolated)

    def asks_as(self, other: "CheckJob") -> bool:
        """Say whether this job looks at what the other one asks: the same run, criteria and handles."""
        mine = (self.run.id, self.acceptance, self.evidence)
        return mine == (other.run.id, other.acceptance, other.evidence)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, and the commit that is the result of the run (None outside of git)."""

    checks: tuple[Check, ...] = ()
    result_commit: str | None = None
