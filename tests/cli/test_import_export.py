"""`kanban-mcp import` and `export` as people run them."""

import contextlib
import io
import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.exchange.shapes import as_lines, counts, make_issues
from tests.service.helpers import dump


@pytest.fixture
def issues(project: Path) -> Path:
    """A file of beads where beads keeps it."""
    path = project / ".beads" / "issues.jsonl"
    path.parent.mkdir()
    path.write_bytes(as_lines(make_issues(7)))
    return path


def board(project: Path) -> Path:
    return project / ".kanban" / "board.db"


def test_import_brings_the_tasks_and_tells_what_it_left_out(ready: Cli, issues: Path, project: Path) -> None:
    told = ready.ok("import", "--from", "beads")
    expected = counts(make_issues(7))
    assert told["imported"] == sum(expected.values()) == 160
    assert told["states"] == dict(expected)
    assert {row["where"].split(",")[0] for row in told["skipped"]} == {"issues.jsonl"}
    shown = ready("import", "--from", "beads")
    assert shown.code == 0
    assert "0 tasks and 0 links came from beads" in shown.out
    assert "160 tasks here already" in shown.out
    assert "left out:" in shown.out
    listed = ready.ok("list")
    assert listed["counts"]["ready"] == expected["ready"]


def test_a_dry_run_needs_no_board_and_makes_none(cli: Cli, issues: Path, project: Path) -> None:
    told = cli.ok("import", "--from", "beads", "--dry-run")
    assert (told["imported"], told["dry_run"]) == (160, True)
    assert not board(project).exists()


def test_two_projects_of_one_kind_are_told_apart_by_name(ready: Cli, issues: Path) -> None:
    assert ready.ok("import", "--from", "beads")["imported"] == 160
    assert ready.ok("import", "--from", "beads", "--as", "other")["imported"] == 160
    assert ready.ok("import", "--from", "beads", "--as", "other")["already"] == 160


def test_a_source_that_is_not_there_or_unknown_is_refused(ready: Cli) -> None:
    refused = ready("import", "--from", "taskmaster")
    assert (refused.code, refused.out) == (1, "")
    assert "no taskmaster source here (.taskmaster/tasks/tasks.json" in refused.err
    assert 'Did you mean "beads"?' in ready("import", "--from", "bead").err
    assert "No such file" in ready("import", "--from", "beads", "nowhere.jsonl").err
    assert ready("import").code == 2


def test_a_pipe_given_as_a_file_is_refused_at_once(ready: Cli, project: Path) -> None:
    os.mkfifo(project / "pipe")
    for words in (("import", "pipe"), ("import", "--from", "beads", "pipe"), ("import", "--from", "backlog", "pipe")):
        refused = ready(*words)
        assert refused.code == 1
        assert "it is no" in refused.err
    assert "it is no regular file" in ready("import", "--from", "beads", str(project)).err


@pytest.mark.proves("T19")
def test_what_a_hostile_source_says_is_escaped_on_the_terminal(ready: Cli, project: Path) -> None:
    name = "\x1b]0;owned\x07evil.jsonl"
    (project / name).write_text('{"id": "bd-1", "title": "\\u001b[31mred", "status": "\\u202eodd"}\n', encoding="utf-8")
    ran = ready("import", "--from", "beads", name)
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
    shown = ready("show", "1")
    assert "\\x1b[31mred" in shown.out
    (project / name).write_text("{", encoding="utf-8")
    assert "\x1b" not in ready("import", "--from", "beads", name).err


