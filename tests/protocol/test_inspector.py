"""The official Inspector has nothing against any listing, and reads our answers and refusals as what they are."""

from pathlib import Path

import pytest

from kanban_mcp.server.toolsets import TOOLSETS
from tests.protocol import inspector
from tests.protocol.programs import needs_npm

pytestmark = pytest.mark.timeout(600)  # the first run installs the Inspector


@pytest.fixture
def program(tmp_path: Path) -> inspector.Inspector:
    needs_npm(inspector.PACKAGE)
    return inspector.Inspector(tmp_path)


@pytest.mark.parametrize("toolset", TOOLSETS)
@pytest.mark.parametrize("era", inspector.ERAS)
def test_the_strict_check_of_the_listing_has_nothing_to_say(
    program: inspector.Inspector, era: str, toolset: str
) -> None:
    assert list(inspector.listing_findings(program, era, toolset)) == []


@pytest.mark.parametrize("era", inspector.ERAS)
def test_a_call_and_a_refusal_are_read_as_what_they_are(program: inspector.Inspector, era: str) -> None:
    assert list(inspector.call_findings(program, era, "orchestrator")) == []
