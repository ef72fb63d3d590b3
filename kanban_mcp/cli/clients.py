"""The entry for this server in a project's `.mcp.json`, merged without losing anything that is there."""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kanban_mcp.domain.errors import ConfigError

FILE = ".mcp.json"
NAME = "kanban"


@dataclass(frozen=True, slots=True)
class Merged:
    """What the file would say, and what that changes: "added", "updated", "there already", or "not ours"."""

    path: Path
    text: str
    change: str

    @property
    def is_news(self) -> bool:
        """Say whether the file has to be written."""
        return self.change in ("added", "updated")

    def write(self) -> None:
        """Write the file in one step, with the mode it had.

        Raises:
            ConfigError: it cannot be written.
        """
        target = self.path.resolve()  # a linked file stays a link
        try:
            mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
            with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, delete=False) as file:
                file.write(self.text)
            Path(file.name).chmod(mode)
            Path(file.name).replace(target)
        except OSError as why:
            raise ConfigError(
                f"{self.path} cannot be written: {why}.", hint="kanban-mcp init --print shows it."
            ) from None


def command() -> list[str]:
    """Return how a client starts this installation: the console script beside the interpreter, else the module."""
    script = Path(sys.executable).with_name("kanban-mcp")
    if script.is_file() and os.access(script, os.X_OK):
        return [str(script), "serve"]
    return [sys.executable, "-m", "kanban_mcp", "serve"]


def entry(start: Sequence[str], db: Path | None = None) -> dict[str, Any]:
    """Return the server's entry. `alwaysLoad`: without it some clients start before the tools are listed, or hide them.

    `db`: the board, when it is not the one that the server would find from the project.
    """
    flags = [] if db is None else ["--db", str(db)]
    return {"type": "stdio", "command": start[0], "args": [*start[1:], *flags], "alwaysLoad": True}


def merge(folder: Path, own: dict[str, Any]) -> Merged:
    """Return `.mcp.json` of a project with our entry in it.

    Raises:
        ConfigError: the file cannot be read, or is not what clients read; it is left as it is.
    """
    path = folder / FILE
    before = _read(path)
    content = _parsed(path, before)
    servers = content.setdefault("mcpServers", {})
    if not isinstance(servers, dict):
        raise _unusable(path, "mcpServers is no object")
    there = servers.get(NAME)
    if there is not None and not _is_ours(there):
        return Merged(path, before, "not ours")
    if there is not None and _serves(there, own):
        return Merged(path, before, "there already")
    servers[NAME] = {**(there or {}), **own}
    return Merged(path, _written(path, content, before), "added" if there is None else "updated")


def _written(path: Path, content: dict[str, Any], before: str) -> str:
    """Return the new text of the file; what JSON cannot say again is refused."""
    try:
        text = json.dumps(content, indent=_indent(before), ensure_ascii=False, allow_nan=False) + "\n"
        text.encode()
    except ValueError as why:
        raise _unusable(path, str(why)) from None
    return text


def _read(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise _unusable(path, "it is no regular file")  # a pipe would be waited on for ever
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as why:
        raise _unusable(path, str(why)) from None


def _parsed(path: Path, text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        content = json.loads(text, object_pairs_hook=_without_losses)
    except (ValueError, RecursionError) as why:
        raise _unusable(path, str(why)) from None
    if not isinstance(content, dict):
        raise _unusable(path, "it is no object")
    return content


def _without_losses(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name given twice: writing the file again would drop one of the two."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _unusable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{path} cannot be read: {why}. It was left as it is.",
        hint="correct it and run kanban-mcp init again; kanban-mcp init --print shows what to add by hand.",
    )


def _is_ours(there: Any) -> bool:
    """Say whether an entry named like ours starts this program, whichever installation of it."""
    if not isinstance(there, dict) or not isinstance(there.get("args"), list):
        return False
    words = [str(there.get("command", "")), *map(str, there["args"])]
    return "serve" in words and any(Path(word).name in ("kanban-mcp", "kanban_mcp") for word in words)


def _serves(there: dict[str, Any], own: dict[str, Any]) -> bool:
    """Say whether an entry of ours can stay: it starts a program that exists, whatever flags people added.

    A command without a path is looked up by the client, so it may stay as well.
    """
    program = str(there.get("command", ""))
    is_looked_up = program != "" and "/" not in program
    starts = program == own["command"] or is_looked_up or os.access(program, os.X_OK)
    return starts and there.get("alwaysLoad") is True


def _indent(text: str) -> int | str:
    """Return the indentation of a JSON text, two blanks when it shows none."""
    second = text.lstrip().partition("\n")[2]
    blanks = second[: len(second) - len(second.lstrip(" \t"))]
    return (blanks or 2) if not blanks or set(blanks) == {"\t"} else len(blanks)
