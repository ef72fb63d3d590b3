"""The little that one connection remembers. Everything that must survive a reconnect is on the board instead."""

from dataclasses import dataclass, field

from kanban_mcp.domain.ids import RunId
from kanban_mcp.domain.principals import Caller


@dataclass(slots=True)
class Session:
    """One connection: its caller, the role of its first claim, what it was told, where its last wait ended."""

    caller: Caller
    role: str | None = None
    told: set[RunId] = field(default_factory=set)  # runs whose loss has been said
    seen_event: int = 0  # newest event the last `kanban_wait` reported
