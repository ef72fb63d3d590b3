"""Completions: ids and roles from the board, quick and silent, and never a word that a shell would run."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kanban_mcp.cli import completing
from tests.cli.conftest import Cli

HOSTILE = ["$(touch ran)", "`touch ran`", r"\$(touch ran)", r"\\`touch ran`", "'; touch ran; '", '"; touch ran; "',
           "a)) ; touch ran ; ((", "x\ny", "[bold]x[/bold]", "a:b", "* ? ~ {a,b}"]  # fmt: skip


@pytest.fixture
def board(ready: Cli) -> Cli:
    ready("create", "Write the parser", "--role", "implementer")
    ready("create", "Test it: all of it", "--role", "tester")
    ready("create", "Ended")
    ready("cancel", "3")
    return ready


@pytest.mark.usefixtures("board")
def test_open_tasks_are_offered_as_they_are_typed() -> None:
    assert completing.tasks("") == [("TASK-001", "Write the parser"), ("TASK-002", "Test it all of it")]
    assert completing.tasks("task-002") == [("TASK-002", "Test it all of it")]
    assert completing.tasks("1") == [("1", "Write the parser")]
    assert completing.tasks("x") == []


@pytest.mark.usefixtures("board")
def test_roles_of_open_tasks_are_offered() -> None:
    assert completing.roles("") == ["implementer", "tester"]
    assert completing.roles("Te") == ["tester"]


@pytest.mark.parametrize("title", HOSTILE)
def test_nothing_of_a_title_means_anything_to_a_shell(title: str) -> None:
    assert not set(completing.plain(title)) & set("$`\\'\"();|&<>*?~{}[]:!#\n\t")


@pytest.mark.usefixtures("board")
def test_a_role_that_a_foreign_program_wrote_is_not_offered(project: Path) -> None:
    with closing(sqlite3.connect(project / ".kanban" / "board.db")) as file, file:
        file.execute("UPDATE tasks SET assignee = 'x$(touch ran)' WHERE id = 1")
    assert completing.roles("") == ["tester"]


def test_without_a_board_or_with_a_broken_one_there_is_silence(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (completing.tasks(""), completing.roles("")) == ([], [])
    (project / ".kanban").mkdir()
    (project / ".kanban" / "board.db").write_bytes(b"no board " * 1000)
    assert (completing.tasks(""), completing.roles("")) == ([], [])
    monkeypatch.setenv("KANBAN_LEASE_FOR", "wrong")
    assert (completing.tasks(""), completing.roles("")) == ([], [])
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("board")
def test_completing_leaves_the_board_as_it_is(project: Path) -> None:
    before = {path.name: path.read_bytes() for path in (project / ".kanban").iterdir()}
    completing.tasks("")
    assert {path.name: path.read_bytes() for path in (project / ".kanban").iterdir()} == before


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_of_each_shell_asks_this_program(cli: Cli, shell: str) -> None:
    ran = cli("completions", shell)
    assert (ran.code, "_KANBAN_MCP_COMPLETE" in ran.out, "kanban-mcp" in ran.out) == (0, True, True)
    assert cli("completions", "tcsh").code == 2


def _program(folder: Path) -> Path:
    """Put the program on a PATH of its own, under its name."""
    folder.mkdir()
    program = folder / "kanban-mcp"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kanban_mcp "$@"\n')
    program.chmod(0o755)
    return folder


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.usefixtures("board")
def test_a_real_bash_completes_commands_and_tasks_without_a_terminal(project: Path) -> None:
    root = Path(completing.__file__).parents[2]
    environment = {**os.environ, "PATH": f"{_program(project / 'bin')}:{os.environ['PATH']}", "PYTHONPATH": str(root)}
    script = """
eval "$(kanban-mcp completions bash)"
ask() {
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  _kanban_mcp_completion kanban-mcp
  echo "${COMPREPLY[*]}"
}
ask kanban-mcp ans
ask kanban-mcp show TASK-
ask kanban-mcp list --role te
"""
    command = ["bash", "--norc", "-c", script]
    ran = subprocess.run(
        command, cwd=project, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100
    )
    assert [line.split() for line in ran.stdout.splitlines()] == [["answer"], ["TASK-001", "TASK-002"], ["tester"]]


@pytest.mark.usefixtures("board")
def test_what_zsh_evaluates_is_one_harmless_word_per_title(project: Path) -> None:
    with closing(sqlite3.connect(project / ".kanban" / "board.db")) as file, file:
        file.execute("UPDATE tasks SET title = ? WHERE id = 1", (r"\$(touch ran) `touch ran`",))
    environment = {
        **os.environ,
        "_KANBAN_MCP_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": "kanban-mcp show TASK-001",
    }
    command = [sys.executable, "-m", "kanban_mcp"]
    ran = subprocess.run(
        command, cwd=project, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100
    )
    assert ran.stdout.strip() == """_arguments '*: :(("TASK-001":"touch ran touch ran"))'"""
