"""log: the change feed as lines, the last ones first, then what happens from now on."""

import json
import threading
from collections.abc import Callable

import pytest

from tests.cli.conftest import Cli


def test_the_last_lines_of_the_board_and_of_a_task(ready: Cli) -> None:
    for title in ("One", "Two", "Three"):
        ready("create", title)
    ready("claim", "2")
    lines = ready("log", "-n", "2").out.splitlines()
    assert len(lines) == 2
    assert "created" in lines[0]
    assert "TASK-003" in lines[0]
    assert "claimed" in lines[1]
    assert "TASK-002 run-1" in lines[1]
    assert "ready → in_progress" in lines[1]
    assert [row.split()[2] for row in ready("log", "2").out.splitlines()] == ["created", "claimed"]
    assert ready("log", "2", "-n", "1").out.split()[2] == "claimed"
    assert ready("log", "-n", "0").out == ""


def test_json_lines_are_events(ready: Cli) -> None:
    ready("create", "One")
    events = [json.loads(line) for line in ready("log", "--json").out.splitlines()]
    assert [event["kind"] for event in events] == ["operator_key_made", "created"]
    assert list(events[1])[:4] == ["id", "at_ms", "kind", "task_id"]


@pytest.mark.parametrize("as_json", [False, True])
def test_follow_prints_what_is_committed_afterwards_and_nothing_twice(
    ready: Cli, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    """Another process writes once the first line is out; the follower ends by itself after the fourth."""
    import asyncio

    from kanban_mcp import app
    from kanban_mcp.domain.principals import Authority, Caller
    from kanban_mcp.machine import this_process
    from kanban_mcp.service.session import Session

    ready("create", "Zero")
    printed = threading.Event()

    async def write() -> None:
        board = app.open_board(app.set_up())
        session = Session(Caller("w", "w", Authority.ORCHESTRATOR, this_process()))
        assert printed.wait(30)
        for title in ("One", "Two"):
            await board.create(session, title=title)
        await board.close()

    _tell_of_the_first_line(printed, monkeypatch)
    writer = threading.Thread(target=lambda: asyncio.run(write()))
    writer.start()
    try:
        ran = ready("log", "-f", "--count", "4", *(["--json"] if as_json else []))
    finally:
        writer.join()
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert len(lines) == 4
    for title, line in zip(("Zero", "One", "Two"), lines[1:], strict=True):
        assert (json.loads(line)["data"]["title"] == title) if as_json else (f"title={title} " in f"{line} ")


def _tell_of_the_first_line(printed: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    from kanban_mcp.cli import output

    for name in ("lines", "as_json"):
        show = getattr(output, name)

        def telling(*words: object, show: Callable[..., None] = show, **more: object) -> None:
            show(*words, **more)
            printed.set()

        monkeypatch.setattr(output, name, telling)


def test_events_of_other_tasks_do_not_show(ready: Cli) -> None:
    ready("create", "One")
    ready("create", "Two")
    assert "TASK-001" not in ready("log", "2").out
    ran = ready("log", "9")
    assert (ran.code, ran.out) == (0, "")
