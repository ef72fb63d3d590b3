"""An edit of a JSON file changes what it should and no other character: comments, blanks and order stay."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_mcp.clients import jsonc, jsonedit, splices
from kanban_mcp.clients.parts import Items, Member, Setting, Unusable

OURS = {"command": "/opt/kanban-mcp", "args": ["serve"]}
POINTER = ("mcpServers", "kanban")
ONE = Member(POINTER, OURS)

names = st.text(st.characters(codec="utf-8", exclude_characters='"\\'), max_size=6).filter(
    lambda name: name != "kanban"
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a // b", "/* no */", '"', "ü\u2028"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
blanks = st.sampled_from(["", " ", "\n", "\n  ", "\t", "\r\n", " // why\n", "/* a \n b */", "\n\n// {\n  "])


@st.composite
def commented(draw: st.DrawFn, value: Any) -> str:
    """Write a value with blanks and comments drawn for every place that takes them."""

    def gap() -> str:
        return draw(blanks)

    if isinstance(value, dict):
        items = [f"{json.dumps(k, ensure_ascii=False)}{gap()}:{gap()}{draw(commented(v))}" for k, v in value.items()]
    elif isinstance(value, list):
        items = [draw(commented(item)) for item in value]
    else:
        return json.dumps(value, ensure_ascii=False)
    inner = f"{gap()},{gap()}".join(items) + (draw(st.sampled_from(["", ","])) if items else "")
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}{gap()}{inner}{gap()}{closing}"


@st.composite
def files(draw: st.DrawFn) -> str:
    """Draw the text of a file: an object, perhaps with servers of others in it."""
    content = draw(st.dictionaries(names, values, max_size=3))
    if draw(st.booleans()):
        content["mcpServers"] = draw(st.dictionaries(names, values, max_size=3))
    return draw(blanks) + draw(commented(content)) + draw(blanks)


@given(files())
def test_a_reader_that_knows_places_reads_what_the_standard_library_reads(text: str) -> None:
    value = jsonc.parse(text).value
    assert json.loads(json.dumps(value)) == value
    assert jsonc.parse(json.dumps(value), is_strict=True).value == value


@given(files())
def test_putting_an_entry_in_adds_it_and_keeps_every_comment_and_value(text: str) -> None:
    before = jsonc.parse(text).value
    put = ONE.put(text)
    after = jsonc.parse(put.text).value
    assert after["mcpServers"].pop("kanban") == OURS
    assert after == {**before, "mcpServers": before.get("mcpServers", {})}
    assert jsonc.comments(put.text) == jsonc.comments(text)
    assert ONE.put(put.text).change == "there already"


@given(files())
def test_the_way_back_is_exact(text: str) -> None:
    put = ONE.put(text)
    assert splices.undone(put.text, [splices.between(text, put.text)]) == text


@given(files())
def test_taking_an_entry_out_leaves_all_else_also_without_the_way_back(text: str) -> None:
    put = ONE.put(text)
    after = ONE.take(put.text, put.made)
    assert jsonc.parse(after).value == jsonc.parse(text).value
    assert jsonc.comments(after) == jsonc.comments(text)


@given(files(), st.lists(st.sampled_from(["one", "two", "three"]), unique=True, max_size=3))
def test_items_of_a_list_come_and_go_beside_those_of_others(text: str, own: list[str]) -> None:
    theirs = json.dumps({"allow": ["Bash(ls)", "three"]}) if "one" in own else "{}"
    text = jsonedit.put_member(text, ("permissions",), json.loads(theirs))
    before = jsonc.parse(text).value
    part = Items(("permissions", "allow"), tuple(own))
    put = part.put(text)
    allowed = jsonc.parse(put.text).value["permissions"].get("allow", [])
    assert set(own) <= set(allowed)
    assert len(allowed) == len(set(allowed))
    if "three" not in own:  # what was there already is not ours to take
        assert jsonc.parse(part.take(put.text, put.made)).value == before


FORMS = {
    "nothing": ("", '{\n  "mcpServers": {\n    "kanban": {\n      "command": "c"\n    }\n  }\n}\n'),
    "one line": ('{"a": 1}', '{"a": 1, "mcpServers": {"kanban": {"command": "c"}}}'),
    "four blanks": (
        '{\n    "mcpServers": {\n        "x": {}\n    }\n}\n',
        '{\n    "mcpServers": {\n        "x": {},\n        "kanban": {\n'
        '            "command": "c"\n        }\n    }\n}\n',
    ),
    "a tab and a last comma": (
        '{\n\t"mcpServers": {\n\t\t"x": {},\n\t},\n}',
        '{\n\t"mcpServers": {\n\t\t"x": {},\n\t\t"kanban": {\n\t\t\t"command": "c"\n\t\t},\n\t},\n}',
    ),
    "a comment behind the last": (
        '{\n  "a": 1 // why\n}',
        '{\n  "a": 1, // why\n  "mcpServers": {\n    "kanban": {\n      "command": "c"\n    }\n  }\n}',
    ),
    "only a comment inside": (
        "{\n  // servers\n}",
        '{\n  // servers\n  "mcpServers": {\n    "kanban": {\n      "command": "c"\n    }\n  }\n}',
    ),
    "line ends of Windows": (
        '{\r\n  "a": 1\r\n}\r\n',
        '{\r\n  "a": 1,\r\n  "mcpServers": {\r\n    "kanban": {\r\n      "command": "c"\r\n    }\r\n  }\r\n}\r\n',
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_entry_takes_the_form_of_the_file(form: str) -> None:
    before, after = FORMS[form]
    assert Member(POINTER, {"command": "c"}).put(before).text == after


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "it is no object"),
        ("{", "name in double quotes"),
        ('{"a": 1} x', "more text after the end (line 1)"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ('{"mcpServers": []}', "mcpServers is no object"),
        ('{\n"a" 1}', "a colon is missing (line 2)"),
        ('{"a": 01}', "a comma or } is missing"),
        ("{" * 300, "name in double quotes"),
        ('{"a": ' + "[" * 300 + "]" * 300 + "}", "nested too deep"),
        ('{"a": "\x01"}', "Invalid control character"),
        ("{'a': 1}", "name in double quotes"),
        ('{"a": /* open', "a value is missing"),
    ],
)
def test_what_is_no_json_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(Unusable) as refused:
        ONE.put(text)
    assert why in str(refused.value)


@pytest.mark.parametrize("text", ['{"a": 1,}', "// c\n{}", "{/* c */}"])
def test_a_client_that_reads_strict_json_is_not_given_more(text: str) -> None:
    assert Member(POINTER, OURS).put(text).change == "added"
    with pytest.raises(Unusable, match="does not accept"):
        Member(POINTER, OURS, is_strict=True).put(text)


def test_a_comment_inside_our_entry_is_not_dropped_with_it() -> None:
    text = '{"mcpServers": {"kanban": {"command": "kanban-mcp", /* mine */ "args": ["serve"]}}}'
    with pytest.raises(Unusable, match="without touching a comment"):
        ONE.take(text, [])


def test_a_setting_is_written_only_where_there_is_none() -> None:
    part = Setting(("$schema",), "https://example.org/a")
    assert part.put('{"$schema": "theirs"}').change == "there already"
    assert part.take('{"$schema": "theirs"}', []) == '{"$schema": "theirs"}'
    assert part.take(part.put("{}").text, []) == "{}"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda *_: '{"a": 2, "mcpServers": {"kanban": {"command": "/opt/kanban-mcp", "args": ["serve"]}}}',
        lambda *_: '{"a": 1, "mcpServers": {}}',
        lambda *_: '{"a": 1',
    ],
    ids=["another value changed", "the entry missing", "no JSON any more"],
)
def test_an_edit_that_went_wrong_is_seen_before_it_is_written(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonedit, "put_member", wrong)
    with pytest.raises(Unusable, match="without touching a comment or something else"):
        ONE.put('{"a": 1}')
