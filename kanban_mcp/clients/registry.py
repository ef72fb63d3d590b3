"""The clients there are, and which of them are in use in a project."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from kanban_mcp.clients import claude_code, codex, cursor, gemini_cli, opencode, vscode
from kanban_mcp.clients.client import Client
from kanban_mcp.domain.errors import Invalid

CLIENTS: tuple[Client, ...] = (
    claude_code.CLIENT,
    cursor.CLIENT,
    vscode.CLIENT,
    codex.CLIENT,
    gemini_cli.CLIENT,
    opencode.CLIENT,
)
EVERY = "all"
NAMES = tuple(client.name for client in CLIENTS)
_ALSO = {"claude": "claude-code", "gemini": "gemini-cli", "code": "vscode", "vs-code": "vscode"}


def chosen(names: Sequence[str]) -> tuple[Client, ...]:
    """Return the clients of these names, each once, in our order.

    Raises:
        Invalid: there is no client of that name.
    """
    wanted = {_ALSO.get(name.lower(), name.lower()) for name in names}
    for name in wanted - {*NAMES, EVERY}:
        raise Invalid(f"There is no client {name!r}.", hint=f"one of {', '.join(NAMES)}, or {EVERY}.")
    return tuple(client for client in CLIENTS if EVERY in wanted or client.name in wanted)


def found(folder: Path, which: Callable[[str], str | None] = shutil.which) -> tuple[Client, ...]:
    """Return the clients that are installed, or used by the project already; Claude Code when none is."""
    here = tuple(client for client in CLIENTS if is_installed(client, which) or is_used(client, folder))
    return here or (claude_code.CLIENT,)


def is_installed(client: Client, which: Callable[[str], str | None] = shutil.which) -> bool:
    """Say whether one of the client's programs is on PATH."""
    return any(which(program) for program in client.programs)


def is_used(client: Client, folder: Path) -> bool:
    """Say whether the project has files of this client."""
    return any((folder / mark).exists() for mark in client.marks)
