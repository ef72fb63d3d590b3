"""The board and the small model of it agree on every step (DESIGN §3-§5, §9). `TESTS_DEPTH=deep` looks longer."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.machine import BoardMachine
from tests.stateful.profiles import in_force


@pytest.mark.proves("hermes-9", "S1", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S13", "S17")
@pytest.mark.timeout(6 * 3600)  # the deep profile takes a quarter of an hour of CPU, and a busy machine gives little
def test_the_board_does_what_the_model_says_on_every_step() -> None:
    run_state_machine_as_test(BoardMachine, settings=in_force())
