"""A repository written by somebody who wants our commands to run, allow or delete something of theirs or yours."""

from pathlib import Path

import pytest

from kanban_mcp.clients import starting


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
