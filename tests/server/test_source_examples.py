"""The examples of the dispatcher skill, letter for letter, through an MCP client of each protocol era."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from mcp import Client

from kanban_mcp.domain.principals import ProcessId
from kanban_mcp.service.board import Board
from tests.server.conftest import ERAS, a_session, connected, text_of


async def ask(client: Client, tool: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments or {})
    assert not result.is_error, text_of(result)
    answer: dict[str, Any] = json.loads(text_of(result))
    assert answer == result.structured_content
    assert next(iter(answer)) == "next"
    return answer


class Team:
    """Clients on one board, each a worker of its own."""

    def __init__(self, board: Board, era: str, stack: AsyncExitStack) -> None:
        self._board, self._era, self._stack = board, era, stack
        self._pids = iter(range(100, 200))

    async def join(self, name: str, toolset: str = "orchestrator", *, is_person: bool = False) -> Client:
        process = ProcessId(next(self._pids), "1", "laptop", "boot-1")
        env = {"KANBAN_SESSION_ID": name}
        session = a_session(self._board, toolset, env, is_person=is_person, process=process)
        return await self._stack.enter_async_context(connected(session, self._era))


@asynccontextmanager
async def assembled(board: Board, era: str) -> AsyncIterator[Team]:
    """Let clients join; all leave at the end, in the task that they joined in."""
    async with AsyncExitStack() as stack:
        yield Team(board, era, stack)


@pytest.mark.parametrize("era", ERAS)
async def test_the_orchestrator_pattern_sequences_itself(board: Board, era: str) -> None:
    async with assembled(board, era) as team:
        orchestrator = await team.join("orchestrator")
        await ask(orchestrator, "kanban_create", {"title": "Implement user auth", "assignee": "implementer"})
        tests = {"title": "Write auth tests", "assignee": "tester", "parents": ["TASK-001"]}
        review = {"title": "Auth code review", "assignee": "reviewer", "parents": ["TASK-002"]}
        assert (await ask(orchestrator, "kanban_create", tests))["parents"] == [{"id": "TASK-001", "relation": "after"}]
        assert (await ask(orchestrator, "kanban_create", review))["state"] == "pending"

        for role, task_id in (("implementer", "TASK-001"), ("tester", "TASK-002"), ("reviewer", "TASK-003")):
            worker = await team.join(role, "worker")
            claimed = await ask(worker, "kanban_claim", {"assignee": role})
            assert claimed["task"]["id"] == task_id
            early = await ask(await team.join(f"early {role}", "worker"), "kanban_claim", {"assignee": "reviewer"})
            assert early["claimed"] is False
            await ask(worker, "kanban_complete", {"summary": "Implemented OAuth2 flow, 14 tests pass"})
        assert (await ask(orchestrator, "kanban_list"))["counts"]["done"] == 3


@pytest.mark.parametrize("era", ERAS)
async def test_the_worker_contract_holds_the_parent_until_its_child_is_done(board: Board, era: str) -> None:
    async with assembled(board, era) as team:
        orchestrator = await team.join("orchestrator")
        await ask(orchestrator, "kanban_create", {"title": "Implement user auth", "assignee": "implementer"})
        worker, helper = await team.join("worker", "worker"), await team.join("helper", "worker")
        assert (await ask(worker, "kanban_claim", {"assignee": "implementer"}))["claimed"]

        assert (await ask(worker, "kanban_show"))["id"] == "TASK-001"
        await ask(worker, "kanban_heartbeat", {"note": "Running tests in src/auth/"})
        child = {
            "title": "Fix type errors in auth module",
            "assignee": "implementer",
            "parents": ["TASK-001"],
            "context": "See src/auth/types.ts line 42",
        }
        assert (await ask(worker, "kanban_create", child))["parents"] == [{"id": "TASK-001", "relation": "part_of"}]
        done = {
            "summary": "Implemented OAuth2 flow, 14 tests pass",
            "metadata": {"files_changed": ["src/auth/oauth.ts"], "tests_added": 14},
        }
        refused = await worker.call_tool("kanban_complete", done)
        assert refused.is_error
        assert text_of(refused).startswith("[gates_not_met] TASK-001 is not done.")
        assert "TASK-002" in text_of(refused)

        assert (await ask(helper, "kanban_claim", {"assignee": "implementer"}))["task"]["id"] == "TASK-002"
        await ask(helper, "kanban_complete", {"summary": "Typed the session object, tsc is clean"})
        assert (await ask(worker, "kanban_complete", done))["state"] == "done"


@pytest.mark.parametrize("era", ERAS)
async def test_a_block_without_a_question_mark_reaches_a_person(board: Board, era: str) -> None:
    async with assembled(board, era) as team:
        worker, person = await team.join("worker", "worker"), await team.join("mia", "operator", is_person=True)
        await ask(person, "kanban_create", {"title": "Charge the card", "assignee": "implementer"})
        await ask(worker, "kanban_claim", {"assignee": "implementer"})
        await ask(worker, "kanban_block", {"reason": "Missing API key — need STRIPE_SECRET_KEY in .env"})
        assert (await ask(person, "kanban_show", {"task_id": "TASK-001"}))["blocked"]["reason"].startswith(
            "Missing API"
        )
        await ask(person, "kanban_answer", {"task_id": "TASK-001", "answer": "It is in the vault as STRIPE_SECRET_KEY"})
        again = await ask(worker, "kanban_claim", {"assignee": "implementer"})
        assert again["task"]["messages"][0]["text"] == "It is in the vault as STRIPE_SECRET_KEY"


@pytest.mark.parametrize("era", ERAS)
async def test_the_approval_gate_opens_only_for_a_person(board: Board, era: str) -> None:
    async with assembled(board, era) as team:
        orchestrator = await team.join("orchestrator")
        for title in ("Design the schema", "Write the migration", "Apply the migration"):
            await ask(orchestrator, "kanban_create", {"title": title, "assignee": "implementer"})
        worker = await team.join("worker", "worker")
        await ask(worker, "kanban_claim", {"task_id": "TASK-003", "assignee": "implementer"})
        step = {
            "task_id": "TASK-003",
            "summary": "About to apply irreversible migration — please confirm",
            "context": "Backup at /tmp/backup.sql",
            "wait_s": 0,
        }
        assert (await ask(worker, "kanban_request_approval", step))["status"] == "pending"
        assert "kanban_approve" not in {tool.name for tool in (await orchestrator.list_tools()).tools}
        pretender = await team.join("pretender", "operator")
        refused = await pretender.call_tool("kanban_approve", {"task_id": "TASK-003"})
        assert refused.is_error
        assert text_of(refused).startswith("[forbidden]")
        assert (await ask(worker, "kanban_request_approval", step))["status"] == "pending"

        person = await team.join("mia", "operator", is_person=True)
        await ask(person, "kanban_approve", {"task_id": "TASK-003"})
        assert (await ask(worker, "kanban_request_approval", step))["status"] == "approved"
