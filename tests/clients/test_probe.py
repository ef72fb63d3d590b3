"""What agents say of themselves: version and login, within a deadline, without a secret being read."""

import os
from pathlib import Path

import pytest

from kanban_mcp.clients import probe
from kanban_mcp.clients.probe import LOGINS, Agent, is_logged_in


def program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an own PATH, with the shell's tools behind it, and an empty home."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for login in LOGINS.values():
        for name in (*login.variables, login.home_variable):
            monkeypatch.delenv(name, raising=False)
    return folder


def agents(project: Path) -> dict[str, Agent]:
    found = probe.installed(project)
    probe.ask_versions(found, 10)
    return {agent.client.name: agent for agent in found}


def test_agents_on_path_tell_their_versions(path: Path, tmp_path: Path) -> None:
    program(path, "claude", 'echo "2.1.329 (Claude Code)"')
    program(path, "codex", "echo codex-cli 0.169.0-alpha.2")
    program(path, "gemini", "exit 3")
    found = agents(tmp_path / "project")
    assert (found["claude-code"].version, found["codex"].version) == ("2.1.329", "0.169.0-alpha.2")
    assert (found["gemini-cli"].version, found["gemini-cli"].why) == ("", "it ended with 3")


def test_one_that_hangs_is_left_with_all_it_started(path: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    program(path, "claude", f"sleep 60 & echo $! > {mark}; wait")
    found = probe.installed(tmp_path / "project")
    probe.ask_versions(found, 0.5)
    assert found[0].why == "no answer within 0.5 s"
    if mark.exists():  # on a loaded machine it may have been ended before it started anything
        child = Path(f"/proc/{mark.read_text().strip()}/stat")
        assert not child.exists() or child.read_text().rpartition(")")[2].split()[0] in "ZX"


def test_a_program_of_the_project_itself_is_not_started(path: Path, tmp_path: Path) -> None:
    project = path.parent
    mark = tmp_path / "ran"
    program(path, "claude", f"touch {mark}; echo 1.2.3")
    found = agents(project)["claude-code"]
    assert (found.version, "inside the project" in found.why, mark.exists()) == ("", True, False)


def test_an_answer_without_end_is_cut(path: Path, tmp_path: Path) -> None:
    program(path, "claude", 'echo 1.2.3; head -c 300000 /dev/zero | tr "\\0" x')
    assert agents(tmp_path / "project")["claude-code"].version == "1.2.3"


@pytest.mark.parametrize("name", LOGINS)
def test_a_variable_or_a_file_that_holds_something_is_a_login(name: str, tmp_path: Path) -> None:
    login, home = LOGINS[name], {"HOME": str(tmp_path)}
    assert is_logged_in(login, home) in (False, None)
    for variable in login.variables:
        assert is_logged_in(login, {**home, variable: "x"}) is True
        assert is_logged_in(login, {**home, variable: ""}) in (False, None)
    file = tmp_path / login.home / login.files[0]
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    assert is_logged_in(login, home) in (False, None), "an empty object is nobody"
    file.write_text('{"token": "secret"}')
    file.chmod(0)  # what cannot be read need not be
    assert is_logged_in(login, home) is True


def test_a_folder_of_ones_own_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "auth.json").write_text('{"x": 1}')
    assert is_logged_in(LOGINS["codex"], {"HOME": "/nonexistent", "CODEX_HOME": str(tmp_path / "own")}) is True


def test_where_logins_lie_in_a_keychain_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_keeps_logins_elsewhere", lambda: True)
    assert is_logged_in(LOGINS["claude-code"], {"HOME": str(tmp_path)}) is None


def test_editors_say_nothing_about_logins(path: Path, tmp_path: Path) -> None:
    program(path, "code", "echo 1.99.0")
    assert agents(tmp_path / "project")["vscode"].logged_in is None
