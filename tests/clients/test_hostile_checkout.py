"""A repository written by somebody who wants our commands to run, allow or delete something of theirs or yours."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kanban_mcp.clients import files, starting
from kanban_mcp.clients.record import Layer, Record, Written
from kanban_mcp.clients.splices import Splice
from kanban_mcp.domain.errors import ConfigError

if TYPE_CHECKING:
    from tests.clients.conftest import Project


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout with a program called like ours, as the working directory."""
    folder = tmp_path / "shop"
    program = folder / "bin" / "kanban-mcp"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\ntouch ran\n")
    program.chmod(0o755)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("program", ["/proc/self/cwd/bin/kanban-mcp", "./bin/kanban-mcp", "../shop/bin/kanban-mcp"])
def test_no_way_around_leads_doctor_to_a_program_of_the_project(checkout: Path, program: str) -> None:
    started = starting.start([program, "serve"], checkout, 60.0)
    assert "lies inside the project" in started.why
    assert not (checkout / "ran").exists()


@pytest.mark.parametrize("head", [["kanban-mcp"], ["python3", "-m", "kanban_mcp"]])
@pytest.mark.parametrize(
    "rest", [["approve", "T-1", "--note", "serve"], ["uninstall", "--yes", "serve"], ["--", "serve"]]
)
def test_doctor_starts_no_other_command_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: list[str], rest: list[str]
) -> None:
    program = tmp_path / "bin" / head[0]
    program.parent.mkdir()
    program.write_text("#!/bin/sh\ntouch ran\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    project = tmp_path / "shop"
    project.mkdir()
    started = starting.start([*head, *rest], project, 60.0)
    assert "is not started by doctor" in started.why
    assert not (project / "ran").exists()


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "bash", "args": ["-c", "touch ran", "kanban-mcp", "serve"]},
        {"command": "other", "args": []},
        {"command": "./bin/kanban-mcp", "args": ["serve"]},
        {"command": "kanban-mcp", "args": ["serve"], "env": {"PATH": "./bin"}},
        {"command": "kanban-mcp", "args": ["serve"], "cwd": "bin"},
        {"command": "kanban-mcp", "args": ["approve", "T-1", "serve"]},
        {"command": "python3", "args": ["-m", "kanban_mcp", "serve"]},
        {"command": "uvx", "args": ["--from", "git+https://example.org/kanban-mcp", "kanban-mcp", "serve"]},
        {"command": "uvx", "args": ["kanban-mcp-server@git+https://example.org/x", "serve"]},
    ],
)
def test_init_allows_nothing_to_a_server_that_the_repository_brought(
    project: "Project", monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any]
) -> None:
    monkeypatch.chdir(project.root)
    text = json.dumps({"mcpServers": {"kanban": entry}})
    project.put(".mcp.json", text)
    program = project.put("bin/kanban-mcp", "#!/bin/sh\n")
    program.chmod(0o755)
    plan = project.init("claude-code", hooks=True)
    assert {file.name: file.change for file in plan.files}[".mcp.json"] == "not ours"
    assert project.read(".mcp.json") == text
    assert not (project.root / ".claude" / "settings.local.json").exists()


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "kanban-mcp", "args": ["serve", "--toolset", "worker"], "env": {"KANBAN_DB": "b.db"}},
        {"command": "uvx", "args": ["kanban-mcp-server==0.1.0", "serve"]},
        {"command": "uvx", "args": ["--from", "kanban-mcp-server", "kanban-mcp", "serve"]},
    ],
)
def test_a_shared_entry_of_a_repository_is_taken_for_ours(project: "Project", entry: dict[str, Any]) -> None:
    project.put(".mcp.json", json.dumps({"mcpServers": {"kanban": entry}}))
    project.init("claude-code")
    settings = json.loads(project.read(".claude/settings.local.json"))
    assert settings["enabledMcpjsonServers"] == ["kanban"]


@pytest.mark.parametrize("name", [".git/config", "AGENTS.md"])
def test_a_record_that_the_repository_brought_changes_nothing_of_git(project: "Project", name: str) -> None:
    config = project.put(".git/config", "[core]\n")
    if name != ".git/config":
        (project.root / name).symlink_to(".git/config")
    layer = Layer(None, files.digest("[core]\n") or "", [Splice(7, "\tfsmonitor = touch ran\n", "")])
    project.records.keep(project.root, Record({name: Written([layer])}))
    with pytest.raises(ConfigError, match="git's own files"):
        project.undo()
    assert config.read_text() == "[core]\n"


def test_a_record_that_the_repository_brought_removes_no_folder_of_git(project: "Project") -> None:
    (project.root / ".git" / "refs").mkdir(parents=True)
    project.records.keep(project.root, Record(folders=[".git/refs"]))
    project.undo()
    assert (project.root / ".git" / "refs").is_dir()


def test_a_link_of_the_repository_leads_init_to_no_file_of_git(project: "Project") -> None:
    config = project.put(".git/config", "[core]\n")
    (project.root / "CLAUDE.md").symlink_to(".git/config")
    with pytest.raises(ConfigError, match="git's own files"):
        project.init("claude-code")
    assert config.read_text() == "[core]\n"
