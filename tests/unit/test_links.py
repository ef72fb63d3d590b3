"""The queue rule's facts, and cycles found on any graph, quickly, with a path a person can read."""

import time
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_mcp.domain.ids import TaskId
from kanban_mcp.domain.links import find_cycle, is_closed, is_held_back, is_satisfied, path_text, unmet
from kanban_mcp.domain.states import TaskState

S = TaskState


@pytest.mark.proves("hermes-10")
@pytest.mark.parametrize("state", list(S))
def test_only_done_satisfies_an_after_parent(state: S) -> None:
    """hermes 10: a gate that failed, was rejected or withdrawn releases nobody."""
    assert is_satisfied(state) == (state is S.DONE)


@pytest.mark.parametrize("state", list(S))
def test_only_done_and_cancelled_subtasks_let_their_parent_complete(state: S) -> None:
    assert is_closed(state) == (state in (S.DONE, S.CANCELLED))


@pytest.mark.parametrize("state", list(S))
def test_a_parent_that_ended_badly_or_waits_itself_holds_back_its_subtasks(state: S) -> None:
    assert is_held_back(state, 0, False) == (state in (S.FAILED, S.CANCELLED))
    assert is_held_back(state, 1, False)
    assert is_held_back(state, 0, True)


def test_a_task_waits_for_each_after_parent_each_open_subtask_and_once_for_its_held_parents() -> None:
    assert unmet([], [], []) == 0
    assert unmet([S.DONE, S.READY, S.FAILED, S.CANCELLED], [], []) == 3
    assert unmet([], [S.DONE, S.CANCELLED, S.FAILED, S.BLOCKED], []) == 2
    assert unmet([], [], [True, True]) == 1
    assert unmet([], [], [True, False]) == 0
    assert unmet([S.READY], [S.READY], [True]) == 3


graphs = st.dictionaries(st.integers(1, 8), st.sets(st.integers(1, 8), max_size=4), max_size=8)


def closure(graph: Mapping[int, set[int]]) -> dict[int, set[int]]:
    """Return what is reachable from each node, the slow and obvious way."""
    reach = {node: set(graph.get(node, ())) for node in range(1, 9)}
    for _ in range(9):
        for node, seen in reach.items():
            reach[node] = seen | {far for near in seen for far in reach[near]}
    return reach


@given(graphs, st.lists(st.integers(1, 8), max_size=4))
def test_a_cycle_is_found_exactly_when_one_can_be_reached(graph: dict[int, set[int]], sources: list[int]) -> None:
    reach = closure(graph)
    reachable = set(sources) | {far for source in sources for far in reach[source]}
    has_cycle = any(node in reach[node] for node in reachable)
    found = find_cycle(map(TaskId, sources), lambda node: map(TaskId, sorted(graph.get(node, ()))))
    assert (found is not None) == has_cycle
    if found is not None:
        assert len(set(found)) == len(found)
        for waiter, waited_for in zip(found, [*found[1:], found[0]], strict=True):
            assert waiter in graph[waited_for], f"{found}: {waiter} does not wait for {waited_for}"


def test_a_chain_of_ten_thousand_tasks_and_a_back_edge_are_found_at_once_and_shown_short() -> None:
    last = 10_000

    def waiters(node: TaskId) -> Iterable[TaskId]:
        return [TaskId(node + 1 if node < last else 1)]

    started = time.perf_counter()
    found = find_cycle([TaskId(1)], waiters)
    assert time.perf_counter() - started < 2
    assert found is not None
    assert len(found) == last
    text = path_text(found, TaskId(77))
    assert text.startswith("TASK-077 → ")
    assert "… 9993 more …" in text
    assert len(text) < 150


def test_a_path_starts_at_the_task_that_was_to_be_linked() -> None:
    cycle = [TaskId(5), TaskId(9), TaskId(3)]
    assert path_text(cycle, TaskId(3)) == "TASK-003 → TASK-005 → TASK-009"
    assert path_text(cycle) == "TASK-005 → TASK-009 → TASK-003"
    assert path_text(cycle, TaskId(4)) == "TASK-005 → TASK-009 → TASK-003"
