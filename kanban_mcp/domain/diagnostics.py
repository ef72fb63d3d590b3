"""What `doctor` finds: what it is, why it matters, and the exact command that settles it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters. Only a problem makes `doctor` end with 1."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `why` and `fix` are empty where all is well; `fix` begins with a command."""

    group: str
    name: str
    level: Level
    what: str
    why: str = ""
    fix: str = ""


def ok(group: str, name: str, what: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(group, name, Level.OK, what)


def note(group: str, name: str, what: str, why: str = "", fix: str = "") -> Finding:
    """Return a finding that somebody may want to know."""
    return Finding(group, name, Level.NOTE, what, why, fix)


def warning(group: str, name: str, what: str, why: str, fix: str) -> Finding:
    """Return a finding that costs something while it stays."""
    return Finding(group, name, Level.WARNING, what, why, fix)


def problem(group: str, name: str, what: str, why: str, fix: str) -> Finding:
    """Return a finding that keeps the board from working, or from being safe."""
    return Finding(group, name, Level.PROBLEM, what, why, fix)


def count(findings: Iterable[Finding], level: Level) -> int:
    """Return how many findings are of a level."""
    return sum(finding.level is level for finding in findings)
