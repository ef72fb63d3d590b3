"""What random calls and real processes have found, each as a plain test that a reader can follow."""

import pytest

from kanban_mcp.domain.errors import Cycle, Forbidden
from kanban_mcp.service.board import Board
from tests.conftest import orchestrator
from tests.stateful import model


async def test_a_holder_cannot_cut_its_subtask_loose_by_calling_the_link_after(board: Board) -> None:
    bob = orchestrator("bob")  # the default toolset: works, and may link
    await board.create(orchestrator(), title="Ship the parser")
    await board.claim(bob)
    await board.create(bob, title="Check the parser", parents=["TASK-001"])
    with pytest.raises(Forbidden, match="TASK-001"):
        await board.link(bob, task_id="TASK-002", parent="TASK-001", remove=True)
    assert (await board.show(bob, task_id="TASK-002")).parents[0]["relation"] == "part_of"


async def test_a_removal_needs_no_relation_because_there_is_one_link_at_most(board: Board) -> None:
    plan = orchestrator()
    await board.create(plan, title="Ship the parser")
    await board.create(plan, title="Check the parser", parents=["TASK-001"], relation="part_of")
    await board.link(plan, task_id="TASK-002", parent="TASK-001", remove=True)
    last = (await board.events())[-1]
    assert (last.kind, last.data["relation"]) == ("unlinked", "part_of")


async def test_two_tasks_that_would_be_part_of_each_other_are_refused_as_a_circle(board: Board) -> None:
    plan = orchestrator()
    await board.create(plan, title="Ship the parser")
    await board.create(plan, title="Check the parser", parents=["TASK-001"], relation="part_of")
    with pytest.raises(Cycle, match=r"TASK-001 → TASK-002|TASK-002 → TASK-001"):
        await board.link(plan, task_id="TASK-001", parent="TASK-002", relation="part_of")


def test_the_model_names_every_limit_that_a_circle_breaks_as_well() -> None:
    """A night's find: a task after the root and part of the deepest subtask is too deep and waits for itself."""
    m = model.Model(0, 0, "boot")
    for task, parent in ((1, None), (2, 1), (3, 2), (4, 3), (5, None)):
        m.tasks[task] = model.Task(task, "", 2, "planner", part_of={parent} if parent else set())
    m.hang(m.tasks[5], m.tasks[1], "after")
    with pytest.raises(model.Refused) as refusal:
        m.hang(m.tasks[5], m.tasks[4], "part_of")
    assert refusal.value.codes == {"cycle", "limit"}
