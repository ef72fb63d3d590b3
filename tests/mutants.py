"""Seeded mutants: rules of the board taken out one by one, and what notices.

`python -m tests.mutants` runs the state machine, and for some a named test, under each and reports what was caught by
what, with the time it took. A suite that lets one live proves less than it says. `python -m tests.mutants NAME ...`
runs some of them. The seven that the issue names are also run by the suite itself (tests/stateful/test_mutants.py).

Of the twelve of the reliability plan eleven are here; "budget after spend" is not, because this version has no budgets.
"""

import argparse
import contextlib
import io
import os
import subprocess
import sys
import time
from typing import Any

from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import QUEUE, QUEUE_OR_FAILED, Kind, TaskState, Verb
from kanban_mcp.service import (
    asking,
    authority,
    call,
    claims,
    completing,
    deciding,
    editing,
    ending,
    graph,
    holding,
    moves,
    ripple,
    sweeping,
)
from kanban_mcp.service.records import run_of, task_of
from tests.mutant import Mutant, both, everywhere, sql, table
from tests.mutants_of_transactions import TRANSACTIONS

# The seven ----------------------------------------------------------------------------------------------------------

_require_held = holding.require_held


def _held_by_task(tx: Any, call: Any, task_id: Any, run_id: Any, verb: str) -> Any:
    """Speak for the task, whatever became of the caller's run: what every queue without a fence does."""
    _, run = holding._select(tx, call, task_id, run_id, verb)
    task = task_of(tx, run.task_id)
    if not run.is_open and task.run_id is not None:
        return holding.Held(task, run_of(tx, task.run_id))
    return _require_held(tx, call, task_id, run_id, verb)


def _no_open_subtasks(tx: Any, call: Any, job: Any, report: Any) -> list[str]:
    return [failure for failure in _own_failures(tx, call, job, report) if not failure.startswith("subtask ")]


_own_failures = completing._own_failures


def _answer_anything(tx: Any, call: Any, task_id: str, text: str) -> Any:
    task = task_of(tx, deciding.parse_task(task_id))
    if task.kind is Kind.PARKED and call.caller.may_orchestrate:
        return deciding._answer(tx, call, task, text)
    return _answer(tx, call, task_id, text)


_answer = deciding.answer

# Further ones -------------------------------------------------------------------------------------------------------

_lapse = sweeping.lapse


def _lapse_to_queue(tx: Any, call: Any, run: Any) -> str:
    """Reclaim a run that asks as any other: the approval goes with it."""
    task = task_of(tx, run.task_id)
    if task.kind is not Kind.ASKING:
        return _lapse(tx, call, run)
    sweeping.void_request(tx, call, task, "board")
    sweeping.requeue(tx, call, task, run, Verb.RECLAIM, Outcome.RECLAIMED, "silence", by="board")
    return "reclaimed"


def _end_run_uncounted(*given: Any, **facts: Any) -> Any:
    task = given[2]
    return _end_run(*given, **facts)._replace(counted=task.counted)


_end_run = moves.end_run


def _close_as_granted(tx: Any, call: Any, request: Any, state: str, *, by: str, note: str = "") -> None:
    _close_request(tx, call, request, "approved" if state == "expired" else state, by=by, note=note)


_close_request = sweeping.close_request


def _record_moves_only(tx: Any, call: Any, kind: str, *ids: Any, **data: Any) -> None:
    if kind != "created":
        _record(tx, call, kind, *ids, **data)


_record = call.record


def _void_nothing(tx: Any, call: Any, task: Any) -> Any:
    return task


def _refuse_nobody(*_: Any, **__: Any) -> None:
    return None


def _stands_for_the_holder(tx: Any, call: Any, asked: Any) -> Any:
    row = tx.one("approval", id=asked.request)
    return _standing(tx, call, asked._replace(run=task_of(tx, row["task_id"]).run_id or asked.run))


_standing = asking.standing


SEVEN = (
    Mutant(
        "no fence",
        "a worker whose run was closed writes through the run that holds the task now",
        everywhere(holding.require_held, _held_by_task),
        in_suite=True,
        tests=("tests/faults/test_matrix.py::test_the_board_holds_under[F3-zombies]",),
    ),
    Mutant(
        "heartbeat not extending",
        "a heartbeat is accepted and the lease ends all the same",
        sql("beat_run", ("lease_until_ms = :until", "lease_until_ms = MAX(lease_until_ms, :until * 0)")),
        in_suite=True,
    ),
    Mutant(
        "ready on any parent",
        "a task is ready as soon as one of its parents is done",
        sql(
            "shift_after_children",
            (
                "waits_after = waits_after + :delta",
                "waits_after = CASE WHEN :delta < 0 THEN 0 ELSE waits_after + 1 END",
            ),
            ("unmet + :delta > 0", "CASE WHEN :delta < 0 THEN waits_subtasks + held ELSE unmet + 1 END > 0"),
        ),
        in_suite=True,
    ),
    Mutant(
        "parent closes early",
        "a parent completes past an open subtask",
        everywhere(completing._own_failures, _no_open_subtasks),
        in_suite=True,
        tests=("tests/chaos/test_races.py::test_a_parent_never_completes_past_a_subtask_that_is_being_made",),
    ),
    Mutant(
        "answer lost when its run dies",
        "an answer is given to the first run after it and to no other",
        sql(
            "messages_of_kind",
            (
                "WHERE ",
                "WHERE (kind <> 'answer' OR NOT EXISTS (SELECT 1 FROM runs WHERE runs.task_id = :task_id AND "
                "runs.outcome IS NOT NULL AND runs.started_at_ms >= at_ms)) AND ",
            ),
        ),
        in_suite=True,
    ),
    Mutant(
        "approval released by an agent",
        "kanban_answer by an orchestrator brings a parked task back to the queue",
        both(
            everywhere(deciding.answer, _answer_anything),
            table({(TaskState.AWAITING_REVIEW, Kind.PARKED, Verb.ANSWER): QUEUE}),
        ),
        in_suite=True,
    ),
    Mutant(
        "unbounded snooze",
        "a task may be put off for ever, no counter moves",
        everywhere(ending.snooze_outcome, lambda *_: Outcome.SNOOZED),
        in_suite=True,
    ),
)

