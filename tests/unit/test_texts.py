"""Texts that say nothing are refused, texts that say something never; hostile characters are shown, not obeyed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_mcp.domain.texts import (
    escape,
    has_control_characters,
    is_weak_reason,
    is_weak_summary,
    looks_like_secret,
    shorten,
)

TITLE = "Add the OAuth callback route"


@pytest.mark.parametrize(
    "summary",
    [
        "Implemented OAuth2 flow, 14 tests pass",  # seeds/001
        "Callback checks state before the exchange; 14 tests pass",
        "added /auth/callback",
        "Nothing to change: the route was there already, see src/auth.py:40",
        "Реализован обмен кода, 14 тестов",
        "実装しました。テスト14件通過",
        "42",
    ],
)
def test_a_summary_that_says_what_was_done_passes(summary: str) -> None:
    assert not is_weak_summary(summary, TITLE)


@pytest.mark.proves("T6")
@pytest.mark.parametrize(
    "summary",
    [
        "",
        "   ",
        "done",
        "Done.",
        "DONE!!!",
        "task complete",
        "All done, everything works now",
        "ok",
        "Finished.",
        "It is done",
        "…",
        "👍",
        TITLE,
        TITLE.upper() + "!",
        f"{TITLE} done",
        f"Done: {TITLE}",
        "I have completed the task",
        "The task has been completed as requested",
    ],
)
def test_done_or_the_title_again_is_no_summary(summary: str) -> None:
    assert is_weak_summary(summary, TITLE)


@pytest.mark.parametrize(
    "reason",
    [
        "Missing API key — need STRIPE_SECRET_KEY in .env",  # seeds/001; it has no question mark
        "waiting for approval",  # what the answer to an undecided request tells the worker to write
        "Which redirect URI in staging?",
        "TASK-007 has to be done first",
        "Should users be deleted or archived",
        "pg_dump not installed",
    ],
)
def test_a_reason_that_names_something_passes(reason: str) -> None:
    assert not is_weak_reason(reason)


@pytest.mark.parametrize(
    "reason", ["", "stuck", "blocked", "help", "I am stuck", "help please?", "I can't continue", "Something went wrong",
               "need help with the issue", "it doesn't work", "an unknown error", "???",
               "I do not know how to do this task"],
)  # fmt: skip
def test_a_reason_that_nobody_can_act_on_is_weak(reason: str) -> None:
    assert is_weak_reason(reason)


@pytest.mark.parametrize(
    "text",
    [
        "use sk-abcdefghijklmnop1234", "sk_live_abcdefghij12", "ghp_" + "a" * 36, "github_pat_" + "a" * 30,
        "glpat-" + "a" * 20, "xoxb-123456789012", "AKIAIOSFODNN7EXAMPLE", "AIza" + "a" * 35, "hf_" + "a" * 34,
        "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    ],
)  # fmt: skip
def test_the_shape_of_a_key_is_recognised(text: str) -> None:
    assert looks_like_secret(text)


@pytest.mark.parametrize(
    "text",
    ["Set STRIPE_SECRET_KEY in .env", "sk-1", "the task-id is TASK-007", "https://example.com/a?b=c", "a" * 200,
     "commit 4d1e0c79f3c2ab4d1e0c79f3c2ab4d1e0c79f3c2", "risk-assessment-document-version-two"],
)  # fmt: skip
def test_ordinary_text_is_no_key(text: str) -> None:
    assert not looks_like_secret(text)


@pytest.mark.parametrize(
    "bad", ["\x00", "\x1b[2J", "\x7f", "\x9b", "\u202e", "\u2066", "\u200b", "\ud800", "\u2028", "\ufeff"]
)
def test_characters_that_act_or_hide_are_noticed(bad: str) -> None:
    assert has_control_characters(f"a{bad}b")
    assert has_control_characters(f"a{bad}b", one_line=True)


def test_newline_and_tab_are_text_but_not_in_one_line() -> None:
    assert not has_control_characters("a\n\tb\r\n")
    assert has_control_characters("a\nb", one_line=True)
    assert has_control_characters("a\tb", one_line=True)
    assert not has_control_characters("ünïcödé 日本 e\u0301 👩\u200d💻", one_line=True)


@pytest.mark.proves("T19")
@given(st.text())
def test_what_is_shown_never_acts_on_a_terminal(text: str) -> None:
    shown = escape(text)
    assert not has_control_characters(shown)
    assert "\x1b" not in shown
    if not has_control_characters(text) and "\r" not in text:
        assert shown == text


def test_a_lone_surrogate_can_be_shown() -> None:
    assert escape("a\ud800b") == "a\\ud800b"
    escape("a\ud800b\u202e").encode()


@given(st.text(), st.integers(0, 60))
def test_a_shortened_text_says_what_is_missing(text: str, limit: int) -> None:
    short = shorten(text, limit)
    if len(text) <= limit:
        assert short == text
    else:
        assert f"(+{len(text) - limit} characters)" in short or len(short) <= limit
