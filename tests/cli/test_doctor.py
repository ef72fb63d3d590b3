"""doctor: what is wrong, why it matters, the exact fix; it changes nothing, hangs on nothing and shows no secret."""

import io
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from kanban_mcp.cli import doctor, doctor_agents, doctor_page
from kanban_mcp.clients import starting
from kanban_mcp.clients.codex_trust import HookTrust
from kanban_mcp.clients.probe import LOGINS
from kanban_mcp.domain.diagnostics import Finding, Level, ok, problem, warning
from tests.cli.conftest import Cli, Ran

SERVER = starting.Started("", ("kanban_show", "kanban_claim"))


@pytest.fixture
def machine(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a PATH with git and nothing else, an empty home, and a server that starts; return the folder of programs."""
    folder = project.parent / "bin"
    folder.mkdir()
    (folder / "git").symlink_to("/usr/bin/git")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(project.parent / "home"))
    for login in LOGINS.values():
        for name in (*login.variables, login.home_variable):
            monkeypatch.delenv(name, raising=False)
    from kanban_mcp import __version__

    monkeypatch.setattr(starting, "start", lambda *_: SERVER._replace(version=__version__))
    return folder


def _findings(ran: Ran) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ran.json["findings"]
    return found


def _of(ran: Ran, name: str) -> dict[str, Any]:
    [found] = [each for each in _findings(ran) if each["name"] == name]
    return found


def _program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def _everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path): (path.read_bytes(), path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("machine")
def test_a_sound_project_ends_with_nought_and_is_left_as_it_was(ready: Cli, project: Path) -> None:
    ready("create", "Write the parser")
    before = _everything(project)
    ran = ready("doctor", "--json")
    assert (ran.code, ran.json["ok"], ran.json["problems"], ran.json["warnings"]) == (0, True, 0, 0), ran.out
    assert _everything(project) == before
    assert _of(ran, "file")["what"] == f"{project / '.kanban' / 'board.db'} (found from here upward)"
    groups = [each["group"] for each in _findings(ran)]
    assert groups == sorted(groups, key=["board", "work", "machine", "agents"].index)


@pytest.mark.usefixtures("machine")
def test_without_a_board_it_says_how_to_make_one_and_makes_none(cli: Cli, project: Path) -> None:
    ran = cli("doctor", "--json")
    assert (ran.code, _of(ran, "file")["fix"]) == (1, "kanban-mcp init")
    assert list(project.iterdir()) == []


@pytest.mark.usefixtures("machine")
def test_a_setting_that_cannot_be_read_is_a_finding(ready: Cli, project: Path) -> None:
    os.mkfifo(project / ".kanban" / "kanban.toml")
    ran = ready("doctor", "--json")
    assert (ran.code, _of(ran, "settings")["level"]) == (1, "problem")
    assert "no regular file" in _of(ran, "settings")["what"]


@pytest.mark.usefixtures("machine")
def test_a_file_that_is_no_board_is_a_problem_not_a_traceback(ready: Cli, project: Path) -> None:
    (project / "other.db").write_bytes(b"something else entirely " * 500)
    (project / "empty.db").touch()
    for name in ("other.db", "empty.db"):
        ran = ready("doctor", "--db", name, "--json")
        assert (ran.code, ran.err) == (1, "")
        assert ran.json["problems"] >= 1


@pytest.mark.usefixtures("machine")
def test_the_operator_key_is_looked_at_and_never_shown(
    ready: Cli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [key] = (project.parent / "keys").iterdir()
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-hidden-hidden")
    secret = key.read_text().strip()
    for words in (["doctor"], ["doctor", "--json"]):
        out = ready(*words).out
        assert secret not in out
        assert "sk-ant" not in out
    key.chmod(0o644)
    found = _of(ready("doctor", "--json"), "operator key")
    assert (found["level"], found["fix"]) == ("problem", f"chmod 0600 {key}")
    key.unlink()
    found = _of(ready("doctor", "--json"), "operator key")
    assert (found["level"], str(key) in found["fix"]) == ("note", True)


def test_agents_are_told_with_version_login_entry_and_skills(ready: Cli, machine: Path, project: Path) -> None:
    _program(machine, "claude", "echo 2.1.329")
    _program(machine, "codex", "echo codex-cli 0.169.0")
    (project.parent / "home" / ".codex").mkdir(parents=True)
    (project.parent / "home" / ".codex" / "auth.json").write_text('{"token": "hidden"}')
    ran = ready("doctor", "--json")
    claude = [each["what"] for each in _findings(ran) if each["name"] == "Claude Code"]
    assert claude == [
        f"2.1.329 ({machine / 'claude'}); no login found.",
        "kanban in .mcp.json starts, 2 tools",
        "skills in .claude/skills are those of this version",
    ]
    codex = [each for each in _findings(ran) if each["name"] == "Codex"]
    assert codex[0]["what"] == f"0.169.0 ({machine / 'codex'}), logged in"
    assert (codex[1]["level"], codex[1]["fix"]) == ("warning", "kanban-mcp init --client codex")
    assert ran.code == 0, "an agent that nobody set up here is no problem of the board"
    assert ready("init", "--client", "codex", "--hooks").code == 0
    codex = [each for each in _findings(ready("doctor", "--json")) if each["name"] == "Codex"]
    assert [each["level"] for each in codex] == ["ok", "ok", "note", "ok", "note"]
    assert "none has run yet" in codex[2]["what"]
    assert "/hooks" in codex[2]["fix"]
    assert "does not say" in codex[4]["what"], "this one is no Codex"


@pytest.mark.parametrize(
    ("said", "level", "text"),
    [
        ([], "warning", "sees none of the hooks"),
        (
            [HookTrust("stop", "f", True, True), HookTrust("preToolUse", "f", False, True)],
            "warning",
            "preToolUse: nobody",
        ),
        ([HookTrust("stop", "f", True, False)], "warning", "hooks stop"),
        ([HookTrust("stop", "f", True, True)], "ok", "runs all 1 hooks"),
        (None, "note", "does not say"),
    ],
)
def test_codex_is_asked_whether_it_trusts_our_hooks(
    ready: Cli, machine: Path, monkeypatch: pytest.MonkeyPatch, said: list[HookTrust] | None, level: str, text: str
) -> None:
    _program(machine, "codex", "echo codex-cli 0.169.0")
    monkeypatch.setattr(doctor_agents, "codex_trust", lambda *_, **__: said)
    assert ready("init", "--client", "codex").code == 0
    assert not [each for each in _findings(ready("doctor", "--json")) if text in each["what"]], "no hooks: not asked"
    assert ready("init", "--client", "codex", "--hooks").code == 0
    found = [each for each in _findings(ready("doctor", "--json")) if text in each["what"]]
    assert [each["level"] for each in found] == [level]


@pytest.mark.parametrize(
    ("started", "level", "text"),
    [
        (starting.Started(why="no answer within 20 s"), "problem", "does not start: no answer within 20 s"),
        (starting.Started(why="npx is not started by doctor"), "note", "was not tried"),
        (SERVER._replace(version="0.0.1"), "warning", "starts kanban-mcp 0.0.1, this is"),
    ],
)
@pytest.mark.usefixtures("machine")
def test_a_server_that_does_not_start_as_it_should_is_told(
    ready: Cli, monkeypatch: pytest.MonkeyPatch, started: starting.Started, level: str, text: str
) -> None:
    monkeypatch.setattr(starting, "start", lambda *_: started)
    ran = ready("doctor", "--json")
    found = [each for each in _findings(ran) if text in each["what"]]
    assert [each["level"] for each in found] == [level]
    assert ran.code == (1 if level == "problem" else 0)


@pytest.mark.usefixtures("machine")
def test_an_entry_of_somebody_else_and_a_broken_file_are_told(ready: Cli, project: Path) -> None:
    (project / ".mcp.json").write_text('{"mcpServers": {"kanban": {"command": "other"}}}')
    (project / ".gemini").mkdir()
    (project / ".gemini" / "settings.json").write_text("{ broken")
    found = {each["name"]: each for each in _findings(ready("doctor", "--json")) if each["group"] == "agents"}
    assert "Claude Code" not in found, "not installed, and nothing of ours here"
    assert (found["Gemini CLI"]["level"], "settings.json" in found["Gemini CLI"]["what"]) == ("problem", True)


def test_what_hangs_is_given_up_and_the_rest_is_told() -> None:
    never = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield ok("machine", "git", "2.39.5")
        never.wait(60)

    try:
        found = doctor._together([("machine", hangs), ("board", lambda: [ok("board", "file", "/b")])], 3)
    finally:
        never.set()
    assert [(each.group, each.name) for each in found] == [("machine", "git"), ("machine", "time"), ("board", "file")]
    assert found[1].what == "Looking at the machine took longer than 3 s."


@pytest.mark.usefixtures("machine")
def test_a_part_that_fails_on_its_files_is_a_finding(ready: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: float) -> Any:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr(doctor, "_machine", broken)
    ran = ready("doctor", "--json")
    assert (ran.code, _of(ran, "machine")["what"]) == (1, "/somewhere: Permission denied")


@pytest.mark.parametrize(
    ("said", "level"), [("2.39.5", "ok"), ("2.38.0 (Apple Git-1)", "ok"), ("2.37.9", "note"), ("", "warning"),
                        ("3", "warning")],
)  # fmt: skip
def test_git_is_told_by_its_version(said: str, level: str) -> None:
    assert doctor._git(said, "it ended with 1").level == level


@pytest.mark.usefixtures("machine")
def test_texts_from_the_board_are_escaped(ready: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready("create", "Write it")
    ready.as_session("w\x1b[31m")
    ready("claim")
    ready.as_session(None)
    from kanban_mcp import app

    monkeypatch.setattr(app, "is_gone", lambda _: True)
    out = ready("doctor").out
    assert "run-1 of TASK-001" in out
    assert "\x1b" not in out


HOSTILE = [
    ok("board", "file", "/a/\x1b[31mb"),
    warning("work", "runs", "x" * 300, "because \u202egnp.exe", "kanban-mcp reaper --once " + "y" * 90),
    problem("agents", "A very long name of an agent", "日本語 " * 60, "w", "f"),
]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_page_fits_the_terminal_and_leaves_commands_whole(width: int) -> None:
    to = Console(width=width, file=io.StringIO(), force_terminal=True)
    lines = [line.plain for line in doctor_page.page(HOSTILE, to)]
    assert max(cell_len(line) for line in lines if "fix: " not in line) <= max(width, 59)
    assert any("kanban-mcp reaper --once " + "y" * 90 in line for line in lines)
    assert not any(ch in "".join(lines) for ch in "\x1b\u202e")
    assert lines[-1] == "1 problem, 1 warning."


def test_a_pipe_gets_one_line_per_fact() -> None:
    lines = [line.plain for line in doctor_page.page(HOSTILE, Console(width=80, file=io.StringIO()))]
    assert any("x" * 300 in line for line in lines)
    assert [line.plain for line in doctor_page.page([ok("a", "b", "c")], Console(file=io.StringIO()))][-1] == (
        "All is well."
    )


def test_next_is_the_fix_of_the_worst() -> None:
    assert doctor.report(HOSTILE)["next"] == "f"
    assert doctor.report([Finding("a", "b", Level.OK, "c")])["next"] == "Nothing to do."
    assert json.dumps(doctor.report(HOSTILE))
    assert "why" not in doctor.report(HOSTILE)["findings"][0]  # type: ignore[index]  # a list


def test_agents_take_no_longer_than_their_deadline(ready: Cli, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real thing: an agent that sleeps, and our own server started for good."""
    monkeypatch.undo()
    _program(machine, "claude", "exec sleep 60")
    monkeypatch.setenv("PATH", f"{machine}:/usr/bin:/bin")
    monkeypatch.setattr(doctor_agents, "_VERSION_WAIT_S", 0.5)
    monkeypatch.chdir(machine.parent / "shop")
    monkeypatch.setenv("KANBAN_CONFIG_HOME", str(machine.parent / "keys"))
    ran = Cli(ready._capsys, monkeypatch)("doctor", "--json", "--wait", "60")
    claude = [each["what"] for each in _findings(ran) if each["name"] == "Claude Code"]
    assert claude[0].startswith("version unknown: no answer within 0.5 s")
    assert claude[1] == "kanban in .mcp.json starts, 17 tools"
