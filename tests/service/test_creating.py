"""Creating tasks: the two usages of `parents`, limits over a task's life, one request one task."""

from pathlib import Path

import pytest

from kanban_mcp.domain.errors import (
    Cycle,
    Forbidden,
    IllegalTransition,
    Invalid,
    LeaseLost,
    Limit,
    NotFound,
    UnknownArgument,
    WhichTask,
)
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from tests.conftest import Clock, MakeBoard, caller, orchestrator, person, worker
from tests.service.conftest import Refused
from tests.service.helpers import (
    MINUTE,
    PLANNER,
    REASON,
    SUMMARY,
    ask,
    ask_all,
    blocked,
    done,
    failed,
    in_review,
    ready,
    state,
    take,
)


def agent(name: str) -> Session:
    """Return the usual client: the orchestrator toolset, in which workers work too."""
    return Session(caller(name))


# Both usages of seeds/001 --------------------------------------------------------------------------------------------


async def test_the_orchestrator_pattern_of_the_source_sequences_itself(board: Board) -> None:
    s = orchestrator()
    first = await board.create(s, title="Implement user auth", assignee="implementer")
    second = await board.create(s, title="Write auth tests", assignee="tester", parents=["TASK-001"])
    third = await board.create(s, title="Auth code review", assignee="reviewer", parents=["TASK-002"])
    assert [c.state for c in (first, second, third)] == ["ready", "pending", "pending"]
    assert (second.relation, second.parents) == ("after", [{"id": "TASK-001", "relation": "after"}])
    assert (second.waits_for, third.waits_for) == (["TASK-001"], ["TASK-002"])
    for n, role in enumerate(("implementer", "tester", "reviewer"), 1):
        taken = await board.claim(worker(role), assignee=role)
        assert taken.task.id == f"TASK-00{n}"  # type: ignore[union-attr]
        await board.complete(worker(role), summary=SUMMARY)


async def test_the_worker_contract_of_the_source_makes_a_subtask_that_blocks_its_parent(board: Board) -> None:
    s = worker("i", role="implementer")
    parent = await take(board, s, await ready(board, assignee="implementer"))
    made = await board.create(
        s,
        title="Fix type errors in auth module",
        assignee="implementer",
        parents=["TASK-001"],
        context="See src/auth/types.ts line 42",
    )
    assert (made.relation, made.state, made.parents) == ("part_of", "ready", [{"id": parent, "relation": "part_of"}])
    assert (await board.block(s, reason="waits for its subtask TASK-002")).state == "pending"
    await take(board, worker("other"), made.task_id, assignee="implementer")
    await board.complete(worker("other"), summary=SUMMARY)
    assert (await state(board, parent))[0] == "ready"


async def test_the_holder_may_take_its_own_subtask_beside_its_task_and_is_told_so(board: Board) -> None:
    """hermes 9: nobody else serves the role, so the answer says who can."""
    s = worker("i", role="implementer")
    await take(board, s, await ready(board, assignee="implementer"))
    made = await board.create(s, title="A part", assignee="documenter", parents=["TASK-001"])
    assert f'kanban_claim(task_id="{made.task_id}")' in made.next
    await take(board, worker("d"), await ready(board, assignee="documenter"), assignee="documenter")
    other = await board.create(s, title="Another", assignee="documenter", parents=["TASK-001"])
    assert 'kanban_block(kind="dependency")' in other.next
    await take(board, s, made.task_id, assignee="documenter")
    await board.complete(s, task_id=made.task_id, summary=SUMMARY)


async def test_parents_of_both_kinds_in_one_call_are_each_applied_and_said(board: Board) -> None:
    before = await ready(board)
    s = worker("w")
    mine = await take(board, s)
    made = await board.create(s, title="Both", parents=[before, mine, before])
    assert made.parents == [{"id": before, "relation": "after"}, {"id": mine, "relation": "part_of"}]
    assert made.relation == ""
    assert (made.state, made.waits_for) == ("pending", [before])


async def test_relation_says_it_outright(board: Board) -> None:
    s = worker("w")
    mine = await take(board, s)
    after = await board.create(s, title="Later", parents=[mine], relation="after")
    assert (after.relation, after.state) == ("after", "pending")
    other = await ready(board)
    part = await board.create(orchestrator(), title="Part", parents=[other], relation="part_of")
    assert (part.relation, part.state) == ("part_of", "ready")
    assert (await state(board, other))[0] == "pending"


