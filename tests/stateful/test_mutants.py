"""The state machine notices each of the seven bugs that a board must not have: without this it may prove nothing.

`python -m tests.mutants` runs these and more, and longer.
"""

import pytest

from tests import mutants
from tests.stateful.profiles import HUNT


@pytest.mark.parametrize("mutant", mutants.SEVEN, ids=lambda mutant: mutant.name)
def test_the_machine_notices_a_board_with(mutant: mutants.Mutant) -> None:
    assert mutants.machine_notices(mutant, HUNT.max_examples), f"nothing noticed that {mutant.what}"


def test_a_mutant_is_gone_when_its_block_ends() -> None:
    from kanban_mcp.service import completing, ending, holding

    before = [holding.require_held, ending.snooze_outcome, completing._own_failures]
    for mutant in mutants.TABLE.values():
        with mutant.seeded():
            pass
    assert [holding.require_held, ending.snooze_outcome, completing._own_failures] == before
