"""Sub-agents of one session share its server and are workers of their own: in Claude Code by hooks, in Codex anyhow."""

import pytest

from tests.model_server.script import Call, Conversation, Found, Script, Step, call, json_in, say
from tests.realclients.places import Place

pytestmark = pytest.mark.clients("claude-code")

COMPLETE = call("kanban_complete", summary="It reads all three formats; 14 tests pass.")
TASKS = ("TASK-001", "TASK-002", "TASK-003")


def agent(name: str) -> Call:
    """Return the call that starts a sub-agent which is told its name, and waits for its end."""
    order = f"You are {name}. Work the kanban board."
    how = {"subagent_type": "general-purpose", "run_in_background": False}
    return Call("Agent", {"description": f"Work as {name}", "prompt": order, **how})


def told(name: str, *steps: Step) -> Conversation:
    return Conversation(steps, f"You are {name}")


def test_each_sub_agent_holds_a_run_of_its_own_and_names_no_task(hooked: Place) -> None:
    for title in ("Write the parser", "Write the printer", "Write the linter"):
        hooked.board.create(title)
    works = (call("kanban_claim"), Step(gate="all", calls=COMPLETE.calls), say("Complete."))
    main = (call("kanban_claim"), Step(calls=(agent("ALPHA"), agent("BETA"))), COMPLETE, say("All complete."))
    hooked.model.script = Script([told("ALPHA", *works), told("BETA", *works), Conversation(main)])
    session = hooked.start(with_hooks=True)
    hooked.model.gate("all").wait_until_reached(2)
    tasks = [hooked.board.task(task_id) for task_id in TASKS]
    hooked.model.gate("all").open()
    session.finish()
    assert [task["state"] for task in tasks] == ["in_progress"] * 3
    assert len({task["run"]["worker"] for task in tasks}) == 3
    last = [hooked.model.conversation(number)[-1].request.fresh[0].text for number in range(3)]
    assert sorted(json_in(text)["task_id"] for text in last) == sorted(TASKS)
    assert hooked.board.states(*TASKS) == ["done"] * 3


def test_a_sub_agent_that_ends_with_a_task_is_reminded_and_then_gives_it_back(hooked: Place) -> None:
    hooked.board.create("Write the parser")
    idle = (call("kanban_claim"), say("I think that is all."), say("I still think so."))
    main = (Step(calls=(agent("ALPHA"),)), Step("It is not done.", gate="back"))
    hooked.model.script = Script([told("ALPHA", *idle), Conversation(main)])
    session = hooked.start(with_hooks=True)
    hooked.model.gate("back").wait_until_reached()
    task = hooked.board.task("TASK-001")
    hooked.model.gate("back").open()
    session.finish()
    assert "You still hold TASK-001 (run-1)" in hooked.model.conversation(0)[2].request.users[-1]
    [attempt] = task["previous_attempts"]
    assert (task["state"], attempt["outcome"], attempt["why"]) == (
        "ready",
        "snoozed",
        "the sub-agent that held it ended",
    )


@pytest.mark.clients("codex")
def test_a_thread_of_codex_holds_a_run_of_its_own_without_hooks(ready: Place) -> None:
    for title in ("Write the parser", "Write the printer"):
        ready.board.create(title)
    works = (call("kanban_claim"), Step(gate="both", calls=COMPLETE.calls), say("Complete."))
    spawn = call("spawn_agent", message="You are ALPHA. Work the kanban board.")
    main = (
        call("kanban_claim"),
        spawn,
        call("wait_agent", targets=[Found("agent_id")]),
        COMPLETE,
        say("All complete."),
    )
    ready.model.script = Script([told("ALPHA", *works), Conversation(main)])
    session = ready.start()
    ready.model.gate("both").wait_until_reached()
    tasks = [ready.board.task(task_id) for task_id in TASKS[:2]]
    ready.model.gate("both").open()
    session.finish()
    assert [task["state"] for task in tasks] == ["in_progress"] * 2
    assert len({task["run"]["worker"] for task in tasks}) == 2
    assert ready.board.states(*TASKS[:2]) == ["done"] * 2
