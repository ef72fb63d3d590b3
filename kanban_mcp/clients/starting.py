"""Does a server entry start? Run its command as a client would, ask for its tools, and end it again, within a deadline.

A project's files come from whoever wrote the repository, and this runs what stands in them. So only a command line that
starts this program is run, never one that lies inside the project (but for this very installation), with none of the
variables that the entry sets, and with the project kept out of Python's search path.
"""

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from kanban_mcp.clients.entries import PROGRAM, own_command
from kanban_mcp.clients.probe import end_group

_PROTOCOL = "2025-06-18"
_MOST_HEARD = 4 << 20  # bytes: three answers take a hundredth
_HANDED = ("KANBAN_TASK_ID", "KANBAN_RUN_ID", "KANBAN_SESSION_ID", "CLAUDE_CODE_SESSION_ID")
_ASK: Sequence[Mapping[str, Any]] = (
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": _PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "kanban-mcp-doctor", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
    # The first two may be answered from a snapshot; this one takes the whole server, and touches no board.
    {"jsonrpc": "2.0", "id": 3, "method": "prompts/list"},
)


class Started(NamedTuple):
    """What a server answered: its version and the names of its tools; else `why` it did not."""

    version: str = ""
    tools: tuple[str, ...] = ()
    why: str = ""


def refusal(words: Sequence[str], project: Path) -> str:
    """Say why a command line from a project's files is not run here; empty when it is."""
    program = words[0] if words else ""
    if list(words[: len(own_command())]) == own_command():
        return ""
    found = shutil.which(program)
    if found is None:
        return f"{program or 'its program'} is not there or cannot be started"
    name = Path(program).name
    is_module = list(words[1:3]) == ["-m", "kanban_mcp"] and name.startswith("python")
    arguments = words[3:] if is_module else words[1:]
    if (name != PROGRAM and not is_module) or list(arguments[:1]) != ["serve"]:  # other commands change the board
        return f"{name} is not started by doctor; only {PROGRAM} serve is"
    where = Path(found).absolute()
    if any(path.is_relative_to(project.resolve()) for path in (where, where.resolve())):  # /proc/self/cwd leads there
        return f"{found} lies inside the project, so it is not started"
    return ""


def start(words: Sequence[str], project: Path, wait_s: float) -> Started:
    """Start a server in `project`, initialize it, list its tools and end it; at most `wait_s` seconds."""
    why = refusal(words, project)
    if why:
        return Started(why=why)
    deadline = time.monotonic() + wait_s
    environment = {name: value for name, value in os.environ.items() if name not in _HANDED} | {"PYTHONSAFEPATH": "1"}
    try:
        server = subprocess.Popen(  # noqa: S603 - checked above; no shell
            list(words), cwd=project, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        return Started(why=f"it cannot be started ({error})")
    try:
        return _asked(server, deadline, wait_s)
    finally:
        _end(server)


def _asked(server: "subprocess.Popen[bytes]", deadline: float, wait_s: float) -> Started:
    assert server.stdin is not None  # noqa: S101 - both are pipes
    assert server.stdout is not None  # noqa: S101
    with suppress(OSError):
        server.stdin.write(b"".join(json.dumps(each).encode() + b"\n" for each in _ASK))
        server.stdin.flush()
    answers: dict[Any, Any] = {}
    buffer, heard = b"", 0
    while not {1, 2, 3} <= answers.keys():
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([server.stdout], [], [], left)[0]:
            return Started(why=f"no answer within {wait_s:g} s")
        read = os.read(server.stdout.fileno(), 65536)
        heard += len(read)
        if heard > _MOST_HEARD:
            return Started(why="it says far more than was asked")
        if not read:
            return Started(why=f"it ended without an answer (exit {_exit_code(server)})")
        *lines, buffer = (buffer + read).split(b"\n")
        answers |= {message["id"]: message for message in map(_message, lines) if "id" in message}
    return _started(answers)


def _message(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _started(answers: Mapping[Any, Any]) -> Started:
    try:
        version = str(answers[1]["result"]["serverInfo"]["version"])
        tools = tuple(str(tool["name"]) for tool in answers[2]["result"]["tools"])
        list(answers[3]["result"]["prompts"])
    except (KeyError, TypeError):
        return Started(why="its answer is not what an MCP server says")
    return Started(version, tools)


def _exit_code(server: "subprocess.Popen[bytes]") -> object:
    with suppress(subprocess.TimeoutExpired):
        return server.wait(1)
    return "none"


def _end(server: "subprocess.Popen[bytes]") -> None:
    """Close its input, which ends a server of ours; whatever is left of its session is killed."""
    with suppress(OSError):
        if server.stdin is not None:
            server.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        server.wait(2)
    end_group(server)
