"""The shape of answers and errors, what a handler is given, and what happens around a call; in both protocol eras."""

import asyncio
import json
import logging
from typing import Any

import anyio
import pytest

from kanban_mcp.domain.errors import BoardUnavailable, LeaseLost
from kanban_mcp.service import results
from tests.server.conftest import ERAS, RecordingBoard, a_session, call, connected, text_of

pytestmark = pytest.mark.parametrize("era", ERAS)


@pytest.mark.proves("trap-9")
async def test_a_success_is_one_object_with_next_first_and_a_compact_copy(era: str) -> None:
    async with connected(a_session(), era) as client:
        result = await client.call_tool("kanban_list", {})
    assert result.is_error is False
    assert list(result.structured_content) == ["next", "counts", "tasks"]  # `truncated` is empty and left out
    text = text_of(result)
    assert text == '{"next":"1 task.","counts":{"ready":1},"tasks":[{"id":"TASK-001"}]}'
    assert list(json.loads(text)) == list(result.structured_content)


async def test_text_keeps_characters_as_they_are(era: str) -> None:
    listing = results.Listing(next="Läuft → weiter.", counts={}, tasks=[], truncated="")
    async with connected(a_session(RecordingBoard(list=listing)), era) as client:
        assert text_of(await client.call_tool("kanban_list", {})) == '{"next":"Läuft → weiter."}'


async def test_a_path_that_is_no_text_does_not_break_the_answer(era: str) -> None:
    listing = results.Listing(next="In /tmp/\udcff.", counts={}, tasks=[], truncated="")
    async with connected(a_session(RecordingBoard(list=listing)), era) as client:
        result = await client.call_tool("kanban_list", {})
    assert result.structured_content == {"next": "In /tmp/?."}


async def test_a_refusal_is_text_only_and_starts_with_its_code(era: str) -> None:
    lost = LeaseLost("run-31 no longer holds TASK-014.", hint="stop editing.")
    async with connected(a_session(RecordingBoard(heartbeat=lost)), era) as client:
        result = await client.call_tool("kanban_heartbeat", {})
    assert result.is_error is True
    assert result.structured_content is None
    assert text_of(result) == "[lease_lost] run-31 no longer holds TASK-014. Next: stop editing."


async def test_an_unexpected_failure_says_so_and_leaks_nothing(era: str, caplog: pytest.LogCaptureFixture) -> None:
    async with connected(a_session(RecordingBoard(create=RuntimeError("secret /path"))), era) as client:
        with caplog.at_level(logging.ERROR):
            result = await client.call_tool("kanban_create", {"title": "private words"})
    text = text_of(result)
    assert result.is_error is True
    assert text.startswith("[internal] kanban_create failed inside the server")
    assert "secret" not in text
    reference = text.partition("reference ")[2][:8]
    assert reference in caplog.text
    assert "secret /path" in caplog.text  # the log has the traceback
    assert "private words" not in caplog.text


async def test_an_unknown_tool_is_an_error_result_naming_the_nearest(era: str) -> None:
    async with connected(a_session(), era) as client:
        text = text_of(await client.call_tool("kanban_shw", {}))
        prefixed = text_of(await client.call_tool("mcp__kanban__kanban_claim", {}))
    assert text == '[not_found] There is no tool "kanban_shw". Next: Did you mean kanban_show?'
    assert prefixed.endswith("Did you mean kanban_claim?")


async def test_a_tool_of_another_toolset_is_named_as_such(era: str) -> None:
    async with connected(a_session(toolset="worker"), era) as client:
        text = text_of(await client.call_tool("kanban_plan", {"tasks": []}))
    assert text.startswith("[not_found] kanban_plan is not offered here: this server has the worker toolset.")


async def test_a_board_that_cannot_be_opened_refuses_each_call_and_lists_all_the_same(era: str) -> None:
    async with connected(a_session(BoardUnavailable("The disk is full.", hint="free space.")), era) as client:
        assert len((await client.list_tools()).tools) == 17
        assert text_of(await client.call_tool("kanban_show", {})) == (
            "[board_unavailable] The disk is full. Next: free space."
        )


async def test_a_refused_argument_never_reaches_the_board(era: str) -> None:
    board = RecordingBoard()
    async with connected(a_session(board), era) as client:
        result = await client.call_tool("kanban_create", {"title": "A", "colour": "red"})
    assert text_of(result).startswith("[unknown_argument] kanban_create has no argument")
    assert board.calls == []


