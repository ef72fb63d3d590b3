"""Ids: integers inside, `TASK-001` and `run-31` at the edges. They are never reused (S19)."""

import re
from typing import NewType

from kanban_mcp.domain.errors import Invalid

TaskId = NewType("TaskId", int)
RunId = NewType("RunId", int)
WorkerId = NewType("WorkerId", int)

MAX_ID = 2**53 - 1  # what every JSON reader keeps exactly
_TASK = re.compile(r"(?:TASK-)?0*([1-9][0-9]{0,15})", re.IGNORECASE | re.ASCII)
_RUN = re.compile(r"(?:run-)?0*([1-9][0-9]{0,15})", re.IGNORECASE | re.ASCII)


def task_name(task: TaskId | int) -> str:
    """Return the public name of a task: `7` → `TASK-007`."""
    return f"TASK-{task:03d}"


def run_name(run: RunId | int) -> str:
    """Return the public name of a run: `31` → `run-31`."""
    return f"run-{run}"


def parse_task(text: str, argument: str = "task_id") -> TaskId:
    """Read a task id as people and models write it: `TASK-007`, `task-7` or `7`.

    Raises:
        Invalid: the text is no task id.
    """
    return TaskId(_parse(_TASK, text, argument, "TASK-001"))


def parse_run(text: str, argument: str = "run_id") -> RunId:
    """Read a run id: `run-31` or `31`.

    Raises:
        Invalid: the text is no run id.
    """
    return RunId(_parse(_RUN, text, argument, "run-31"))


def _parse(pattern: re.Pattern[str], text: str, argument: str, example: str) -> int:
    match = pattern.fullmatch(text.strip())
    if match is None or int(match[1]) > MAX_ID:
        shown = text[:40].encode("unicode_escape", "backslashreplace").decode("ascii")
        raise Invalid(f'{argument} "{shown}" is not an id.', hint=f'Write it like "{example}".')
    return int(match[1])
