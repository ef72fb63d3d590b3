"""What people give on a command line: long texts from stdin or a file, JSON, evidence in short form."""

import json
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import typer

from kanban_mcp.domain.errors import BoardError
from kanban_mcp.domain.inputs import duration_ms

FILE_LIMIT = 4 << 20  # characters: far above any plan, and /dev/zero has an end
_CLOCK_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
SHORT_EVIDENCE = {"file": "path", "commit": "sha", "url": "url"}


def text(value: str | None) -> str | None:
    """Return the text an option names: itself, stdin for `-`, a file for `@path`; `@@` stands for one `@`.

    Raises:
        typer.BadParameter: the file cannot be read.
    """
    if value is None or value.startswith("@@"):
        return value[1:] if value else value
    if value == "-":
        return sys.stdin.read().rstrip("\n")
    return _file(value[1:]).rstrip("\n") if value.startswith("@") else value


def required(value: str | None) -> str:
    """Return the text an option that must be given names."""
    return text(value) or ""


def _file(name: str) -> str:
    try:
        with Path(name).expanduser().open(encoding="utf-8") as file:
            found = file.read(FILE_LIMIT + 1)
    except (OSError, RuntimeError, UnicodeDecodeError) as why:
        raise typer.BadParameter(
            f"The file {name!r} cannot be read ({why}). Write @@ for a text that starts with @."
        ) from None
    if len(found) > FILE_LIMIT:
        raise typer.BadParameter(f"The file {name!r} has more than {FILE_LIMIT:,} characters.")
    return found


def since_ms(value: str, now_ms: int) -> int:
    """Return the moment (epoch ms) that `--since` names: how long ago (`24h`), an ISO time, or the last `18:00`.

    Times without a zone are this terminal's.

    Raises:
        typer.BadParameter: it is none of these.
    """
    if _CLOCK_TIME.fullmatch(value.strip()):
        return _last(value.strip(), now_ms)
    try:
        return now_ms - duration_ms(value, "--since")
    except BoardError:
        pass
    try:
        return int(datetime.fromisoformat(value.strip()).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(
            f'{value!r} is no time. Write how long ago, like "24h" or "7d", or a time like "18:00" or "2026-05-01".'
        ) from None


def _last(clock: str, now_ms: int) -> int:
    """Return the last moment at which the clocks of this terminal showed a time."""
    now = datetime.fromtimestamp(now_ms / 1000).astimezone()
    hours, minutes = map(int, clock.split(":"))
    then = now.replace(hour=hours, minute=minutes, second=0, microsecond=0, tzinfo=None)
    found = int(then.astimezone().timestamp() * 1000)
    return found if found <= now_ms else int((then - timedelta(days=1)).astimezone().timestamp() * 1000)


def json_file(name: str) -> Any:
    """Return the JSON in a file, or on stdin for `-`.

    Raises:
        typer.BadParameter: it cannot be read, or is no JSON.
    """
    source = sys.stdin.read() if name == "-" else _file(name)
    return json_value(source, "the standard input" if name == "-" else name)


def json_value(source: str, where: str) -> Any:
    """Return the JSON in a text; `where` names it in the refusal."""
    try:
        return json.loads(source)
    except (ValueError, RecursionError) as why:
        raise typer.BadParameter(f"{where} is not JSON: {why}.") from None


def evidence(values: list[str]) -> list[Any]:
    """Return evidence from `file:PATH`, `commit:SHA`, `url:ADDRESS`, or one JSON object each."""
    return [_evidence(value) for value in values]


def _evidence(value: str) -> Any:
    if value.lstrip().startswith("{"):
        return json_value(value, "--evidence")
    kind, _, subject = value.partition(":")
    if kind not in SHORT_EVIDENCE or not subject:
        known = ", ".join(f"{name}:…" for name in SHORT_EVIDENCE)
        raise typer.BadParameter(f"Write evidence as {known}, or as a JSON object; not {value!r}.")
    return {"kind": kind, SHORT_EVIDENCE[kind]: subject}


def json_object(source: str | None, where: str) -> dict[str, Any] | None:
    """Return the JSON object in a text, None for none."""
    value = None if source is None else json_value(source, where)
    if value is not None and not isinstance(value, dict):
        raise typer.BadParameter(f"{where} is not a JSON object.")
    return value


def plan(name: str) -> list[Any]:
    """Return the tasks of a plan file: a list, or an object with a list under `tasks`."""
    value = json_file(name)
    tasks = value.get("tasks") if isinstance(value, dict) else value
    if not isinstance(tasks, list):
        raise typer.BadParameter('The plan is no list of tasks. Write [{"ref": "a", "title": "…"}, …].')
    return tasks
