"""One event of the change feed as one line: when, what, which task and run, who, and what changed."""

from datetime import datetime
from typing import Any

from rich.text import Text

from kanban_mcp.cli import wording
from kanban_mcp.cli.output import joined, said
from kanban_mcp.service.results import Event

_STYLES = {
    "reclaimed": "yellow",
    "failed": "red",
    "done": "green",
    "accepted": "green",
    "approved": "green",
    "rejected": "red",
    "repaired": "red",
    "dead_dependency": "yellow",
}


def feed_line(event: Event) -> Text:
    """Return an event as a line for people, in local time."""
    at = datetime.fromtimestamp(event.at_ms / 1000).astimezone()
    what = Text(f"{wording.line(event.kind):<18}", _STYLES.get(event.kind, "bold"))
    which = said(f"{event.task_id} {event.run_id}".strip() or "-")
    parts = [Text(f"{at:%Y-%m-%d %H:%M:%S}", "dim"), what, which, said(event.actor, "cyan"), said(_details(event.data))]
    return joined(parts, "  ")


def _details(data: dict[str, Any]) -> str:
    values = {**data}
    moved = [str(values.pop(name, "")) for name in ("from", "to")]
    path = " → ".join(state for state in moved if state)
    return "  ".join(
        filter(None, (path, *(f"{name}={_short(value)}" for name, value in values.items() if _says(value))))
    )


def _says(value: Any) -> bool:
    return value not in (None, "", [], {})


def _short(value: Any) -> str:
    text = _flat(value)
    return text if len(text) <= 160 else text[:159] + "…"


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "/".join(_flat(item) for item in value.values())
    return ",".join(_flat(item) for item in value) if isinstance(value, list) else str(value)
