"""Evidence has four forms and no fifth."""

from typing import Any

import pytest

from kanban_mcp.domain.errors import Invalid, UnknownArgument
from kanban_mcp.domain.evidence import Check, Evidence, read_evidence


@pytest.mark.proves("hermes-42")
def test_the_four_forms_are_read() -> None:
    assert read_evidence(
        [
            {"kind": "file", "path": "report.md", "sha256": "AB12"},
            {"kind": "commit", "sha": "8d02e1f"},
            {"kind": "url", "url": "https://example.com", "status": 200},
            {"kind": "command", "run": "pytest -q", "exit_code": 0},
        ]
    ) == (
        Evidence("file", "report.md", sha256="ab12"),
        Evidence("commit", "8d02e1f"),
        Evidence("url", "https://example.com", number=200),
        Evidence("command", "pytest -q", number=0),
    )


@pytest.mark.parametrize(
    "bad",
    [
        "report.md", 7, None, {}, {"kind": 1}, {"kind": "screenshot"}, {"kind": "file"}, {"kind": "file", "path": ""},
        {"kind": "file", "path": 3}, {"kind": "file", "path": "a", "sha256": 1}, {"kind": "commit", "sha": "  "},
        {"kind": "url", "url": "https://a", "status": "200"}, {"kind": "command", "run": "x", "exit_code": True},
        {"kind": "file", "path": "a\x00b"}, {"kind": "file", "path": "x" * 70_000},
        {"kind": "file", "path": "x" * 4097}, {"kind": "file", "path": "a", "sha256": "\x1b[2J"},
    ],
)  # fmt: skip
def test_another_form_is_refused_and_the_entry_is_named(bad: Any) -> None:
    with pytest.raises(Invalid, match=r"evidence\[1\]"):
        read_evidence([{"kind": "commit", "sha": "8d02e1f"}, bad])


def test_an_unknown_field_is_refused_not_dropped() -> None:
    with pytest.raises(UnknownArgument, match='Did you mean "sha256"'):
        read_evidence([{"kind": "file", "path": "a", "sha_256": "00"}])


def test_a_hundred_handles_fit_and_one_more_does_not() -> None:
    one = {"kind": "commit", "sha": "8d02e1f"}
    assert len(read_evidence([one] * 100)) == 100
    with pytest.raises(Invalid, match="101"):
        read_evidence([one] * 101)


def test_a_failed_check_says_what_and_why_on_one_line() -> None:
    assert (
        Check("file", "report.md", False, "missing in the workdir").failure == "file report.md: missing in the workdir"
    )


def test_the_line_of_a_refusal_is_short_whatever_was_handed_in() -> None:
    assert len(Check("file", "x" * 4000, False, "y" * 60_000).failure) < 1100