MORE = (
    Mutant("agent approves", "approve needs no operator key", everywhere(authority.require_person, _refuse_nobody)),
    Mutant("self-dealing", "a worker answers itself", everywhere(authority.require_no_self_dealing, _refuse_nobody)),
    Mutant(
        "reclaim clears the approval",
        "an asking task is reclaimed",
        both(
            everywhere(sweeping.lapse, _lapse_to_queue),
            table({(TaskState.AWAITING_REVIEW, Kind.ASKING, Verb.RECLAIM): QUEUE_OR_FAILED}),
        ),
    ),
    Mutant("attempts not counted", "a crash uses no attempt", everywhere(moves.end_run, _end_run_uncounted)),
    Mutant("expiry is a grant", "time decides", everywhere(sweeping.close_request, _close_as_granted)),
    Mutant("edit keeps the approval", "what was asked is not what is done", everywhere(editing._void, _void_nothing)),
    Mutant("no cycle check", "tasks may wait for each other", everywhere(graph.require_acyclic, _refuse_nobody)),
    Mutant("no depth limit", "subtasks without end", everywhere(graph.require_depth, _refuse_nobody)),
    Mutant("late links", "a started task gets a new wait", everywhere(graph.require_link, _refuse_nobody)),
    Mutant("no event of a task's making", "S4", everywhere(call.record, _record_moves_only)),
    Mutant("two processes, one run", "the former one still lives", everywhere(holding.require_process, _refuse_nobody)),
    Mutant(
        "waits do not spread",
        "subtasks of a held-back parent stay claimable",
        everywhere(ripple._rehold_subtasks, lambda *_: []),
    ),
    Mutant(
        "cancelled is as good as done",
        "a cancelled parent releases its dependents",
        everywhere(ripple.is_satisfied, lambda state: state in (TaskState.DONE, TaskState.CANCELLED)),
    ),
    Mutant(
        "failed subtask is closed",
        "a parent closes over a failed subtask",
        everywhere(ripple.is_closed, lambda s: s in (TaskState.DONE, TaskState.CANCELLED, TaskState.FAILED)),
    ),
    Mutant(
        "lease a moment too long",
        "at its very end a lease still counts",
        sql("expired_runs", ("<= :mono_ms", "< :mono_ms")),
    ),
    Mutant("lease too short", "a lease ends before its time", sql("expired_runs", ("<= :mono_ms", "- 1 <= :mono_ms"))),
    Mutant("due or not", "a task is claimed before its time", sql("next_ready", ("due_at_ms <= :wall_ms", "1"))),
    Mutant(
        "silence is never forgiven",
        "a worker that was only silent loses an attempt",
        everywhere(claims._lost_to_silence, _refuse_nobody),
    ),
    Mutant(
        "a parked run hears the decision",
        "what was granted since goes to the run that parked",
        everywhere(asking.standing, _stands_for_the_holder),
    ),
)


TABLE = {mutant.name: mutant for mutant in (*SEVEN, *MORE, *TRANSACTIONS)}


def machine_notices(mutant: Mutant, examples: int) -> str:
    """Run the state machine under the mutant; return what it says, empty when it saw nothing."""
    from hypothesis import settings
    from hypothesis.stateful import run_state_machine_as_test

    from tests.stateful.machine import BoardMachine
    from tests.stateful.profiles import HUNT

    with mutant.seeded(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            run_state_machine_as_test(BoardMachine, settings=settings(HUNT, max_examples=examples))
        except Exception as found:  # noqa: BLE001 - whatever stops the machine has noticed the mutant
            return f"{type(found).__name__}: {found}".splitlines()[0]
    return ""


def test_notices(mutant: Mutant, test: str) -> bool:
    """Run a named test under the mutant in a process of its own; say whether it failed."""
    environment = {**os.environ, "TESTS_MUTANT": mutant.name}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.mutants", test]
    return subprocess.run(command, env=environment, capture_output=True, timeout=600, check=False).returncode == 1


def pytest_configure() -> None:
    """Seed the mutant that TESTS_MUTANT names, when pytest loads this module as a plug-in."""
    if name := os.environ.get("TESTS_MUTANT"):
        TABLE[name].apply()


def main(argv: list[str]) -> int:
    """Run the mutants named, all when none is. Returns 1 when one lived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=", ".join(TABLE))
    parser.add_argument("--examples", type=int, default=400, help="bound of the state machine's search")
    options = parser.parse_args(argv)
    lived = 0
    for name in options.names or TABLE:
        mutant = TABLE[name]
        since = time.monotonic()
        said = machine_notices(mutant, options.examples)
        by = [f"the machine: {said[:110]}"] if said else []
        by += [test for test in mutant.tests if test_notices(mutant, test)]
        lived += not by
        line = f"{'caught  ' if by else 'SURVIVED'} {time.monotonic() - since:6.1f} s  {name}"
        sys.stdout.write("\n           ".join([line, *by]) + "\n")
    sys.stdout.write(f"{len(options.names or TABLE) - lived} caught, {lived} survived\n")
    return 1 if lived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