def test_a_session_of_an_agent_may_import_tasks_and_never_a_board(
    ready: Cli, issues: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ready("export", "out.jsonl").code == 0
    ready.as_session("s-1")
    refused = ready("import", "out.jsonl")
    assert refused.code == 1
    assert "Only a person may import a board" in refused.err
    assert ready("import", "--from", "beads").code == 0
    monkeypatch.setenv("KANBAN_RUN_ID", "run-1")
    monkeypatch.setenv("KANBAN_TASK_ID", "TASK-001")
    assert "A worker may not import tasks" in ready("import", "--from", "beads").err


@pytest.mark.proves("T17")
def test_export_goes_out_and_comes_back(
    ready: Cli, issues: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready.ok("import", "--from", "beads")
    told = ready.ok("export", "out.jsonl")
    assert told["rows"]["tasks"] == 160
    assert (project / "out.jsonl").stat().st_mode & 0o777 == 0o600
    other = project.parent / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    assert ready("init").code == 0
    came = ready.ok("import", "../shop/out.jsonl")
    assert came["rows"]["tasks"] == 160
    assert ready.ok("export", "again.jsonl")["rows"] == told["rows"]
    assert (other / "again.jsonl").read_bytes() == (project / "out.jsonl").read_bytes()
    assert "has 160 tasks already" in ready("import", "../shop/out.jsonl").err


def test_export_writes_utf_8_to_standard_output_whatever_the_locale(ready: Cli) -> None:
    ready.ok("create", "Ünïcode → 漢字 🎉")
    command = [sys.executable, "-m", "kanban_mcp", "export"]
    ran = subprocess.run(command, capture_output=True, check=True, env=dict(os.environ, LC_ALL="C", PYTHONUTF8="0"))
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert lines[0]["kanban_export"] == 1
    assert "Ünïcode → 漢字 🎉".encode() in ran.stdout
    assert lines[-1]["end"]["tasks"] == 1


def test_an_export_comes_in_from_standard_input_too(
    ready: Cli, project: Path, monkeypatch: pytest.MonkeyPatch, issues: Path
) -> None:
    assert ready("export", "out.jsonl").code == 0
    from kanban_mcp.cli.app import main

    for words, file in ((("import", "-"), "out.jsonl"), (("import", "--from", "beads", "-"), str(issues))):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((project / file).read_bytes())))
        assert main([*words, "--dry-run"]) == 0


def test_an_export_never_goes_over_the_board_or_another_file(ready: Cli, project: Path) -> None:
    ready.ok("create", "A task")
    before = dump(board(project))
    (project / "notes.md").write_text("mine", encoding="utf-8")
    (project / "alias").symlink_to(project / "notes.md")
    (project / "same.db").hardlink_to(board(project))
    for name, said in (
        (".kanban/board.db", "is the board itself"),
        ("same.db", "is the board itself"),
        ("notes.md", "is no export"),
        ("alias", "is no regular file"),
        (".", "is no regular file"),
    ):
        refused = ready("export", name)
        assert (refused.code, refused.out) == (1, "")
        assert said in refused.err
    (project / "same.db").unlink()
    assert dump(board(project)) == before
    assert (project / "notes.md").read_text(encoding="utf-8") == "mine"
    assert "is the board itself" in ready("export", "--force", ".kanban/board.db").err
    assert ready("export", "--force", "notes.md").code == 0
    assert ready("export", "notes.md").code == 0, "an export takes the place of an older one"
    assert [each.name for each in project.iterdir() if each.name.endswith(".partial")] == []


def test_an_export_that_fails_leaves_what_was_there(ready: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready("export", "out.jsonl").code == 0
    before = (project / "out.jsonl").read_bytes()
    ready.ok("create", "A task")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused = ready("export", "out.jsonl")
    assert refused.code == 1
    assert "No space left" in refused.err
    assert (project / "out.jsonl").read_bytes() == before
    assert [each.name for each in project.iterdir() if each.name.endswith(".partial")] == []


def test_export_makes_no_board(cli: Cli, project: Path) -> None:
    assert cli("export").code != 0
    assert not board(project).exists()


def test_a_terminal_shows_how_far_it_is_and_the_answer_stays_clean(ready: Cli, issues: Path) -> None:
    seen, ours = pty.openpty()
    command = [sys.executable, "-m", "kanban_mcp", "import", "--from", "beads", "--json"]
    shown: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # Linux ends a terminal that nobody writes to any more with an error
            while more := os.read(seen, 65536):
                shown.append(more)

    reader = threading.Thread(target=read)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=ours, env=dict(os.environ, TERM="xterm")) as ran:
        os.close(ours)
        reader.start()  # all the while: a terminal that is full would stop the command
        out, _ = ran.communicate(timeout=100)
    reader.join()
    os.close(seen)
    assert b"Importing" in b"".join(shown)
    assert json.loads(out)["imported"] == 160
