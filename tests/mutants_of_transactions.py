"""Mutants of what holds a transaction together: read and write apart, an event too late, another clock, a false name.

One process that does one thing after the other cannot notice some of these. They name the test that has to.
"""

import asyncio
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from unittest import mock

from kanban_mcp.domain.principals import Caller
from kanban_mcp.service import call, claims, deciding, holding, plumbing
from kanban_mcp.service.board_work import Work
from kanban_mcp.service.records import task_of
from kanban_mcp.store.sqlite import SqliteFile
from tests.mutant import Mutant, both, everywhere, replaced

EPOCH_MS, BOOT_MS = 1_800_000_000_000, 50_000_000  # where the tests' clocks begin
MATRIX = "tests/faults/test_matrix.py::test_the_board_holds_under"

_require_held = holding.require_held
_known: dict[tuple[str, int], Any] = {}  # what each connection was told last


def _held_as_of_before(tx: Any, call: Any, task_id: Any, run_id: Any, verb: str) -> Any:
    """Judge the fence by what this connection was told last, in a transaction of the past."""
    who = (call.caller.key, call.caller.process.pid)
    known = _known.get(who)
    if known is not None and run_id == known.run.name and verb != known.verb:
        return holding.Held(task_of(tx, known.run.task_id), known.run)
    held = _require_held(tx, call, task_id, run_id, verb)
    _known[who] = mock.Mock(run=held.run, verb=verb)
    return held


_open = claims._open


def _open_and_remember(tx: Any, call: Any, task: Any, role: str) -> Any:
    taken = _open(tx, call, task, role)
    _known[call.caller.key, call.caller.process.pid] = mock.Mock(run=taken.run, verb="claim")
    return taken


_claim = Work.claim


async def _claim_in_two(self: Any, s: Any, *, task_id: Any = None, **given: Any) -> Any:
    """Choose the task in one transaction and take it in the next."""
    role = self._role(s, given.get("assignee"))
    seen = None if task_id else await self._read(s, claims._next_row, role)
    if seen is None:
        return await _claim(self, s, task_id=task_id, **given)
    await asyncio.sleep(0)
    return await self._write(s, _take_seen, seen, role)


def _take_seen(tx: Any, call: Any, seen: Any, role: str) -> Any:
    claims.sweep(tx, call, call.policy.sweep_batch)
    taken = claims._open(tx, call, seen, role)
    shown = claims.view(tx, call, taken.task.id)
    return claims.Claimed(shown.next, True, "", "", shown)


_retry = deciding._retry


def _retry_from_zero(tx: Any, call: Any, task: Any, note: str) -> Any:
    return _retry(tx, call, task._replace(counted=0), note)


_late: list[Any] = []
_record = call.record
_transact = SqliteFile.transact


def _record_later(tx: Any, call: Any, kind: str, *ids: Any, **data: Any) -> None:
    _late.append(lambda then: _record(then, call, kind, *ids, **data))


def _transact_twice(self: Any, deadline: float, soon: bool, fn: Any, args: Any, kwargs: Any) -> Any:
    """Commit the change, then write its events in a transaction of their own."""
    _late.clear()
    result = _transact(self, deadline, soon, fn, args, kwargs)
    events = [*_late]
    _late.clear()
    if events:
        _transact(self, deadline, soon, lambda tx: [each(tx) for each in events], (), {})
    return result


_call = plumbing.Plumbing._call


def _call_by_the_wall(self: Any, s: Any) -> Any:
    made = _call(self, s)
    now = replace(made.now, mono_ms=made.now.wall_ms - EPOCH_MS + BOOT_MS)
    return replace(made, now=now)


_actor: ContextVar[str] = ContextVar("actor", default="")
_label = Caller.label


def _believe_the_caller(stack: ExitStack) -> None:
    """Take an argument `actor` from whoever sends it, and write events in its name."""
    from kanban_mcp.server.tool import Tool  # loads the SDK, which no other mutant needs

    read = Tool.read

    def read_actor(self: Any, given: Any) -> Any:
        rest = dict(given or {})
        _actor.set(str(rest.pop("actor", "")))
        return read(self, rest)

    name = property(lambda caller: _actor.get() or _label.fget(caller))  # type: ignore[attr-defined]  # a property
    stack.enter_context(mock.patch.object(Tool, "read", read_actor))
    stack.enter_context(mock.patch.object(Caller, "label", name))


TRANSACTIONS = (
    Mutant(
        "fence read outside the transaction",
        "a run is judged by what its connection was told before",
        both(everywhere(holding.require_held, _held_as_of_before), everywhere(claims._open, _open_and_remember)),
        tests=(f"{MATRIX}[F3-zombies]",),
    ),
    Mutant(
        "claim in two transactions",
        "the task is chosen in one transaction and taken in the next",
        replaced(Work, "claim", _claim_in_two),
        tests=("tests/chaos/test_races.py::test_sixteen_processes_that_claim_by_role_never_share_a_task",),
    ),
    Mutant(
        "retry counter reset",
        "a retry forgets the attempts that were made",
        everywhere(deciding._retry, _retry_from_zero),
    ),
    Mutant(
        "event outside the transaction",
        "a change is committed before its event",
        both(everywhere(call.record, _record_later), replaced(SqliteFile, "transact", _transact_twice)),
        tests=(f"{MATRIX}[F7-nth-call]",),
    ),
    Mutant(
        "wall clock",
        "leases are judged by the clock that people set",
        replaced(plumbing.Plumbing, "_call", _call_by_the_wall),
        tests=(f"{MATRIX}[F15-jumps]",),
    ),
    Mutant(
        "actor taken from the arguments",
        "whoever names an actor is believed",
        _believe_the_caller,
        tests=("tests/server/test_no_actor.py::test_an_actor_among_the_arguments_is_refused_by_every_tool",),
    ),
)
