"""How a command ends: the exit code, and one text on stderr that says what to do next."""

from pathlib import Path

import pytest

from kanban_mcp.cli import exits
from kanban_mcp.domain.errors import PUBLIC_CODES
from tests.cli.conftest import Cli


def test_every_public_code_has_an_exit_code_that_the_table_explains() -> None:
    unavailable = {"board_busy", "board_unavailable", "config"}
    for code in PUBLIC_CODES:
        assert exits.exit_code(code) == (3 if code in unavailable else 1)
        assert exits.exit_code(code) in exits.MEANINGS


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["show", "TASK-009"], 1, "[not_found] There is no TASK-009. Next: The board is empty: kanban-mcp create.\n"),
        (["show", "nine"], 1, '[invalid] task_id "nine" is not an id. Next: Write it like "TASK-001".\n'),
        (["complete", "-m", "Written and tested"], 1, "[which_task] You hold no task."),
        (["heartbeat"], 1, "[which_task] You hold no task."),
        (["create", "x" * 201], 1, "[invalid] title has 201 characters"),
        (["link", "1", "1"], 1, "[not_found]"),
        (["list", "--state", "redy"], 1, 'Did you mean "ready"?'),
        (["create"], 2, "Missing argument 'TITLE'"),
        (["crate", "x"], 2, "Did you mean 'create'?"),
        (["answer", "1"], 2, "Missing option"),
        (["list", "-n", "0"], 2, "Invalid value for '-n'"),
        (["serve", "--toolset", "all"], 2, "'worker', 'orchestrator'"),
        (["plan", "missing.json"], 2, "missing.json"),
        (["comment", "1", "-m", "@missing.txt"], 2, "Write @@ for"),
        (["complete", "-m", "ok", "-e", "proof"], 2, "file:…"),
        (["complete", "-m", "ok", "--metadata", "[1]"], 2, "is not a JSON object"),
    ],
)
def test_a_refusal_names_its_code_and_the_next_step(ready: Cli, words: list[str], code: int, text: str) -> None:
    ran = ready(*words)
    assert ran.code == code
    assert text in " ".join(ran.err.replace("│", " ").split()) or text in ran.err
    assert ran.out == ""


def test_without_a_board_reads_say_how_to_make_one(cli: Cli, project: Path) -> None:
    for words in (["list"], ["show"], ["board"], ["log"], ["reaper", "--once"], ["heartbeat"]):
        ran = cli(*words)
        assert ran.code == 1
        assert "[not_found] There is no board at" in ran.err
        assert "Next: run kanban-mcp init here" in ran.err
    assert list(project.iterdir()) == []


def test_a_damaged_board_and_a_wrong_setting_are_three(cli: Cli, ready: Cli, project: Path) -> None:
    (project / ".kanban" / "kanban.toml").write_text('lease_for = "5x"\n')
    ran = ready("list")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("[config] lease_for")
    (project / ".kanban" / "kanban.toml").unlink()
    (project / "empty.db").touch()
    ran = cli("list", "--db", "empty.db")
    assert ran.code == 3
    assert ran.err.startswith("[board_unavailable] ")


def test_a_bare_command_shows_the_board_or_how_to_get_one(cli: Cli) -> None:
    ran = cli()
    assert ran.code == 0
    assert "kanban-mcp init" in ran.out
    cli("init")
    cli("create", "Write the parser")
    ran = cli()
    assert ran.code == 0
    assert "Ready (1)" in ran.out
    assert "Write the parser" in ran.out


def test_a_file_without_end_is_not_read_to_its_end(ready: Cli) -> None:
    ran = ready("create", "Endless", "--context", "@/dev/zero")
    assert (ran.code, "more than" in ran.err) == (2, True)


def test_long_texts_come_from_stdin_or_a_file(ready: Cli, project: Path) -> None:
    (project / "spec.md").write_text("# Spec\n\nAll of it.\n")
    ready("create", "One", "-c", "-", stdin="From stdin\nin two lines\n")
    ready("create", "Two", "-c", "@spec.md")
    ready("create", "Three", "-c", "@@mia knows")
    contexts = [ready.ok("show", str(task))["context"] for task in (1, 2, 3)]
    assert contexts == ["From stdin\nin two lines", "# Spec\n\nAll of it.", "@mia knows"]


def test_the_first_write_makes_the_board_where_it_is_named(cli: Cli, project: Path) -> None:
    assert cli("create", "Write the parser", "--db", "own.db").code == 0
    assert (project / "own.db").stat().st_mode & 0o777 == 0o600
    assert cli.ok("list", "--db", "own.db")["counts"]["ready"] == 1
