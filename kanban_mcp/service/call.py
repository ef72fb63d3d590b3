"""What every transaction is given beside its arguments: who calls, when, and the numbers in force."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kanban_mcp.domain.clock import BoardTime
from kanban_mcp.domain.compact import compact
from kanban_mcp.domain.ids import RunId, TaskId
from kanban_mcp.domain.policy import Policy
from kanban_mcp.domain.principals import Caller, ProcessId
from kanban_mcp.service.session import Session
from kanban_mcp.store.base import Tx


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `is_gone` tells whether a process has ended; it reads the process table and never waits."""

    session: Session
    now: BoardTime
    policy: Policy
    is_gone: Callable[[ProcessId], bool]

    @property
    def caller(self) -> Caller:
        """Who calls."""
        return self.session.caller


def record(
    tx: Tx, call: Call, kind: str, task_id: TaskId | None = None, run_id: RunId | None = None, **data: Any
) -> None:
    """Append one event, in the transaction of the change it tells about (S4)."""
    tx.run(
        "append_event",
        task_id=task_id,
        run_id=run_id,
        kind=kind,
        actor=call.caller.label,
        at_ms=call.now.wall_ms,
        data=compact(data) if data else "{}",
    )
