"""`kanban_hook` on the connected server: unlisted, refused to a model, quiet, and how it tells sub-agents apart."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.types import Implementation

from kanban_mcp.domain.errors import BoardUnavailable
from kanban_mcp.domain.hooks import EVENTS
from kanban_mcp.domain.principals import ProcessId
from kanban_mcp.server.mcp_server import build_server
from kanban_mcp.server.session import ClientSession
from kanban_mcp.service.board import Board
from tests.conftest import Clock, person
from tests.hooks.conftest import kinds
from tests.server.conftest import ERAS, RecordingBoard, a_session, text_of
from tests.service.helpers import MINUTE, ask, ask_all, ready

HERE = ProcessId(4711, "100", "testhost", "boot-1")


@pytest.fixture
def session(board: Board) -> ClientSession:
    """Return a connection whose client names its session in the environment, as Claude Code does."""
    return a_session(board, env={"KANBAN_SESSION_ID": "main"}, process=HERE)


@asynccontextmanager
async def as_client(session: ClientSession, era: str = "auto", name: str = "claude-code") -> AsyncIterator["Calls"]:
    who = Implementation(name=name, version="1")
    async with Client(build_server(session), mode=era, client_info=who) as client:
        yield Calls(client)


class Calls:
    """Calls as a client's hooks and its model make them."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.uses = 0

    async def hook(self, event: str, meta: dict[str, Any] | None = None, **payload: Any) -> dict[str, Any]:
        """Call the tool as a hook does and return what it says to the client."""
        given = {"event": event, "client": "claude", "session_id": "main", **payload}
        result = await self.client.call_tool("kanban_hook", given, meta=meta)  # type: ignore[arg-type]  # any _meta
        assert not result.is_error
        answer = json.loads(text_of(result))
        assert isinstance(answer, dict)
        return answer

    async def claude(self, tool: str, agent: str = "", **arguments: Any) -> Any:
        """Let an agent of Claude Code call a tool: the hook before it names the call and the agent."""
        self.uses += 1
        use = f"toolu_{self.uses}"
        await self.hook("PreToolUse", agent_id=agent, tool_name=f"mcp__kanban__{tool}", tool_use_id=use)
        return await self.model(tool, {"claudecode/toolUseId": use}, **arguments)

    async def model(self, tool: str, meta: dict[str, Any], **arguments: Any) -> Any:
        """Call a tool with the `_meta` that a client sends with its model's calls."""
        return await self.client.call_tool(tool, arguments, meta=meta)  # type: ignore[arg-type]  # any _meta


def denied(answer: dict[str, Any]) -> str:
    """Return the reason of a denial, '' for none."""
    return str(answer.get("hookSpecificOutput", {}).get("permissionDecisionReason", ""))


# Unlisted, refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ERAS)
async def test_it_is_in_no_list_and_answers_all_the_same(session: ClientSession, era: str) -> None:
    async with as_client(session, era) as calls:
        listed = [tool.name for tool in (await calls.client.list_tools()).tools]
        assert "kanban_show" in listed
        assert "kanban_hook" not in listed
        assert await calls.hook("PostToolUse", tool_name="Bash") == {}


@pytest.mark.parametrize("name", ["opencode", "gemini-cli-mcp-client", "cursor-vscode", "not-claude", ""])
async def test_a_client_without_hooks_of_this_kind_has_no_such_tool(session: ClientSession, name: str) -> None:
    async with as_client(session, name=name) as calls:
        result = await calls.client.call_tool("kanban_hook", {"event": "Stop", "client": "claude"})
        assert result.is_error
        assert text_of(result).startswith("[not_found]")


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("field", ["claudecode/toolUseId", "callId", "itemId"])
async def test_a_model_that_guesses_its_name_gets_the_answer_for_no_tool(
    session: ClientSession, era: str, field: str
) -> None:
    async with as_client(session, era) as calls:
        result = await calls.model("kanban_hook", {field: "x"}, event="SessionStart")
        assert result.is_error
        assert text_of(result).startswith('[not_found] There is no tool "kanban_hook".')


