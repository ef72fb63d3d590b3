"""A client may vanish at any byte: the process ends, and the board has everything that was acknowledged."""

import pytest

from tests.protocol import cuts


@pytest.mark.proves("L7", "S3")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_client_that_leaves_anywhere_leaves_a_whole_board_and_no_process(seed: int) -> None:
    made = cuts.run(seed, 50)
    assert {cut.way for cut in made} == cuts.WAYS.keys()
    assert sum(len(cut.acknowledged) for cut in made) > 50, cuts.told(made)
