"""kanban-mcp alone: the board, the agents found here, and never a board made in a folder without asking."""

import io
import sys
from pathlib import Path

import pytest

from kanban_mcp.clients.probe import LOGINS
from tests.cli.conftest import Cli


class Terminal(io.StringIO):
    """Text that somebody types, on what says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def programs(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a PATH of its own and an empty home; return the folder of programs."""
    folder = project.parent / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(project.parent / "home"))
    for login in LOGINS.values():
        for name in (*login.variables, login.home_variable):
            monkeypatch.delenv(name, raising=False)
    return folder


def _program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def _typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str) -> tuple[int, str]:
    from kanban_mcp.cli.app import main

    monkeypatch.setattr(sys, "stdin", Terminal(text))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    code = main([])
    return code, capsys.readouterr().out


def test_without_a_terminal_it_only_says_how(cli: Cli, project: Path) -> None:
    ran = cli()
    assert (ran.code, f"There is no board for {project} yet." in ran.out, "kanban-mcp init" in ran.out) == (
        0,
        True,
        True,
    )
    assert list(project.iterdir()) == []


@pytest.mark.parametrize("answer", ["\n", "n\n"])
@pytest.mark.usefixtures("programs")
def test_on_a_terminal_it_asks_and_a_folder_of_nobody_stays_empty(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    code, out = _typed(monkeypatch, capsys, answer)
    assert (code, "[y/N]" in out, "kanban-mcp init" in out) == (0, True, True)
    assert list(project.iterdir()) == []


@pytest.mark.usefixtures("programs")
def test_said_yes_to_it_makes_the_board_and_shows_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = _typed(monkeypatch, capsys, "y\n")
    assert (code, "No cards yet." in out) == (0, True)
    assert (project / ".kanban" / "board.db").exists()


@pytest.mark.usefixtures("programs")
def test_in_a_repository_yes_is_the_usual_answer(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / ".git" / "objects").mkdir(parents=True)
    (project / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    code, out = _typed(monkeypatch, capsys, "\n")
    assert (code, "[Y/n]" in out) == (0, True)
    assert (project / ".kanban" / "board.db").exists()


def test_the_agents_here_are_told_with_the_fix_of_what_is_missing(ready: Cli, programs: Path) -> None:
    _program(programs, "claude", "echo 2.1.329")
    _program(programs, "codex", "echo codex-cli 0.169.0")
    home = programs.parent / "home" / ".claude"
    home.mkdir(parents=True)
    (home / ".credentials.json").write_text('{"token": "hidden"}')
    out = ready().out
    lines = out[out.index("Agents") :].splitlines()
    assert lines[1:4] == [
        "  Claude Code 2.1.329  sees the board (.mcp.json), logged in",
        "  Codex 0.169.0        does not see the board: kanban-mcp init --client codex",
        "                       no login found: codex login",
    ]
    assert "hidden" not in out


def test_an_agent_that_does_not_answer_holds_nobody_up(
    ready: Cli, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kanban_mcp.cli import home

    monkeypatch.setattr(home, "_WAIT_S", 0.2)
    _program(programs, "claude", "exec sleep 60")
    assert "\n  Claude Code  sees the board (.mcp.json)\n" in ready().out


def test_what_waits_for_you_is_the_last_line(ready: Cli, programs: Path) -> None:
    assert "No coding agent is on PATH" in ready().out
    assert programs.exists()
    ready("create", "Write the parser")
    ready.as_session("w1")
    ready("claim")
    ready("fail", "-m", "The sample files are missing", "--no-retry")
    ready.as_session(None)
    assert ready().out.splitlines()[-1] == '1 wait for you; first: kanban-mcp retry TASK-001 -m "…"'


def test_a_number_is_never_torn_from_its_column(ready: Cli) -> None:
    for width in (20, 40, 79, 80, 81):
        from rich.console import Console

        from kanban_mcp.cli.board_page import board
        from kanban_mcp.service.results import BoardView

        names = ("Triage", "Pending", "Ready", "In progress", "Review", "Blocked", "Done", "Failed")
        columns = [{"name": name, "state": name.lower(), "count": 0, "cards": []} for name in names]
        page = board(BoardView("", None, [], columns), "/b", Console(width=width, file=io.StringIO()))
        lines = [line.plain for line in page]
        text = "\n".join(lines[1 : lines.index("")])
        assert all(f"{name} 0" in text for name in names), width
        assert max(map(len, text.splitlines())) <= width
