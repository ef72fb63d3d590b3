"""The history checker sees what it is there to see: each kind of violation, put into a sound history, is found."""

import asyncio
import copy
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.graph import circle, levels, unmet_of
from tests.chaos.history import check
from tests.chaos.made import long_history
from tests.chaos.sound import STEP, sound_history
from tests.chaos.terms import DEFERRED, Life, Op, digest

Spoil = Callable[["History"], object]


@dataclasses.dataclass
class History:
    """A history that may be spoilt."""

    life: Life
    ops: list[Op]

    def rules(self) -> set[str]:
        return {violation.rule for violation in check(self.ops, self.life)}

    def event(self, kind: str, task: int | None = None, nth: int = 0) -> dict[str, Any]:
        return [e for e in self.life.events if e["kind"] == kind and task in (None, e["task_id"])][nth]

    def task(self, number: int) -> dict[str, Any]:
        return next(task for task in self.life.tasks if task["id"] == number)

    def run(self, number: int) -> dict[str, Any]:
        return next(run for run in self.life.runs if run["id"] == number)

    def add_event(self, kind: str, task: int, run: int | None, **facts: Any) -> None:
        last = {"at_ms": 1, "data": "{}", "actor": "board", **facts}
        self.life.events.append({"id": len(self.life.events) + 1, "task_id": task, "run_id": run, "kind": kind, **last})  # type: ignore[attr-defined]  # lists, read-only for the checker

    def op(self, verb: str, kind: str = "ok", nth: int = 0) -> int:
        return [at for at, op in enumerate(self.ops) if (op.verb, op.kind) == (verb, kind)][nth]

    def change(self, at: int, **fields: Any) -> None:
        self.ops[at] = self.ops[at]._replace(**fields)

    def link(self, child: int, parent: int, relation: str) -> None:
        self.life.links.append({"child_id": child, "parent_id": parent, "relation": relation})  # type: ignore[attr-defined]  # as above


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Life, list[Op]]:
    return asyncio.run(sound_history(tmp_path_factory.mktemp("sound")))


@pytest.fixture
def history(made: tuple[Life, list[Op]]) -> History:
    return History(*copy.deepcopy(made))


def test_a_sound_history_has_no_violation_and_has_everything_in_it(history: History) -> None:
    assert check(history.ops, history.life) == []
    kinds = {event["kind"] for event in history.life.events}
    wanted = "created claimed note commented done approval_requested approved failed reclaimed blocked ready edited"
    assert set(wanted.split()) <= kinds
    assert {op.kind for op in history.ops} == {"invoke", "ok", "fail"}
    assert {op.error for op in history.ops} >= {"gates_not_met", "not_yours", "lease_lost", "forbidden"}


def claim_while_held(h: History) -> None:
    """Two events in a row say that the task was given away."""
    again = h.event("claimed")
    at = h.life.events.index(again)
    h.life.events.insert(at + 1, {**again, "run_id": 9})  # type: ignore[attr-defined]  # as above


def fall_of_the_fence(h: History) -> None:
    h.event("claimed", 2, nth=1)["run_id"] = 1


def two_clients_with_one_run(h: History) -> None:
    first = h.ops[h.op("claim")]
    h.ops.append(first._replace(client="carol", op=99))


def a_state_without_its_run(h: History) -> None:
    h.task(2).update(state="in_progress", kind="")


def an_end_by_a_stale_run(h: History) -> None:
    h.event("done", 1)["run_id"] = 9


def a_note_of_a_run_that_held_nothing(h: History) -> None:
    h.event("note")["run_id"] = 9


def a_zombie_that_was_let_in(h: History) -> None:
    at = h.op("heartbeat", "fail")
    h.change(at, kind="ok", error="", digest="")


def a_lost_task(h: History) -> None:
    h.change(h.op("create"), task=7)


def a_lost_claim(h: History) -> None:
    h.change(h.op("claim"), fence=77)


def a_lost_note(h: History) -> None:
    h.event("note")["data"] = "{}"


def a_lost_comment(h: History) -> None:
    h.life.messages[:] = []  # type: ignore[index]  # as above


def a_lost_summary(h: History) -> None:
    h.run(1)["summary"] = None


def a_lost_request(h: History) -> None:
    h.life.approvals[0]["summary"] = "Drop something else"


def a_lost_failure(h: History) -> None:
    h.change(h.op("fail"), run=1)


def a_board_that_went_back(h: History) -> None:
    h.change(h.op("claim"), event=9_999)


def a_client_that_read_backwards(h: History) -> None:
    h.change(h.op("heartbeat"), event=1)


def a_damaged_file(h: History) -> None:
    h.life = dataclasses.replace(h.life, integrity="row 7 missing from index tasks_ready")


def a_missing_event(h: History) -> None:
    h.life.events.remove(h.event("note"))  # type: ignore[attr-defined]  # as above


def a_state_that_no_event_tells_of(h: History) -> None:
    h.task(3)["state"] = "ready"


