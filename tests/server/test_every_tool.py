"""Every tool against a real board, through SDK clients of both protocol eras: one story, told by three callers."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import validate
from mcp import Client

from kanban_mcp import app
from kanban_mcp.domain.errors import PUBLIC_CODES
from kanban_mcp.server.tools import BY_NAME
from kanban_mcp.service.board import Board
from tests.server.conftest import ERAS, a_session, connected, text_of

pytestmark = pytest.mark.parametrize("era", ERAS)


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    opened = app.open_board(app.set_up(tmp_path, {"KANBAN_DB": str(tmp_path / "board.db")}))
    yield opened
    await opened.close()


class Caller:
    """An SDK client whose answers are checked on the way."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def __call__(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that succeeds and return its answer."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, text_of(result)
        answer: dict[str, Any] = result.structured_content
        assert next(iter(answer)) == "next"
        assert json.loads(text_of(result)) == answer
        assert not [name for name, value in answer.items() if value in (None, "", [], {})]
        validate(answer, dict(BY_NAME[tool].answer))
        return answer

    async def refused(self, tool: str, **arguments: Any) -> str:
        """Call a tool that refuses and return the text."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, result.structured_content
        assert result.structured_content is None
        text = text_of(result)
        assert text[1:].partition("]")[0] in PUBLIC_CODES
        return text


@asynccontextmanager
async def caller(board: Board, era: str, toolset: str, name: str, **more: Any) -> AsyncIterator[Caller]:
    session = a_session(board, toolset, {"KANBAN_SESSION_ID": name}, **more)
    async with connected(session, era) as client:
        yield Caller(client)


async def test_a_plan_is_worked_questioned_approved_and_watched(board: Board, era: str) -> None:
    async with (
        caller(board, era, "orchestrator", "boss") as boss,
        caller(board, era, "worker", "hand", role="implementer") as hand,
        caller(board, era, "operator", "mia", is_person=True) as mia,
    ):
        tasks = [
            {"ref": "parser", "title": "Write the parser", "assignee": "implementer"},
            {"ref": "tests", "title": "Test the parser", "assignee": "tester", "after": ["parser"]},
        ]
        assert (await boss("kanban_plan", tasks=tasks, dry_run=True))["dry_run"] is True
        planned = await boss("kanban_plan", tasks=tasks)
        assert [task["ref"] for task in planned["tasks"]] == ["parser", "tests"]
        assert (await boss("kanban_list"))["counts"]["pending"] == 1

        assert "TASK-001" in json.dumps(await hand("kanban_show"))
        taken = await hand("kanban_claim")
        assert (taken["claimed"], taken["task"]["id"]) == (True, "TASK-001")
        assert (await hand("kanban_claim"))["claimed"] is False
        beat = await hand("kanban_heartbeat", note="Reading the grammar", expect_s=600)
        assert beat["lease_expires_in_s"] >= 600
        await boss("kanban_comment", task_id="TASK-001", body="Keep it small.")

        blocked = await hand("kanban_block", reason="Which grammar does the parser follow?", options=["v1", "v2"])
        assert blocked["state"] == "blocked"
        waited = await boss("kanban_wait", task_ids=["TASK-001", "TASK-002"], timeout_s=0)
        assert waited["attention"][0]["id"] == "TASK-001"
        assert (await boss("kanban_answer", task_id="TASK-001", answer="v2"))["state"] == "ready"

        again = await hand("kanban_claim", task_id="TASK-001")
        assert "v2" in json.dumps(again["task"]["messages"])
        asked = await hand("kanban_request_approval", summary="Delete the old parser", irreversible=True, wait_s=0)
        assert asked["status"] == "pending"
        assert "[needs_approval]" in await hand.refused("kanban_complete", summary="The parser reads v2 now", wait_s=0)
        await mia("kanban_approve", task_id="TASK-001", note="Keep a copy")
        asked = await hand("kanban_request_approval", summary="Delete the old parser", irreversible=True, wait_s=0)
        assert (asked["status"], asked["note"]) == ("approved", "Keep a copy")

        part = await hand("kanban_create", title="Write the lexer", assignee="implementer", parents=["TASK-001"])
        assert part["parents"] == [{"id": "TASK-001", "relation": "part_of"}]
        assert "[gates_not_met]" in await hand.refused("kanban_complete", summary="The parser reads v2 now")
        assert "TASK-003" in json.dumps((await hand("kanban_show", task_id="TASK-001"))["subtasks"])
        await hand("kanban_claim", task_id="TASK-003")
        done = await hand("kanban_complete", task_id="TASK-003", summary="Lexer knows all 14 tokens; tests pass")
        assert done["state"] == "done"
        done = await hand(
            "kanban_complete", task_id="TASK-001", summary="Parser reads v2; 14 tests pass", metadata={"tests": 14}
        )
        assert (done["state"], done["now_ready"]) == ("done", ["TASK-002"])
        repeated = await hand("kanban_complete", task_id="TASK-001", summary="Parser reads v2; 14 tests pass")
        assert repeated["state"] == "done"  # a retried call gets the first answer


async def test_tasks_are_changed_linked_failed_retried_and_withdrawn(board: Board, era: str) -> None:
    async with (
        caller(board, era, "orchestrator", "boss") as boss,
        caller(board, era, "orchestrator", "hand", role="tester") as hand,
        caller(board, era, "operator", "mia", is_person=True) as mia,
    ):
        await boss("kanban_create", title="Write the guide", triage=True)
        await boss("kanban_create", title="Check the guide", assignee="tester")
        assert (await boss("kanban_link", task_id="TASK-002", parent="TASK-001"))["state"] == "pending"
        assert (await boss("kanban_link", task_id="TASK-002", parent="TASK-001", remove=True))["state"] == "ready"
        await boss("kanban_link", task_id="TASK-001", parent="TASK-002")
        assert "[cycle]" in await boss.refused("kanban_link", task_id="TASK-002", parent="TASK-001")
        await boss("kanban_link", task_id="TASK-001", parent="TASK-002", remove=True)
        changed = await boss("kanban_update", task_id="TASK-001", priority="high", assignee="tester", triage=False)
        assert changed["state"] == "ready"
        await boss("kanban_update", task_id="TASK-002", review="human", due_at="30m", max_attempts=None)

        await hand("kanban_claim", task_id="TASK-001")
        failed = await hand("kanban_fail", reason="The guide describes a tool that does not exist", retry=False)
        assert failed["state"] == "failed"
        assert "[forbidden]" in await hand.refused("kanban_retry", task_id="TASK-001")
        assert (await boss("kanban_retry", task_id="TASK-001", note="It exists now"))["state"] == "ready"
        withdrawn = await boss("kanban_cancel", task_id="TASK-001", reason="Superseded")
        assert withdrawn["state"] == "cancelled"

        assert "not due" in json.dumps(await hand("kanban_claim", task_id="TASK-002")).replace("_", " ")
        await boss("kanban_update", task_id="TASK-002", due_at="2020-01-01T00:00:00Z")
        await hand("kanban_claim", task_id="TASK-002")
        sent = await hand("kanban_complete", summary="Every command of the guide was run once")
        assert sent["state"] == "awaiting_review"
        async with caller(board, era, "operator", "pretender") as pretender:
            assert "[forbidden]" in await pretender.refused("kanban_approve", task_id="TASK-002")
        assert (await mia("kanban_reject", task_id="TASK-002", note="Chapter 3 is missing"))["state"] == "ready"
        assert "Chapter 3" in json.dumps(await boss("kanban_show", task_id="TASK-002"))


async def test_the_stories_above_use_every_tool(era: str) -> None:
    told = set(re.findall(r'(?:boss|hand|mia)\(\s*"(kanban_\w+)"', Path(__file__).read_text()))
    assert told == set(BY_NAME)
