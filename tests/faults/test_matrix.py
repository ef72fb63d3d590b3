"""Every fault of the matrix, at the scale that TESTS_FAULTS names; `python -m tests.faults` prints the figures."""

import os
import sys
from pathlib import Path

import pytest

from tests.faults.base import Case, Place
from tests.faults.matrix import CASES, DEFERRED

SCALE = os.environ.get("TESTS_FAULTS", "suite")


@pytest.mark.proves("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S16", "S17", "L1", "L2", "L6")
@pytest.mark.proves("hermes-1", "hermes-3", "hermes-15")
@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.fault}-{case.name}")
def test_the_board_holds_under(case: Case, tmp_path: Path) -> None:
    place = Place(tmp_path, scale=SCALE)
    sys.stdout.write(f"{case.what}\nTo repeat: {case.command(place)}\n")
    figures = case.meet(place)
    assert figures, "a case without a figure has shown nothing"
    sys.stdout.write(f"{dict(figures)}\n")


def test_every_fault_of_the_matrix_is_met_or_has_a_reason_why_not() -> None:
    assert {case.fault for case in CASES} | DEFERRED.keys() == {f"F{n}" for n in range(1, 20)}
    assert len({(case.fault, case.name) for case in CASES}) == len(CASES)
