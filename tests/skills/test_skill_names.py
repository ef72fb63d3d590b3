"""The skills name no tool, argument, code or reason that the server does not have, and leave none of a worker's out."""

import ast
import re
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import PUBLIC_CODES
from kanban_mcp.server.tools import BY_NAME, tools_of
from kanban_mcp.service.claims import REASONS
from tests.skills.reading import FOLDER, Call, Skill, read, skills

EACH = pytest.mark.parametrize("skill", skills(), ids=lambda skill: skill.name)
WORKER, ORCHESTRATOR, DISPATCHER = (
    read(FOLDER / name / "SKILL.md") for name in ("kanban-worker", "kanban-orchestrator", "kanban-dispatcher")
)
LATER = "delegate_task"

CODES_LEFT_TO_THEIR_TEXT = {
    "config",
    "cycle",
    "illegal_transition",
    "invalid",
    "limit",
    "not_found",
    "unknown_argument",
}
"""Codes about one call that was written wrong: their own text says all there is to do."""


def calls_of(skill: Skill) -> list[Call]:
    return [call for example in skill.examples for call in example.calls]


def known(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.tool != LATER]


@EACH
def test_every_tool_that_a_skill_names_is_one_of_the_server(skill: Skill) -> None:
    named = set(re.findall(r"\bkanban_[a-z_]+\b", skill.path.read_text(encoding="utf-8")))
    assert named
    assert named <= BY_NAME.keys()


@pytest.mark.proves("trap-14")
@EACH
def test_no_tool_carries_the_prefix_of_a_client(skill: Skill) -> None:
    text = skill.path.read_text(encoding="utf-8")
    assert not re.search(r"mcp__|mcp_kanban|(?<![\w`(])/mcp", text)
    assert not re.search(r"[\w.:]kanban_[a-z]+", text)


@EACH
def test_every_argument_that_a_call_names_is_one_of_its_tool(skill: Skill) -> None:
    for call in known(calls_of(skill)):
        parameters = BY_NAME[call.tool].parameters
        required = {name for name, parameter in parameters.items() if parameter.default is parameter.empty}
        assert required <= call.arguments.keys() <= parameters.keys(), call


@EACH
def test_a_tool_that_is_not_built_yet_is_said_to_come_later(skill: Skill) -> None:
    assert LATER not in BY_NAME, "it is built now: teach it, and drop this test"
    for sentence in re.split(r"(?<=\.)\s", skill.body):
        assert LATER not in sentence or "later" in sentence, sentence


@EACH
def test_only_people_and_the_drop_in_are_told_of_the_operators_tools(skill: Skill) -> None:
    called = {call.tool for call in known(calls_of(skill))}
    operators = {tool.name for tool in tools_of("operator")} - {tool.name for tool in tools_of("orchestrator")}
    assert called.isdisjoint(operators - ({"kanban_approve"} if skill is not WORKER else set()))


def test_every_tool_of_a_worker_is_taught_by_an_example() -> None:
    assert {call.tool for call in calls_of(WORKER)} >= {tool.name for tool in tools_of("worker")} - {"kanban_list"}
    assert "`kanban_list`" in WORKER.body


def test_a_worker_is_taught_no_tool_that_it_may_not_have() -> None:
    assert {call.tool for call in calls_of(WORKER)} <= {tool.name for tool in tools_of("worker")}
    assert set(re.findall(r"\bkanban_[a-z_]+\b", WORKER.body)) <= {tool.name for tool in tools_of("worker")}


def test_every_tool_of_an_orchestrator_is_taught_by_an_example() -> None:
    own = {tool.name for tool in tools_of("orchestrator")} - {tool.name for tool in tools_of("worker")}
    assert own <= {call.tool for call in calls_of(ORCHESTRATOR)}


def table(skill: Skill, head: str) -> set[str]:
    """Return the words in backticks that stand in the first column of the table with this head."""
    rows = skill.body.split(f"| {head} |")[1].split("\n\n")[0].splitlines()[2:]
    return {word for row in rows for word in re.findall(r"`([a-z_]+)`", row.split("|")[1])}


def test_the_worker_knows_what_to_do_for_every_reason_of_an_empty_claim() -> None:
    assert table(WORKER, "reason") == set(REASONS)


def test_the_worker_knows_what_to_do_about_every_refusal_that_is_not_about_one_wrong_call() -> None:
    assert table(WORKER, "code") == set(PUBLIC_CODES) - CODES_LEFT_TO_THEIR_TEXT


def test_the_drop_in_names_the_codes_of_the_server() -> None:
    assert set(re.findall(r"\[([a-z_]+)\]", DISPATCHER.body)) <= set(PUBLIC_CODES)


REPLACED = """
kanban_show()
kanban_heartbeat(note="Running tests in src/auth/")
kanban_block(reason="Missing API key: need STRIPE_SECRET_KEY in .env")
kanban_create(title="Fix type errors in auth module", assignee="implementer", parents=["TASK-001"],
              context="See src/auth/types.ts line 42")
kanban_complete(summary="Implemented OAuth2 flow, 14 tests pass",
                metadata={"files_changed": ["src/auth/oauth.ts"], "tests_added": 14})
kanban_create(title="Implement user auth", assignee="implementer")
kanban_create(title="Write auth tests", assignee="tester", parents=["TASK-001"])
kanban_create(title="Auth code review", assignee="reviewer", parents=["TASK-002"])
kanban_request_approval(task_id="TASK-003", summary="About to apply irreversible migration: please confirm",
                        context="Backup at /tmp/backup.sql")
kanban_approve(task_id="TASK-003")
"""
"""The calls of the skill that kanban-dispatcher replaces, with a colon where it has a dash."""


def test_the_drop_in_keeps_every_call_of_the_skill_it_replaces() -> None:
    kept = calls_of(DISPATCHER)
    for statement in ast.parse(REPLACED).body:
        call = statement.value  # type: ignore[attr-defined]  # REPLACED holds nothing but calls
        arguments = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
        assert Call(call.func.id, arguments) in kept
    assert LATER in {call.tool for call in kept}


def test_the_skills_and_the_instructions_agree_on_the_rhythm() -> None:
    for skill in (WORKER, DISPATCHER):
        assert "2-3 tool calls" in skill.body
    assert "2-3 tool calls" in (Path(__file__).parents[2] / "kanban_mcp/server/texts.py").read_text(encoding="utf-8")
