"""The little that one connection remembers. Everything that must survive a reconnect is on the board instead."""

from dataclasses import dataclass, field

from kanban_mcp.domain.ids import RunId, TaskId
from kanban_mcp.domain.principals import Caller


@dataclass(slots=True)
class Session:
    """One connection: its caller, the role of its first claim, what it was told, where its last wait ended."""

    caller: Caller
    role: str | None = None
    told: set[RunId] = field(default_factory=set)  # runs whose loss has been said
    seen: dict[TaskId, int] = field(default_factory=dict)  # per task the newest event that a wait has told
    seen_event: int = 0  # newest event when the last wait answered
    since_ms: int = 0  # wall time of its first call
    has_taken_handed: bool = False  # the run it was started for is its own now
    handing: dict[RunId, int] = field(default_factory=dict)  # per run the newest message in a hook's last answer
    given: dict[RunId, int] = field(default_factory=dict)  # the same once the client has called again: it has got them
    lasting: bool = True  # False where each command is a connection of its own (the CLI)
