"""Does a configured server start? Only ours is tried, only outside the project, and nothing of it stays behind."""

import sys
from pathlib import Path

import pytest

from kanban_mcp import __version__
from kanban_mcp.clients import starting
from kanban_mcp.clients.entries import own_command

WAIT_S = 60.0


def _script(folder: Path, name: str, body: str) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.delenv("KANBAN_DB", raising=False)
    return folder


def test_this_installation_starts_and_lists_its_tools(project: Path) -> None:
    started = starting.start([sys.executable, "-m", "kanban_mcp", "serve"], project, WAIT_S)
    assert (started.why, started.version) == ("", __version__)
    assert "kanban_claim" in started.tools
    assert list(project.iterdir()) == [], "asking makes no board"


def test_our_own_command_is_tried_wherever_it_lies(tmp_path: Path) -> None:
    words = own_command()
    assert starting.refusal(words, Path(words[0]).parent.parent) == ""
    assert starting.refusal([*words, "--db", "x.db"], tmp_path) == ""


@pytest.mark.parametrize("words", [["sh", "-c", "touch ran"], ["python3", "-m", "http.server"], ["npx", "kanban-mcp"]])
def test_a_strangers_command_is_never_run(project: Path, words: list[str]) -> None:
    started = starting.start(words, project, WAIT_S)
    assert started.why
    assert started.tools == ()
    assert list(project.iterdir()) == []


def test_a_program_inside_the_project_is_never_run(project: Path) -> None:
    own = _script(project, "kanban-mcp", "open('ran', 'w')")
    assert "inside the project" in starting.start([own, "serve"], project, WAIT_S).why
    assert not (project / "ran").exists()


def test_a_package_of_the_project_is_not_taken_for_ours(project: Path) -> None:
    """`python -m` would look into the working directory first."""
    (project / "kanban_mcp").mkdir()
    (project / "kanban_mcp" / "__init__.py").write_text("open('ran', 'w')")
    assert starting.start([sys.executable, "-m", "kanban_mcp", "serve"], project, WAIT_S).version == __version__
    assert not (project / "ran").exists()


def test_what_is_missing_silent_broken_or_no_server_is_told_apart(tmp_path: Path, project: Path) -> None:
    bin_ = tmp_path / "bin"
    cases = {
        "is not there": [str(tmp_path / "gone" / "kanban-mcp"), "serve"],
        "exit 7": [_script(bin_, "kanban-mcp", "raise SystemExit(7)"), "serve"],
    }
    for expected, words in cases.items():
        assert expected in starting.start(words, project, WAIT_S).why
    silent = _script(bin_, "kanban-mcp", "import time; time.sleep(60)")
    assert starting.start([silent, "serve"], project, 0.5).why == "no answer within 0.5 s"
    noisy = _script(bin_, "kanban-mcp", "import sys\nfor n in (1, 2, 3): print('{\"id\": %d}' % n, flush=True)\n"
                    "sys.stdin.read()")  # fmt: skip
    assert "not what an MCP server says" in starting.start([noisy, "serve"], project, WAIT_S).why
    endless = _script(bin_, "kanban-mcp", "while True: print('x' * 100000)")
    assert starting.start([endless, "serve"], project, WAIT_S).why == "it says far more than was asked"
