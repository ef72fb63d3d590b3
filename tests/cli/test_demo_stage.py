"""What surrounds the demo: where it works, whom it asks, what it shows."""

import io
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from rich.console import Console

from kanban_mcp.cli.demo import asking, command, ground
from kanban_mcp.cli.demo.screen import LiveScreen, PlainScreen, is_plain
from kanban_mcp.cli.demo.telling import Line, Transcripts, line_of
from kanban_mcp.domain.errors import Invalid
from kanban_mcp.service.results import BoardView, Event

REQUEST = {"id": "TASK-006", "title": "Migrate", "what": "asks", "text": "Apply it \x1b[2J", "context": "a copy"}


def answers(*lines: str | None) -> Callable[[], Awaitable[str | None]]:
    left = list(lines)

    async def read() -> str | None:
        return left.pop(0)

    return read


@pytest.mark.parametrize(
    ("said", "decision"),
    [
        (("y", " go on "), (True, "go on")),
        (("No", ""), (False, "")),
        (("perhaps", "YES", None), (True, "")),
        ((None,), (False, "No answer: the input ended.")),
    ],
)
async def test_only_a_clear_yes_is_a_yes(said: tuple[str | None, ...], decision: tuple[bool, str]) -> None:
    output = io.StringIO()
    assert await asking.decide(Console(file=output, width=80), REQUEST, answers(*said)) == decision
    assert "TASK-006 Migrate: asks" in output.getvalue()
    assert "\x1b" not in output.getvalue()


def test_without_a_terminal_and_without_yes_it_does_not_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run(tmp_path / "demo", is_unattended=False, as_json=False, is_fast=True) == 2
    assert "--yes" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_an_empty_current_folder_is_taken_and_a_full_one_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert ground.choose(None) == here
    (here / "work.txt").write_text("mine")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fresh = ground.choose(None)
    assert (fresh.parent, list(fresh.iterdir())) == (tmp_path, [])
    with pytest.raises(Invalid, match="is not empty"):
        ground.choose(here)
    with pytest.raises(Invalid, match="cannot work in"):
        ground.choose(here / "work.txt")


def test_children_see_nothing_of_the_users_board_session_or_git() -> None:
    users = {
        "PATH": "/bin",
        "KANBAN_DB": "/home/mia/board.db",
        "KANBAN_SESSION_ID": "s",
        "CLAUDE_CODE_SESSION_ID": "s",
        "GIT_DIR": "/home/mia/.git",
        "GIT_CONFIG_GLOBAL": "/home/mia/.gitconfig",
    }
    theirs = ground.environment(users)
    assert set(theirs) & set(users) == {"PATH", "GIT_CONFIG_GLOBAL"}
    assert theirs["GIT_CONFIG_GLOBAL"] == "/dev/null"


def test_half_a_transcript_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    transcripts = Transcripts(tmp_path)
    line = b'{"at_ms": 1, "who": "w", "tool": "kanban_complete", "refused": "[lease_lost] gone"}\n'
    path = tmp_path / "w.jsonl"
    path.write_bytes(b'{"at_ms": 0, "tool": "kanban_show", "answer": {}}\n' + line[:30])
    assert transcripts.new_refusals() == []
    with path.open("ab") as file:
        file.write(line[30:])
    assert [refusal.code for refusal in transcripts.new_refusals()] == ["lease_lost"]
    assert transcripts.new_refusals() == []


def test_a_line_shows_control_characters_instead_of_sending_them() -> None:
    event = Event(1, 0, "note", "TASK-001", "run-1", "w@box (agent)", {"note": "\x1b[31mred"})
    line = line_of(event)
    assert line is not None
    assert line.text == "w: \\x1b[31mred"


def view(done: int = 1) -> BoardView:
    card = {
        "kind": "",
        "priority": "",
        "attempt": "1/3",
        "age": "1s",
        "worker": "w@box",
        "stale": None,
        "note": "at it",
    }
    names = ("Triage", "Pending", "Ready", "In progress", "Review", "Blocked", "Done", "Failed")
    columns = [
        {
            "name": name,
            "count": done if name == "Done" else 1,
            "cards": [
                {**card, "id": f"TASK-{at:03}", "title": "A title " * 9, "assignee": "tester", "waits_for": ["TASK-1"]}
                for at in range(done if name == "Done" else 1)
            ],
        }
        for name in names
    ]
    return BoardView("", None, [], columns)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 12), (200, 60)])
@pytest.mark.parametrize("done", [0, 1, 30])
def test_the_live_board_always_has_one_height_and_never_exceeds_the_width(width: int, height: int, done: int) -> None:
    output = io.StringIO()
    console = Console(file=output, width=width, height=height, force_terminal=True, color_system=None)
    screen = LiveScreen(console, "/somewhere")
    heights = set()
    for shown in (None, view(done)):
        if shown is not None:
            screen.show(shown)
            screen.tell(Line(0, "", "What happens now. " * 30, "told"))
            screen.tell(Line(0, "TASK-001", "Something happened. " * 30, "bad"))
        lines = console.render_lines(screen, pad=False)
        heights.add(len(lines))
        assert max(sum(segment.cell_length for segment in line) for line in lines) <= width
    assert len(heights) == 1
    assert heights.pop() < height


def test_what_the_demo_says_stays_long_enough_to_be_read() -> None:
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True, color_system=None)
    screen = LiveScreen(console, "/somewhere")

    def shown() -> str:
        return "".join(segment.text for line in console.render_lines(screen) for segment in line)

    screen.tell(Line(0, "", "first", "told"))
    assert "first" in shown()
    screen.tell(Line(0, "", "second", "told"))
    assert "first" in shown()
    for text in ("third", "fourth"):
        screen.tell(Line(0, "", text, "told"))
    assert "second" in shown()


@pytest.mark.parametrize(
    ("terminal", "environ", "plain"),
    [(True, {}, False), (False, {}, True), (True, {"NO_COLOR": "1"}, True), (True, {"NO_COLOR": ""}, False)],
)
def test_lines_are_printed_where_a_live_board_does_not_fit(
    terminal: bool, environ: dict[str, str], plain: bool
) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal, _environ={"TERM": "xterm"})
    assert is_plain(console, environ) is plain


def test_a_plain_line_is_never_cut() -> None:
    output = io.StringIO()
    with PlainScreen(Console(file=output, width=40)) as screen:
        screen.show(view())
        screen.tell(Line(0, "TASK-001", "word " * 40, "bad"))
    assert output.getvalue().count("\n") == 1
