"""Many calls with arguments drawn from each tool's own schema: an answer in shape, or a refusal without a trace.

The nightly figure is `python -m tests.protocol.fuzz --calls 2000 --seed N`, for each of the tools.
"""

import pytest

from kanban_mcp.server.tools import BY_NAME
from tests.protocol import calls

CALLS = 60  # of each tool


@pytest.mark.proves("S17", "T18", "T22")
@pytest.mark.parametrize("tool", BY_NAME)
async def test_every_call_is_answered_in_shape_or_refused_without_a_trace(tool: str) -> None:
    ended = await calls.run(1, CALLS, [tool])
    assert ended[tool].total() == CALLS
    assert ended[tool]["invalid"] > CALLS / 20
    assert ended[tool]["unknown_argument"] > CALLS / 20


async def test_the_calls_get_past_the_first_check() -> None:
    ended = await calls.run(2, CALLS, ["kanban_create", "kanban_show", "kanban_heartbeat", "kanban_list"])
    assert all(codes[""] > CALLS / 20 for codes in ended.values()), calls.told(ended)
