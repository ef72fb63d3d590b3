"""Every example of every skill is made as it stands against a real server, in both protocol eras.

A scenario sets the board up as the text around an example says, lets an agent make its calls letter for letter, and
looks at the board. An example without a scenario fails the last test.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kanban_mcp.domain.policy import Policy
from tests.server.conftest import ERAS
from tests.skills.conftest import Actor, MakeStage, Stage
from tests.skills.reading import Block, Call, skills

EXAMPLES: dict[tuple[str, str, str, int], Block] = {
    example.key: example for skill in skills() for example in skill.examples
}
Scenario = Callable[..., Awaitable[None]]
SCENARIOS: dict[str, tuple[Scenario, list[tuple[str, str, str, int]]]] = {}


def plays(skill: str, heading: str, *examples: str) -> Callable[[Scenario], Scenario]:
    """Register a scenario for examples below a heading, named `python 0` or `inline 2`."""

    def register(scenario: Scenario) -> Scenario:
        keys = [(f"kanban-{skill}", heading, name.split()[0], int(name.split()[1])) for name in examples]
        SCENARIOS[scenario.__name__] = (scenario, keys)
        return scenario

    return register


async def one_task(stage: Stage, title: str = "Implement the OAuth callback", **fields: Any) -> Actor:
    """Let an orchestrator add TASK-001 for an implementer, and return it."""
    orchestrator = await stage.orchestrator()
    await orchestrator.does("kanban_create", title=title, **{"assignee": "implementer", **fields})
    return orchestrator


async def at_work(stage: Stage, role: str = "implementer") -> Actor:
    """Return a worker that holds TASK-001."""
    await one_task(stage, assignee=role)
    worker = await stage.joins("worker")
    assert (await worker.does("kanban_claim", assignee=role))["task"]["id"] == "TASK-001"
    return worker


# kanban-worker -------------------------------------------------------------------------------------------------------


@plays("worker", "A task from start to end", "python 0")
async def a_task_from_start_to_end(stage: Stage, whole: Block) -> None:
    await one_task(stage, acceptance=["file:src/auth/oauth.py"])
    worker = await stage.joins("worker")
    commit = {"kanban_complete": lambda: worker.commits("src/auth/oauth.py", "def callback(): ...\n")}  # always same id
    shown, claimed, beat, long_beat, completed = await worker.plays(whole, before=commit)
    assert shown["next"].endswith('kanban_claim(assignee="implementer") takes that role.')
    assert claimed["task"]["id"] == "TASK-001"
    assert beat["lease_expires_in_s"] == 300
    assert long_beat["lease_expires_in_s"] == 900
    assert completed["state"] == "done"
    assert {check["kind"]: check["passed"] for check in completed["checks"]} == {
        "worktree": True, "file": True, "commit": True
    }  # fmt: skip
    assert await stage.state("TASK-001") == "done"


@plays("worker", "Nothing to claim", "python 0")
async def a_claim_that_waits_gets_what_comes(stage: Stage, waiting: Block) -> None:
    orchestrator, worker = await stage.orchestrator(), await stage.joins("worker")
    assert (await worker.does("kanban_claim", assignee="implementer"))["reason"] == "none_ready"
    [claimed], _ = await asyncio.gather(
        worker.plays(waiting), orchestrator.does("kanban_create", title="Write the parser", assignee="implementer")
    )
    assert claimed["task"]["id"] == "TASK-001"
    assert await stage.state("TASK-001") == "in_progress"


@plays("worker", "When you cannot go on", "python 0", "inline 0")
async def a_question_is_answered_by_a_person_and_the_work_goes_on(stage: Stage, question: Block, on: Block) -> None:
    worker = await at_work(stage)
    await worker.plays(question)
    assert await stage.state("TASK-001") == "blocked needs_input"
    person = await stage.person()
    asked = await person.does("kanban_show", task_id="TASK-001")
    assert asked["blocked"]["options"] == ["/auth/callback", "/login/return"]
    await person.does("kanban_answer", task_id="TASK-001", answer="/auth/callback")
    [claimed] = await worker.plays(on)
    assert claimed["task"]["messages"][0]["text"] == "/auth/callback"


@plays("worker", "When you cannot go on", "inline 1")
async def an_outage_brings_the_task_back_by_itself(stage: Stage, outage: Block) -> None:
    worker = await at_work(stage)
    await worker.plays(outage)
    assert await stage.state("TASK-001") == "ready"
    assert (await worker.does("kanban_claim", assignee="implementer"))["reason"] == "not_due"
    stage.clock.advance(30 * 60_000)
    again = await worker.does("kanban_claim", assignee="implementer")
    assert again["task"]["attempt"] == 1, "an outage uses up no attempt"


@plays("worker", "When you cannot go on", "inline 2")
async def a_failed_attempt_is_told_to_the_next_one(stage: Stage, failing: Block) -> None:
    worker, helper = await at_work(stage), await stage.joins("helper")
    await worker.plays(failing)
    stage.clock.advance(60_000)
    claimed = await helper.does("kanban_claim", assignee="implementer")
    assert claimed["task"]["attempt"] == 2
    assert "try the HTTP API" in claimed["task"]["previous_attempts"][0]["why"]


@plays("worker", "When you cannot go on", "inline 3")
async def a_task_that_cannot_succeed_is_not_tried_again(stage: Stage, giving_up: Block) -> None:
    worker = await at_work(stage)
    await worker.plays(giving_up)
    assert await stage.state("TASK-001") == "failed"


@plays("worker", "A risky step", "python 0")
async def a_risky_step_waits_for_a_person(stage: Stage, step: Block) -> None:
    worker, person = await at_work(stage), await stage.person()

    async def decide() -> None:
        waited = await person.does("kanban_wait", task_ids=["TASK-001"])
        assert waited["attention"][0]["what"] == "waits for a person (asking)"
        await person.does("kanban_comment", task_id="TASK-001", body="yes, go ahead")
        assert await stage.state("TASK-001") == "awaiting_review asking", "a comment is no approval"
        await person.does("kanban_approve", task_id="TASK-001", note="Copy the backup first")

    [answer], _ = await asyncio.gather(worker.plays(step), decide())
    assert (answer["status"], answer["note"]) == ("approved", "Copy the backup first")
    assert await stage.state("TASK-001") == "in_progress"
    await worker.does("kanban_heartbeat", note="Dropped the column")
    [call] = step.calls
    again = await worker.does(call.tool, **{**call.arguments, "wait_s": 0})
    assert again["status"] == "pending", "the grant was for one time"


@plays("worker", "A part for somebody else", "python 0")
async def a_subtask_holds_its_parent_and_gives_it_back(stage: Stage, part: Block) -> None:
    worker, helper = await at_work(stage), await stage.joins("helper")
    created, blocked = await worker.plays(part)
    assert created["parents"] == [{"id": "TASK-001", "relation": "part_of"}]
    assert blocked["state"] == "pending"
    assert (await helper.does("kanban_claim", assignee="implementer"))["task"]["id"] == "TASK-002"
    await helper.does("kanban_complete", summary="Typed the session object, the type checker is content")
    assert await stage.state("TASK-001") == "ready"


@plays("worker", "A part for somebody else", "inline 0")
async def a_comment_reaches_the_worker_of_another_task(stage: Stage, comment: Block) -> None:
    orchestrator = await one_task(stage)
    for title in ("Write the login page", "Write the session table"):
        await orchestrator.does("kanban_create", title=title, assignee="implementer")
    worker, other = await stage.joins("worker"), await stage.joins("other")
    await worker.does("kanban_claim", assignee="implementer")
    await other.does("kanban_claim", task_id="TASK-003", assignee="implementer")
    await worker.plays(comment)
    beat = await other.does("kanban_heartbeat", note="Still writing the table")
    assert beat["messages"][0]["text"] == "Session.sid is bytes now, see src/auth/types.py"


@plays("worker", "Reviewing", "python 0", "python 1")
async def a_review_releases_nothing_until_its_findings_are_mended(stage: Stage, bad: Block, good: Block) -> None:
    reviewer, implementer = await at_work(stage, "reviewer"), await stage.joins("implementer")
    await reviewer.plays(bad)
    person = await stage.person()
    await person.does("kanban_create", title="Release it", assignee="implementer", parents=["TASK-001"])
    assert await stage.states("TASK-001", "TASK-002", "TASK-003") == ["pending", "ready", "pending"]
    assert (await reviewer.does("kanban_claim", assignee="reviewer"))["reason"] == "waiting_on_tasks"

    assert (await implementer.does("kanban_claim", assignee="implementer"))["task"]["id"] == "TASK-002"
    await implementer.does("kanban_complete", summary="State is compared before the exchange; 14 tests pass")
    assert await stage.states("TASK-001", "TASK-003") == ["ready", "pending"]
    again = await reviewer.does("kanban_claim", assignee="reviewer")
    assert again["task"]["subtasks"][0]["state"] == "done"
    [completed] = await reviewer.plays(good)
    assert completed["now_ready"] == ["TASK-003"]
    assert await stage.states("TASK-001", "TASK-003") == ["done", "ready"]


# kanban-orchestrator -------------------------------------------------------------------------------------------------


async def planned(stage: Stage) -> Actor:
    """Let an orchestrator write three tasks that follow each other, and return it."""
    orchestrator = await one_task(stage)
    for number, (title, role) in enumerate((("Write auth tests", "tester"), ("Review the auth code", "reviewer")), 1):
        await orchestrator.does("kanban_create", title=title, assignee=role, parents=[f"TASK-00{number}"])
    return orchestrator


@plays("orchestrator", "Plan", "python 0")
async def a_plan_is_written_whole_and_starts_with_what_is_ready(stage: Stage, planning: Block) -> None:
    orchestrator, worker = await stage.orchestrator(), await stage.joins("worker")
    listed, plan = await orchestrator.plays(planning)
    assert sum(listed["counts"].values()) == 0
    assert await stage.states("TASK-001", "TASK-002", "TASK-003") == ["ready", "pending", "pending"]
    assert (await orchestrator.plays(planning))[1] == plan, "the same key plans nothing twice"
    claimed = await worker.does("kanban_claim", assignee="implementer")
    assert claimed["task"]["acceptance"] == ["file:src/auth/oauth.py", "no token is written to a log"]
    worker.commits("src/auth/oauth.py", "def callback(): ...\n")
    evidence = [{"kind": "file", "path": "src/auth/oauth.py"}]
    await worker.does("kanban_complete", summary="Callback and cookie, 14 tests pass", evidence=evidence)
    assert await stage.state("TASK-001") == "awaiting_review review", "plain text is never taken for a pass"
    assert await stage.state("TASK-002") == "pending"


@plays("orchestrator", "Plan", "inline 0", "inline 1")
async def one_card_is_added_and_linked_later(stage: Stage, card: Block, link: Block) -> None:
    orchestrator = await planned(stage)
    [added] = await orchestrator.plays(card)
    assert (added["task_id"], added["waits_for"]) == ("TASK-004", ["TASK-002"])
    await orchestrator.plays(link)
    late = await orchestrator.does("kanban_show", task_id="TASK-003")
    assert {(p["id"], p["relation"]) for p in late["parents"]} == {("TASK-002", "after"), ("TASK-004", "after")}


@plays("orchestrator", "Watch", "python 0", "inline 0", "python 1")
async def a_wait_returns_for_a_question_that_the_plan_answers(
    stage: Stage, waiting: Block, look: Block, answering: Block
) -> None:
    orchestrator, worker = await planned(stage), await stage.joins("worker")
    await orchestrator.does("kanban_wait", timeout_s=0)

    async def ask() -> None:
        await worker.does("kanban_claim", assignee="implementer")
        await worker.does("kanban_block", reason="Which callback path in staging?")

    [waited], _ = await asyncio.gather(orchestrator.plays(waiting), ask())
    assert waited["attention"] == [
        {"id": "TASK-001", "what": "blocked, needs an answer", "do": "kanban_show, then kanban_answer"}
    ]
    [shown] = await orchestrator.plays(look)
    assert shown["blocked"]["reason"] == "Which callback path in staging?"
    await orchestrator.plays(answering)
    again = await worker.does("kanban_claim", task_id="TASK-001")
    assert again["task"]["messages"][0]["text"].startswith("Staging uses /auth/callback")


@plays("orchestrator", "Watch", "python 2")
async def a_failure_is_mended_and_tried_again(stage: Stage, mending: Block) -> None:
    orchestrator, worker = await one_task(stage), await stage.joins("worker")
    await orchestrator.does("kanban_create", title="Cover the login page", assignee="tester")
    await worker.does("kanban_claim", assignee="tester")
    await worker.does("kanban_fail", reason="The login test is flaky whatever I do", retry=False)
    assert await stage.state("TASK-002") == "failed"
    await orchestrator.plays(mending)
    tester = await stage.joins("tester")
    claimed = await tester.does("kanban_claim", assignee="tester")
    assert (claimed["task"]["context"], claimed["task"]["priority"]) == (mending.calls[1].arguments["context"], "high")
    assert claimed["task"]["messages"][0]["text"].startswith("Attempts 1 to 3 slept")


@plays("orchestrator", "Watch", "python 3")
async def work_no_longer_wanted_goes_with_what_waits_after_it(stage: Stage, withdrawing: Block) -> None:
    orchestrator = await planned(stage)
    await orchestrator.does("kanban_create", title="Announce it", assignee="documenter", parents=["TASK-003"])
    await orchestrator.plays(withdrawing)
    assert await stage.states("TASK-002", "TASK-003", "TASK-004") == ["pending", "cancelled", "cancelled"]


@plays("orchestrator", "Check and report", "inline 0")
async def the_handles_of_finished_work_are_there_to_be_looked_at(stage: Stage, look: Block) -> None:
    orchestrator, worker = await planned(stage), await stage.joins("worker")
    await worker.does("kanban_claim", assignee="implementer")
    sha = worker.commits("src/auth/oauth.py", "def callback(): ...\n")
    evidence = [{"kind": "commit", "sha": sha}]
    await worker.does("kanban_complete", summary="Callback and cookie, 14 tests pass", evidence=evidence)
    [shown] = await orchestrator.plays(look)
    assert shown["result"]["commit"] in sha
    assert shown["result"]["summary"] == "Callback and cookie, 14 tests pass"
    assert all(check["passed"] for check in shown["result"]["checks"])


# kanban-dispatcher: the skill it replaces had these examples, and they are kept --------------------------------------


@plays("dispatcher", "Worker Contract", "python 0")
async def the_contract_is_kept_from_show_to_complete(stage: Stage, contract: Block) -> None:
    await one_task(stage)
    worker = await stage.joins("worker")
    shown, claimed, _, completed = await worker.plays(contract)
    assert 'kanban_claim(assignee="implementer")' in shown["next"]
    assert claimed["task"]["id"] == "TASK-001"
    assert completed["state"] == await stage.state("TASK-001") == "done"


@plays("dispatcher", "Worker Contract", "python 1")
async def a_block_is_surfaced_to_a_human(stage: Stage, blocking: Block) -> None:
    worker = await at_work(stage)
    await worker.plays(blocking)
    assert await stage.state("TASK-001") == "blocked needs_input"


@plays("dispatcher", "Worker Contract", "python 2")
async def a_spawned_child_blocks_its_parent_until_done(stage: Stage, spawning: Block) -> None:
    worker, helper = await at_work(stage), await stage.joins("helper")
    await worker.plays(spawning)
    finish = Call("kanban_complete", {"summary": "Implemented OAuth2 flow, 14 tests pass"})
    assert "TASK-002" in await worker.is_refused("gates_not_met", finish)
    await helper.does("kanban_claim", assignee="implementer")
    await helper.does("kanban_complete", summary="Typed the session object, the type checker is content")
    await worker.does(finish.tool, **finish.arguments)
    assert await stage.state("TASK-001") == "done"


@plays("dispatcher", "Orchestrator Pattern", "python 0")
async def workers_sequence_themselves_by_parents(stage: Stage, pattern: Block) -> None:
    orchestrator = await stage.orchestrator()
    team = {role: await stage.joins(role) for role in ("implementer", "tester", "reviewer")}

    async def work() -> None:
        for role, worker in team.items():
            claimed = await worker.does("kanban_claim", assignee=role, wait_s=45)
            assert claimed["task"]["assignee"] == role
            await worker.does("kanban_complete", summary=f"The {role} is through, 14 tests pass")

    *_, waited = (await asyncio.gather(orchestrator.plays(pattern), work()))[0]
    assert waited["done"]
    assert await stage.states("TASK-001", "TASK-002", "TASK-003") == ["done"] * 3


@plays("dispatcher", "Orchestrator Pattern", "inline 0")
async def delegating_is_not_offered_yet(stage: Stage, delegation: Block) -> None:
    [call] = delegation.calls
    listed = {tool.name for tool in (await (await stage.orchestrator()).client.list_tools()).tools}
    assert call.tool not in listed


@plays("dispatcher", "Approval Gate", "python 0", "inline 0")
async def the_gate_opens_when_a_human_approves(stage: Stage, gate: Block, approving: Block) -> None:
    orchestrator, person = await planned(stage), await stage.person()
    await orchestrator.does("kanban_create", title="Apply the migration", assignee="implementer")
    for task_id in ("TASK-001", "TASK-002"):
        await orchestrator.does("kanban_cancel", task_id=task_id, reason="Only the review is needed")
    await orchestrator.does("kanban_link", task_id="TASK-003", parent="TASK-002", remove=True)
    worker = await stage.joins("worker")
    await worker.does("kanban_claim", task_id="TASK-003", assignee="reviewer")

    async def decide() -> None:
        await person.does("kanban_wait", task_ids=["TASK-003"])
        [call] = approving.calls
        assert call.tool not in {tool.name for tool in (await orchestrator.client.list_tools()).tools}
        await person.plays(approving)

    [answer], _ = await asyncio.gather(worker.plays(gate), decide())
    assert answer["status"] == "approved"
    assert await stage.state("TASK-003") == "in_progress"


@plays("dispatcher", "Heartbeat Protocol", "python 0")
async def a_heartbeat_keeps_the_task_through_a_long_build(stage: Stage, beat: Block) -> None:
    worker = await at_work(stage)
    await worker.plays(beat)
    stage.clock.advance(899_000)
    await stage.board.reap()
    assert await stage.state("TASK-001") == "in_progress"
    stage.clock.advance(2_000)
    await stage.board.reap()
    assert await stage.state("TASK-001") == "ready"
    await worker.is_refused("lease_lost", Call("kanban_heartbeat", {"note": "Still running cargo build..."}))


# What the text around the examples says ------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_example_does_what_the_skill_says(name: str, era: str, make_stage: MakeStage) -> None:
    scenario, keys = SCENARIOS[name]
    async with make_stage(era) as stage:
        await stage.board.create_if_missing()
        await scenario(stage, *(EXAMPLES[key] for key in keys))


def test_every_example_of_every_skill_is_made_by_a_scenario() -> None:
    made = [key for _, keys in SCENARIOS.values() for key in keys]
    assert sorted(made) == sorted(EXAMPLES)


@pytest.mark.parametrize("call", [
    Call("kanban_block", {"reason": "stuck"}),
    Call("kanban_complete", {"summary": "done"}),
    Call("kanban_fail", {"reason": "it does not work"}),
], ids=lambda call: call.tool)  # fmt: skip
async def test_a_text_that_says_nothing_is_refused(call: Call, make_stage: MakeStage) -> None:
    async with make_stage("auto") as stage:
        worker = await at_work(stage)
        await worker.is_refused("weak_summary" if call.tool == "kanban_complete" else "weak_reason", call)
        assert await stage.state("TASK-001") == "in_progress"


async def test_a_worker_with_every_tool_cannot_answer_its_own_question(make_stage: MakeStage) -> None:
    async with make_stage("auto") as stage:
        await one_task(stage)
        worker = await stage.joins("worker", "orchestrator")
        await worker.does("kanban_claim", assignee="implementer")
        await worker.does("kanban_block", reason="Which callback path in staging?")
        await worker.is_refused("forbidden", Call("kanban_answer", {"task_id": "TASK-001", "answer": "Any"}))


@pytest.mark.parametrize(("words", "value"), [
    ("lease is 5 minutes", Policy().lease_for_ms / 60_000 == 5),
    ("At most 5 subtasks", Policy().max_children == 5),
    ("3 levels", Policy().max_depth == 3),
    ("reclaimed after 5 minutes", Policy().lease_for_ms / 60_000 == 5),
    ("> 3 levels", Policy().max_depth == 3),
    ("up to 1800", Policy().expect_cap_s == 1800),
    ("twice at most", Policy().max_agent_retries == 2),
])  # fmt: skip
def test_a_number_in_a_skill_is_the_number_in_force(words: str, value: bool) -> None:
    assert any(words in skill.body for skill in skills())
    assert value
