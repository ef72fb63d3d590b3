"""Nothing that came from a task reaches the terminal as anything but visible text."""

import json
import sqlite3
from pathlib import Path

import pytest

from kanban_mcp.cli import wording
from kanban_mcp.cli.app import main
from tests.cli.conftest import Cli

NASTY = {
    "escape": "\x1b[2J\x1b[31mred",
    "osc8": "\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
    "c1": "\x9b31mred",
    "carriage return": "fine\rforged",
    "bell": "ding\x07",
    "backspace": "approve\x08\x08\x08",
    "bidi": "\u202egnp.exe\u202c",
    "isolate": "\u2066hidden\u2069",
    "zero width": "ad\u200bmin",
    "separator": "one\u2028two",
    "delete": "x\x7f",
}
RAW = [ch for text in NASTY.values() for ch in text if not ch.isprintable()]
PAGES = (["list"], ["board"], ["show", "1"], ["show", "2"], ["show", "3"], ["log", "-n", "99"], ["inbox"], ["digest"])


@pytest.fixture
def nasty(ready: Cli, project: Path) -> Cli:
    """Return a command line on a board in which a foreign program wrote what the board itself refuses."""
    for title in ("First", "Second", "Third"):
        ready("create", title, "--role", "tester", "-c", "Words", "-a", "file:x")
    ready.as_session("w1")
    ready("claim", "--role", "tester")
    ready("heartbeat", "-m", "busy")
    ready("claim", "2", "--role", "tester")
    ready("block", "2", "-m", "Which of the two should be taken?", "--option", "this", "--option", "that")
    ready("comment", "1", "-m", "Words")
    ready.as_session(None)
    text = " ".join(NASTY.values())
    db = sqlite3.connect(project / ".kanban" / "board.db")
    with db:
        db.execute("UPDATE tasks SET title = ?, context = ?, acceptance = ?", (text, f"a\n{text}", json.dumps([text])))
        db.execute(
            "UPDATE tasks SET blocked = ? WHERE blocked IS NOT NULL", (json.dumps({"reason": text, "options": [text]}),)
        )
        db.execute("UPDATE runs SET note = ?, branch = ?, workdir = ?, error = ?", (text,) * 4)
        db.execute("UPDATE messages SET body = ?, author = ?", (text, text))
        db.execute("UPDATE workers SET name = ?", (text,))
        db.execute(
            "INSERT INTO events (kind, actor, at_ms, data) VALUES (?, ?, 0, ?)", (text, text, json.dumps({text: text}))
        )
    db.close()
    return ready


@pytest.mark.proves("T19")
@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_control_characters_of_tasks_are_shown_escaped(nasty: Cli, words: list[str]) -> None:
    ran = nasty(*words)
    assert ran.code == 0, ran.err
    assert [ch for ch in RAW if ch in ran.out] == []
    assert "\\x1b" in ran.out
    assert "\\u202e" in ran.out


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_json_shows_them_escaped_and_reads_back_the_same(nasty: Cli, words: list[str]) -> None:
    ran = nasty(*words, "--json")
    assert [ch for ch in RAW if ch in ran.out] == []
    assert "\\u202e" in ran.out
    for line in ran.out.splitlines() if words[0] == "log" else [ran.out]:
        assert json.dumps(json.loads(line), ensure_ascii=False) != ""


@pytest.mark.proves("T19")
def test_errors_are_escaped_too(ready: Cli) -> None:
    ran = ready("show", "\x1b[31mx\r")
    assert ran.code == 1
    assert "\x1b" not in ran.err
    assert "\r" not in ran.err


@pytest.mark.parametrize("words", [["list"], ["board"], ["show", "1"], ["log"]], ids=" ".join)
def test_markup_of_tasks_is_text(ready: Cli, words: list[str]) -> None:
    ready("create", "[red]stop[/red] :smile: [link=http://x]y[/link]", "-c", "[bold]z[/bold]")
    assert "[red]stop[/red]" in ready(*words).out.replace("\n", " ")


@pytest.mark.parametrize("colour", ["", "NO_COLOR"])
def test_a_pipe_gets_no_escape_sequence_and_whole_lines(
    ready: Cli, monkeypatch: pytest.MonkeyPatch, colour: str
) -> None:
    title = "A title that is longer than any terminal is wide, " * 3
    ready("create", title.strip())
    if colour:
        monkeypatch.setenv(colour, "1")
    for words in (["show", "1"], ["log"]):
        out = ready(*words).out
        assert "\x1b" not in out
        assert title.strip() in out, "not wrapped, not cut"
    rows = ready("list").out.splitlines()
    assert rows[1].endswith(ready.ok("list")["tasks"][0]["title"])


def test_a_terminal_without_unicode_gets_escapes_instead_of_a_traceback(
    ready: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ready("create", "Übergröße → ok")
    with (tmp_path / "out").open("w", encoding="ascii") as file:
        monkeypatch.setattr("sys.stdout", file)
        assert main(["list"]) == 0
    assert "\\xdcbergr" in (tmp_path / "out").read_text(encoding="ascii")


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_json_text_keeps_its_meaning(text: str) -> None:
    shown = wording.as_json({"a": text, "ü": ["→", text]})
    assert json.loads(shown) == {"a": text, "ü": ["→", text]}
    assert "ü" in shown
    assert not [ch for ch in shown if ch != "\n" and not ch.isprintable()]


@pytest.mark.parametrize(
    ("advice", "command"),
    [
        ('kanban_claim(task_id="TASK-001") takes it.', "kanban-mcp claim TASK-001 takes it."),
        ('kanban_claim(assignee="tester").', "kanban-mcp claim --role tester."),
        ("kanban_claim(wait_s=45) waits", "kanban-mcp claim --wait 45 waits"),
        ("kanban_complete(summary, evidence=[{kind:commit,sha}])", 'kanban-mcp complete -m "…"'),
        ('kanban_update("TASK-009", triage=false) once', "kanban-mcp update TASK-009 --no-triage once"),
        ('kanban_answer("TASK-007", …)', 'kanban-mcp answer TASK-007 -m "…"'),
        ("kanban_request_approval with the same text waits", "kanban_request_approval with the same text waits"),
        ("kanban_retry or kanban_cancel TASK-002", "kanban-mcp retry or kanban-mcp cancel TASK-002"),
    ],
)
def test_advice_for_agents_becomes_what_a_person_can_type(advice: str, command: str) -> None:
    assert wording.as_commands(advice) == command
