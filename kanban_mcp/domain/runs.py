"""Runs: one attempt each, and what its end costs (DESIGN §5)."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a run ended. History keeps every one."""

    DONE = "done"
    SUBMITTED = "submitted"
    FAILED = "failed"
    BLOCKED = "blocked"
    PARKED = "parked"
    SNOOZED = "snoozed"
    RECLAIMED = "reclaimed"
    TIMED_OUT = "timed_out"
    BUDGET_EXCEEDED = "budget_exceeded"
    UNREPORTED = "unreported"
    CANCELLED = "cancelled"


COUNTED = frozenset({Outcome.FAILED, Outcome.RECLAIMED, Outcome.TIMED_OUT, Outcome.BUDGET_EXCEEDED, Outcome.UNREPORTED})


def counts(outcome: Outcome) -> bool:
    """Say whether a run that ended so has used one of the task's attempts."""
    return outcome in COUNTED


def snooze_outcome(snoozes: int, max_snoozes: int) -> Outcome:
    """Return the outcome of one more snooze after `snoozes` earlier ones: past the bound it is a counted failure.

    Without the bound claim-and-snooze is a loop that no counter ever ends.
    """
    return Outcome.SNOOZED if snoozes < max_snoozes else Outcome.FAILED
