"""What tools accept, and how they refuse: the text names argument, limit and example and nothing of the machinery."""

import pytest

from kanban_mcp.domain.errors import Invalid, UnknownArgument
from kanban_mcp.server.tools import BY_NAME, TOOLS

NO_MACHINERY = ("pydantic", "http", "Traceback", "input_value", "validation error", "type=")


def refusal(tool: str, **arguments: object) -> str:
    with pytest.raises((Invalid, UnknownArgument)) as caught:
        BY_NAME[tool].read(arguments)
    text = str(caught.value)
    assert not [word for word in NO_MACHINERY if word in text], text
    assert len(text) < 600
    return text


@pytest.mark.proves("T22")
def test_a_misspelt_argument_is_refused_with_the_nearest_name() -> None:
    text = refusal("kanban_create", title="A", assigne="tester")
    assert text.startswith('[unknown_argument] kanban_create has no argument "assigne". Next: Did you mean "assignee"?')
    assert "idempotency_key" in text


def test_a_misspelt_field_of_a_planned_task_is_refused_with_its_place() -> None:
    text = refusal("kanban_plan", tasks=[{"ref": "a", "title": "A"}, {"ref": "b", "titel": "B"}])
    assert text.startswith(
        '[unknown_argument] kanban_plan has no argument "tasks[1].titel". Next: Did you mean "title"?'
    )


def test_a_missing_argument_is_named_with_an_example() -> None:
    assert refusal("kanban_create") == (
        '[invalid] kanban_create: title is missing. Next: For example title="Write the parser".'
    )


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("kanban_create", {"title": 7}, 'title must be text, not 7. Next: For example title="Write the parser"'),
        ("kanban_create", {"title": ["x"]}, "title must be text, not a list"),
        ("kanban_create", {"title": {"a": 1}}, "title must be text, not an object"),
        (
            "kanban_create",
            {"title": "A", "priority": "medium"},
            'priority must be one of urgent, high, normal, low; "medium" is',
        ),
        (
            "kanban_create",
            {"title": "A", "parents": 5},
            'parents must be a list, not 5. Next: For example parents=["TASK',
        ),
        ("kanban_create", {"title": "A", "parents": [5]}, "parents[0] must be text, not 5"),
        ("kanban_create", {"title": "A", "triage": "perhaps"}, 'triage must be true or false, not "perhaps"'),
        ("kanban_list", {"limit": 0}, "limit must be at least 1; 0 is not. Next: For example limit=50."),
        ("kanban_list", {"limit": "many"}, 'limit must be a whole number, not "many"'),
        ("kanban_list", {"limit": 2.5}, "limit must be a whole number, not 2.5"),
        ("kanban_claim", {"wait_s": 60}, "wait_s must be at most 45; 60 is not. Next: For example wait_s=30."),
        ("kanban_heartbeat", {"expect_s": 1801}, "expect_s must be at most 1800"),
        ("kanban_complete", {"summary": "S", "evidence": "soon"}, 'evidence must be a list, not "soon"'),
        ("kanban_complete", {"summary": "S", "metadata": [1]}, "metadata must be an object, not a list"),
        ("kanban_complete", {"summary": "S", "evidence": [1]}, "evidence[0] must be an object, not 1"),
        ("kanban_plan", {"tasks": []}, "tasks is empty"),
        ("kanban_plan", {"tasks": [{"ref": "a"}]}, 'tasks[0].title is missing. Next: For example title="Write'),
        ("kanban_plan", {"tasks": "[{"}, "tasks must be a list"),
    ],
)
def test_a_value_of_the_wrong_form_is_named_with_what_it_must_be(tool: str, arguments: dict, says: str) -> None:
    text = refusal(tool, **arguments)
    assert text.startswith(f"[invalid] {tool}: ")
    assert says in text


def test_a_text_over_64_kib_is_refused_wherever_it_stands() -> None:
    big = "ä" * 32_769  # 65,538 bytes
    for arguments in ({"title": big}, {"title": "A", "acceptance": ["x", big]}):
        assert "at most 65,536 bytes fit" in refusal("kanban_create", **arguments)
    assert "metadata holds" in refusal("kanban_complete", summary="S", metadata={"a": {"b": [big]}})
    assert "metadata holds" in refusal("kanban_complete", summary="S", metadata={big: 1})
    assert BY_NAME["kanban_comment"].read({"task_id": "1", "body": "ä" * 32_768})


@pytest.mark.proves("T23")
def test_nesting_over_32_levels_is_refused_and_32_pass() -> None:
    def nested(levels: int) -> object:
        value: object = 1
        for _ in range(levels):
            value = {"a": value}
        return value

    assert "metadata is nested deeper than 32 levels" in refusal("kanban_complete", summary="S", metadata=nested(33))
    assert BY_NAME["kanban_complete"].read({"summary": "S", "metadata": nested(32)})


def test_nesting_inside_json_text_counts_too() -> None:
    deep = '{"a":' * 40 + "1" + "}" * 40
    assert "nested deeper" in refusal("kanban_complete", summary="S", metadata=deep)
    refusal("kanban_complete", summary="S", metadata='{"a":' * 9_000)


def test_numbers_that_json_cannot_carry_are_refused() -> None:
    assert "not finite" in refusal("kanban_complete", summary="S", metadata={"a": float("nan")})
    assert "not finite" in refusal("kanban_complete", summary="S", metadata='{"a": Infinity}')


def test_lists_and_objects_sent_as_json_text_are_read() -> None:
    read = BY_NAME["kanban_complete"].read(
        {"summary": "S", "metadata": '{"a": 1}', "evidence": '[{"kind": "commit", "sha": "8d02e1f"}]'}
    )
    assert read["metadata"] == {"a": 1}
    assert read["evidence"] == [{"kind": "commit", "sha": "8d02e1f"}]
    read = BY_NAME["kanban_create"].read({"title": "A", "parents": '["TASK-001", "TASK-002"]'})
    assert read["parents"] == ["TASK-001", "TASK-002"]


def test_one_text_where_a_list_belongs_is_a_list_of_one() -> None:
    read = BY_NAME["kanban_create"].read({"title": "A", "parents": "TASK-001", "acceptance": "cmd:pytest -q"})
    assert (read["parents"], read["acceptance"]) == (["TASK-001"], ["cmd:pytest -q"])


def test_null_means_left_out_but_not_where_a_value_is_required() -> None:
    read = BY_NAME["kanban_claim"].read({"assignee": None, "task_id": None, "wait_s": None})
    assert read == {"assignee": None, "task_id": None, "wait_s": 0}
    assert "title must be text" in refusal("kanban_create", title=None)
    assert "has no argument" in refusal("kanban_claim", worker=None)


def test_a_planned_task_reaches_the_board_with_only_what_was_said() -> None:
    read = BY_NAME["kanban_plan"].read({"tasks": [{"ref": "a", "title": "A", "after": "TASK-001", "assignee": None}]})
    assert read["tasks"] == [{"ref": "a", "title": "A", "after": ["TASK-001"]}]


def test_every_argument_has_an_example_for_its_refusal() -> None:
    for tool in TOOLS:
        for name, field in tool.model.model_fields.items():
            assert field.examples, f"{tool.name}({name})"