@pytest.mark.parametrize("s", [worker("w"), agent("w")], ids=["worker", "orchestrator"])
async def test_auto_is_refused_for_a_parent_one_once_held_and_no_longer_does(
    board: Board, clock: Clock, refused: Refused, s: Session
) -> None:
    s = Session(s.caller)
    mine = await blocked(board, s)
    with refused(LeaseLost, "part_of or after"):
        await board.create(s, title="A part", parents=[mine])
    assert (await board.create(s, title="Later", parents=[mine], relation="after")).relation == "after"


async def test_auto_is_refused_for_a_lost_parent_that_has_ended_meanwhile(
    board: Board, clock: Clock, refused: Refused
) -> None:
    s = worker("slow")
    mine = await take(board, s)
    clock.advance(5 * MINUTE)
    await done(board, mine, "quick")
    with refused(LeaseLost):
        await board.create(s, title="A part", parents=[mine])
    with refused(LeaseLost, "part_of or after"):
        await board.create(s, title="A part", parents=[mine])


async def test_what_one_has_finished_oneself_is_simply_before(board: Board) -> None:
    s = worker("w")
    mine = await take(board, s)
    await board.complete(s, summary=SUMMARY)
    made = await board.create(s, title="Next", parents=[mine])
    assert (made.relation, made.state) == ("after", "ready")


# Who may hang work under what ---------------------------------------------------------------------------------------


async def test_a_worker_makes_subtasks_only_of_what_it_holds(board: Board, refused: Refused) -> None:
    other = await ready(board)
    s = worker("w")
    await take(board, s)
    with refused(Forbidden, "You do not hold TASK-001"):
        await board.create(s, title="A part", parents=[other], relation="part_of")


async def test_who_once_held_a_task_may_not_hang_subtasks_under_it(board: Board, refused: Refused) -> None:
    """Links of a task one has held are how its work is judged: not by oneself (DESIGN §5)."""
    s = agent("w")
    mine = await blocked(board, s)
    with refused(Forbidden, "hold or have held"):
        await board.create(s, title="A part", parents=[mine], relation="part_of")
    plan = [{"ref": "a", "title": "A part", "part_of": [mine]}]
    with refused(Forbidden, "hold or have held"):
        await board.plan(s, tasks=plan)


async def test_the_holder_of_a_subtask_may_not_hang_work_under_the_task_above(board: Board, refused: Refused) -> None:
    parent = await ready(board)
    sub = (await board.create(orchestrator(PLANNER), title="Part", parents=[parent], relation="part_of")).task_id
    s = agent("w")
    await take(board, s, sub)
    with refused(Forbidden, "a part of it"):
        await board.create(s, title="Sibling", parents=[parent], relation="part_of")


async def test_a_plan_of_the_holder_may_hang_subtasks_under_its_task(board: Board) -> None:
    s = agent("w")
    mine = await take(board, s)
    planned = await board.plan(s, tasks=[{"ref": "a", "title": "A part", "part_of": [mine]}])
    assert planned.tasks == [{"ref": "a", "id": "TASK-002", "state": "ready"}]


@pytest.mark.proves("T9")
async def test_a_worker_gives_the_board_no_commands_to_run(board: Board, refused: Refused) -> None:
    s = worker("w")
    await take(board, s)
    with refused(Forbidden, "commands to run"):
        await board.create(s, title="A part", acceptance=["cmd: rm -rf /"])
    assert (await board.create(agent("o"), title="A part", acceptance=["cmd: pytest -q"])).task_id


async def test_holding_two_tasks_create_asks_whose_work_it_is(board: Board, refused: Refused) -> None:
    s = worker("w")
    first = await take(board, s)
    await take(board, s)
    with refused(WhichTask, "whose work"):
        await board.create(s, title="A part")
    assert (await board.create(s, title="A part", parents=[first])).relation == "part_of"
    assert (await board.create(s, title="A part", run_id="run-2")).task_id