def a_move_from_where_it_was_not(h: History) -> None:
    h.event("done", 3)["data"] = '{"from":"ready","to":"done"}'


def a_dangling_reference(h: History) -> None:
    h.life = dataclasses.replace(h.life, faults=["foreign key: ('runs', 1, 'tasks', 0)"])


def a_vanished_task(h: History) -> None:
    del h.life.tasks[2]  # type: ignore[attr-defined]  # as above


def a_task_made_twice(h: History) -> None:
    h.add_event("created", 3, None, data='{"title":"A subtask","state":"ready"}')


def a_wrong_count(h: History) -> None:
    next(row for row in h.life.counts if row["state"] == "done")["n"] += 1


def a_claim_past_a_prerequisite(h: History) -> None:
    claimed = h.event("claimed", 2)
    h.life.events.remove(claimed)  # type: ignore[attr-defined]  # as above
    h.life.events.insert(h.life.events.index(h.event("done", 1)), claimed)  # type: ignore[attr-defined]  # as above


def a_wait_that_the_links_do_not_have(h: History) -> None:
    h.task(2)["unmet"] = 1


def ready_in_spite_of_a_link(h: History) -> None:
    h.task(2).update(state="ready", kind="", unmet=1)
    h.task(1)["state"] = "failed"


def a_parent_closed_early(h: History) -> None:
    done = h.event("done", 3)
    h.life.events.remove(done)  # type: ignore[attr-defined]  # as above
    h.life.events.insert(h.life.events.index(h.event("done", 1)) + 1, done)  # type: ignore[attr-defined]  # as above


def an_open_subtask_under_a_done_parent(h: History) -> None:
    h.task(3)["state"] = "blocked"


def a_circle(h: History) -> None:
    h.link(1, 2, "after")


def four_levels(h: History) -> None:
    for n in (4, 5, 6):
        h.life.tasks.append({**h.task(3), "id": n})  # type: ignore[attr-defined]  # as above
        h.link(n, n - 1, "part_of")


def an_illegal_move(h: History) -> None:
    h.event("blocked")["data"] = '{"from":"in_progress","to":"triage"}'


def work_on_after_the_end(h: History) -> None:
    h.add_event("claimed", 3, 9, data='{"from":"done","to":"in_progress"}')


def an_attempt_too_many(h: History) -> None:
    h.task(2)["allowed"] = 1


def an_attempt_that_nobody_counted(h: History) -> None:
    h.run(1)["counted"] = 1


def an_agent_that_decides(h: History) -> None:
    h.event("approved")["actor"] = "ada"


def a_decision_in_nobodys_name(h: History) -> None:
    h.life.approvals[0]["decided_by"] = "ada"


def a_grant_for_another_text(h: History) -> None:
    h.life.approvals[0]["revision"] = 2


def a_grant_past_its_time(h: History) -> None:
    h.life.approvals[0]["decided_at_ms"] = h.life.approvals[0]["expires_at_ms"]


def a_grant_that_was_none(h: History) -> None:
    h.life.approvals[0]["state"] = "voided"


def an_agent_that_was_let_approve(h: History) -> None:
    h.change(h.op("approve", "fail"), kind="ok", error="", level="worker")


def _while_asking(h: History, kind: str, run: int) -> None:
    at = h.life.events.index(h.event("approval_requested"))
    h.life.events.insert(at + 1, {**h.event("claimed"), "task_id": 2, "run_id": run, "kind": kind})  # type: ignore[attr-defined]  # as above


def a_claim_of_a_task_that_asks(h: History) -> None:
    _while_asking(h, "claimed", 9)


def a_reclaim_of_a_task_that_asks(h: History) -> None:
    _while_asking(h, "reclaimed", 3)


def an_end_of_a_task_that_asks(h: History) -> None:
    _while_asking(h, "done", 3)


def one_key_for_two_tasks(h: History) -> None:
    h.change(h.op("create", nth=1), task=2, digest=digest("Second task"))


def done_past_a_failed_check(h: History) -> None:
    h.run(1)["checks"] = '[{"kind":"file","name":"docs/api.md","passed":false,"detail":"missing"}]'


def done_without_a_look(h: History) -> None:
    h.run(1)["checks"] = None


def a_second_reclaim(h: History) -> None:
    at = h.life.events.index(h.event("reclaimed"))
    h.life.events.insert(at + 1, dict(h.event("reclaimed")))  # type: ignore[attr-defined]  # as above


def a_refused_note_that_is_there(h: History) -> None:
    h.change(h.op("heartbeat", "fail"), digest=digest("halfway"))


def a_refused_summary_that_is_there(h: History) -> None:
    h.run(1)["summary"] = "Too early: 14 tests pass, one subtask is left"


def a_refused_task_that_is_there(h: History) -> None:
    at = h.op("create", nth=2)
    h.change(at, kind="fail", error="limit")


