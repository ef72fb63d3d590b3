"""`kanban-mcp heartbeat` when there is nothing to write and nothing to say: answered by a first look at the board.

Agents and scripts call it far more often than a lease needs. Only the plain form, only for a named session; whatever
else is asked goes the long way.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_SESSIONS = ("KANBAN_SESSION_ID", "CLAUDE_CODE_SESSION_ID")  # domain.principals.SESSION_VARIABLES; a test compares


def main(arguments: Sequence[str]) -> int | None:
    """Answer a heartbeat. Returns the exit code, None when it takes more than a look."""
    if list(arguments) not in ([], ["--json"]):
        return None
    session = next((value for name in _SESSIONS if (value := os.environ.get(name, "")).strip()), "")
    if not session or not _is_plain(os.environ):
        return None
    from kanban_mcp.store import glance

    path = glance.board_at(os.getcwd(), os.environ)  # noqa: PTH109  pathlib costs 4 ms
    found = glance.beat(path, session) if path else None
    if found is None:
        return None
    task, run, left_s = f"TASK-{found[0]:03d}", f"run-{found[1]}", found[2]
    text = f"{task} · {run}, lease {left_s} s\nGo on."
    if arguments:
        import json

        answer = {"next": "Go on.", "task_id": task, "run_id": run, "lease_expires_in_s": left_s}
        text = json.dumps(answer, indent=2)
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        return None  # the long way says what is wrong
    return 0


def _is_plain(environ: os._Environ[str]) -> bool:
    """Say whether no variable of ours is set that the long way would have to judge."""
    return not any(name.startswith("KANBAN_") and name != "KANBAN_SESSION_ID" for name in environ)
