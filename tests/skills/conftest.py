"""A stage for the examples: a board on a real file, agents in git worktrees of their own, clients of either era."""

import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from kanban_mcp.domain.principals import ProcessId
from kanban_mcp.service.board import Board
from kanban_mcp.service.results import TaskView
from kanban_mcp.verify.verifier import LocalVerifier
from tests.conftest import Clock, MakeBoard, person
from tests.server.conftest import a_session, connected, text_of
from tests.skills.reading import Block, Call

Answer = dict[str, Any]

FIXED = {f"GIT_{who}_DATE": "2026-01-01T00:00:00Z" for who in ("AUTHOR", "COMMITTER")}
FIXED |= {f"GIT_{who}_{what}": "worker@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
FIXED |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": os.environ["PATH"]}


class Actor:
    """A client of the board, as a worker of its own; `workdir` is its git worktree."""

    def __init__(self, client: Client, workdir: Path) -> None:
        self.client, self.workdir = client, workdir

    async def does(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool and return its answer; a refusal fails the test."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, text_of(result)
        answer: Answer = json.loads(text_of(result))
        assert answer == result.structured_content
        return answer

    async def is_refused(self, code: str, call: Call) -> str:
        """Expect a refusal with this code, and return its text."""
        result = await self.client.call_tool(call.tool, call.arguments)
        assert result.is_error, result.structured_content
        assert text_of(result).startswith(f"[{code}]"), text_of(result)
        return text_of(result)

    async def plays(self, example: Block, before: dict[str, Callable[[], Any]] | None = None) -> list[Answer]:
        """Make every call of an example, letter for letter; `before` does what a worker does before a tool's call."""
        answers = []
        for call in example.calls:
            (before or {}).get(call.tool, lambda: None)()
            answers.append(await self.does(call.tool, **call.arguments))
        return answers

    def commits(self, name: str, text: str) -> str:
        """Write and commit a file; author, dates and message are fixed, so that the id is the same everywhere."""
        path = self.workdir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        git(self.workdir, "add", name)
        git(self.workdir, "commit", "-q", "-m", f"Change {name}")
        return git(self.workdir, "rev-parse", "HEAD")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", folder, *arguments], env=FIXED, capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Stage:
    """One board with everybody on it. `clock` is the board's."""

    def __init__(self, board: Board, clock: Clock, repository: Path, era: str, stack: AsyncExitStack) -> None:
        self.board, self.clock = board, clock
        self._repository, self._era, self._stack = repository, era, stack
        self._pids = iter(range(100, 200))

    async def joins(self, name: str, toolset: str = "worker", *, is_person: bool = False) -> Actor:
        """Let somebody join: an agent, or the person with the operator key."""
        workdir = self._repository.parent / name
        git(self._repository, "worktree", "add", "-q", "-b", name, str(workdir))
        process = ProcessId(next(self._pids), "1", "laptop", "boot-1")
        environment = {"KANBAN_SESSION_ID": name}
        session = a_session(self.board, toolset, environment, is_person=is_person, process=process, workdir=workdir)
        return Actor(await self._stack.enter_async_context(connected(session, self._era)), workdir)

    async def orchestrator(self) -> Actor:
        return await self.joins("orchestrator", "orchestrator")

    async def person(self) -> Actor:
        return await self.joins("mia", "operator", is_person=True)

    async def state(self, task_id: str) -> str:
        """Return the state of a task, with its kind where it has one: `awaiting_review asking`."""
        view = await self.board.show(person("looker"), task_id=task_id)
        assert isinstance(view, TaskView)
        return f"{view.state} {view.kind}" if view.kind else view.state

    async def states(self, *task_ids: str) -> list[str]:
        return [await self.state(task_id) for task_id in task_ids]


MakeStage = Callable[[str], AbstractAsyncContextManager[Stage]]


@pytest.fixture
def make_stage(make_board: MakeBoard, clock: Clock, tmp_path: Path) -> MakeStage:
    """Return a maker of the stage for clients of one era; everybody leaves at its end, in the task they joined in."""
    repository = tmp_path / "shop"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    git(repository, "commit", "-q", "--allow-empty", "-m", "Begin")

    @asynccontextmanager
    async def staged(era: str) -> AsyncIterator[Stage]:
        async with AsyncExitStack() as stack:
            yield Stage(make_board(verifier=LocalVerifier()), clock, repository, era, stack)

    return staged
