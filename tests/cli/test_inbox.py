"""inbox: what waits for a person, each with a command that settles it."""

import pytest

from tests.cli.conftest import Cli


def _question(ready: Cli) -> None:
    ready("create", "Export the files")
    ready.as_session("w1")
    ready("claim", "1")
    ready("block", "-m", "Which encoding should files have?", "--option", "utf-8", "--option", "latin-1",
          "--default", "utf-8")  # fmt: skip
    ready.as_session(None)


def test_a_question_shows_its_options_its_default_and_the_command(ready: Cli) -> None:
    _question(ready)
    lines = ready("inbox").out.splitlines()
    assert lines[0] == "Waiting on you (1)"
    assert lines[1] == "  TASK-001  Export the files"
    assert "    options: utf-8 | latin-1 (if nobody answers: utf-8)" in lines
    assert lines[-1] == '    kanban-mcp answer TASK-001 -m "…"   or   kanban-mcp cancel TASK-001'
    assert ready("answer", "TASK-001", "-m", "utf-8").code == 0
    assert ready("inbox").out == "Nothing waits for you.\n"


def test_a_cut_list_says_that_more_wait(ready: Cli) -> None:
    for at in range(1, 4):
        ready("create", f"Task {at}")
        ready.as_session(f"w{at}")
        ready("claim", str(at))
        ready("fail", "-m", "The sample files are missing", "--no-retry")
        ready.as_session(None)
    ran = ready("inbox", "-n", "2")
    assert ran.out.count("kanban-mcp retry") == 2
    assert "more wait" in ran.out
    assert ready.ok("inbox", "-n", "2")["truncated"] != ""
    assert ready("inbox", "-n", "3").out.count("kanban-mcp retry") == 3


@pytest.mark.parametrize("words", [["inbox"], ["digest"], ["stats"]], ids=" ".join)
def test_they_look_and_never_make_a_board(cli: Cli, words: list[str]) -> None:
    ran = cli(*words)
    assert ran.code == 1
    assert "kanban-mcp init" in ran.err