async def test_progress_reaches_a_client_that_asks_and_harms_no_other(era: str) -> None:
    async def claim(_session: Any, *, progress: Any, **_arguments: Any) -> Any:
        for value in (5, 10, 10, 3, 15):
            await progress(value, f"waited {value} s")
        return results.Claimed("Nothing.", False, "none_ready", "", None)

    seen: list[tuple[float, str | None]] = []

    async def note(value: float, _total: float | None, message: str | None) -> None:
        seen.append((value, message))

    async with connected(a_session(RecordingBoard(claim=claim)), era) as client:
        await client.call_tool("kanban_claim", {"wait_s": 20})
        assert seen == []
        await client.call_tool("kanban_claim", {"wait_s": 20}, progress_callback=note)
    assert seen == [(5, "waited 5 s"), (10, "waited 10 s"), (15, "waited 15 s")]  # the protocol wants it to rise


async def test_two_calls_on_one_connection_run_side_by_side(era: str) -> None:
    arrived = anyio.Event()

    async def wait(_session: Any, **_arguments: Any) -> Any:
        await arrived.wait()
        return results.Waited("Done.", True, [], [])

    async def show(_session: Any, **_arguments: Any) -> Any:
        arrived.set()
        return results.Overview("You hold nothing.", [], [], [], None)

    async with connected(a_session(RecordingBoard(wait=wait, show=show)), era) as client:
        waiting = asyncio.create_task(client.call_tool("kanban_wait", {"task_ids": ["TASK-001"]}))
        await client.call_tool("kanban_show", {})
        assert (await waiting).structured_content == {"next": "Done.", "done": True}


async def test_a_cancelled_call_cancels_the_wait(era: str, raw: Any) -> None:
    started, ended = anyio.Event(), anyio.Event()

    async def wait(_session: Any, **_arguments: Any) -> Any:
        try:
            started.set()
            await anyio.sleep_forever()
        finally:
            ended.set()

    client = await raw(a_session(RecordingBoard(wait=wait)))
    meta = envelope() if era == "auto" else None
    if era == "legacy":
        await client.shake_hands()
    client.send(call(1, "kanban_wait", meta, task_ids=["TASK-001"]))
    await started.wait()
    client.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
    await ended.wait()
    client.send(call(2, "kanban_list", meta))
    assert (await client.receive())["id"] == 2  # nothing came for the cancelled call


async def test_long_waits_are_cut_for_clients_that_would_give_up(era: str) -> None:
    board = RecordingBoard()
    async with connected(a_session(board), era) as client:
        await client.call_tool("kanban_wait", {"task_ids": ["TASK-001"], "timeout_s": 540})
    assert board.calls[-1][1]["timeout_s"] == 45


async def test_resources_show_the_board_and_a_task(era: str) -> None:
    board = RecordingBoard()
    async with connected(a_session(board), era) as client:
        (listed,) = (await client.list_resources()).resources
        (template,) = (await client.list_resource_templates()).resource_templates
        (read,) = (await client.read_resource(listed.uri)).contents
        await client.read_resource("kanban://task/TASK-001")
        with pytest.raises(Exception, match=r"\[not_found\] There is no resource"):
            await client.read_resource("kanban://nothing")
    assert template.uri_template == "kanban://task/{id}"
    assert read.mime_type == "application/json"
    assert json.loads(read.text)["counts"] == {"ready": 1}
    assert board.calls[-1] == ("show", {"task_id": "TASK-001"})


async def test_prompts_take_a_role_and_a_goal(era: str) -> None:
    async with connected(a_session(), era) as client:
        names = [prompt.name for prompt in (await client.list_prompts()).prompts]
        work = await client.get_prompt("work", {"role": "tester"})
        plan = await client.get_prompt("orchestrate", {"goal": "Ship {it}"})
        with pytest.raises(Exception, match=r"\[invalid\] prompt"):
            await client.get_prompt("orchestrat", {})
    assert names == ["work", "orchestrate"]
    assert 'kanban_claim(assignee="tester")' in work.messages[0].content.text
    assert "Goal: Ship {it}" in plan.messages[0].content.text


def envelope() -> dict[str, Any]:
    return {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    }
