"""What the tests need to know about a client program to start it on a board with a scripted model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from kanban_mcp.server.tools import tools_of
from kanban_mcp.server.toolsets import WORKER
from tests.model_server.script import Step
from tests.realclients.packages import Package
from tests.realclients.session import Session

PROMPT = "Work the kanban board."
MODEL_KEY = "not-a-key"
"""What the clients take for the key of the model's provider."""

WORKER_TOOLS = tuple(tool.name for tool in tools_of(WORKER))


@dataclass(frozen=True)
class Ask:
    """What a session is started for.

    Attributes:
        prompt: what the person says.
        resume: the id of the session to go on with, None for a new one.
        with_hooks: the project has hooks of ours, and the person trusts them.
    """

    prompt: str = PROMPT
    resume: str | None = None
    with_hooks: bool = False


class Driver(Protocol):
    """One client program.

    Attributes:
        package: which program.
        init_name: what `kanban-mcp init --client` calls it.
        config: the file of the project in which `init` writes the server's entry.
        has_hooks: `init --hooks` writes hooks for it.
    """

    package: Package
    init_name: str
    config: str
    has_hooks: bool

    def prepare(self, home: Path, project: Path, url: str) -> None:
        """Write what the user of the client has in their home: the model's address, and that the project is trusted."""
        ...

    def argv(self, ask: Ask) -> list[str]:
        """Return the arguments of a run without a person at the terminal."""
        ...

    def environment(self, url: str) -> dict[str, str]:
        """Return the client's own variables."""
        ...

    def shell(self, command: str) -> Step:
        """Return a turn in which the model runs a shell command."""
        ...

    def session_id(self, session: Session) -> str:
        """Return the id with which the session can be resumed."""
        ...


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2))


@runtime_checkable
class CanDeny(Protocol):
    """A client of which a test asks that it refuses a tool."""

    def deny(self, project: Path, tool: str) -> None:
        """Write into the project's settings that a kanban tool is to be asked for: without a person that is a no."""
        ...
