"""Board time: two clocks, because leases and calendars need different ones (DESIGN §5)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BoardTime:
    """One reading of the clocks.

    `mono_ms` is the system-wide monotonic clock: it stands still while the machine sleeps and never jumps, so leases
    are judged on it. It means nothing on another boot, hence `boot_id`. `wall_ms` (epoch) serves `until`, `due_at`,
    expiries and display.
    """

    wall_ms: int
    mono_ms: int
    boot_id: str

    def lease_over(self, lease_until_ms: int, boot_id: str) -> bool:
        """Say whether a lease given on `boot_id` is over: another boot has ended every lease of the one before."""
        return boot_id != self.boot_id or self.mono_ms >= lease_until_ms

    def lease_left_s(self, lease_until_ms: int, boot_id: str) -> int:
        """Return the whole seconds left on a lease, 0 when it is over."""
        if self.lease_over(lease_until_ms, boot_id):
            return 0
        return -(-(lease_until_ms - self.mono_ms) // 1000)


CLOCK_STEP_MS = 60_000  # a step of the wall clock that is too small to doubt a wait for


def is_due(due_at_ms: int | None, due_from_ms: int | None, wall_ms: int) -> bool:
    """Say whether a wait is over. `due_from_ms` is when it began; None for a date that somebody named.

    A clock that reads earlier than the beginning of a wait was set back. What is left of the wait cannot be known any
    more, so it is over: a task that starts too early can be put off again, one that waits a month is stranded. However
    the clock is set, nobody waits longer from then on than the whole wait and `CLOCK_STEP_MS`. A named date follows it.
    """
    if due_at_ms is None or due_at_ms <= wall_ms:
        return True
    return due_from_ms is not None and wall_ms < due_from_ms - CLOCK_STEP_MS


def age(then_ms: int, now_ms: int) -> str:
    """Return a short age for people and models: `20s`, `6m`, `2h 10m`, `3d`."""
    seconds = max(0, now_ms - then_ms) // 1000
    if seconds < 60:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h {minutes}m" if minutes else f"{hours}h"
    return f"{hours // 24}d"


def duration(seconds: int) -> str:
    """Return a length of time as it is written in `kanban.toml`: `300` → `5m`, `90` → `90s`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