@pytest.mark.proves("S7")
@pytest.mark.parametrize("ended", ["done", "failed", "review"])
async def test_no_subtask_is_hung_under_a_task_that_ended_or_is_in_review(
    board: Board, refused: Refused, ended: str
) -> None:
    if ended == "review":
        task = await in_review(board, worker("a"))
    else:
        task = await ready(board)
        await (done if ended == "done" else failed)(board, task)
    with refused(IllegalTransition, "cannot get a subtask"):
        await board.create(orchestrator(), title="A part", parents=[task], relation="part_of")


async def test_a_subtask_may_be_hung_under_a_task_that_asks(board: Board) -> None:
    s = worker("w")
    task = await take(board, s)
    await board.request_approval(s, summary="Drop column users.legacy_id", wait_s=0)
    assert (await board.create(s, title="A part", parents=[task])).relation == "part_of"


# Limits -------------------------------------------------------------------------------------------------------------


@pytest.mark.proves("S8")
async def test_subtasks_nest_three_levels_below_a_root_and_no_fourth(board: Board, refused: Refused) -> None:
    """seeds/001: > 3 levels of child task nesting."""
    parent = await ready(board)
    for level in range(3):
        parent = (
            await board.create(orchestrator(), title=f"Level {level + 1}", parents=[parent], relation="part_of")
        ).task_id
    with refused(Limit, "level 4; at most 3"):
        await board.create(orchestrator(), title="Level 4", parents=[parent], relation="part_of")
    with refused(Limit, "level 4; at most 3"):
        await board.create(person(), title="Level 4", parents=[parent], relation="part_of")
    top = await ready(board)
    with refused(Limit, "level 4; at most 3"):
        await board.link(person(), task_id="TASK-001", parent=top, relation="part_of")


@pytest.mark.proves("T21")
async def test_a_tasks_runs_get_five_subtasks_over_its_life_not_five_at_a_time(board: Board, refused: Refused) -> None:
    s = worker("w")
    mine = await take(board, s)
    for n in range(5):
        made = await board.create(s, title=f"Part {n}", parents=[mine])
        await board.cancel(person(), task_id=made.task_id)
    with refused(Limit, "has had 5 subtasks from its runs, at most 5"):
        await board.create(s, title="Part 6", parents=[mine])
    await board.block(s, reason=REASON)
    await board.answer(person(), task_id=mine, answer="It is there now")
    again = worker("again")
    await take(board, again, mine)
    with refused(Limit, "5 subtasks"):
        await board.create(again, title="Part 6", parents=[mine])


@pytest.mark.proves("T21")
async def test_a_tasks_runs_make_twenty_tasks_in_all(board: Board, refused: Refused) -> None:
    s = worker("w")
    await take(board, s)
    for n in range(20):
        await board.create(s, title=f"Task {n}")
    with refused(Limit, "made 20 tasks, at most 20"):
        await board.create(s, title="Task 21")


async def test_orchestrators_without_a_run_and_people_are_not_bound_by_the_counts(board: Board) -> None:
    parent = await ready(board)
    for n in range(25):
        await board.create(orchestrator(), title=f"Part {n}", parents=[parent], relation="part_of")
    human = person()
    mine = await take(board, human)
    for n in range(25):
        await board.create(human, title=f"Part {n}", parents=[mine])


async def test_a_plan_of_a_holder_is_bound_by_the_same_counts(board: Board, refused: Refused) -> None:
    s = agent("w")
    await take(board, s)
    tasks = [{"ref": f"t{n}", "title": f"Task {n}"} for n in range(21)]
    with refused(Limit, "at most 20"):
        await board.plan(s, tasks=tasks)


# Input, ids, keys ---------------------------------------------------------------------------------------------------


@pytest.mark.proves("S17")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"title": ""}, Invalid),
        ({"title": "x" * 201}, Invalid),
        ({"title": "a\x1b[2J"}, Invalid),
        ({"title": "a\nb"}, Invalid),
        ({"title": "ok", "context": "x" * 65_537}, Invalid),
        ({"title": "ok", "context": "\ud800"}, Invalid),
        ({"title": "ok", "assignee": "two words"}, Invalid),
        ({"title": "ok", "priority": "asap"}, Invalid),
        ({"title": "ok", "relation": "child_of"}, Invalid),
        ({"title": "ok", "parents": ["TASK-999"]}, NotFound),
        ({"title": "ok", "parents": ["nonsense"]}, Invalid),
        ({"title": "ok", "parents": ["TASK-001"] * 101}, Invalid),
        ({"title": "ok", "acceptance": ["", "x"]}, Invalid),
        ({"title": "ok", "acceptance": ["x"] * 101}, Invalid),
        ({"title": "ok", "idempotency_key": "k" * 201}, Invalid),
    ],
)
async def test_bad_input_is_refused_and_nothing_is_written(
    board: Board, refused: Refused, arguments: dict[str, object], error: type[Invalid]
) -> None:
    await ready(board)
    with refused(error):
        await board.create(orchestrator(), **arguments)  # type: ignore[arg-type]  # bad on purpose


