"""Every client works a task with what `init` writes for it: judged by the board and by what the model saw."""

import pytest

from tests.model_server.script import Found, Step, call, json_in, say, script
from tests.realclients.drivers.base import WORKER_TOOLS
from tests.realclients.places import Place

SUMMARY = "The parser reads all three formats; 14 tests pass."
WORK = script(
    call("kanban_claim", task_id="TASK-001"),
    call("kanban_show"),
    call("kanban_heartbeat", note="writing the parser"),
    Step(gate="alive", calls=call("kanban_create", title="Document it", parents=["TASK-001"], relation="after").calls),
    call("kanban_complete", summary=SUMMARY, task_id=Found("id", 1)),
    say("TASK-001 is complete."),
)


@pytest.mark.proves("trap-11", "trap-13")
def test_the_tools_are_there_in_the_first_request(ready: Place) -> None:
    ready.run(script(say("Nothing to do.")))
    offered = [tool for tool in WORKER_TOOLS if ready.model.first.offered(tool)]
    assert offered == list(WORKER_TOOLS)


def test_a_task_is_shown_kept_alive_extended_and_completed(ready: Place) -> None:
    ready.board.create("Write the parser")
    ready.model.script = WORK
    session = ready.start()
    ready.model.gate("alive").wait_until_reached()
    alive = ready.board.task("TASK-001")
    ready.model.gate("alive").open()
    session.finish()
    assert (alive["state"], alive["run"]["note"]) == ("in_progress", "writing the parser")
    assert ready.board.states("TASK-001", "TASK-002") == ["done", "ready"]
    assert ready.board.task("TASK-001")["result"]["summary"] == SUMMARY
    answers = [json_in(asked.request.fresh[0].text) for asked in ready.model.asked[1:]]
    assert [next(iter(answer)) for answer in answers] == ["next"] * 5


@pytest.mark.proves("trap-12")
@pytest.mark.clients("claude-code", "codex")
def test_a_server_that_starts_six_seconds_late_is_waited_for(ready: Place) -> None:
    ready.board.create("Write the parser")
    ready.delay_the_server(6)
    ready.model.gate("alive").open()
    ready.run(WORK)
    assert ready.model.first.offered("kanban_claim")
    assert ready.board.states("TASK-001") == ["done"]
