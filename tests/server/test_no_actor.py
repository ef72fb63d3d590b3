"""Who calls is never among the arguments (T22): a name that a model makes up is refused, not dropped nor believed."""

import pytest

from kanban_mcp.domain.errors import UnknownArgument
from kanban_mcp.server.tools import TOOLS

NAMES = ("actor", "author", "worker", "caller", "session", "level", "authority")


@pytest.mark.parametrize("name", NAMES)
def test_an_actor_among_the_arguments_is_refused_by_every_tool(name: str) -> None:
    for tool in TOOLS:
        with pytest.raises(UnknownArgument, match=name):
            tool.read({name: "mia (person)"})
