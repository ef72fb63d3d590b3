"""The hook entries per client: the forms and fields that the clients were measured to accept."""

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.cli import hook
from kanban_mcp.clients import entries, hooks
from kanban_mcp.clients.codex_trust import HookTrust, codex_trust
from kanban_mcp.domain.hooks import EVENTS, read_event
from kanban_mcp.hooks import trace
from kanban_mcp.server import hook as tool

COMMAND = ["/opt/my tools/kanban-mcp"]
PAYLOADS: dict[str, dict[str, set[str]]] = {
    # What each payload always holds, read from the real programs: Claude Code 2.1.197 and 2.1.329, Codex 0.169.0.
    "claude": {
        "SessionStart": {"session_id", "cwd", "source"},
        "UserPromptSubmit": {"session_id", "cwd", "prompt"},
        "PreToolUse": {"session_id", "cwd", "tool_name", "tool_input", "tool_use_id"},
        "PostToolUse": {"session_id", "cwd", "tool_name", "tool_input", "tool_response", "tool_use_id"},
        "PostToolUseFailure": {"session_id", "cwd", "tool_name", "tool_input", "tool_use_id", "error"},
        "SubagentStop": {"session_id", "cwd", "agent_id", "stop_hook_active", "background_tasks"},
        "Stop": {"session_id", "cwd", "stop_hook_active", "background_tasks"},
        "SessionEnd": {"session_id", "cwd", "reason"},
    },
    "codex": {
        "SessionStart": {"session_id", "cwd", "source"},
        "UserPromptSubmit": {"session_id", "cwd", "prompt"},
        "PreToolUse": {"session_id", "cwd", "tool_name", "tool_input", "tool_use_id"},
        "PostToolUse": {"session_id", "cwd", "tool_name", "tool_input", "tool_response", "tool_use_id"},
        "SubagentStop": {"session_id", "cwd", "agent_id", "stop_hook_active"},
        "Stop": {"session_id", "cwd", "stop_hook_active"},
        "SessionEnd": {"session_id", "cwd", "reason"},
    },
}
BY_CLIENT = {"claude": hooks.claude_hooks(COMMAND), "codex": hooks.codex_hooks(COMMAND)}
CLIENTS = list(BY_CLIENT)


def handlers(client: str) -> dict[str, dict[str, Any]]:
    found = {}
    for event, groups in BY_CLIENT[client].items():
        ((found[event],),) = [group["hooks"] for group in groups]
        assert [set(group) for group in groups] == [{"hooks"}], "without a matcher: every tool, every reason"
    return found


@pytest.mark.parametrize("client", CLIENTS)
def test_every_measured_event_has_one_entry_and_no_other_has(client: str) -> None:
    assert set(handlers(client)) == set(PAYLOADS[client])
    assert set(handlers(client)) <= set(EVENTS)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_session_begins_and_ends_with_a_command_and_calls_the_server_in_between(client: str) -> None:
    kinds = {event: handler["type"] for event, handler in handlers(client).items()}
    commands = {event for event, kind in kinds.items() if kind == "command"}
    assert commands == {"SessionStart", "SessionEnd"}
    assert set(kinds.values()) == {"command", "mcp_tool"}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_command_is_one_line_for_a_shell_that_the_program_reads(client: str) -> None:
    for event in ("SessionStart", "SessionEnd"):
        handler = handlers(client)[event]
        assert shlex.split(handler["command"]) == [*COMMAND, "hook", event, "--client", client]
        assert event in (*hook._NEEDS, hook.SESSION_START)
        assert set(handler) == {"type", "command", "timeout"}


@pytest.mark.parametrize("client", CLIENTS)
def test_no_entry_names_what_its_payload_may_lack(client: str) -> None:
    """Codex leaves out a hook whose placeholder has no value, silently: a fence that fails open."""
    for event, handler in handlers(client).items():
        if handler["type"] == "command":
            continue
        given = handler["input"]
        assert (given["event"], given["client"]) == (event, client)
        named = {
            re.fullmatch(r"\$\{(\w+)\}", value)[1] for key, value in given.items() if key not in ("event", "client")
        }  # type: ignore[index]  # it matches or the test fails
        may_be_empty = {"agent_id"} if client == "claude" else set()  # "" for the main agent, measured
        assert named - may_be_empty <= PAYLOADS[client][event]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_the_tool_is_given_reads_like_the_payload(client: str) -> None:
    payload = {"session_id": "s", "agent_id": "a", "tool_name": "Edit", "tool_use_id": "t", "stop_hook_active": True}
    payload |= {"background_tasks": [{"status": "running"}]}
    for event, handler in handlers(client).items():
        if handler["type"] == "mcp_tool":
            given = {k: payload[v[2:-1]] if v.startswith("${") else v for k, v in handler["input"].items()}
            told = {field for field in payload if field in handler["input"]}
            whole = read_event(event, {key: value for key, value in payload.items() if key in told})
            assert read_event(event, given) == whole
            as_text = {
                k: json.dumps(v) if isinstance(v, list) else str(v).lower() if v is True else v
                for k, v in given.items()
            }
            assert read_event(event, as_text) == whole, "Claude Code passes everything as text"
            assert (handler["server"], handler["tool"]) == (entries.NAME, tool.NAME)


def test_no_hook_waits_longer_than_a_person_would() -> None:
    limits = {handler["timeout"] for client in CLIENTS for handler in handlers(client).values()}
    assert max(limits) <= 10
    assert handlers("codex")["SessionEnd"]["timeout"] <= 3, "Codex allows no more there"


def test_another_name_of_the_server_can_be_given() -> None:
    stop = hooks.claude_hooks(COMMAND, server="board")["Stop"][0]["hooks"][0]
    assert stop["server"] == "board"


