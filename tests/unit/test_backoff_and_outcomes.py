"""Waits between attempts, and what the end of a run costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_mcp.domain.backoff import retry_wait_ms, wait_after_ms
from kanban_mcp.domain.runs import Outcome, counts, snooze_outcome

BASE, CAP = 5_000, 900_000


@pytest.mark.proves("hermes-34")
@given(st.integers(1, 10**9), st.integers(1, 200))
def test_a_wait_doubles_up_to_its_cap_and_jitters_over_the_upper_half(task: int, counted: int) -> None:
    full = min(CAP, BASE * 2 ** (counted - 1))
    wait = retry_wait_ms(task, counted, BASE, CAP)
    assert full // 2 <= wait <= full
    assert wait == retry_wait_ms(task, counted, BASE, CAP)


@pytest.mark.proves("hermes-34")
def test_tasks_that_failed_together_do_not_come_back_together() -> None:
    """hermes 34: the jitter is per task, deterministic, and spread over the whole interval."""
    waits = [retry_wait_ms(task, 4, BASE, CAP) for task in range(1, 201)]
    assert len(set(waits)) > 190
    full = 40_000
    for low in (20_000, 25_000, 30_000, 35_000):
        assert sum(low <= wait <= low + full // 8 for wait in waits) > 20


def test_a_task_does_not_wait_equally_long_each_time() -> None:
    shares = {retry_wait_ms(7, counted, BASE, 10**9) / (BASE << (counted - 1)) for counted in range(1, 9)}
    assert len(shares) == 8


def test_a_first_reclaim_waits_for_nothing_and_every_other_counted_end_does() -> None:
    assert wait_after_ms(Outcome.RECLAIMED, 1, 1, BASE, CAP, reclaims=1) == 0
    assert wait_after_ms(Outcome.RECLAIMED, 1, 2, BASE, CAP, reclaims=1) == 0
    assert wait_after_ms(Outcome.RECLAIMED, 1, 2, BASE, CAP, reclaims=2) > 0
    assert wait_after_ms(Outcome.FAILED, 1, 1, BASE, CAP, reclaims=0) > 0
    assert wait_after_ms(Outcome.TIMED_OUT, 1, 1, BASE, CAP, reclaims=0) > 0


@pytest.mark.parametrize("outcome", list(Outcome))
def test_exactly_the_outcomes_of_the_design_use_an_attempt(outcome: Outcome) -> None:
    counted = {"failed", "reclaimed", "timed_out", "budget_exceeded", "unreported"}
    assert counts(outcome) == (outcome in counted)


def test_outcomes_are_the_closed_list_of_the_design() -> None:
    listed = "done submitted failed blocked parked snoozed reclaimed timed_out budget_exceeded unreported cancelled"
    assert sorted(Outcome) == sorted(listed.split())


def test_the_ninth_snooze_is_a_failure() -> None:
    assert [snooze_outcome(n, 8) for n in (0, 7)] == [Outcome.SNOOZED] * 2
    assert [snooze_outcome(n, 8) for n in (8, 50)] == [Outcome.FAILED] * 2
    assert snooze_outcome(0, 0) is Outcome.FAILED
