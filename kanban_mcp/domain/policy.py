"""The numbers of the board (DESIGN §15), as values the rules take; where they come from is config's business."""

from dataclasses import dataclass

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

BEATS_PER_LEASE = 10
"""A hook or command that only proves it is alive writes once per this part of a lease, however often it is called."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Bounds and waits in force. Times are milliseconds, counts are per task unless said otherwise."""

    lease_for_ms: int = 5 * MINUTE
    reap_every_ms: int = 10 * SECOND
    max_attempts: int = 3
    max_snoozes: int = 8
    max_agent_retries: int = 2
    max_agent_answers: int = 3  # blocks an orchestrator may answer; the next one only a person (DESIGN §3)
    retry_base_ms: int = 5 * SECOND
    retry_cap_ms: int = 15 * MINUTE
    park_after_ms: int = 5 * MINUTE
    approval_for_ms: int = 7 * DAY
    snooze_for_ms: int = 15 * MINUTE
    snooze_cap_ms: int = DAY
    max_runtime_ms: int = HOUR
    stall_after_ms: int = 10 * MINUTE
    max_depth: int = 3
    max_children: int = 5
    max_descendants: int = 20
    expect_cap_s: int = 1800
    wait_cap_s: int = 45
    sweep_batch: int = 10  # expired leases one claim takes back; the reaper takes the rest
    read_only_roles: frozenset[str] = frozenset({"reviewer", "verifier"})
