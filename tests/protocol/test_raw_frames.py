"""Whatever bytes a client sends: the server lives, answers as documented, and does nothing that was not asked for."""

from pathlib import Path

import pytest

from tests.protocol import frame_fuzz
from tests.protocol.frames import KINDS, Frames

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "frames.md"


@pytest.mark.proves("T23", "S17")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2])
def test_frames_of_every_kind_are_answered_as_documented_and_change_nothing_else(seed: int) -> None:
    sent = frame_fuzz.run(seed, 320, starts=2)
    assert sent.keys() == KINDS.keys()


def test_the_same_seed_draws_the_same_frames() -> None:
    one, other = Frames(7), Frames(7)
    assert [one.draw().data for _ in range(50)] == [other.draw().data for _ in range(50)]


def test_every_kind_of_frame_has_its_line_in_the_documentation() -> None:
    rows = [
        line.split("|")[1].strip() for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ]
    assert [row for row in rows if row != "what arrives"] == list(KINDS)
