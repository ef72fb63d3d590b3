"""init: a board, a key that only its user can read, and the entries of the clients beside everything that is there."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from kanban_mcp.clients import entries, files
from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _no_clients_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose Claude Code alone, whatever this machine has."""
    monkeypatch.setattr("shutil.which", lambda *_: None)
    monkeypatch.setattr("kanban_mcp.clients.registry.found.__defaults__", (lambda *_: None,))


def _tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return mode and content of every file below a folder, side files of SQLite and of the lock left out."""
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in (".db-wal", ".db-shm", ".lock")
    ]
    return {str(path.relative_to(folder)): (path.stat().st_mode & 0o777, path.read_bytes()) for path in files}


def test_init_makes_the_board_the_key_and_the_entry(cli: Cli, project: Path, tmp_path: Path) -> None:
    ran = cli("init")
    assert ran.code == 0
    assert (project / ".kanban").stat().st_mode & 0o777 == 0o700
    assert (project / ".kanban" / "board.db").stat().st_mode & 0o777 == 0o600
    assert (project / ".kanban" / ".gitignore").read_text().endswith("!profiles/**\n")
    [key] = (tmp_path / "keys").iterdir()
    assert key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert str(key) in ran.out
    assert key.read_text().strip() not in ran.out + ran.err
    entry = json.loads((project / ".mcp.json").read_text())["mcpServers"]["kanban"]
    assert entry["alwaysLoad"] is True
    assert Path(entry["command"]).is_absolute()
    assert entry["args"][-1] == "serve"
    assert "uvx" not in json.dumps(entry)
    assert 'Next    1. kanban-mcp create "' in ran.out


def test_the_entry_starts_this_installation(cli: Cli, project: Path) -> None:
    cli("init")
    entry = json.loads((project / ".mcp.json").read_text())["mcpServers"]["kanban"]
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }  # fmt: skip
    done = subprocess.run(
        [entry["command"], *entry["args"]],
        input=json.dumps(hello) + "\n", capture_output=True, text=True, timeout=60, check=False, cwd=project,
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[0])["result"]["serverInfo"]["name"] == "kanban"


def test_running_it_twice_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    before = _tree(tmp_path)
    again = cli.ok("init")
    assert _tree(tmp_path) == before
    assert again["board_is_new"] is again["operator_key_is_new"] is False
    assert set(again["clients"].values()) == {"there already"}


def test_print_shows_what_to_add_and_nothing_else_of_the_file_and_writes_nothing(
    cli: Cli, project: Path, tmp_path: Path
) -> None:
    (project / ".mcp.json").write_text('{"mcpServers": {"other": {"command": "x", "env": {"KEY": "secret"}}}}')
    before = _tree(tmp_path)
    shown = cli.ok("init", "--print")["claude-code"][".mcp.json"]
    assert set(json.loads(shown)["mcpServers"]) == {"kanban"}
    page = cli("init", "--print").out
    assert "# claude-code: .mcp.json\n{\n" in page
    assert "secret" not in page
    assert _tree(tmp_path) == before
    assert not (project / ".kanban").exists()


def test_a_merge_keeps_everything_and_the_form_of_the_file(cli: Cli, project: Path) -> None:
    file = project / ".mcp.json"
    before = {
        "$schema": "x",
        "mcpServers": {"zeta": {"command": "z", "env": {"A": "ü"}}, "alpha": {}},
        "last": [1, None],
    }
    file.write_text(json.dumps(before, indent=4, ensure_ascii=False) + "\n")
    file.chmod(0o640)
    cli("init")
    after = json.loads(file.read_text())
    ours = after["mcpServers"].pop("kanban")
    assert ours["alwaysLoad"] is True
    assert after == before
    assert list(after) == list(before)
    assert '\n    "mcpServers"' in file.read_text()
    assert "ü" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"mcpServers": []}',
        "// comment\n{}",
        '{"a": 1, "a": 2}',
        "\ufeff{",
        '{"mcpServers": {"x": 1, "x": 2}}',
    ],
)
def test_a_file_that_cannot_be_merged_is_left_alone_and_nothing_is_made(cli: Cli, project: Path, text: str) -> None:
    (project / ".mcp.json").write_text(text, encoding="utf-8")
    ran = cli("init")
    assert ran.code == 3
    assert ran.err.startswith("[config] ")
    assert "It was left as it is. Next: correct it" in ran.err
    assert (project / ".mcp.json").read_text(encoding="utf-8") == text
    assert not (project / ".kanban").exists()


@pytest.mark.parametrize("text", ['{"x": "\\ud800"}', '{"x": 1e400}', '{"x":[ 1.50,\n  2 ]}'])
def test_what_no_program_could_write_again_the_same_way_stays_as_it_is(cli: Cli, project: Path, text: str) -> None:
    (project / ".mcp.json").write_text(text)
    assert cli("init").code == 0
    after = (project / ".mcp.json").read_text()
    assert after.startswith(text[:-1].rstrip())
    assert '"kanban"' in after


def test_a_pipe_where_the_file_should_be_is_refused_and_not_waited_for(cli: Cli, project: Path) -> None:
    os.mkfifo(project / ".mcp.json")
    ran = cli("init")
    assert (ran.code, "no regular file" in ran.err) == (3, True)
    assert not (project / ".kanban").exists()


def test_an_entry_of_ours_without_a_command_is_completed(cli: Cli, project: Path) -> None:
    (project / ".mcp.json").write_text('{"mcpServers": {"kanban": {"args": ["-m", "kanban_mcp", "serve"]}}}')
    assert cli("init").code == 0
    assert json.loads((project / ".mcp.json").read_text())["mcpServers"]["kanban"]["command"]


def test_a_file_where_the_boards_folder_should_be_is_left_as_it_is(cli: Cli, project: Path) -> None:
    (project / ".kanban").write_text("mine")
    (project / ".kanban").chmod(0o644)
    ran = cli("init")
    assert ran.code != 0
    assert "[board_unavailable]" in ran.err
    assert (project / ".kanban").stat().st_mode & 0o777 == 0o644


def test_a_folder_for_keys_that_is_a_file_is_a_configuration_error(
    cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "taken").touch()
    monkeypatch.setenv("KANBAN_CONFIG_HOME", str(project / "taken"))
    ran = cli("init")
    assert (ran.code, ran.err.startswith("[config] The operator key cannot be written")) == (3, True)


def test_another_server_of_that_name_is_left_alone(cli: Cli, project: Path) -> None:
    theirs = {"mcpServers": {"kanban": {"command": "npx", "args": ["some-kanban-server"]}}}
    (project / ".mcp.json").write_text(json.dumps(theirs))
    ran = cli("init")
    assert ran.code == 0
    assert 'another server is called "kanban"; left as it is' in ran.out
    assert json.loads((project / ".mcp.json").read_text()) == theirs


def test_our_own_entry_keeps_its_flags_while_it_starts_and_is_renewed_when_it_does_not(cli: Cli, project: Path) -> None:
    file = project / ".mcp.json"
    cli("init")
    content = json.loads(file.read_text())
    entry = content["mcpServers"]["kanban"]
    entry["args"] += ["--toolset", "worker"]
    entry["env"] = {"KANBAN_ROLE": "tester"}
    file.write_text(json.dumps(content))
    assert set(cli.ok("init")["clients"].values()) == {"there already"}
    assert json.loads(file.read_text()) == content
    entry["command"] = "/gone/bin/kanban-mcp"
    file.write_text(json.dumps(content))
    assert cli.ok("init")["clients"][str(file)] == "updated"
    renewed = json.loads(file.read_text())["mcpServers"]["kanban"]
    assert os.access(renewed["command"], os.X_OK)
    assert renewed["env"] == {"KANBAN_ROLE": "tester"}


def test_a_board_given_by_path_is_named_in_the_entry(cli: Cli, project: Path) -> None:
    cli("init", "--db", "boards/own.db")
    entry = json.loads((project / ".mcp.json").read_text())["mcpServers"]["kanban"]
    assert entry["args"][-2:] == ["--db", str(project / "boards" / "own.db")]


def test_in_a_worktree_the_one_board_of_the_repository_is_made(
    cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"], ["worktree", "add", "-q", "../side"]):
        subprocess.run([*git, *words], cwd=project, check=True, capture_output=True)
    monkeypatch.chdir(project.parent / "side")
    assert cli.ok("init")["board"] == str(project / ".kanban" / "board.db")
    status = subprocess.run([*git, "status", "--porcelain"], cwd=project, check=True, capture_output=True, text=True)
    assert ".kanban/board.db" not in status.stdout


def test_a_file_that_cannot_be_written_leaves_all_as_they_were(
    cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".mcp.json").write_text("{}\n")
    real = files.write

    def refuse(path: Path, text: str) -> None:
        if path.name == "CLAUDE.md":
            raise PermissionError(13, "Permission denied")
        real(path, text)

    monkeypatch.setattr(files, "write", refuse)
    ran = cli("init")
    assert (ran.code, "CLAUDE.md cannot be written: Permission denied. Nothing was changed" in ran.err) == (3, True)
    assert {path.name for path in project.iterdir()} == {".mcp.json", ".kanban"}
    assert (project / ".mcp.json").read_text() == "{}\n"
    assert not (project / ".kanban" / "clients.json").exists()


def test_without_a_console_script_the_module_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    command = entries.own_command()
    assert command == [str(tmp_path / "python"), "-m", "kanban_mcp", "serve"]
    assert entries.is_ours({"command": command[0], "args": command[1:]})


def test_config_says_what_is_in_force_and_why(ready: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".kanban" / "kanban.toml").write_text('lease_for = "7m"\nmax_attempts = 5\n')
    monkeypatch.setenv("KANBAN_MAX_ATTEMPTS", "4")
    rows = {row["name"]: (row["value"], row["source"]) for row in ready.ok("config")["settings"]}
    assert rows["lease_for"] == ("7m", "kanban.toml")
    assert rows["max_attempts"] == ("4", "KANBAN_MAX_ATTEMPTS")
    assert rows["reap_every"] == ("10s", "default")
    lines = ready("config").out.splitlines()
    assert lines[0].split() == ["board", str(project / ".kanban" / "board.db"), "(upward)"]
    assert any(line.split() == ["lease_for", "7m", "kanban.toml"] for line in lines)
