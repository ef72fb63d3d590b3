"""What callers may write: every limit at its edge, every odd character, with a text that helps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_mcp.domain import inputs
from kanban_mcp.domain.errors import ConfigError, Invalid, UnknownArgument
from kanban_mcp.domain.ids import MAX_ID, parse_run, parse_task, run_name, task_name
from kanban_mcp.domain.tasks import criteria

HOSTILE = ["a\x00b", "a\x1b[31mb", "a\u202eb", "a\u200bb", "a\ud800b"]


def test_ids_read_as_people_and_models_write_them() -> None:
    assert parse_task("TASK-007") == parse_task("task-7") == parse_task(" 7 ") == parse_task("0007") == 7
    assert parse_run("run-31") == parse_run("RUN-31") == parse_run("31") == 31
    assert task_name(7) == "TASK-007"
    assert task_name(12345) == "TASK-12345"
    assert run_name(3) == "run-3"
    assert parse_task(f"TASK-{MAX_ID}") == MAX_ID


@given(st.integers(1, MAX_ID))
def test_every_id_comes_back_from_its_name(number: int) -> None:
    assert parse_task(task_name(number)) == number
    assert parse_run(run_name(number)) == number


@pytest.mark.parametrize(
    "bad", ["", "0", "TASK-0", "-1", "TASK--1", "TASK-1 2", "run-1", "1.0", "١٢", "TASK-" + "9" * 17, str(MAX_ID + 1),
            "TASK-007; DROP TABLE", "\x1b[2J", "None", "TASK-\u0661"],
)  # fmt: skip
def test_what_is_no_id_is_refused_with_an_example(bad: str) -> None:
    with pytest.raises(Invalid, match='Write it like "TASK-001"') as refused:
        parse_task(bad, "parents")
    assert "parents" in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_a_title_is_one_line_of_one_to_two_hundred_characters() -> None:
    assert inputs.title("  Fix it ") == "Fix it"
    assert len(inputs.title("x" * 200)) == 200
    assert inputs.title("👩‍💻 日本") == "👩‍💻 日本"
    for bad in ("", "   ", "x" * 201, "a\nb", "a\tb", *HOSTILE):
        with pytest.raises(Invalid, match="title"):
            inputs.title(bad)


def test_a_text_has_at_most_64_kibibytes_of_valid_unicode() -> None:
    assert len(inputs.text("é" * 32_768, "context")) == 32_768
    with pytest.raises(Invalid, match=r"65,537 bytes"):
        inputs.text("x" * 65_537, "context")
    with pytest.raises(Invalid, match="lone surrogate"):
        inputs.text("a\ud800", "context")
    for bad in HOSTILE:
        with pytest.raises(Invalid, match="context"):
            inputs.text(bad, "context")
    assert inputs.text("a\n\tb\r\n", "context") == "a\n\tb\r\n"


def test_a_role_is_one_word_in_lower_case() -> None:
    assert inputs.role(None) == inputs.role("  ") == ""
    assert inputs.role(" Implementer ") == "implementer"
    assert inputs.role("qa-2.backend/api") == "qa-2.backend/api"
    for bad in ("two words", "-x", "x" * 65, "a;b", *HOSTILE):
        with pytest.raises(Invalid, match="assignee"):
            inputs.role(bad)


def test_lists_of_texts_are_bounded_and_have_no_empty_entry() -> None:
    assert inputs.texts([" a ", "b"], "acceptance") == ("a", "b")
    assert len(inputs.texts(["x"] * 100, "acceptance")) == 100
    for bad in (["x"] * 101, ["x", "  "]):
        with pytest.raises(Invalid, match="acceptance"):
            inputs.texts(bad, "acceptance")


def test_a_wrong_word_gets_the_nearest_right_one() -> None:
    with pytest.raises(Invalid, match='Did you mean "urgent"') as refused:
        inputs.priority("urgnt")
    assert "urgent, high, normal, low" in str(refused.value)
    assert [inputs.priority(word) for word in ("urgent", "high", "normal", "low")] == [0, 1, 2, 3]
    with pytest.raises(Invalid):
        inputs.priority("x" * 100_000)


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


def test_metadata_is_bounded_in_depth_and_size_and_is_plain_json() -> None:
    assert inputs.json_text({"a": [1, "é"]}, "metadata") == '{"a":[1,"é"]}'
    assert inputs.json_text(nested(32), "metadata")
    with pytest.raises(Invalid, match="32 levels"):
        inputs.json_text(nested(33), "metadata")
    with pytest.raises(Invalid, match="32 levels"):
        inputs.json_text(nested(200_000), "metadata")
    for bad in (
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": object()},
        {"a": "\x00"},
        {"a": "safe\u202etxt.exe"},
        {"a": "\ud800"},
        {"a": "x" * 70_000},
    ):
        with pytest.raises(Invalid, match="metadata"):
            inputs.json_text(bad, "metadata")


def test_durations_have_a_number_and_a_unit() -> None:
    assert [inputs.duration_ms(t, "x") for t in ("250ms", "90s", "5m", "1h", "7d", " 5 M ")] == [
        250, 90_000, 300_000, 3_600_000, 604_800_000, 300_000,
    ]  # fmt: skip
    for bad in ("5x", "", "m", "5", "-5m", "1.5h", "5m 3s", "٥m", "9" * 20 + "s"):
        with pytest.raises(Invalid, match='Write for example "5m" or "90s"'):
            inputs.duration_ms(bad, "until")
    with pytest.raises(ConfigError, match=r'lease_for = "5x" is not a duration'):
        inputs.duration_ms("5x", "lease_for", ConfigError)


def test_a_moment_is_an_iso_time_or_a_duration_from_now() -> None:
    now = 1_800_000_000_000
    assert inputs.moment_ms("30m", "until", now) == now + 1_800_000
    assert inputs.moment_ms("1970-01-01T00:00:01Z", "until", now) == 1_000
    assert inputs.moment_ms("1970-01-01T01:00:01+01:00", "until", now) == 1_000
    assert inputs.moment_ms("1970-01-01T00:00:01", "until", now) == 1_000
    assert inputs.moment_ms("1969-12-31T23:59:59Z", "until", now) == -1_000
    for bad in ("tomorrow", "", "2026-13-01", "30", "99999-01-01T00:00:00Z"):
        with pytest.raises(Invalid, match="is not a time"):
            inputs.moment_ms(bad, "until", now)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    inputs.only_known(["title", "ref"], ("ref", "title"), "tasks[0]")
    with pytest.raises(UnknownArgument, match='Did you mean "title"') as refused:
        inputs.only_known(["titel"], ("ref", "title"), "tasks[0]")
    assert str(refused.value).startswith("[unknown_argument] tasks[0]")


def test_quoted_text_in_an_error_is_short_and_harmless() -> None:
    shown = inputs.shown("\x1b[2J" + "x" * 500)
    assert "\x1b" not in shown
    assert len(shown) < 80


def test_acceptance_lines_say_their_kind_before_the_colon_or_are_for_a_judge() -> None:
    read = criteria(
        ["cmd: pytest -q", "FILE:report.md", "url:https://example.com", "no token is logged", "note: x", "cmd:"]
    )
    assert [(c.kind, c.text) for c in read] == [
        ("cmd", "pytest -q"), ("file", "report.md"), ("url", "https://example.com"),
        ("judge", "no token is logged"), ("judge", "note: x"), ("judge", "cmd:"),
    ]  # fmt: skip
    assert [str(c) for c in read[:4]] == [
        "cmd:pytest -q",
        "file:report.md",
        "url:https://example.com",
        "no token is logged",
    ]
