"""Rules that every tool keeps, checked over the whole inventory as a client sees it."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kanban_mcp.server.schema import LISTED_FIELDS
from kanban_mcp.server.snapshot import path_of
from kanban_mcp.server.tool import compact_json
from kanban_mcp.server.tools import BY_NAME, TOOLS, tools_of
from kanban_mcp.server.toolsets import TOOLSETS
from kanban_mcp.service import results
from tests.server.conftest import ERAS, a_session, connected

BUDGETS = {"worker": 8_000, "orchestrator": 14_000}
RESERVED = 900  # characters kept free in the orchestrator's listing for delegate_task

READ_ONLY = {"kanban_show", "kanban_list", "kanban_wait"}
DESTRUCTIVE = {"kanban_cancel"}
SELF_EVIDENT = {
    "after", "answer", "assignee", "body", "context", "idempotency_key", "irreversible", "limit", "max_attempts",
    "metadata", "note", "options", "parent", "parents", "part_of", "priority", "reason", "relation", "remove", "retry",
    "run_id", "state", "task_id", "tasks", "title", "wait_s", "acceptance",
}  # fmt: skip

ARGUMENTS = {
    "kanban_show": "task_id run_id",
    "kanban_list": "state assignee limit=50",
    "kanban_claim": "assignee task_id wait_s=0",
    "kanban_heartbeat": "note expect_s=0 task_id run_id",
    "kanban_block": "reason* kind options default until task_id run_id",
    "kanban_create": "title* assignee parents context priority=normal relation=auto acceptance idempotency_key "
    "triage=False run_id",
    "kanban_complete": "summary* metadata evidence wait_s=45 task_id run_id",
    "kanban_request_approval": "summary* context irreversible=False wait_s=45 task_id run_id",
    "kanban_comment": "task_id* body* run_id",
    "kanban_fail": "reason* retry=True task_id run_id",
    "kanban_plan": "tasks* dry_run=False idempotency_key",
    "kanban_update": "task_id* title assignee priority context acceptance verify review due_at max_attempts triage",
    "kanban_link": "task_id* parent* relation=after remove=False",
    "kanban_answer": "task_id* answer*",
    "kanban_cancel": "task_id* reason subtree=False",
    "kanban_retry": "task_id* note",
    "kanban_wait": "task_ids until=attention timeout_s=45",
    "kanban_approve": "task_id* note",
    "kanban_reject": "task_id* note",
}
"""The arguments of DESIGN §6: `*` is required, `=x` the default, anything else may be left out."""


async def listed(toolset: str, era: str = "auto") -> dict[str, dict[str, Any]]:
    async with connected(a_session(toolset=toolset), era) as client:
        result = await client.list_tools()
    return {tool.name: tool.model_dump(by_alias=True, exclude_none=True) for tool in result.tools}


def objects_in(schema: Any) -> list[dict[str, Any]]:
    """Return every schema of an object with named fields inside a schema."""
    if isinstance(schema, list):
        return [found for item in schema for found in objects_in(item)]
    if not isinstance(schema, dict):
        return []
    found = [schema] if schema.get("type") == "object" and "properties" in schema else []
    return found + [inner for value in schema.values() for inner in objects_in(value)]


@pytest.mark.parametrize("era", ERAS)
async def test_a_toolset_lists_its_tools_and_those_before_it(era: str) -> None:
    worker, orchestrator, operator = [list(await listed(toolset, era)) for toolset in TOOLSETS]
    assert worker == list(ARGUMENTS)[:10]
    assert orchestrator == list(ARGUMENTS)[:17]
    assert operator == list(ARGUMENTS)


def test_arguments_and_defaults_are_those_of_the_design() -> None:
    for tool in TOOLS:
        told = []
        for name, parameter in tool.parameters.items():
            if parameter.default is parameter.empty:
                told.append(f"{name}*")
            else:
                told.append(name if parameter.default in (None, "", ()) else f"{name}={parameter.default}")
        assert " ".join(told) == ARGUMENTS[tool.name], tool.name


async def test_no_listing_passes_its_budget() -> None:
    for toolset, budget in BUDGETS.items():
        for version in ("2025-11-25", "2026-07-28"):
            content = json.loads(path_of(toolset).read_text())
            result = {**content["replies"][version]["tools/list"], "tools": content["tools"]}
            reserve = RESERVED if toolset == "orchestrator" else 0
            assert len(compact_json(result)) <= budget - reserve, (toolset, version)


@pytest.mark.proves("T22")
@pytest.mark.parametrize("era", ERAS)
async def test_every_input_schema_is_closed_small_and_plain(era: str) -> None:
    for name, tool in (await listed("operator", era)).items():
        schema = tool["inputSchema"]
        Draft202012Validator.check_schema(schema)
        assert not {"anyOf", "oneOf", "allOf", "$ref", "$defs", "title"} & schema.keys(), name
        assert all(found["additionalProperties"] is False for found in objects_in(schema)), name
        text = compact_json(schema)
        for word in ('"title":"', "$ref", '"null"', "anyOf", ":null", "examples"):
            assert word not in text, (name, word)


async def test_every_argument_is_described_or_self_evident() -> None:
    described = {
        argument
        for tool in (await listed("operator")).values()
        for found in objects_in(tool["inputSchema"])
        for argument, schema in found["properties"].items()
        if "description" in schema
    }
    for tool in (await listed("operator")).values():
        for found in objects_in(tool["inputSchema"]):
            unsaid = {argument for argument, schema in found["properties"].items() if "description" not in schema}
            assert unsaid <= SELF_EVIDENT, tool["name"]
    assert described


@pytest.mark.parametrize("era", ERAS)
async def test_every_output_schema_is_a_shape_with_next_first_and_nothing_required(era: str) -> None:
    for name, tool in (await listed("operator", era)).items():
        schema = tool["outputSchema"]
        Draft202012Validator.check_schema(schema)
        assert schema.keys() == {"type", "properties"}, name
        assert next(iter(schema["properties"])) == "next", name
        assert all(field.keys() == {"type"} for field in schema["properties"].values()), name
        whole = BY_NAME[name].answer["properties"]
        assert list(schema["properties"].items()) == list(whole.items())[:LISTED_FIELDS], name


@pytest.mark.proves("trap-10", "trap-11")
async def test_every_tool_carries_its_hints_and_is_always_loaded() -> None:
    for name, tool in (await listed("operator")).items():
        hints = tool["annotations"]
        assert tool["_meta"] == {"anthropic/alwaysLoad": True}
        assert hints["openWorldHint"] is False
        assert hints.get("readOnlyHint", False) is (name in READ_ONLY), name
        if name not in READ_ONLY:
            assert hints["destructiveHint"] is (name in DESTRUCTIVE), name


async def test_names_and_descriptions_are_fit_for_every_client() -> None:
    for name, tool in (await listed("operator")).items():
        assert re.fullmatch(r"kanban_[a-z_]{3,24}", name)
        assert 20 <= len(tool["description"]) <= 260, name
        assert tool["description"].endswith("."), name
        assert "mcp__" not in compact_json(tool), name
        mentioned = set(re.findall(r"kanban_[a-z_]+", compact_json(tool)))
        assert mentioned <= ARGUMENTS.keys(), name


@pytest.mark.proves("T22")
def test_no_schema_lets_a_caller_say_who_it_is() -> None:
    for tool in TOOLS:
        assert not {"actor", "author", "worker", "worker_id", "session", "caller"} & tool.parameters.keys()


@pytest.mark.proves("T2")
def test_no_tool_below_the_operator_grants_an_approval() -> None:
    for toolset in ("worker", "orchestrator"):
        assert not {"kanban_approve", "kanban_reject"} & {tool.name for tool in tools_of(toolset)}


ANSWERS = {
    "kanban_show": (results.TaskView,),
    "kanban_list": (results.Listing,),
    "kanban_claim": (results.Claimed,),
    "kanban_heartbeat": (results.Beat,),
    "kanban_block": (results.Ended,),
    "kanban_create": (results.Created,),
    "kanban_complete": (results.Completed,),
    "kanban_request_approval": (results.Approval,),
    "kanban_fail": (results.Ended,),
    "kanban_plan": (results.Planned,),
    "kanban_wait": (results.Waited,),
}


def test_output_schemas_name_fields_that_the_results_have() -> None:
    for tool in TOOLS:
        for result in ANSWERS.get(tool.name, (results.Done,)):
            fields = result.__dataclass_fields__.keys()
            assert tool.answer["properties"].keys() <= fields, tool.name
