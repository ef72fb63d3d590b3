"""uninstall: what init wrote goes; the board and its key only when a person says so twice, and nobody works on it."""

import io
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _no_clients_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kanban_mcp.clients.registry.found.__defaults__", (lambda *_: None,))


def _tree(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


class Terminal(io.StringIO):
    """A person at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("words", [["uninstall"], ["init", "--undo"]], ids=" ".join)
def test_what_init_wrote_goes_and_the_board_stays(cli: Cli, project: Path, words: list[str]) -> None:
    (project / "CLAUDE.md").write_text("# Mine\n")
    before = _tree(project)
    cli("init", "--client", "all", "--hooks")
    cli("create", "Write the parser")
    ran = cli(*words)
    assert ran.code == 0
    assert "as it was             CLAUDE.md" in ran.out
    assert "removed               .mcp.json" in ran.out
    assert f"The board stays: {project / '.kanban' / 'board.db'}" in ran.out
    after = _tree(project)
    assert {name: text for name, text in after.items() if not name.startswith(".kanban/")} == before
    assert {".kanban/.gitignore", ".kanban/board.db"} <= {name for name in after if name.startswith(".kanban/")}
    assert ".kanban/clients.json" not in after
    assert cli.ok("show", "1")["title"] == "Write the parser"


@pytest.mark.parametrize("words", [["uninstall"], ["init", "--undo"]], ids=" ".join)
def test_a_board_that_holds_no_task_goes_with_the_rest(
    cli: Cli, project: Path, tmp_path: Path, words: list[str]
) -> None:
    before = _tree(tmp_path)
    cli("init", "--client", "all", "--hooks")
    ran = cli(*words)
    assert (ran.code, _tree(tmp_path)) == (0, before)
    assert f"Deleted: {project / '.kanban' / 'board.db'}" in ran.out


def test_an_agents_shell_undoes_init_and_leaves_an_empty_board_too(cli: Cli, project: Path) -> None:
    cli("init")
    cli.as_session("agent")
    assert cli("uninstall").code == 0
    assert {".kanban/.gitignore", ".kanban/board.db"} <= set(_tree(project))


def test_with_data_nothing_at_all_is_left(cli: Cli, project: Path, tmp_path: Path) -> None:
    before = _tree(tmp_path)
    cli("init", "--client", "all", "--hooks")
    cli("create", "Write the parser")
    (project / ".kanban" / "hooks").mkdir()
    (project / ".kanban" / "hooks" / "claude").touch()
    planned = cli("uninstall", "--data", "--dry-run")
    assert f"Would delete: {project / '.kanban' / 'board.db'}, its backups and its operator key." in planned.out
    ran = cli("uninstall", "--data", "--yes")
    assert ran.code == 0
    assert f"Deleted: {project / '.kanban' / 'board.db'}, its backups and its operator key." in ran.out
    assert _tree(tmp_path) == before
    assert list(project.iterdir()) == []
    assert list((tmp_path / "keys").iterdir()) == []


def test_what_people_keep_beside_the_board_stays_with_data_too(cli: Cli, project: Path) -> None:
    cli("init")
    (project / ".kanban" / "kanban.toml").write_text('lease_for = "7m"\n')
    assert cli("uninstall", "--data", "--yes").code == 0
    assert _tree(project) == {
        ".kanban/.gitignore": (project / ".kanban" / ".gitignore").read_bytes(),
        ".kanban/kanban.toml": b'lease_for = "7m"\n',
    }


def test_data_is_not_deleted_unasked(cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("init")
    before = _tree(project)
    ran = cli("uninstall", "--data")
    assert (ran.code, ran.err) == (
        1,
        "[invalid] Deleting the board was not confirmed. Next: add --yes if you mean it.\n",
    )
    monkeypatch.setattr("io.StringIO", Terminal)
    assert cli("uninstall", "--data", stdin="n\n").code == 1
    assert _tree(project) == before
    assert cli("uninstall", "--data", stdin="y\n").code == 0
    assert _tree(project) == {}


def test_an_agents_shell_cannot_delete_the_board(cli: Cli, project: Path) -> None:
    cli("init")
    before = _tree(project)
    cli.as_session("agent")
    ran = cli("uninstall", "--data", "--yes")
    assert ran.code == 1
    assert ran.err.startswith("[forbidden] Only a person may delete the board. KANBAN_SESSION_ID is set here")
    assert _tree(project) == before


def test_a_board_on_which_somebody_works_is_not_deleted(cli: Cli, project: Path) -> None:
    cli("init")
    cli("create", "Write the parser", "--role", "implementer")
    cli.as_session("worker")
    assert cli("claim", "--role", "implementer").code == 0
    cli.as_session(None)
    ran = cli("uninstall", "--data", "--yes")
    assert ran.code == 1
    assert ran.err.startswith("[held_by] Work is going on: TASK-001 (")
    assert (project / ".mcp.json").exists()
    assert cli.ok("show", "1")["state"] == "in_progress"


def test_without_init_there_is_nothing_to_undo(cli: Cli, project: Path) -> None:
    ran = cli("uninstall")
    assert (ran.code, ran.out) == (
        0,
        "There is no record of anything that init wrote here.\n",
    )
    assert cli("uninstall", "--data", "--yes").code == 0
    assert _tree(project) == {}


@pytest.mark.parametrize(
    "words",
    [["init", "--client", "all", "--dry-run"], ["uninstall", "--dry-run"], ["init", "--undo", "--dry-run"]],
    ids=" ".join,
)
def test_a_dry_run_says_each_file_and_writes_nothing(cli: Cli, project: Path, words: list[str]) -> None:
    is_undo = words[0] == "uninstall" or "--undo" in words
    if is_undo:
        cli("init", "--client", "all")
    before = _tree(project)
    ran = cli(*words)
    assert ran.code == 0
    lines = ran.out.splitlines()
    for name in (".mcp.json", ".codex/config.toml", ".vscode/mcp.json", "opencode.json", "GEMINI.md"):
        assert sum(name in line for line in lines) == 1
    assert _tree(project) == before
    assert project.joinpath(".kanban").exists() is is_undo


def test_init_says_in_a_few_lines_what_it_did_and_notes_what_a_client_asks(cli: Cli, project: Path) -> None:
    lines = cli("init").out.splitlines()
    assert [line[:8].strip() for line in lines] == ["board", "agents", "wrote", "undo", "Next", "", ""]
    assert lines[2] == "wrote   .mcp.json, .claude/settings.local.json, CLAUDE.md, .claude/skills (3 skills)"
    again = cli("init").out.splitlines()
    assert again[2] == "wrote   nothing: all of it was there already"
    more = cli("init", "--client", "codex", "--hooks").out.splitlines()
    assert [line[:14] for line in more[7:]] == ["note    Codex:", "note    Codex:"]


def test_an_unknown_client_is_told_and_nothing_is_made(cli: Cli, project: Path) -> None:
    ran = cli("init", "--client", "emacs")
    assert (ran.code, "[invalid] There is no client 'emacs'" in ran.err) == (1, True)
    assert _tree(project) == {}


def test_in_a_worktree_the_files_of_that_checkout_are_written(
    cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"], ["worktree", "add", "-q", "../side"]):
        subprocess.run([*git, *words], cwd=project, check=True, capture_output=True)
    side = project.parent / "side"
    (side / "deep").mkdir()
    monkeypatch.chdir(side / "deep")
    cli("init")
    assert (side / ".mcp.json").is_file()
    assert not (project / ".mcp.json").exists()
    monkeypatch.chdir(project)
    cli("init")
    cli("uninstall")
    assert (side / ".mcp.json").is_file()
    monkeypatch.chdir(side)
    cli("uninstall")
    assert {path.name for path in side.iterdir()} == {".git", "deep"}
