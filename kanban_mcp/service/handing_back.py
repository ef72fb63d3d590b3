"""What a session held when it ended goes back at once, with its work and without using an attempt (DESIGN §3)."""

from collections.abc import Callable

from kanban_mcp.domain.runs import Outcome, snooze_outcome
from kanban_mcp.domain.states import Kind, Verb
from kanban_mcp.domain.tasks import Run, Task
from kanban_mcp.service.call import Call
from kanban_mcp.service.moves import end_run, log, move
from kanban_mcp.service.records import run_from, task_of
from kanban_mcp.service.sweeping import park, requeue
from kanban_mcp.store.base import Tx

ENDED_BY = "session end"


def held_by_session(tx: Tx, call: Call) -> list[Run]:
    """Return the open runs of a session and its sub-agents."""
    return [run_from(row) for row in tx.all("open_runs_of_family", root=call.caller.root)]


def end_session(tx: Tx, call: Call, is_ours: Callable[[Run], bool]) -> list[str]:
    """Hand back what a session holds that has ended. Returns the names of the tasks.

    Not the runs of another living process of the same session: `is_ours` says whether a run's process is the one that
    has just ended, or gone anyway.
    """
    runs = [run for run in held_by_session(tx, call) if is_ours(run)]
    for run in runs:
        hand_back(tx, call, run, "its session ended")
    return [task_of(tx, run.task_id).name for run in runs]


def hand_back(tx: Tx, call: Call, run: Run, why: str) -> None:
    """End a run that nobody works on any more: ready for others at once, no attempt used (DESIGN §3)."""
    task = task_of(tx, run.task_id)
    if task.kind is Kind.ASKING:
        park(tx, call, task, run, why, by=ENDED_BY)
        return
    outcome = snooze_outcome(task.snoozes, call.policy.max_snoozes)
    if outcome is Outcome.FAILED:
        reason = f"snoozed {task.snoozes} times already; {why}"
        requeue(tx, call, task, run, Verb.SNOOZE, outcome, reason, by=ENDED_BY)
        return
    _snooze(tx, call, task, run, why)


def _snooze(tx: Tx, call: Call, task: Task, run: Run, why: str) -> None:
    freed = end_run(tx, call, task, run, Outcome.SNOOZED, verb="hand_back", by=ENDED_BY, error=why)
    after = move(
        tx,
        call,
        task,
        Verb.SNOOZE,
        changed=freed.waits_until(None, call.now.wall_ms)._replace(snoozes=task.snoozes + 1),
    )
    log(tx, call, "handed_back", task, after, run, reason=why)
