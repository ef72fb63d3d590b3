"""Board time: leases on the monotonic clock of one boot, ages for people."""

import pytest

from kanban_mcp.domain.clock import BoardTime, age, duration

NOW = BoardTime(wall_ms=1_000_000, mono_ms=500_000, boot_id="b1")


def test_a_lease_is_over_exactly_at_its_end() -> None:
    assert not NOW.lease_over(500_001, "b1")
    assert NOW.lease_over(500_000, "b1")
    assert NOW.lease_over(499_999, "b1")


def test_another_boot_has_ended_every_lease() -> None:
    assert NOW.lease_over(10**12, "b0")
    assert NOW.lease_left_s(10**12, "b0") == 0


def test_seconds_left_are_rounded_up_so_that_an_open_lease_never_reads_zero() -> None:
    assert NOW.lease_left_s(500_001, "b1") == 1
    assert NOW.lease_left_s(501_000, "b1") == 1
    assert NOW.lease_left_s(501_001, "b1") == 2
    assert NOW.lease_left_s(500_000, "b1") == 0


def test_the_wall_clock_has_no_say_in_leases() -> None:
    assert not BoardTime(10**15, 499_999, "b1").lease_over(500_000, "b1")


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0s"), (-5_000, "0s"), (59_999, "59s"), (60_000, "1m"), (3_599_000, "59m"), (3_600_000, "1h"),
     (7_800_000, "2h 10m"), (86_399_000, "23h 59m"), (86_400_000, "1d"), (260_000_000, "3d")],
)  # fmt: skip
def test_ages_are_short(ms: int, text: str) -> None:
    assert age(1_000_000_000_000 - ms, 1_000_000_000_000) == text


def test_durations_are_written_as_they_are_read() -> None:
    assert [duration(s) for s in (0, 1, 90, 300, 3600, 86400, 5400)] == ["0s", "1s", "90s", "5m", "1h", "1d", "90m"]
