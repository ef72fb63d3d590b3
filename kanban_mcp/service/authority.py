"""Who may do this to that task (DESIGN §5): no self-dealing, and some doors only a person opens."""

from kanban_mcp.domain.errors import Forbidden, PeopleOnly
from kanban_mcp.domain.tasks import Task
from kanban_mcp.service.call import Call
from kanban_mcp.service.holding import has_dealt
from kanban_mcp.store.base import Tx


def require_person(call: Call, task: Task, what: str, how: str) -> None:
    """Refuse callers without the operator key. `how` is the command that settles it."""
    if not call.caller.is_person:
        raise PeopleOnly(f"Only a person may {what} {task.name}.", hint=f"Tell them: {how}")


def require_orchestrator(call: Call, task: Task, what: str) -> None:
    """Refuse callers that serve only the worker toolset."""
    if not call.caller.may_orchestrate:
        raise Forbidden(
            f"A worker may not {what} {task.name}.", hint="kanban_comment tells the orchestrator what you found."
        )


def require_no_self_dealing(tx: Tx, call: Call, task: Task, what: str) -> None:
    """Refuse a worker that holds or has held the task, or a task below it.

    Otherwise an agent that is stuck answers its own question, and one that failed retries itself without end.
    """
    if not call.caller.is_person and has_dealt(tx, call, task.id):
        raise Forbidden(
            f"You hold or have held {task.name} or a part of it, so you may not {what} it yourself.",
            hint="Another session or a person has to; kanban_comment can say why it should be.",
        )
