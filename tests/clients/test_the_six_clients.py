"""What each client gets: its own file, the form it reads, a command that starts, and no question for each tool call."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.clients import entries, guide, hooks, planning, registry, skills
from kanban_mcp.clients.client import Wanted
from kanban_mcp.domain.errors import Invalid
from tests.clients.conftest import COMMAND, Project

PROGRAM, *ARGUMENTS = COMMAND
BARE = {"command": PROGRAM, "args": ARGUMENTS}


def snippets(name: str, **more: Any) -> dict[str, str]:
    [client] = registry.chosen([name])
    return planning.snippets(client, Wanted(Path("/nowhere"), COMMAND, **more))


def server(name: str, **more: Any) -> dict[str, Any]:
    """Return the server's entry in the file that a client reads."""
    file, keys = {
        "claude-code": (".mcp.json", ("mcpServers", "kanban")),
        "cursor": (".cursor/mcp.json", ("mcpServers", "kanban")),
        "vscode": (".vscode/mcp.json", ("servers", "kanban")),
        "codex": (".codex/config.toml", ("mcp_servers", "kanban")),
        "gemini-cli": (".gemini/settings.json", ("mcpServers", "kanban")),
        "opencode": ("opencode.json", ("mcp", "kanban")),
    }[name]
    text = snippets(name, **more)[file]
    found: dict[str, Any] = tomllib.loads(text) if file.endswith(".toml") else json.loads(text)
    for key in keys:
        found = found[key]
    return found


@pytest.mark.proves("trap-10", "trap-15")
def test_each_entry_is_what_its_client_reads() -> None:
    asked = {"approval_mode": "prompt"}
    assert server("claude-code") == {"type": "stdio", **BARE, "alwaysLoad": True}
    assert server("cursor") == server("vscode") == {"type": "stdio", **BARE}
    assert server("gemini-cli") == {**BARE, "trust": True}
    assert server("opencode") == {"type": "local", "command": [*COMMAND], "enabled": True, "timeout": 60_000}
    assert server("codex") == {
        **BARE,
        "required": True,
        "startup_timeout_sec": 30,
        "tool_timeout_sec": 600,
        "default_tools_approval_mode": "approve",
        "tools": {"kanban_approve": asked, "kanban_reject": asked},
    }


def test_claude_code_may_use_the_tools_but_asks_before_it_decides_for_a_person() -> None:
    settings = json.loads(snippets("claude-code")[".claude/settings.local.json"])
    assert settings == {
        "enabledMcpjsonServers": ["kanban"],
        "permissions": {"allow": ["mcp__kanban"], "ask": ["mcp__kanban__kanban_approve", "mcp__kanban__kanban_reject"]},
        "env": {"MCP_CONNECT_TIMEOUT_MS": "15000"},
    }


@pytest.mark.parametrize("name", registry.NAMES)
def test_a_shared_entry_names_no_path_of_this_machine(name: str) -> None:
    assert entries.words_of(server(name, is_shared=True)) == ["kanban-mcp", "serve"]
    everything = "".join(snippets(name, is_shared=True, with_hooks=True).values())
    assert "/opt" not in everything
    assert ".claude/settings.local.json" not in snippets(name, is_shared=True)


@pytest.mark.parametrize("name", registry.NAMES)
def test_a_board_elsewhere_is_named_and_the_entry_is_told_from_others(name: str) -> None:
    entry = server(name, db=Path("/data/board.db"))
    assert entries.words_of(entry) == [*COMMAND, "--db", "/data/board.db"]
    assert entries.is_ours(entry)
    assert not entries.is_ours({**entry, "command": ["npx", "kanban"], "args": ["serve"]})


def test_hooks_are_the_ones_of_the_client_with_the_program_of_this_machine() -> None:
    settings = json.loads(snippets("claude-code", with_hooks=True)[".claude/settings.local.json"])
    assert settings["hooks"] == hooks.claude_hooks([PROGRAM], "kanban")
    codex = json.loads(snippets("codex", with_hooks=True)[".codex/hooks.json"])
    assert codex == {"hooks": hooks.codex_hooks([PROGRAM], "kanban")}


