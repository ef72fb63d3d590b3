"""Sessions that do not go as planned: refused tools, early ends, restarts, failures. The board stays true in all."""

import pytest

from kanban_mcp.domain.errors import NotFound
from tests.model_server.script import Failure, Step, call, json_in, say, script
from tests.realclients import processes
from tests.realclients.drivers.base import CanDeny
from tests.realclients.places import Place
from tests.realclients.session import Session

SUMMARY = "The parser reads all three formats; 14 tests pass."
CLAIM = call("kanban_claim", task_id="TASK-001")
COMPLETE = call("kanban_complete", summary=SUMMARY)
BYE = say("Bye.")


def run_of(place: Place, task_id: str = "TASK-001") -> str:
    """Return the run that holds a task."""
    return str(place.board.task(task_id)["run"]["run_id"])


def finished_by(place: Place, task_id: str = "TASK-001") -> str | None:
    """Return the run that completed a task, None when it is not done."""
    task = place.board.task(task_id)
    return str(task["result"]["run_id"]) if task["state"] == "done" else None


@pytest.mark.proves("trap-7")
@pytest.mark.clients("claude-code", "codex", nightly="claude-2.1.197")
def test_a_tool_the_person_did_not_allow_changes_nothing_and_the_model_is_told(ready: Place) -> None:
    ready.board.create("Write the parser")
    assert isinstance(ready.driver, CanDeny)
    ready.driver.deny(ready.project, "kanban_complete")
    ready.run(script(CLAIM, COMPLETE, BYE))
    assert ready.board.states("TASK-001") == ["in_progress"]
    [refusal] = ready.model.asked[-1].request.fresh
    assert "denied" in refusal.text or "approval" in refusal.text


def test_a_model_that_stops_before_the_end_leaves_the_run_to_the_reaper(ready: Place) -> None:
    ready.board.create("Write the parser")
    ready.run(script(CLAIM, say("I think that is done.")))
    assert ready.board.states("TASK-001") == ["in_progress"]
    ready.board.reap_an_hour_later()
    assert ready.board.states("TASK-001") == ["ready"]
    [attempt] = ready.board.task("TASK-001")["previous_attempts"]
    assert attempt["outcome"] == "reclaimed"


@pytest.mark.clients("claude-code", "codex")
def test_a_session_that_was_killed_and_resumed_goes_on_with_its_run(ready: Place) -> None:
    ready.board.create("Write the parser")
    ready.model.script = script(CLAIM, Step(gate="held", calls=COMPLETE.calls), COMPLETE, BYE)
    session = ready.start()
    ready.model.gate("held").wait_until_reached()
    held = run_of(ready)
    session.kill()
    ready.model.gate("held").open()
    ready.start(prompt="Go on.", resume=ready.driver.session_id(session)).finish()
    assert finished_by(ready) == held


@pytest.mark.clients("claude-code", "codex")
def test_two_workers_at_once_hold_different_tasks(ready: Place) -> None:
    for title in ("Write the parser", "Write the printer"):
        ready.board.create(title)
    ready.model.script = script(call("kanban_claim"), Step(gate="both", calls=COMPLETE.calls), BYE)
    sessions = [ready.start(), ready.start()]
    ready.model.gate("both").wait_until_reached(2)
    assert ready.board.states("TASK-001", "TASK-002") == ["in_progress", "in_progress"]
    assert run_of(ready, "TASK-001") != run_of(ready, "TASK-002")
    ready.model.gate("both").open()
    for session in sessions:
        session.finish()
    assert ready.board.states("TASK-001", "TASK-002") == ["done", "done"]
    claims = [json_in(asked.request.fresh[0].text) for asked in ready.model.asked if asked.place.turn == 1]
    assert {claim["task"]["id"] for claim in claims} == {"TASK-001", "TASK-002"}


@pytest.mark.clients("claude-code", "codex", nightly="claude-2.1.197")
def test_a_provider_that_fails_for_a_while_costs_no_second_call(ready: Place) -> None:
    ready.board.create("Write the parser")
    made = call("kanban_create", title="Document the parser")
    busy = Failure(503, "overloaded_error", "busy")
    ready.run(script(CLAIM, Step(calls=made.calls, failures=(busy,)), COMPLETE, BYE))
    assert [asked.failure for asked in ready.model.asked] == [None, busy, None, None, None]
    assert ready.board.states("TASK-001", "TASK-002") == ["done", "ready"]
    with pytest.raises(NotFound):
        ready.board.task("TASK-003")


@pytest.mark.clients("claude-code", "codex", nightly="claude-2.1.197")
def test_a_provider_that_is_gone_ends_the_session_and_the_task_comes_back(ready: Place) -> None:
    ready.board.create("Write the parser")
    ready.run(script(CLAIM, Step(always=Failure(401, "authentication_error", "no such key"))))
    assert ready.board.states("TASK-001") == ["in_progress"]
    ready.board.reap_an_hour_later()
    assert ready.board.states("TASK-001") == ["ready"]


def lose_the_server(place: Place, *steps: Step) -> Session:
    """Let the model claim, kill the server, and let the model say these steps; returns the session, which has ended."""
    place.board.create("Write the parser")
    place.model.script = script(CLAIM, Step(gate="held", calls=COMPLETE.calls), *steps)
    session = place.start()
    place.model.gate("held").wait_until_reached()
    servers = processes.servers_of(place.home)
    assert servers
    processes.kill(servers)
    place.model.gate("held").open()
    return session.finish()


@pytest.mark.clients("claude-code")
def test_a_server_that_dies_is_started_again_and_the_run_goes_on(ready: Place) -> None:
    lose_the_server(ready, COMPLETE, BYE)
    assert finished_by(ready) == "run-1"


@pytest.mark.clients("codex")
def test_a_server_that_dies_leaves_the_run_to_the_resumed_session(ready: Place) -> None:
    session = lose_the_server(ready, BYE, COMPLETE, BYE)
    assert "Transport closed" in ready.model.asked[-1].request.fresh[0].text
    assert run_of(ready) == "run-1"
    ready.start(prompt="Go on.", resume=ready.driver.session_id(session)).finish()
    assert finished_by(ready) == "run-1"


@pytest.mark.clients("gemini-cli", "opencode")
def test_a_server_that_dies_leaves_the_run_to_the_reaper(ready: Place) -> None:
    lose_the_server(ready, BYE)
    assert ready.board.states("TASK-001") == ["in_progress"]
    ready.board.reap_an_hour_later()
    assert ready.board.states("TASK-001") == ["ready"]
