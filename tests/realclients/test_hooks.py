"""Hooks in the real programs: they beat, fence, remind and hand back, and say at the start what there is to do."""

import pytest

from tests.model_server.script import Step, call, say, script
from tests.realclients.places import Place

pytestmark = pytest.mark.clients("claude-code", "codex")

CLAIM = call("kanban_claim", task_id="TASK-001")
COMPLETE = call("kanban_complete", summary="The parser reads all three formats; 14 tests pass.")
BYE = say("I am done.")


def test_the_session_is_told_at_its_start_what_is_ready(hooked: Place) -> None:
    hooked.board.create("Write the parser")
    hooked.run(script(BYE), with_hooks=True)
    assert "Kanban board: 1 ready; kanban_claim() takes one." in hooked.model.first.prompt_text


def test_work_with_other_tools_keeps_the_lease(hooked: Place) -> None:
    hooked.settings(lease_for="5s")  # hooks write when a tenth of it has passed
    hooked.board.create("Write the parser")
    hooked.run(script(CLAIM, hooked.driver.shell("sleep 1"), COMPLETE, BYE), with_hooks=True)
    assert hooked.board.lived_ms("run-1") >= 1000
    assert hooked.board.states("TASK-001") == ["done"]


@pytest.mark.clients("claude-code", "codex", nightly="claude-2.1.197")
def test_without_hooks_work_with_other_tools_is_no_sign_of_life(ready: Place) -> None:
    ready.settings(lease_for="5s")
    ready.board.create("Write the parser")
    ready.run(script(CLAIM, ready.driver.shell("sleep 1"), BYE), with_hooks=True)
    assert ready.board.lived_ms("run-1") < 1000


def test_a_session_that_lost_its_run_is_kept_from_running_anything(hooked: Place) -> None:
    hooked.board.create("Write the parser")
    write = hooked.driver.shell("echo mine > parser.py")
    look = call("kanban_show")
    lost = (CLAIM, Step(gate="lost", calls=write.calls), Step(gate="denied", calls=look.calls))
    hooked.model.script = script(*lost, write, BYE)
    session = hooked.start(with_hooks=True)
    hooked.model.gate("lost").wait_until_reached()
    hooked.board.reap_an_hour_later()
    hooked.model.gate("lost").open()
    hooked.model.gate("denied").wait_until_reached()
    was_written = (hooked.project / "parser.py").exists()
    hooked.model.gate("denied").open()
    session.finish()
    [denied], [told] = (asked.request.fresh for asked in hooked.model.asked[2:4])
    assert "[lease_lost] run-1 no longer holds TASK-001: reclaimed" in denied.text
    assert not was_written
    assert "You held TASK-001 (run-1)" in told.text
    assert (hooked.project / "parser.py").read_text() == "mine\n"  # once told, it may work on something else


def test_a_session_that_stops_with_a_task_is_reminded(hooked: Place) -> None:
    hooked.board.create("Write the parser")
    hooked.run(script(CLAIM, BYE, COMPLETE, BYE), with_hooks=True)
    assert "You still hold TASK-001 (run-1) on the kanban board." in hooked.model.asked[2].request.users[-1]
    assert hooked.board.states("TASK-001") == ["done"]


def test_a_session_that_ends_hands_its_task_back_without_an_attempt(hooked: Place) -> None:
    hooked.board.create("Write the parser")
    hooked.run(script(CLAIM, BYE, BYE), with_hooks=True)
    assert len(hooked.model.asked) == 3  # reminded once, then let go
    task = hooked.board.task("TASK-001")
    [attempt] = task["previous_attempts"]
    assert (task["state"], attempt["outcome"], attempt["why"]) == ("ready", "snoozed", "its session ended")