@pytest.mark.parametrize("name", ["claude-code", "codex"])
def test_hooks_of_a_board_elsewhere_name_it_and_are_told_for_ours(project: Project, name: str) -> None:
    [client] = registry.chosen([name])
    wanted = Wanted(project.root, COMMAND, db=Path("/data/b.db"), with_hooks=True)
    file = {"claude-code": ".claude/settings.local.json", "codex": ".codex/hooks.json"}[name]
    text = planning.snippets(client, wanted)[file]
    assert f"env KANBAN_DB=/data/b.db {PROGRAM} hook SessionStart" in text
    groups = [group for event in json.loads(text)["hooks"].values() for group in event]
    assert all(map(entries.is_our_hook, groups))


def test_no_written_file_holds_the_operator_key_or_a_place_where_it_is(project: Project) -> None:
    project.init("all", hooks=True)
    for path, (_, content) in project.tree().items():
        assert b"operator-" not in content, path


@pytest.mark.parametrize("name", registry.NAMES)
def test_every_client_gets_the_skills_where_it_looks_and_a_few_lines_of_instructions(name: str) -> None:
    [client] = registry.chosen([name])
    files = snippets(name)
    assert client.skills == (".claude/skills" if name == "claude-code" else ".agents/skills")
    assert skills.names() == ["kanban-dispatcher", "kanban-orchestrator", "kanban-worker"]
    for path, text in skills.files().items():
        assert files[f"{client.skills}/{path}"] == text
    lines = files[client.guide]
    assert "kanban_show" in lines
    assert "mcp__" not in lines
    assert len(lines) < 1000


def test_the_lines_go_to_agents_md_where_claude_md_only_brings_that_in(project: Project) -> None:
    project.put("CLAUDE.md", "@AGENTS.md\n")
    project.put("AGENTS.md", "# Agents\n")
    project.init("claude-code")
    assert project.read("CLAUDE.md") == "@AGENTS.md\n"
    assert guide.TEXT.strip() in project.read("AGENTS.md")


def test_opencode_is_written_into_the_file_that_is_there(project: Project) -> None:
    project.put("opencode.jsonc", "{\n  // mine\n}\n")
    project.init("opencode")
    assert '"kanban"' in project.read("opencode.jsonc")
    assert "$schema" not in project.read("opencode.jsonc")
    assert not (project.root / "opencode.json").exists()


def test_clients_are_chosen_by_program_or_by_what_the_project_has(tmp_path: Path) -> None:
    def installed(*programs: str) -> list[str]:
        return [client.name for client in registry.found(tmp_path, lambda name: name if name in programs else None)]

    assert installed() == ["claude-code"]
    assert installed("codex", "gemini") == ["codex", "gemini-cli"]
    (tmp_path / ".cursor").mkdir()
    (tmp_path / "opencode.json").touch()
    assert installed("code") == ["cursor", "vscode", "opencode"]


@pytest.mark.parametrize("name", registry.NAMES)
def test_what_init_writes_for_one_client_does_not_make_it_find_another_the_next_time(
    project: Project, name: str
) -> None:
    project.init(name, hooks=True)
    assert [client.name for client in registry.found(project.root, lambda _: None)] == [name]


def test_names_of_clients_are_forgiving_and_wrong_ones_are_told() -> None:
    assert [client.name for client in registry.chosen(["codex", "Claude", "codex"])] == ["claude-code", "codex"]
    assert len(registry.chosen(["all"])) == len(registry.NAMES) == 6
    with pytest.raises(Invalid, match=r"no client 'emacs'.*one of claude-code, cursor"):
        registry.chosen(["codex", "emacs"])


def test_a_skill_is_renewed_while_nobody_changed_it_and_left_once_somebody_did(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skills, "files", lambda: {"a/SKILL.md": "old a", "b/SKILL.md": "old b"})
    tree = project.tree()
    project.init("codex")
    project.put(".agents/skills/b/SKILL.md", "mine")
    monkeypatch.setattr(skills, "files", lambda: {"a/SKILL.md": "new a", "b/SKILL.md": "new b"})
    plan = project.init("codex")
    assert project.read(".agents/skills/a/SKILL.md") == "new a"
    assert project.read(".agents/skills/b/SKILL.md") == "mine"
    assert {file.name: file.change for file in plan.files}[".agents/skills/b/SKILL.md"] == "changed by you"
    project.put(".agents/skills/b/SKILL.md", "old b")
    project.undo()
    assert project.tree() == tree


def test_a_skill_that_came_with_a_clone_is_not_ours_to_remove(project: Project) -> None:
    for path, text in skills.files().items():
        project.put(f".agents/skills/{path}", text)
    tree = project.tree()
    project.init("codex")
    project.undo()
    assert project.tree() == tree
