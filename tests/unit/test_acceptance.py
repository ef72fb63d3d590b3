"""Acceptance that can never hold is refused where it is written, not when the work is done."""

import pytest

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.tasks import read_acceptance


@pytest.mark.parametrize(
    "line",
    ["file:../../x", "file:..", "file:a/../../b", "file:a/../b", "FILE: ../x", "file:.", "file:/", "file:./", "file:",
     "cmd: ", "url:"],
)  # fmt: skip
def test_a_file_outside_the_workdir_and_an_empty_name_are_refused(line: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_acceptance([line])
    assert line.strip().split(":")[0] in str(refused.value)
    assert "for example" in refused.value.hint


@pytest.mark.parametrize(
    "line",
    ["file:docs/api.md", "file:./a.txt", "file:..a/b..", "file:/repo/docs/api.md", "cmd:pytest -q ../tests", "file: a",
     "url:https://example.com/..", "No token is written to ../log", "The answer to: file or folder?"],
)  # fmt: skip
def test_what_may_hold_is_taken_as_written(line: str) -> None:
    assert read_acceptance([f" {line} "]) == (line,)


def test_the_refusal_names_the_entry_of_a_plan() -> None:
    with pytest.raises(Invalid, match=r"tasks\[2\]\.acceptance"):
        read_acceptance(["file:../x"], "tasks[2].acceptance")
