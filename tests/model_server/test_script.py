"""A script is data: the step follows from the request alone, and arguments can name what a tool answered before."""

import pytest

from tests.model_server.reply import reply_to
from tests.model_server.script import (
    AFTER_THE_END,
    Conversation,
    Found,
    Script,
    call,
    filled,
    json_in,
    say,
    script,
)
from tests.model_server.seen import ModelRequest, OfferedTool, ToolResult

SHOW = OfferedTool("mcp__kanban__kanban_show", "Your task.")


def request(
    turns: int = 0,
    users: tuple[str, ...] = ("Work.",),
    results: tuple[str, ...] = (),
    tools: tuple[OfferedTool, ...] = (SHOW,),
) -> ModelRequest:
    answers = tuple(ToolResult(text) for text in results)
    return ModelRequest("chat", "m", True, "Be brief.", tools, users, answers, answers, turns)


def test_the_step_is_the_one_after_the_turns_that_were() -> None:
    told = script(say("one"), say("two"))
    assert [told.next(request(turns)).step.text for turns in (0, 1, 1, 2)] == ["one", "two", "two", AFTER_THE_END]


def test_the_first_conversation_that_matches_answers() -> None:
    told = Script([Conversation([say("sub")], "helper"), Conversation([say("main")])])
    assert told.next(request(users=("You are a helper.",))).conversation == 0
    assert told.next(request()).step.text == "main"


def test_a_text_inside_a_tool_result_picks_no_conversation() -> None:
    told = Script([Conversation([say("sub")], "helper"), Conversation([say("main")])])
    assert told.next(request(results=("helper",))).step.text == "main"


def test_nobody_is_answered_by_a_conversation_that_does_not_match() -> None:
    assert Script([Conversation([say("sub")], "helper")]).next(request()).conversation is None


def test_a_side_question_without_tools_gets_the_side_text() -> None:
    assert script(say("one")).next(request(tools=())).step.text == "ok"


def test_arguments_are_filled_from_earlier_results_anywhere_in_them() -> None:
    asked = request(results=('{"task_id":"TASK-001"}', 'Wall time: 1 s\n{"ready":[{"id":"TASK-002"}]}\ntokens left: 5'))
    given = {"task_id": Found("task_id", 0), "parents": [Found("ready.0.id")], "title": "x"}
    assert filled(given, asked) == {"task_id": "TASK-001", "parents": ["TASK-002"], "title": "x"}


@pytest.mark.parametrize(("path", "result"), [("task", -1), ("ready.3.id", -1), ("task_id.deeper", -1), ("x", 7)])
def test_a_script_that_names_what_is_not_there_is_an_error(path: str, result: int) -> None:
    with pytest.raises(LookupError):
        filled(Found(path, result), request(results=('{"task_id":"TASK-001","ready":[]}',)))


def test_a_brace_before_the_json_does_not_hide_it() -> None:
    assert json_in('set {a} = {"b": {"c": 1}} end') == {"b": {"c": 1}}


def test_a_text_without_json_says_so() -> None:
    with pytest.raises(LookupError, match="no JSON object"):
        json_in("[lease_lost] run-1 no longer holds TASK-001 {")


def test_a_call_takes_the_name_and_the_group_that_the_client_offers() -> None:
    grouped = OfferedTool("kanban_show", "Your task.", "mcp__kanban")
    told = script(call("kanban_show", task_id="TASK-001"))
    for offered in (SHOW, grouped):
        asked = request(tools=(OfferedTool("shell"), offered))
        [made] = reply_to(asked, told.next(asked)).calls
        assert (made.tool, made.arguments) == (offered, {"task_id": "TASK-001"})


def test_a_tool_that_is_not_offered_is_called_by_its_bare_name() -> None:
    asked = request(tools=(OfferedTool("dont_kanban_show_me"),))
    [made] = reply_to(asked, script(call("kanban_show")).next(asked)).calls
    assert made.tool == OfferedTool("kanban_show")


def test_the_ids_of_calls_are_the_same_on_every_retry() -> None:
    asked, told = request(), script(call("kanban_show"))
    assert reply_to(asked, told.next(asked)) == reply_to(asked, told.next(asked))


@pytest.mark.parametrize(
    "line",
    [
        "- kanban-worker: Work one task.",
        "  - `kanban-worker` (project): Work one task.",
        "* **kanban-worker**: Work one task.",
        "<skill><name>kanban-worker</name><description>Work one task.</description></skill>",
    ],
)
def test_a_skill_is_found_in_the_forms_that_clients_list_it(line: str) -> None:
    assert request(users=(line,)).skills(["kanban-worker", "kanban"]) == {"kanban-worker"}


def test_a_skill_that_is_only_mentioned_is_not_listed() -> None:
    assert request(users=("Use kanban-worker now.",)).skills(["kanban-worker"]) == set()
