"""`kanban-mcp hook EVENT`: what a client's hook runs where it cannot call the connected server (DESIGN §6).

The payload comes on stdin, the answer goes to stdout in the client's JSON. Whatever happens, the exit code is 0: a hook
must never break a person's session, and 2 would block what it was asked about. A board that is not there, busy or
broken fences nothing (SECURITY.md); one line on stderr says so.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


PAYLOAD_LIMIT = 8 << 20  # bytes; a tool's whole input or output may be in it, and nothing of that is used
SESSION_START = "SessionStart"
_NEEDS: Mapping[str, str] = {
    "PreToolUse": "has_lost",
    "PostToolUse": "is_due",
    "PostToolUseFailure": "is_due",
    "UserPromptSubmit": "is_due",
    "SubagentStart": "",
    "SubagentStop": "holds",
    "Stop": "holds",
    "SessionEnd": "holds",
}
"""What has to be true of the session for an event to matter at all; SessionStart always does."""


def main(arguments: Sequence[str]) -> int | None:
    """Answer one hook. Returns the exit code, which is 0; None when help is wanted.

    Mistakes in the words, too: 2, as for any other command, would deny every tool call of every session.
    """
    words = list(arguments)
    if set(words) & {"-h", "--help"}:
        return None
    client = ""
    if len(words) == 3 and words[1] == "--client":
        client, words = words[2], words[:1]
    try:
        if len(words) != 1 or words[0] not in (*_NEEDS, SESSION_START):
            raise ValueError("expected EVENT [--client NAME]; kanban-mcp hook --help lists the events")
        answered = _answer(words[0], client)
    except BaseException as error:  # noqa: BLE001  whatever it was, the session goes on
        _complain(f"{type(error).__name__}: {error}")
        return 0
    return print_answer(answered)


def _answer(name: str, client: str) -> dict[str, Any]:
    payload = _payload()
    if payload is None:
        return {}
    cwd = _cwd(payload)
    from kanban_mcp.store import glance

    path = glance.board_at(cwd, os.environ)
    if path == "":
        return {}
    if path is not None:
        _note_fired(path, client)
        if _has_nothing_to_do(name, path, payload):
            return {}
    from kanban_mcp.cli import hook_work  # the rest of the program: only where there may be something to do

    return hook_work.answer(name, payload, cwd, client)


def _payload() -> dict[str, Any] | None:
    """Return the payload, None (with a line on stderr) when it is no JSON object or too long."""
    import json

    data = sys.stdin.buffer.read(PAYLOAD_LIMIT + 1) if sys.stdin is not None else b""
    if len(data) > PAYLOAD_LIMIT:
        _complain(f"the payload has more than {PAYLOAD_LIMIT >> 20} MiB")
        return None
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        _complain("the payload on stdin is no JSON object")
        return None
    return payload


def _cwd(payload: Mapping[str, Any]) -> str:
    """Return the project that the session was started in, as its server sees it; where it has moved to counts less."""
    for told in (os.environ.get("CLAUDE_PROJECT_DIR"), payload.get("cwd")):
        if isinstance(told, str) and "\0" not in told and os.path.isdir(told):  # noqa: PTH112  no pathlib here
            return told
    return os.getcwd()  # noqa: PTH109  as above


def _note_fired(path: str, client: str) -> None:
    import time

    from kanban_mcp.hooks.trace import note_fired

    note_fired(os.path.dirname(path), client, time.time())  # noqa: PTH120  as above


def _has_nothing_to_do(name: str, path: str, payload: Mapping[str, Any]) -> bool:
    """Say whether the session has nothing to do with the board that this event could matter to."""
    needed = _NEEDS.get(name)
    if needed is None:
        return False
    if needed == "":
        return True
    from kanban_mcp.store import glance

    named = [os.environ.get("KANBAN_SESSION_ID"), payload.get("session_id")]
    seen = glance.look(path, [name for name in named if isinstance(name, str)])
    return seen is not None and not seen[needed]


def print_answer(answered: Mapping[str, Any]) -> int:
    """Print what the client reads; nothing when there is nothing to say. Returns the exit code, which is 0."""
    if not answered:
        return 0
    import json

    try:
        sys.stdout.write(json.dumps(answered) + "\n")
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):  # the last: no standard output at all
        _complain("nobody reads the answer")
    return 0


def _complain(why: str) -> None:
    text = "".join(ch if ch.isprintable() else "?" for ch in why)[:500]
    try:
        sys.stderr.write(f"kanban-mcp hook: {text}\n")
    except (OSError, ValueError, AttributeError):
        return