@pytest.mark.proves("hermes-52", "S14")
async def test_one_key_makes_one_task_from_wherever_it_is_sent(make_board: MakeBoard, board_path: Path) -> None:
    """hermes 52."""
    here, there = make_board(), make_board()
    first = await here.create(orchestrator("a"), title="Once", idempotency_key="k1", acceptance=["x"])
    again = await there.create(orchestrator("b"), title="Once", idempotency_key="k1", acceptance=["x"])
    assert again == first
    assert ask(board_path, "SELECT COUNT(*) FROM tasks") == 1


@pytest.mark.proves("S14")
async def test_a_key_that_stands_for_another_request_is_refused(board: Board, refused: Refused) -> None:
    await board.create(orchestrator(), title="Once", idempotency_key="k1")
    for other in ({"title": "Twice"}, {"title": "Once", "priority": "high"}, {"title": "Once", "context": "x"}):
        with refused(Invalid, "another request"):
            await board.create(orchestrator(), idempotency_key="k1", **other)  # type: ignore[arg-type]
    with refused(Invalid, "another request"):
        await board.plan(orchestrator(), tasks=[{"ref": "a", "title": "Once"}], idempotency_key="k1")


async def test_a_repeated_create_answers_even_after_its_worker_lost_its_run(board: Board, clock: Clock) -> None:
    s = worker("w")
    mine = await take(board, s)
    first = await board.create(s, title="Part", parents=[mine], idempotency_key="k")
    clock.advance(5 * MINUTE)
    await board.reap()
    assert await board.create(s, title="Part", parents=[mine], idempotency_key="k") == first


@pytest.mark.proves("hermes-50")
async def test_the_author_is_stamped_by_the_connection(board: Board, board_path: Path) -> None:
    """hermes 50: no argument names an author."""
    await board.create(agent("claude-code@laptop"), title="A")
    await board.create(person("mia"), title="B")
    assert ask_all(board_path, "SELECT created_by FROM tasks") == [("claude-code@laptop (agent)",), ("mia (person)",)]


async def test_a_client_cannot_name_itself_a_person_or_hide_in_control_characters(
    board: Board, board_path: Path
) -> None:
    for name in ("mia (person)", "x\x1b[2J\u202e", "n" * 10_000):
        await board.create(agent(name), title="A")
    authors = [author for (author,) in ask_all(board_path, "SELECT created_by FROM tasks")]
    assert authors[0] == "mia [person] (agent)"
    assert "\x1b" not in authors[1]
    assert "\u202e" not in authors[1]
    assert len(authors[2]) < 100


# Plans --------------------------------------------------------------------------------------------------------------

PLAN = [
    {"ref": "c", "title": "Review", "assignee": "reviewer", "after": ["b"]},
    {"ref": "b", "title": "Test", "assignee": "tester", "after": ["a"], "priority": "high"},
    {"ref": "a", "title": "Implement", "assignee": "implementer", "acceptance": ["file: a.py"], "context": "x"},
    {"ref": "a1", "title": "Types", "part_of": ["a"]},
]


async def test_a_plan_is_one_transaction_with_ids_by_ref(board: Board, board_path: Path) -> None:
    planned = await board.plan(orchestrator(), tasks=PLAN)
    by_ref = {row["ref"]: row for row in planned.tasks}
    assert {ref: row["state"] for ref, row in by_ref.items()} == {
        "a": "pending", "a1": "ready", "b": "pending", "c": "pending",
    }  # fmt: skip
    assert by_ref["a1"]["id"] in planned.next
    shown = await board.show(orchestrator(), task_id=by_ref["b"]["id"])
    assert [p["id"] for p in shown.parents] == [by_ref["a"]["id"]]  # type: ignore[union-attr]
    assert shown.priority == "high"  # type: ignore[union-attr]


