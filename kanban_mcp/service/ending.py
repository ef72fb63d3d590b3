"""How a worker ends its run without finishing: block and fail (DESIGN §3)."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from kanban_mcp.domain.clock import duration
from kanban_mcp.domain.compact import compact
from kanban_mcp.domain.errors import IllegalTransition, Invalid, WeakReason
from kanban_mcp.domain.ids import TaskId
from kanban_mcp.domain.inputs import choice, moment_ms, shown
from kanban_mcp.domain.runs import Outcome, snooze_outcome
from kanban_mcp.domain.states import Kind, TaskState, Verb, next_state
from kanban_mcp.domain.tasks import Run, Task
from kanban_mcp.domain.texts import is_weak_reason, shorten
from kanban_mcp.service.call import Call
from kanban_mcp.service.holding import Held, Repeated, require_held
from kanban_mcp.service.moves import end_run, log, move
from kanban_mcp.service.results import Ended, to_json
from kanban_mcp.service.sweeping import block_json, park, requeue, void_request
from kanban_mcp.store.base import Tx

BLOCK_KINDS = ("needs_input", "capability", "dependency", "transient")
_TASK_NAME = re.compile(r"\bTASK-0*([1-9][0-9]*)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """What the worker says about why it stops."""

    reason: str
    kind: str | None = None
    options: tuple[str, ...] = ()
    default: str = ""
    until: str | None = None


def block(tx: Tx, call: Call, task_id: str | None, run_id: str | None, said: Block) -> Ended:
    """End the run and keep the work; where the task goes depends on the kind.

    Raises:
        WeakReason: the reason gives nobody anything to act on.
        IllegalTransition: a dependency block of a task that waits for nothing.
    """
    try:
        held = require_held(tx, call, task_id, run_id, "block")
    except Repeated as again:
        return first_answer(again.run)
    if is_weak_reason(said.reason):
        raise WeakReason(
            f"{shown(said.reason)} gives nobody anything to act on.",
            hint='kanban_block(reason=what is missing, and who could give it), e.g. "Need STRIPE_SECRET_KEY in .env".',
        )
    if held.task.kind is Kind.ASKING:
        return _park(tx, call, held, said)
    kind = _kind(tx, held.task, said)
    until = _until(call, said)
    blocks = {"dependency": _depend, "transient": _snooze, "needs_input": _ask, "capability": _ask}
    return blocks[kind](tx, call, held, replace(said, kind=kind), until)


def _kind(tx: Tx, task: Task, said: Block) -> str:
    """Return the kind, inferred where the call names none: models send one kind for everything otherwise."""
    if said.kind:
        return choice(said.kind, BLOCK_KINDS, "kind")
    if said.until:
        return "transient"
    if not said.options:
        named = {TaskId(int(number)) for number in _TASK_NAME.findall(said.reason)}
        open_subtasks = {row["id"] for row in tx.all("open_subtasks", parent_id=task.id)}
        if named & open_subtasks:
            return "dependency"
    return "needs_input"


def _until(call: Call, said: Block) -> int | None:
    if said.until is None:
        return None
    at = moment_ms(said.until, "until", call.now.wall_ms)
    if not call.now.wall_ms < at <= call.now.wall_ms + call.policy.snooze_cap_ms:
        cap = duration(call.policy.snooze_cap_ms // 1000)
        raise Invalid(f"until {shown(said.until)} is not within the next {cap}.", hint='Write for example "30m".')
    return at


def _ask(tx: Tx, call: Call, held: Held, said: Block, until: int | None) -> Ended:
    verb = Verb.BLOCK_CAPABILITY if said.kind == "capability" else Verb.BLOCK_NEEDS_INPUT
    task, run = held.task, held.run
    freed = end_run(tx, call, task, run, Outcome.BLOCKED, verb="block", error=said.reason)
    blocks = task.blocks + 1
    after = move(
        tx,
        call,
        task,
        verb,
        changed=freed._replace(
            blocks=blocks,
            blocked=block_json(said.reason, said.options, said.default, run.name, said.until),
            person_only=said.kind == "capability" or blocks > call.policy.max_agent_answers,
        ),
    )
    log(tx, call, "blocked", task, after, run, reason=said.reason, blocks=blocks)
    who = "a person" if after.person_only else "a person or the orchestrator"
    return _ended(
        tx,
        run,
        after,
        f"Your run ended; {who} has to answer.{_kept(run)} kanban_claim other work, or end this session.",
    )


def _depend(tx: Tx, call: Call, held: Held, said: Block, until: int | None) -> Ended:
    task, run = held.task, held.run
    if task.unmet == 0:
        raise IllegalTransition(
            f"Cannot block {task.name} on a dependency: it waits for no task.",
            hint=f'kanban_create(parents=["{task.name}"]) the missing subtask first, or block with a question.',
        )
    freed = end_run(tx, call, task, run, Outcome.BLOCKED, verb="block", error=said.reason)
    after = move(tx, call, task, Verb.BLOCK_DEPENDENCY, changed=freed)
    log(tx, call, "waiting", task, after, run, reason=said.reason)
    return _ended(
        tx, run, after, f"Your run ended; {task.name} is ready again when what it waits for is done.{_kept(run)}"
    )


def _snooze(tx: Tx, call: Call, held: Held, said: Block, until: int | None) -> Ended:
    task, run = held.task, held.run
    due = until or call.now.wall_ms + call.policy.snooze_for_ms
    outcome = snooze_outcome(task.snoozes, call.policy.max_snoozes)
    if outcome is Outcome.FAILED:
        why = f"snoozed {task.snoozes} times already; {said.reason}"
        after = requeue(tx, call, task, run, Verb.SNOOZE, outcome, why, by="self")
        return _ended(tx, run, after, f"Snoozed too often: this counts as a failed attempt.{_kept(run)}", verb="block")
    freed = end_run(tx, call, task, run, outcome, verb="block", error=said.reason)
    waiting = freed._replace(snoozes=task.snoozes + 1).waits_until(due, call.now.wall_ms)
    after = move(tx, call, task, Verb.SNOOZE, changed=waiting)
    log(tx, call, "snoozed", task, after, run, reason=said.reason, until_ms=due)
    wait = (due - call.now.wall_ms) // 1000
    left = call.policy.max_snoozes - after.snoozes
    return _ended(
        tx,
        run,
        after,
        f"Your run ended; the task starts again in {wait} s, no attempt used ({left} snoozes left).",
        due=f"{wait}s",
    )


def _park(tx: Tx, call: Call, held: Held, said: Block) -> Ended:
    park(tx, call, held.task, held.run, said.reason, by="self", verb="block")
    after = held.task._replace(state=TaskState.AWAITING_REVIEW, kind=Kind.PARKED)
    text = "Parked: a person decides your request, then the task is ready again with the decision in its context."
    return _ended(tx, held.run, after, text + _kept(held.run))


def fail(tx: Tx, call: Call, task_id: str | None, run_id: str | None, reason: str, retry: bool) -> Ended:
    """Give up this attempt; with `retry=False` the task itself (dead letter).

    Raises:
        WeakReason: the reason says nothing the next attempt could use.
    """
    try:
        held = require_held(tx, call, task_id, run_id, "fail")
    except Repeated as again:
        return first_answer(again.run)
    task, run = held.task, held.run
    if is_weak_reason(reason):
        raise WeakReason(
            f"{shown(reason)} helps nobody.", hint="kanban_fail(reason=what you tried, why it cannot work)."
        )
    next_state(task.state, task.kind, Verb.FAIL, task.facts, name=task.name)
    void_request(tx, call, task, call.caller.label)
    declared = task if retry else task._replace(allowed=task.counted + 1)  # as if this attempt had been the last
    after = requeue(tx, call, task, run, Verb.FAIL, Outcome.FAILED, reason, by="self", changed=declared)
    left = after.attempts_left
    text = (
        "No attempt is left: a person or orchestrator decides."
        if after.state is TaskState.FAILED
        else f"{left} attempts left."
    )
    return _ended(tx, run, after, f"Your run ended. {text}{_kept(run)}", verb="fail")


def _kept(run: Run) -> str:
    return f" Your work stays on {shorten(run.branch, 60)}." if run.branch else ""


def _ended(tx: Tx, run: Run, after: Task, text: str, *, due: str = "", verb: str = "") -> Ended:
    result = Ended(next=text, task_id=after.name, state=str(after.state), kind=str(after.kind), due=due)
    keep_answer(tx, run, result, verb)
    return result


def keep_answer(tx: Tx, run: Run, result: Any, verb: str = "") -> None:
    """Keep the first answer of the call that ended a run, for a client that repeats it after a lost reply."""
    text = compact(to_json(result))
    tx.run("keep_answer", id=run.id, answer=text, verb=verb)


def first_answer(run: Run) -> Ended:
    """Return what the ending call answered the first time."""
    said = json.loads(run.answer or "{}")
    return Ended(
        next=said.get("next", ""),
        task_id=said.get("task_id", ""),
        state=said.get("state", ""),
        kind=said.get("kind", ""),
        due=said.get("due", ""),
    )
