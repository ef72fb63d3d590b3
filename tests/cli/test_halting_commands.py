"""pause, resume, stop and archive as commands: one task or all, and mistakes named before anything is sent."""

import pytest

from tests.cli.conftest import Cli
from tests.conftest import Clock


def _running(ready: Cli, *titles: str) -> None:
    for at, title in enumerate(titles, 1):
        ready("create", title)
        ready.as_session(f"w{at}")
        ready("claim", str(at))
        ready.as_session(None)


def test_stop_all_names_what_it_stopped(ready: Cli) -> None:
    _running(ready, "One", "Two")
    ran = ready("stop", "--all", "-m", "Going home")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "stopped: TASK-001, TASK-002"
    assert "stopped by mia (person): Going home" in ready("inbox").out
    assert ready.ok("stop", "--all") == {"next": "Nobody works now."}


def test_an_agents_shell_stops_nobody_and_pauses_nothing(ready: Cli) -> None:
    _running(ready, "One")
    ready.as_session("w1")
    for words in (["stop", "--all"], ["stop", "1"], ["pause"], ["pause", "--drain"]):
        ran = ready(*words)
        assert (ran.code, ran.err.startswith("[forbidden]")) == (1, True), words
    ready.as_session(None)
    assert ready.ok("show", "1")["state"] == "in_progress"


def test_a_drained_board_is_said_to_be_idle(ready: Cli) -> None:
    ready("create", "One")
    assert ready("pause", "--drain").out.startswith("Nothing runs any more. Paused:")
    assert ready.ok("pause", "--drain") == {"paused": True, "drained": True}
    assert ready("claim").out.startswith("Nothing taken · paused")
    assert ready.ok("resume") == {"paused": False}
    assert ready.ok("claim")["claimed"] is True


def test_archive_takes_one_task_or_all_of_a_kind(ready: Cli, board_clock: Clock) -> None:
    _running(ready, "One", "Two", "Three")
    for at in (1, 2, 3):
        ready.as_session(f"w{at}")
        ready("complete", "-m", "Parser reads all samples; 14 tests pass")
    ready.as_session(None)
    assert ready.ok("archive", "1")["task_id"] == "TASK-001"
    assert ready.ok("archive", "--done", "--older-than", "7d")["archived"] == 0
    board_clock.advance(7 * 86_400_000)
    ran = ready("archive", "--done", "--older-than", "7d")
    assert ran.out.startswith("2 tasks are off the board")
    assert "Done 0" in ready("board").out
    assert ready.ok("show", "2")["flags"] == ["archived"]


@pytest.mark.parametrize(
    "words",
    [["archive"], ["archive", "1", "--done"], ["archive", "1", "--older-than", "7d"],
     ["archive", "--done", "--older-than", "soon"], ["stop"], ["stop", "1", "--all"]],
    ids=" ".join,
)  # fmt: skip
def test_half_a_command_is_refused(ready: Cli, words: list[str]) -> None:
    ready("create", "One")
    ran = ready(*words)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert ready.ok("show", "1")["state"] == "ready"
