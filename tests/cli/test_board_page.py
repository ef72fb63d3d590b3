"""The board as text: what waits for you first, legible from a narrow terminal to a wide one."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from kanban_mcp.cli.board_page import board
from kanban_mcp.service.results import BoardView, Json
from tests.cli.conftest import Cli
from tests.conftest import Clock

WIDTHS = (40, 60, 80, 100, 120, 160, 220)


def _card(number: int, title: str, **facts: object) -> Json:
    empty = dict.fromkeys(("kind", "assignee", "priority", "attempt", "note"), "")
    return {"id": f"TASK-{number:03d}", "title": title, "age": "2h 10m", "worker": None, "stale": None,
            "waits_for": [], **empty, **facts}  # fmt: skip


def _column(name: str, state: str, *cards: Json, count: int | None = None) -> Json:
    return {"name": name, "state": state, "count": len(cards) if count is None else count, "cards": list(cards)}


LONG = "日本語のタイトル " * 4 + "and a word thatisfartoolongforanycolumnofanyboardandhastobebrokensomewhere"
WAITING: Json = {
    "id": "TASK-003", "title": "Run the migration", "what": "asks to do something irreversible", "age": "6m",
    "text": "ALTER TABLE users DROP COLUMN legacy_password; " * 12, "options": [], "behind": 2,
    "do": "kanban-mcp approve TASK-003", "or": 'kanban-mcp reject TASK-003 -m "…"',
}  # fmt: skip
VIEW = BoardView(
    next="",
    paused=None,
    waiting=[WAITING],
    columns=[
        _column("Triage", "triage"),
        _column("Pending", "pending", _card(1, "Test it", waits_for=["TASK-003", "TASK-004", "TASK-005"])),
        _column("Ready", "ready", *[_card(n, f"Task {n}", assignee="implementer") for n in range(10, 14)], count=40),
        _column("In progress", "in_progress", _card(2, LONG, worker="claude-code@a-rather-long-host.example.org",
                                                    stale=True, note="running the tests " * 20, priority="urgent")),
        _column("Review", "awaiting_review", _card(3, "Run the migration", kind="asking")),
        _column("Blocked", "blocked"),
        _column("Done", "done", _card(4, "Done thing")),
        _column("Failed", "failed", _card(5, "Failed thing", attempt="3/3")),
    ],
)  # fmt: skip


def _lines(view: BoardView, width: int) -> list[str]:
    return [line.plain for line in board(view, "/b", Console(width=width, file=io.StringIO()))]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    wide = [line for line in _lines(VIEW, width) if cell_len(line) > width]
    # Commands are never cut: a terminal wraps them, and they can still be copied.
    assert all("kanban-mcp" in line for line in wide), wide
    if width >= 100:
        assert wide == []


@pytest.mark.parametrize("width", WIDTHS)
def test_every_card_and_count_is_there_at_any_width(width: int) -> None:
    text = "\n".join(_lines(VIEW, width))
    for number in (1, 2, 3, 4, 5, 10, 13):
        assert f"TASK-{number:03d}" in text
    for name, count in (("Ready", 40), ("Pending", 1), ("In progress", 1), ("Review", 1), ("Done", 1), ("Failed", 1)):
        assert f"{name} ({count})" in text
    assert "Blocked (" not in text, "an empty column takes no room"
    assert "Blocked 0" in text
    assert "+ 36 more" in text
    assert "STALE" in text
    assert "3/3" in text


def test_what_waits_for_you_stands_before_the_columns_with_its_command() -> None:
    lines = _lines(VIEW, 80)
    at = lines.index("Waiting on you (1)")
    assert at <= 4
    assert lines[at + 1] == "  TASK-003  Run the migration"
    assert lines[at + 2] == "    asks to do something irreversible · 6m ago · 2 wait behind it"
    assert '    kanban-mcp approve TASK-003   or   kanban-mcp reject TASK-003 -m "…"' in lines
    assert at < next(n for n, line in enumerate(lines) if line.startswith("Pending (1)"))
    assert sum("ALTER TABLE" in line for line in lines) <= 4, "a long question is shortened; show has all of it"


def test_columns_stand_side_by_side_as_the_width_allows() -> None:
    def heads(width: int) -> list[int]:
        return [line.count("(") for line in _lines(VIEW, width) if "(" in line and "Waiting" not in line]

    assert heads(80) == [3, 3]
    assert heads(40) == [1] * 6
    assert heads(160) == [6]


def test_a_paused_and_an_empty_board_say_so(ready: Cli) -> None:
    assert "No cards yet. kanban-mcp create" in ready("board").out
    assert "Nothing waits for you." in ready("board").out
    ready("pause")
    assert "PAUSED: nothing can be claimed; kanban-mcp resume" in ready("board").out


def test_a_worker_that_went_silent_is_marked_without_any_reaper(ready: Cli, board_clock: Clock) -> None:
    ready("create", "Write the parser")
    ready("claim")
    assert "STALE" not in ready("board").out + ready("list").out + ready("show", "1").out
    board_clock.advance(300_001)
    for words in (["board"], ["list"], ["show", "1"]):
        assert "stale" in ready(*words).out.lower(), words


def test_each_kind_of_waiting_names_the_command_that_settles_it(ready: Cli) -> None:
    for title in ("Asks", "Submits", "Gives up", "Depends", "Cancelled", "Waits for the cancelled"):
        ready(
            "create", title, *(["-p", "3"] if title == "Depends" else ["-p", "5"] if title.startswith("Waits") else [])
        )
    ready("update", "2", "--review", "human")
    ready.as_session("w1")
    ready("claim", "1")
    ready("block", "-m", "Which encoding should files have?", "--option", "utf-8")
    ready("claim", "2")
    ready("complete", "2", "-m", "It reads all samples; 14 tests pass")
    ready("claim", "3")
    ready("fail", "3", "-m", "The old format has no documentation", "--no-retry")
    ready.as_session(None)
    ready("cancel", "5")
    waiting = {item["id"]: item for item in ready.ok("board")["waiting"]}
    assert {name: item["do"] for name, item in waiting.items()} == {
        "TASK-001": 'kanban-mcp answer TASK-001 -m "…"',
        "TASK-002": "kanban-mcp approve TASK-002",
        "TASK-003": 'kanban-mcp retry TASK-003 -m "…"',
        "TASK-006": "kanban-mcp retry TASK-005",
    }
    assert list(waiting) == ["TASK-003", "TASK-002", "TASK-001", "TASK-006"], "first what most tasks wait for"
    assert waiting["TASK-001"]["options"] == ["utf-8"]
    assert waiting["TASK-003"]["behind"] == 1, "TASK-004 waits behind it and is not listed beside it"
    assert waiting["TASK-003"]["text"] == "The old format has no documentation"
    assert waiting["TASK-006"]["what"] == "waits for TASK-005, which is cancelled"
    for name, item in waiting.items():
        words = item["do"].replace('"…"', '"Go on with utf-8 then"').split('"')
        command = [*words[0].split()[1:], *words[1:2]]
        assert ready(*command).code == 0, (name, command)
    assert "waiting" not in ready.ok("board")


def test_a_terminal_that_claims_no_width_gets_the_usual_one(ready: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    ready("create", "Write the parser")
    ran = ready("board")
    assert ran.code == 0
    assert "Write the parser" in ran.out