@pytest.mark.parametrize("toolset", ["worker", "orchestrator", "operator"])
async def test_every_toolset_has_it(board: Board, toolset: str) -> None:
    async with as_client(a_session(board, toolset)) as calls:
        assert await calls.hook("Stop") == {}


# Both eras: what each event answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ERAS)
async def test_beat_message_fence_and_reminder_in_the_words_of_the_client(
    board: Board, session: ClientSession, era: str
) -> None:
    await ready(board)
    async with as_client(session, era) as calls:
        await calls.claude("kanban_claim")
        await board.comment(person(), task_id="TASK-001", body="Mind the tabs")
        said = (await calls.hook("PostToolUse", tool_name="Bash"))["hookSpecificOutput"]
        assert said["hookEventName"] == "PostToolUse"
        assert "Mind the tabs" in said["additionalContext"]
        stop = await calls.hook("Stop", stop_hook_active="false", background_tasks="[]")
        assert (stop["decision"], stop["reason"][:20]) == ("block", "You still hold TASK-")
        await board.cancel(person(), task_id="TASK-001")
        before = (await calls.hook("PreToolUse", tool_name="Edit", tool_use_id="t"))["hookSpecificOutput"]
        assert before["permissionDecision"] == "deny"
        assert before["permissionDecisionReason"].startswith("[cancelled] TASK-001")
        await calls.claude("kanban_show")
        assert await calls.hook("PreToolUse", tool_name="Edit", tool_use_id="t") == {}


async def test_a_loss_that_a_refused_call_has_told_needs_no_fence(board: Board, session: ClientSession) -> None:
    await ready(board)
    async with as_client(session) as calls:
        await calls.claude("kanban_claim")
        await board.cancel(person(), task_id="TASK-001")
        assert (await calls.claude("kanban_heartbeat")).is_error
        assert await calls.hook("PreToolUse", tool_name="Edit", tool_use_id="t") == {}


async def test_a_hundred_calls_in_one_tenth_of_a_lease_write_once(
    board: Board, session: ClientSession, clock: Clock, board_path: Path
) -> None:
    await ready(board)
    async with as_client(session) as calls:
        await calls.claude("kanban_claim")
        clock.advance(MINUTE)
        await calls.hook("PostToolUse", tool_name="Bash")
        version = await board._store.data_version()
        beaten = ask(board_path, "SELECT beat_at_ms FROM runs")
        for _ in range(50):
            clock.advance(500)
            await calls.hook("PreToolUse", tool_name="Bash", tool_use_id="t")
            await calls.hook("PostToolUse", tool_name="Bash")
        assert ask(board_path, "SELECT beat_at_ms FROM runs") == beaten
        assert await board._store.data_version() == version


# Sub-agents of Claude Code: the hook names the call, the call brings the name ---------------------------------------


@pytest.mark.parametrize("era", ERAS)
async def test_claude_sub_agents_hold_runs_of_their_own(
    board: Board, session: ClientSession, era: str, board_path: Path
) -> None:
    for _ in range(3):
        await ready(board)
    async with as_client(session, era) as calls:
        for agent in ("", "a1", "a2"):
            await calls.claude("kanban_claim", agent)
        beats = [(await calls.claude("kanban_heartbeat", agent)).structured_content for agent in ("a2", "", "a1")]
        assert [beat["run_id"] for beat in beats] == ["run-3", "run-1", "run-2"]
    keys = [key for (key,) in ask_all(board_path, "SELECT key FROM workers WHERE name LIKE 'claude%' ORDER BY id")]
    assert keys == ["testhost|boot-1|main", "testhost|boot-1|main#a1", "testhost|boot-1|main#a2"]


async def test_parallel_calls_of_two_agents_are_told_apart_by_their_ids(board: Board, session: ClientSession) -> None:
    for _ in range(2):
        await ready(board)
    async with as_client(session) as calls:
        for use, agent in (("t1", ""), ("t2", "a1")):
            await calls.hook("PreToolUse", agent_id=agent, tool_name="mcp__kanban__kanban_claim", tool_use_id=use)
        await calls.model("kanban_claim", {"claudecode/toolUseId": "t2"})
        await calls.model("kanban_claim", {"claudecode/toolUseId": "t1"})
        main = (await calls.claude("kanban_heartbeat")).structured_content
        assert main["run_id"] == "run-2"


