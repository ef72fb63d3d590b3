"""digest and stats on a terminal: since when, one screen, and plain words on an empty board."""

import io
import time
from datetime import UTC, datetime

import pytest
import typer
from rich.cells import cell_len
from rich.console import Console

from kanban_mcp.cli import given, telling_page
from kanban_mcp.service.results import Digest, Stats
from tests.cli.conftest import Cli
from tests.conftest import Clock

NOON = int(datetime(2026, 5, 4, 12, 0, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize(
    ("value", "expected"),
    [("24h", NOON - 24 * HOUR), ("90s", NOON - 90_000), ("7d", NOON - 168 * HOUR), ("09:00", NOON - 3 * HOUR),
     ("18:00", NOON - 18 * HOUR), ("12:00", NOON), (" 12:01 ", NOON - 24 * HOUR + 60_000),
     ("2026-05-04", NOON - 12 * HOUR), ("2026-05-04T11:00", NOON - HOUR), ("2026-05-04T11:00+02:00", NOON - 3 * HOUR)],
)  # fmt: skip
@pytest.mark.usefixtures("utc")
def test_since_is_a_while_a_time_of_day_or_a_date(value: str, expected: int) -> None:
    assert given.since_ms(value, NOON) == expected


@pytest.mark.parametrize("value", ["", "yesterday", "25:00", "7", "7w", "12:60", "2026-13-01", "9" * 40 + "d"])
def test_anything_else_is_refused_with_examples(value: str) -> None:
    with pytest.raises(typer.BadParameter, match="18:00"):
        given.since_ms(value, NOON)


def test_a_wrong_since_is_a_mistake_of_the_command_line(ready: Cli) -> None:
    ran = ready("digest", "--since", "yesterday")
    assert (ran.code, ran.out) == (2, "")


def test_a_day_is_told_on_one_screen(ready: Cli, board_clock: Clock) -> None:
    for title in ("Write the parser", "Test the parser", "Port the old API"):
        ready("create", title, "--role", "implementer")
    ready.as_session("w1")
    ready("claim", "1", "--role", "implementer")
    board_clock.advance(20 * 60_000)
    ready("complete", "-m", "Parser reads all samples; 14 tests pass")
    ready("claim", "3", "--role", "implementer")
    ready("fail", "-m", "The old API has no documentation", "--no-retry")
    ready.as_session(None)
    lines = ready("digest").out.splitlines()
    assert lines[0].endswith("1 done, 1 failed, 3 new, 1 wait for you.")
    assert next(line for line in lines if line.startswith("Done")).split("  ")[-1].startswith("Parser reads")
    assert next(line for line in lines if line.startswith("Waits")).startswith("Waits    kanban-mcp retry TASK-003 -m")
    assert "The old API has no documentation" in next(line for line in lines if line.startswith("Failed"))
    assert lines[-1] == 'First: kanban-mcp retry TASK-003 -m "…"'
    told = ready("stats", "--since", "1d").out
    assert "Tasks    1 done (1.0 a day), 3 created, 1 failed" in told
    assert "Cycle    median 20m, 9 of 10 within 20m (n=1), first claim to done" in told
    assert ready.ok("stats", "--since", "1d")["tasks"]["done"] == 1


def test_an_empty_board_is_told_in_words(ready: Cli) -> None:
    assert ready("digest").out.splitlines()[0].endswith(": nothing waits for you.")
    assert "0 done" in ready("stats").out
    assert ready("stats").out.splitlines()[-1] == "Nothing was finished in this while."


def _digest(title: str, text: str) -> Digest:
    row = {"id": "TASK-001", "title": title, "what": "reclaimed", "times": 2, "why": text, "age": "2h", "do": "do it",
           "summary": text, "commit": "0123456789ab", "worker": text, "note": text, "stale": True}  # fmt: skip
    counts = dict.fromkeys(("created", "cancelled", "waiting", "failed", "odd", "done", "running", "workers"), 1)
    workers = [{"worker": text, "runs": 2, "done": 1}]
    rows = [row] * 5
    return Digest("next", 0, NOON, "", counts, rows, rows, rows, rows, rows, workers, {"done": 3})


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_of_a_digest_is_wider_than_the_terminal(width: int) -> None:
    to = Console(width=width, file=io.StringIO(), force_terminal=True)
    digest = _digest("日本語のタイトル " * 9, "a reason that goes on and on " * 9)
    lines = [line.plain for line in telling_page.digest(digest, to)]
    body = [line for line in lines[1:] if "next" not in line]
    assert max(map(cell_len, body)) <= width
    assert sum("reclaimed" in line for line in body) >= 5, "what was odd is seen, whatever the title"


def test_a_pipe_gets_whole_lines() -> None:
    to = Console(width=80, file=io.StringIO())
    text = "\n".join(line.plain for line in telling_page.digest(_digest("T" * 200, "x" * 160), to))
    assert "T" * 200 in text
    assert "x" * 160 in text


def test_a_table_has_a_column_for_every_outcome_that_somebody_had() -> None:
    roles = [{"role": "implementer", "runs": 3, "done": 3, "lost_percent": 0, "median_s": 90},
             {"role": "\x1b[31mtester", "runs": 1, "reclaimed": 1, "lost_percent": 100, "median_s": 5}]  # fmt: skip
    tasks = dict.fromkeys(("done", "created", "failed", "cancelled", "retried"), 0) | {"done_per_day": 0}
    shown = telling_page.stats(Stats("", 0, NOON, "", tasks, {}, {}, roles, [], {}, []), Console(file=io.StringIO()))
    lines = [line.plain for line in shown]
    head = next(line for line in lines if line.startswith("role"))
    assert head.split() == ["role", "runs", "done", "reclaimed", "lost", "median"]
    assert lines[lines.index(head) + 1].split() == ["implementer", "3", "3", "-", "0%", "1m"]
    assert lines[lines.index(head) + 2].split() == ["\\x1b[31mtester", "1", "-", "1", "100%", "5s"]
