"""The counters of the board against a naive count over all links, after any sequence of changes (hermes 9, 12)."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanban_mcp.domain.errors import BoardError
from kanban_mcp.domain.ids import TaskId, task_name
from kanban_mcp.domain.links import find_cycle, is_held_back, unmet
from kanban_mcp.domain.states import TaskState
from kanban_mcp.service.board import Board
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.opening import SqliteOptions
from tests.conftest import Clock, person, worker
from tests.service.helpers import SUMMARY, ask_all

TASKS = 8
number = st.integers(1, TASKS)
relation = st.sampled_from(["after", "part_of"])
move = st.one_of(
    st.tuples(st.just("create"), st.lists(st.tuples(number, relation), max_size=3)),
    st.tuples(st.just("link"), st.tuples(number, number, relation)),
    st.tuples(st.just("unlink"), st.tuples(number, number)),
    st.tuples(
        st.sampled_from(["work", "claim", "fail", "block", "cancel", "retry", "answer", "sweep", "reject"]), number
    ),
)


class Table:
    """All tasks and links, read past the board's own code."""

    def __init__(self, path: Path) -> None:
        rows = ask_all(path, "SELECT id, state, unmet, held, waits_after FROM tasks")
        self.state = {row[0]: TaskState(row[1]) for row in rows}
        self.stored = {row[0]: (row[2], bool(row[3])) for row in rows}
        links = ask_all(path, "SELECT child_id, parent_id, relation FROM links")
        self.after = {task: [p for c, p, r in links if c == task and r == "after"] for task in self.state}
        self.above = {task: [p for c, p, r in links if c == task and r == "part_of"] for task in self.state}
        self.below = {task: [c for c, p, r in links if p == task and r == "part_of"] for task in self.state}

    def waits_after(self, task: int) -> int:
        return sum(self.state[parent] is not TaskState.DONE for parent in self.after[task])

    def holds_back(self, task: int) -> bool:
        return is_held_back(self.state[task], self.waits_after(task), self.is_held(task))

    def is_held(self, task: int) -> bool:
        return bool(self.above[task]) and all(self.holds_back(parent) for parent in self.above[task])

    def unmet(self, task: int) -> int:
        after = [self.state[parent] for parent in self.after[task]]
        below = [self.state[child] for child in self.below[task]]
        return unmet(after, below, [self.holds_back(parent) for parent in self.above[task]])

    def waited_for(self, task: TaskId) -> list[TaskId]:
        ancestors, todo = [int(task)], [int(task)]
        while todo:
            todo = [parent for each in todo for parent in self.above[each]]
            ancestors += todo
        found = [parent for each in ancestors for parent in self.after[each]] + self.below[int(task)]
        return [TaskId(each) for each in found]


def check(path: Path) -> None:
    table = Table(path)
    for task, state in table.state.items():
        assert table.stored[task] == (table.unmet(task), table.is_held(task)), f"{task_name(task)} is {state}"
        if state in (TaskState.READY, TaskState.PENDING):
            assert state is (TaskState.PENDING if table.unmet(task) else TaskState.READY)
    assert find_cycle(map(TaskId, table.state), table.waited_for) is None, "tasks wait for each other"


async def step(board: Board, what: str, argument: object) -> None:
    s, mia = worker("w"), person()
    task = task_name(argument) if isinstance(argument, int) else ""
    if what == "create":
        assert isinstance(argument, list)
        for word in ("part_of", "after"):
            parents = [task_name(parent) for parent, relation in argument if relation == word]
            await board.create(mia, title="Another", parents=parents, relation=word)
    elif what == "link":
        child, parent, word = argument  # type: ignore[misc]
        await board.link(mia, task_id=task_name(child), parent=task_name(parent), relation=word)
    elif what == "unlink":
        child, parent = argument  # type: ignore[misc]
        await board.link(mia, task_id=task_name(child), parent=task_name(parent), remove=True)
    elif what == "cancel":
        await board.cancel(mia, task_id=task)
    elif what == "retry":
        await board.retry(mia, task_id=task)
    elif what == "answer":
        await board.answer(mia, task_id=task, answer="Go on with it")
    elif what == "reject":
        await board.reject(mia, task_id=task)
    elif what == "sweep":
        await board.reap()
    else:
        await work(board, s, what, task)


async def work(board: Board, s: object, what: str, task: str) -> None:
    await board.claim(s, task_id=task)  # type: ignore[arg-type]
    if what == "work":
        await board.complete(s, task_id=task, summary=SUMMARY)  # type: ignore[arg-type]
    elif what == "fail":
        await board.fail(s, task_id=task, reason="It cannot work like this", retry=False)  # type: ignore[arg-type]
    elif what == "block":
        await board.block(s, task_id=task, reason="Which redirect URI in staging?")  # type: ignore[arg-type]


async def run(path: Path, moves: Sequence[tuple[str, object]]) -> None:
    clock = Clock()
    store = SqliteStore(path, SqliteOptions(may_create=True, synchronous="OFF"))
    board = Board(store, clock=clock, is_gone=lambda _: False)
    try:
        for n in range(4):
            await board.create(person(), title=f"Task {n}")
        for what, argument in moves:
            clock.advance(1_000)
            try:
                await step(board, what, argument)
            except BoardError:
                continue  # a refusal; that it changed nothing is checked below, by the counters
            finally:
                check(path)
        assert "repaired" not in await board.reap()
    finally:
        await board.close()


@pytest.mark.proves("hermes-12", "S6")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(move, min_size=5, max_size=25))
def test_counters_states_and_holds_equal_a_naive_count_after_any_sequence(moves: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / ".kanban" / "board.db", moves))