def a_refused_request_that_is_there(h: History) -> None:
    at = h.op("request_approval")
    h.change(at, kind="fail", error="lease_lost", digest=digest(STEP))


def an_error_that_no_worker_can_meet(h: History) -> None:
    h.change(h.op("heartbeat", "fail"), error="board_busy")


BAD: dict[str, tuple[Spoil, ...]] = {
    "S1": (claim_while_held, fall_of_the_fence, two_clients_with_one_run, a_state_without_its_run),
    "S2": (an_end_by_a_stale_run, a_note_of_a_run_that_held_nothing, a_zombie_that_was_let_in),
    "S3": (
        a_lost_task, a_lost_claim, a_lost_note, a_lost_comment, a_lost_summary, a_lost_request, a_lost_failure,
        a_board_that_went_back, a_client_that_read_backwards, a_damaged_file,
    ),
    "S4": (
        a_missing_event, a_state_that_no_event_tells_of, a_move_from_where_it_was_not, a_dangling_reference,
    ),
    "S5": (a_vanished_task, a_task_made_twice, a_wrong_count),
    "S6": (a_claim_past_a_prerequisite, a_wait_that_the_links_do_not_have, ready_in_spite_of_a_link),
    "S7": (a_parent_closed_early, an_open_subtask_under_a_done_parent),
    "S8": (a_circle, four_levels),
    "S9": (an_illegal_move, work_on_after_the_end),
    "S10": (an_attempt_too_many, an_attempt_that_nobody_counted),
    "S12": (
        an_agent_that_decides, a_decision_in_nobodys_name, a_grant_for_another_text, a_grant_past_its_time,
        a_grant_that_was_none, an_agent_that_was_let_approve,
    ),
    "S13": (a_claim_of_a_task_that_asks, a_reclaim_of_a_task_that_asks, an_end_of_a_task_that_asks),
    "S14": (one_key_for_two_tasks,),
    "S15": (done_past_a_failed_check, done_without_a_look),
    "S16": (a_second_reclaim,),
    "S17": (
        a_refused_note_that_is_there, a_refused_summary_that_is_there, a_refused_task_that_is_there,
        a_refused_request_that_is_there,
    ),
    "L6": (an_error_that_no_worker_can_meet,),
}  # fmt: skip
CASES = [pytest.param(rule, spoil, id=f"{rule}-{spoil.__name__}") for rule, spoils in BAD.items() for spoil in spoils]


@pytest.mark.parametrize(("rule", "spoil"), CASES)
def test_the_checker_finds(history: History, rule: str, spoil: Spoil) -> None:
    spoil(history)
    assert rule in history.rules(), check(history.ops, history.life)


def test_every_rule_from_s1_to_s17_has_a_bad_history_or_a_reason_why_not() -> None:
    assert {f"S{n}" for n in range(1, 18)} == (BAD.keys() | DEFERRED.keys()) - {"L6"}
    assert not BAD.keys() & DEFERRED.keys()


def test_an_unanswered_call_may_have_happened_or_not(history: History) -> None:
    history.ops.append(Op("carol", 1, "info", "create", digest=digest("Never seen")))
    history.ops.append(Op("carol", 2, "info", "complete", digest=digest("Neither"), run=1))
    assert check(history.ops, history.life) == []


def test_a_repeated_call_of_the_run_that_ended_itself_is_no_zombie(history: History) -> None:
    at = history.op("complete", nth=1)
    history.ops.append(history.ops[at]._replace(op=99, at=9_999.0, event=0))
    assert check(history.ops, history.life) == []


def test_checking_costs_the_same_per_line_however_long_the_history(tmp_path: Path) -> None:
    """By count of lines, not by the clock: a million lines take under 10 s by hand (`python -m tests.chaos.made`)."""
    costs = []
    for tasks in (500, 4_000):
        life, ops = long_history(tasks)
        since = time.process_time()
        assert check(ops, life) == []
        costs.append((time.process_time() - since) / len(ops))
    assert costs[1] < costs[0] * 4, costs


def test_the_checkers_graph_knows_the_three_edges_of_waiting() -> None:
    tasks = range(1, 6)
    assert circle(tasks, [(2, 1), (3, 2)], []) == []
    assert circle(tasks, [(2, 1), (1, 2)], []) == [1, 2]
    assert circle(tasks, [(1, 2)], [(2, 1)]), "a parent cannot come after its own subtask"
    assert circle(tasks, [(2, 3)], [(3, 1), (1, 2)]), "nor a subtask's root wait for it"
    assert levels([(2, 1), (3, 2), (4, 3)]) == {1: 0, 2: 1, 3: 2, 4: 3}
    state = {1: "failed", 2: "ready", 3: "ready", 4: "done", 5: "ready"}
    unmet = unmet_of(state, [(5, 4), (5, 1)], [(2, 1), (3, 2)])
    assert [unmet[task] for task in tasks] == [1, 2, 1, 0, 1]
