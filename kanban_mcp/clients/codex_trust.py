"""Whether Codex runs our hooks: asked of Codex itself, which keeps a person's trust per entry and says nothing else.

`codex app-server` answers `hooks/list` without a login or a network (measured: 0.169.0, 0.6 s). A project's own hooks
are listed only once the person trusts the project.
"""

import json
import os
import selectors
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from kanban_mcp.clients import entries

TRUSTED = frozenset({"trusted", "managed"})
_LINE_LIMIT = 1 << 22
_CHUNK = 1 << 16


class HookTrust(NamedTuple):
    """One hook of ours as Codex lists it: its event (`preToolUse`), where it stands, and whether Codex runs it."""

    event: str
    file: str
    is_trusted: bool
    is_enabled: bool


def codex_trust(
    folder: Path,
    command: Sequence[str] = ("codex", "app-server"),
    environ: Mapping[str, str] | None = None,
    timeout_s: float = 15.0,
) -> list[HookTrust] | None:
    """Return our hooks in a project as Codex sees them, empty when it sees none; None when it cannot be asked."""
    environ = os.environ if environ is None else environ
    try:
        process = subprocess.Popen(  # noqa: S603  the program the caller named, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder, env=environ
        )
    except OSError:
        return None
    try:
        return _ask(process, folder, time.monotonic() + timeout_s)
    except (OSError, ValueError):
        return None
    finally:
        process.kill()
        process.communicate()


def _ask(process: "subprocess.Popen[bytes]", folder: Path, deadline: float) -> list[HookTrust] | None:
    if process.stdin is None or process.stdout is None:
        return None
    hello = {"clientInfo": {"name": "kanban-mcp", "version": "1"}}
    for message in (
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "initialized"},
        {"id": 2, "method": "hooks/list", "params": {"cwds": [str(folder)]}},
    ):
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    process.stdin.flush()
    for line in _lines(process.stdout, deadline):
        reply = _object(line)
        if reply.get("id") == 2:
            return _ours(reply.get("result"))
    return None


def _lines(output: IO[bytes], deadline: float) -> Iterator[bytes]:
    """Yield what the program writes, line by line, until it ends or the deadline has passed."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while len(rest) < _LINE_LIMIT and selector.select(max(0.0, deadline - time.monotonic())):
            data = os.read(output.fileno(), _CHUNK)
            if not data:
                return
            *whole, rest = (rest + data).split(b"\n")
            yield from whole


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _ours(result: Any) -> list[HookTrust] | None:
    """Return our entries of an answer, None when it has not the form that Codex gives it."""
    places = result.get("data") if isinstance(result, dict) else None
    listed = [place.get("hooks") for place in places if isinstance(place, dict)] if isinstance(places, list) else [None]
    if not all(isinstance(found, list) for found in listed):
        return None
    return [_trust(hook) for found in listed for hook in found or () if isinstance(hook, dict) and _is_ours(hook)]


def _is_ours(hook: Mapping[str, Any]) -> bool:
    kind = "mcp_tool" if hook.get("handlerType") == "mcpTool" else "command"
    return entries.is_our_hook({"hooks": [{**hook, "type": kind}]})


def _trust(hook: Mapping[str, Any]) -> HookTrust:
    is_trusted = bool(hook.get("isManaged")) or hook.get("trustStatus") in TRUSTED
    return HookTrust(
        str(hook.get("eventName")), str(hook.get("sourcePath")), is_trusted, hook.get("enabled") is not False
    )