# What doctor asks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("client", CLIENTS)
def test_installed_events_are_found_among_foreign_ones(client: str) -> None:
    foreign = {"type": "command", "command": "notify-send done"}
    ours = BY_CLIENT[client]
    mixed = {event: [{"hooks": [foreign, *groups[0]["hooks"]]}] for event, groups in ours.items()}
    assert hooks.installed_events(mixed) == [event for event in EVENTS if event in ours]
    assert hooks.installed_events({"Stop": [{"hooks": [foreign]}], "PreToolUse": ours["PreToolUse"]}) == ["PreToolUse"]


@pytest.mark.parametrize("odd", [None, [], "x", {"Stop": None}, {"Stop": ["x", {"hooks": "y"}, {"hooks": [1, None]}]}])
def test_odd_settings_hold_none_of_our_hooks(odd: Any) -> None:
    assert hooks.installed_events(odd) == []


def test_the_trace_keeps_the_time_of_each_client_and_is_touched_once_a_minute(tmp_path: Path) -> None:
    assert trace.last_fired(tmp_path) == {}
    trace.note_fired(str(tmp_path), "claude", 1_000_000.0)
    trace.note_fired(str(tmp_path), "claude", 1_000_059.0)
    trace.note_fired(str(tmp_path), "codex", 1_000_059.0)
    assert hooks.last_fired(tmp_path) == {"claude": 1_000_000.0, "codex": 1_000_059.0}
    trace.note_fired(str(tmp_path), "claude", 1_000_061.0)
    assert trace.last_fired(tmp_path)["claude"] == 1_000_061.0


@pytest.mark.parametrize("name", ["", "../evil", "claude/../x", "Claude"])
def test_only_known_clients_leave_a_trace(tmp_path: Path, name: str) -> None:
    trace.note_fired(str(tmp_path), name, 1.0)
    assert list(tmp_path.iterdir()) == []


def test_a_trace_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    trace.note_fired(str(tmp_path / "missing"), "claude", 1.0)
    assert not (tmp_path / "missing").exists()
    (tmp_path / "hooks").write_text("a file in the way")
    trace.note_fired(str(tmp_path), "claude", 1.0)
    (tmp_path / "linked" / "hooks").mkdir(parents=True)
    (tmp_path / "linked" / "hooks" / "claude").symlink_to(tmp_path / "elsewhere")
    trace.note_fired(str(tmp_path / "linked"), "claude", 1.0)
    assert not (tmp_path / "elsewhere").exists()


# Codex's trust --------------------------------------------------------------------------------------------------------

_CODEX = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "initialize":
        print("a line that is no JSON")
        print(json.dumps({"id": message["id"], "result": {}}))
    if message["method"] == "hooks/list":
        assert message["params"]["cwds"] == [sys.argv[1]]
        print(json.dumps({"method": "configWarning", "params": {}}))
        print(json.dumps({"id": message["id"], "result": {"data": [{"hooks": HOOKS}]}}), flush=True)
"""
_LISTED = [
    {"eventName": "preToolUse", "handlerType": "mcpTool", "server": "kanban", "tool": "kanban_hook",
     "sourcePath": "/p/hooks.json", "enabled": True, "isManaged": False, "trustStatus": "trusted"},
    {"eventName": "sessionEnd", "handlerType": "command", "command": "/x/kanban-mcp hook SessionEnd --client codex",
     "sourcePath": "/p/hooks.json", "enabled": False, "isManaged": False, "trustStatus": "untrusted"},
    {"eventName": "stop", "handlerType": "command", "command": "notify-send done", "trustStatus": "untrusted"},
    {"eventName": "stop", "handlerType": "mcpTool", "tool": "kanban_hook", "isManaged": True, "trustStatus": "managed"},
]  # fmt: skip


def a_codex(tmp_path: Path, text: str) -> list[str]:
    script = tmp_path / "codex.py"
    script.write_text(text)
    return [sys.executable, str(script), str(tmp_path)]


def test_codex_is_asked_which_of_our_hooks_it_trusts(tmp_path: Path) -> None:
    command = a_codex(tmp_path, _CODEX.replace("HOOKS", repr(_LISTED)))
    assert codex_trust(tmp_path, command) == [
        HookTrust("preToolUse", "/p/hooks.json", is_trusted=True, is_enabled=True),
        HookTrust("sessionEnd", "/p/hooks.json", is_trusted=False, is_enabled=False),
        HookTrust("stop", "None", is_trusted=True, is_enabled=True),
    ]


def test_a_codex_that_lists_nothing_has_none(tmp_path: Path) -> None:
    assert codex_trust(tmp_path, a_codex(tmp_path, _CODEX.replace("HOOKS", "[]"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "raise SystemExit(3)",
        "print('not what was asked')",
        'print(\'{"id": 2, "error": {"message": "unknown method"}}\', flush=True); input()',
        "import sys; [sys.stdout.write('x' * 65536) for _ in range(200)]",
        _CODEX.replace("HOOKS", "7"),
    ],
)
def test_a_codex_that_cannot_answer_is_not_taken_for_one_without_hooks(tmp_path: Path, text: str) -> None:
    assert codex_trust(tmp_path, a_codex(tmp_path, text)) is None


def test_a_codex_that_hangs_is_given_up_and_ended(tmp_path: Path) -> None:
    assert codex_trust(tmp_path, a_codex(tmp_path, "import time\nwhile True: time.sleep(9)"), timeout_s=0.2) is None


def test_no_codex_at_all_is_none(tmp_path: Path) -> None:
    assert codex_trust(tmp_path, ["/nowhere/codex", "app-server"]) is None