async def test_a_dry_run_says_the_same_and_writes_nothing(board: Board, board_path: Path) -> None:
    await board.create_if_missing()
    tried = await board.plan(orchestrator(), tasks=PLAN, dry_run=True, idempotency_key="k")
    assert tried.dry_run
    assert "Nothing was written" in tried.next
    assert [set(row) for row in tried.tasks] == [{"ref", "state"}] * 4
    assert ask(board_path, "SELECT COUNT(*) FROM tasks") == 0
    planned = await board.plan(orchestrator(), tasks=PLAN, idempotency_key="k")
    assert [row["state"] for row in planned.tasks] == [row["state"] for row in tried.tasks]


async def test_a_plan_sent_twice_under_one_key_is_made_once(board: Board, board_path: Path) -> None:
    first = await board.plan(orchestrator(), tasks=PLAN, idempotency_key="k")
    assert await board.plan(orchestrator(), tasks=PLAN, idempotency_key="k") == first
    assert ask(board_path, "SELECT COUNT(*) FROM tasks") == 4


@pytest.mark.parametrize(
    ("tasks", "error", "said"),
    [
        ([], Invalid, "tasks is empty"),
        (["x"], Invalid, r"tasks\[0\] is not an object"),
        ([{"title": "A"}], Invalid, "needs a ref and a title"),
        ([{"ref": "", "title": "A"}], Invalid, "ref is empty"),
        ([{"ref": "task-001", "title": "A"}], Invalid, "reads like a task of the board"),
        ([{"ref": "a", "title": "A"}, {"ref": "a", "title": "B"}], Invalid, "stands for two tasks"),
        ([{"ref": "a", "title": "A", "afer": ["b"]}], UnknownArgument, 'Did you mean "after"'),
        (
            [{"ref": "alpha", "title": "A"}, {"ref": "b", "title": "B", "after": ["alpa"]}],
            Invalid,
            'Did you mean "alpha"',
        ),
        ([{"ref": "a", "title": "A", "after": ["a"]}], Cycle, "a → a"),
        (
            [{"ref": "a", "title": "A", "after": ["b"]}, {"ref": "b", "title": "B", "part_of": ["a"]}],
            Cycle,
            "a → b → a",
        ),
        ([{"ref": "a", "title": "A"}, {"ref": "b", "title": "B", "after": ["a"], "part_of": ["a"]}], Invalid, "both"),
        ([{"ref": "a", "title": "A"}, {"ref": "b", "title": "B", "after": ["TASK-999"]}], NotFound, "TASK-999"),
        ([{"ref": "a", "title": "A", "after": 3}], Invalid, "not a list of texts"),
        ([{"ref": "a", "title": "A", "context": 3}], Invalid, "not a text"),
        ([{"ref": "a", "title": "A"}, {"ref": "b", "title": "x" * 201}], Invalid, r"tasks\[1\].title"),
        ([{"ref": str(n), "title": "A"} for n in range(201)], Invalid, "at most 200"),
    ],
)
async def test_one_bad_entry_refuses_the_whole_plan_and_names_it(
    board: Board, refused: Refused, tasks: list[object], error: type[Invalid], said: str
) -> None:
    await ready(board)
    with refused(error, said):
        await board.plan(orchestrator(), tasks=tasks)


async def test_a_plan_whose_fifth_level_is_one_too_deep_leaves_nothing_behind(board: Board, refused: Refused) -> None:
    await ready(board)
    tasks = [{"ref": f"l{n}", "title": f"Level {n}", **({"part_of": [f"l{n - 1}"]} if n else {})} for n in range(5)]
    with refused(Limit, "level 4"):
        await board.plan(orchestrator(), tasks=tasks)


async def test_a_plan_hangs_on_tasks_of_the_board(board: Board) -> None:
    first = await ready(board)
    planned = await board.plan(orchestrator(), tasks=[{"ref": "a", "title": "A", "after": [first]}])
    assert planned.tasks[0]["state"] == "pending"
    await done(board, first)
    assert (await state(board, planned.tasks[0]["id"]))[0] == "ready"
