"""An edit of a TOML file adds, changes or drops one table and no other character; what it cannot do so is refused."""

import tomllib
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from kanban_mcp.clients import splices, tomledit
from kanban_mcp.clients.parts import Table, Unusable

ENTRY: dict[str, Any] = {
    "command": "/opt/kanban mcp/kanban-mcp",
    "args": ["serve"],
    "required": True,
    "tools": {"kanban_approve": {"approval_mode": "prompt"}},
}
PART = Table(("mcp_servers", "kanban"), ENTRY)

lines = st.sampled_from(
    [
        "",
        "# a comment",
        'model = "m"  # behind',
        "[mcp_servers.other]",
        'command = "x"',
        'args = ["[mcp_servers.kanban]"]',
        "[[hooks.Stop]]",
        "[tui]",
        "  [tui.deep]  # deep",
        'text = """\n[mcp_servers.kanban]\ncommand = "no"\n"""',
        "[ \"quoted.name\" . 'b' ]",
    ]
)


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


files = st.lists(lines, unique=True, max_size=8).flatmap(
    lambda found: st.sampled_from(["\n", "\r\n"]).map(lambda end: end.join(found).replace("\n", "\n"))
)
texts = files.filter(_is_toml)


@given(texts, st.booleans())
def test_adding_the_table_changes_nothing_else_and_can_be_undone(text: str, ends_open: bool) -> None:
    text = text.rstrip("\r\n") if ends_open else text
    put = PART.put(text)
    before, after = tomllib.loads(text), tomllib.loads(put.text)
    servers = after.get("mcp_servers", {})
    assert servers.pop("kanban") == ENTRY
    assert {key: value for key, value in after.items() if value or key in before} == before
    assert put.text.startswith(text)
    assert splices.undone(put.text, [splices.between(text, put.text)]) == text
    assert PART.put(put.text).change == "there already"


@given(texts, texts)
def test_taking_the_table_out_of_a_file_that_grew_leaves_all_else_or_is_refused(before: str, after: str) -> None:
    text = PART.put(before).text + "\n" + after
    if not _is_toml(text):
        return
    expected = tomllib.loads(text)
    expected["mcp_servers"].pop("kanban")
    try:
        left = PART.take(text, [])
    except Unusable:  # lines that only look like a table, or a comment among ours
        event("refused")
        left, expected = text, tomllib.loads(text)
    assert tomledit._tidy(tomllib.loads(left)) == tomledit._tidy(expected)
    for line in (*before.splitlines(), *after.splitlines()):
        if "#" in line:
            assert line in left


def test_a_command_that_is_gone_is_renewed_in_its_line() -> None:
    text = '[mcp_servers.kanban]\ncommand = "/gone/kanban-mcp" # mine\nargs = ["serve"]\nrequired = false\n\n[tui]\n'
    put = Table(("mcp_servers", "kanban"), {"command": "/new/kanban-mcp", "args": ["serve"], "required": True}).put(
        text
    )
    assert put.change == "updated"
    assert put.text == text.replace("/gone/", "/new/")


def test_what_is_missing_in_our_table_is_added_to_it() -> None:
    text = '[mcp_servers.kanban]\ncommand = "kanban-mcp"\nargs = ["serve"]\n[tui]\n'
    put = PART.put(text)
    assert tomllib.loads(put.text)["mcp_servers"]["kanban"] == {
        "command": "kanban-mcp", "args": ["serve"], "required": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('mcp_servers = { x = { command = "y" } }', "mcp_servers"),
        ("a = = 1", "Invalid value"),
        ("[a]\n[a]", "Cannot declare"),
        ("mcp_servers = 3", "Cannot overwrite a value"),
    ],
)
def test_a_file_that_takes_no_table_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        PART.put(text)


def test_a_table_written_in_one_line_is_renewed_only_where_that_is_safe() -> None:
    inline = 'mcp_servers.kanban = { command = "/gone/kanban-mcp", args = ["serve"] }\n'
    with pytest.raises(Unusable, match="not written as a table of its own"):
        PART.put(inline)
    with pytest.raises(Unusable, match="not written as a table of its own"):
        PART.take(inline, [])


def test_lines_in_a_text_that_look_like_our_table_are_not_taken_for_it() -> None:
    text = (
        'note = """\n[mcp_servers.kanban]\n"""\n[mcp_servers]\nkanban = { command = "kanban-mcp", args = ["serve"] }\n'
    )
    with pytest.raises(Unusable, match="Unterminated string"):
        PART.take(text, [])


def test_a_comment_in_our_table_is_not_dropped_with_it() -> None:
    for text in (PART.put("").text.replace("\n", " # mine\n", 1), PART.put("").text.replace("args", "# mine\nargs")):
        with pytest.raises(Unusable, match="somebody's comment stands in"):
            PART.take(text, [])


def test_a_cut_that_would_change_a_text_is_seen_before_it_is_written() -> None:
    ours = '[mcp_servers]\nkanban = { command = "kanban-mcp", args = ["serve"] }\n'
    text = 'note = """\n[mcp_servers.kanban]\n[tui]\n"""\n' + ours
    with pytest.raises(Unusable, match="cannot be changed here without touching something else"):
        PART.take(text, [])