async def test_a_call_whose_hook_never_came_is_the_main_agents(board: Board, session: ClientSession) -> None:
    """Today's behaviour where no hooks are installed."""
    await ready(board)
    async with as_client(session) as calls:
        await calls.model("kanban_claim", {"claudecode/toolUseId": "unheard"})
        await calls.model("kanban_heartbeat", {})
        assert (await calls.claude("kanban_heartbeat")).structured_content["run_id"] == "run-1"


async def test_only_calls_of_the_boards_own_tools_are_remembered(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kanban_mcp.server.session.MOST_REMEMBERED", 16)
    async with as_client(session) as calls:
        for number in range(20):
            await calls.hook("PreToolUse", agent_id="a1", tool_name="Bash", tool_use_id=f"b{number}")
        assert not session._uses
        for number in range(20):
            await calls.hook("PreToolUse", agent_id=f"a{number}", tool_name="kanban_show", tool_use_id=f"k{number}")
        assert len(session._uses) == len(session._agents) == 16


async def test_an_agent_that_was_forgotten_is_still_the_same_worker(board: Board, session: ClientSession) -> None:
    await ready(board)
    async with as_client(session) as calls:
        await calls.claude("kanban_claim", "a1")
        session._agents.clear()
        assert (await calls.claude("kanban_heartbeat", "a1")).structured_content["run_id"] == "run-1"


async def test_the_fence_and_the_end_of_a_sub_agent_go_to_the_right_one(
    board: Board, session: ClientSession, board_path: Path
) -> None:
    for _ in range(2):
        await ready(board)
    async with as_client(session) as calls:
        await calls.claude("kanban_claim")
        await calls.claude("kanban_claim", "a1")
        await board.cancel(person(), task_id="TASK-001")
        edit = {"tool_name": "Edit", "tool_use_id": "t"}
        assert denied(await calls.hook("PreToolUse", **edit)).startswith("[cancelled] TASK-001")
        assert await calls.hook("PreToolUse", agent_id="a1", **edit) == {}
        stop = {"agent_id": "a1", "stop_hook_active": "false"}
        assert (await calls.hook("SubagentStop", **stop))["reason"].startswith("You still hold TASK-002")
        assert await calls.hook("SubagentStop", **{**stop, "stop_hook_active": "true"}) == {}
    assert kinds(board_path, 2)[-1] == "handed_back"


async def test_no_sub_agent_of_a_delegated_run_speaks_for_a_person() -> None:
    board = RecordingBoard()
    env = {"KANBAN_SESSION_ID": "main", "KANBAN_RUN_ID": "run-1"}
    async with as_client(a_session(board, "operator", env=env, is_person=True)) as calls:
        for agent in ("", "a1"):
            await calls.claude("kanban_list", agent)
    assert {str(s.caller.authority) for s in board.sessions} == {"orchestrator"}


# Codex: threads in `_meta`; hook calls carry the thread alone -------------------------------------------------------


async def test_a_codex_thread_is_an_agent_of_its_session(board: Board, board_path: Path) -> None:
    """Each thread has a server process of its own; its hooks come first and name the session in their arguments."""
    for _ in range(2):
        await ready(board)
    elsewhere = ProcessId(4712, "1", "testhost", "boot-1")
    root, sub = (a_session(board, env={}, process=process) for process in (HERE, elsewhere))
    async with as_client(root, name="codex-mcp-client") as main, as_client(sub, name="codex-mcp-client") as agent:
        await main.hook("UserPromptSubmit", {"threadId": "r"}, session_id="r")
        await agent.hook("SubagentStart", {"threadId": "s"}, session_id="r", agent_id="s")
        await main.model("kanban_claim", {"threadId": "r", "sessionId": "r", "callId": "1"})
        helped = await agent.model("kanban_heartbeat", {"threadId": "s", "sessionId": "r", "callId": "2"})
        assert helped.structured_content["run_id"] == "run-1"
        await agent.model("kanban_claim", {"threadId": "s", "sessionId": "r", "callId": "3"})
        beat = await agent.model("kanban_heartbeat", {"threadId": "s", "sessionId": "r", "callId": "4"})
        assert beat.structured_content["run_id"] == "run-2"
        await board.cancel(person(), task_id="TASK-001")
        edit = {"session_id": "r", "tool_name": "Bash", "tool_use_id": "t"}
        assert denied(await main.hook("PreToolUse", {"threadId": "r"}, **edit))
        assert not denied(await agent.hook("PreToolUse", {"threadId": "s"}, **edit))
    keys = [key for (key,) in ask_all(board_path, "SELECT key FROM workers WHERE key LIKE '%|r%' ORDER BY id")]
    assert [key.rpartition("|")[2] for key in keys] == ["r", "r#s"]


async def test_a_named_session_stays_what_it_is_when_codex_hooks_speak_for_it(board: Board, board_path: Path) -> None:
    """KANBAN_SESSION_ID names another session than Codex does: its main thread is not taken for a sub-agent."""
    await ready(board)
    named = a_session(board, env={"KANBAN_SESSION_ID": "mine"}, process=HERE)
    async with as_client(named, name="codex-mcp-client") as main:
        await main.hook("UserPromptSubmit", {"threadId": "r"}, session_id="r")
        await main.model("kanban_claim", {"threadId": "r", "sessionId": "r", "callId": "1"})
        assert "You still hold" in (await main.hook("Stop", {"threadId": "r"}, session_id="r"))["reason"]
    assert ask(board_path, "SELECT key FROM workers WHERE name LIKE 'codex%'") == "testhost|boot-1|mine"


# Never an error -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", EVENTS)
async def test_a_board_that_cannot_be_used_fences_nothing_and_says_nothing(event: str) -> None:
    gone = a_session(BoardUnavailable("The board is gone.", hint="put it back"))
    async with as_client(gone) as calls:
        assert await calls.hook(event, tool_name="Edit", tool_use_id="t") == {}


async def broken(*_: object) -> None:
    raise RuntimeError("a bug")


async def test_a_fault_inside_is_logged_and_answered_with_nothing(caplog: pytest.LogCaptureFixture) -> None:
    board = RecordingBoard()
    board.hook = broken  # type: ignore[attr-defined]  # in place of the canned answers
    async with as_client(a_session(board)) as calls:
        assert await calls.hook("PreToolUse", tool_name="Edit", tool_use_id="t") == {}
    assert "a bug" in caplog.text


@pytest.mark.parametrize("event", ["", "Unheard", None, 7, {"a": 1}])
async def test_an_event_that_nobody_knows_is_answered_with_nothing(session: ClientSession, event: Any) -> None:
    async with as_client(session) as calls:
        assert await calls.hook(event) == {}


async def test_no_board_is_made_by_a_hook(board: Board, session: ClientSession, board_path: Path) -> None:
    async with as_client(session) as calls:
        for event in EVENTS:
            await calls.hook(event, tool_name="Edit", tool_use_id="t", agent_id="a1")
    assert not board_path.exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["true", "main", "[{}]", "a1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = "session_id agent_id tool_name tool_use_id stop_hook_active background_tasks tool_input command client reason"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=st.sampled_from(EVENTS), given=st.dictionaries(st.sampled_from(FIELDS.split()), JSON))
async def test_whatever_the_payload_the_answer_is_an_object_and_no_error(
    board: Board, event: str, given: dict[str, Any]
) -> None:
    async with as_client(a_session(board, env={"KANBAN_SESSION_ID": "main"}, process=HERE)) as calls:
        assert isinstance(await calls.hook(event, **given), dict)


# The trace for doctor -----------------------------------------------------------------------------------------------


async def test_a_hook_leaves_its_trace_at_most_once_a_minute(
    board: Board, session: ClientSession, board_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ready(board)
    written: list[str] = []
    note: Callable[..., None] = lambda folder, client, _now: written.append(f"{Path(folder).name}/{client}")  # noqa: E731
    monkeypatch.setattr("kanban_mcp.server.session.note_fired", note)
    opened = await session.board.get()
    monkeypatch.setattr(session.board, "_opened", type(opened)(opened.board, folder=str(board_path.parent)))
    async with as_client(session) as calls:
        for _ in range(3):
            await calls.hook("PostToolUse", tool_name="Bash")
    assert written == [".kanban/claude"]
