"""The demo's events as short lines for people: what the board recorded, and what it refused."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kanban_mcp.domain.texts import escape
from kanban_mcp.service.results import Event

TOLD_IN_FULL = 400  # characters of one line; a refusal's text is worth reading whole


@dataclass(frozen=True)
class Line:
    """One line of the story. `tone`: quiet, plain, good, bad, or told (said by the demo itself)."""

    at_ms: int
    subject: str
    text: str
    tone: str = "plain"


@dataclass(frozen=True)
class Refusal:
    """A call that a server refused, from the transcript of the worker that made it."""

    at_ms: int
    who: str
    tool: str
    text: str

    @property
    def code(self) -> str:
        """The code in the brackets of the text."""
        return self.text[1 : self.text.find("]")]

    @property
    def what(self) -> str:
        """The text without its advice on what to do next."""
        return self.text.partition(" Next: ")[0]


class Transcripts:
    """Reads what workers append to their transcripts, each line once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}

    def new_refusals(self) -> list[Refusal]:
        """Return the refusals that were written since the last call."""
        found: list[Refusal] = []
        for path in sorted(self._folder.glob("*.jsonl")):
            found += [_refusal(call) for call in self._new_lines(path) if "refused" in call]
        return sorted(found, key=lambda refusal: refusal.at_ms)

    def _new_lines(self, path: Path) -> list[dict[str, Any]]:
        with path.open("rb") as file:
            file.seek(self._read.get(path, 0))
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read[path] = self._read.get(path, 0) + len(whole) + len(newline)
        return [json.loads(line) for line in whole.splitlines()]


def _refusal(call: dict[str, Any]) -> Refusal:
    return Refusal(call["at_ms"], call["who"], call["tool"], call["refused"])


def who(actor: str) -> str:
    """Return the short name in an event's actor, `implementer-1@laptop (agent)`."""
    return actor.partition("@")[0].partition(" (")[0]


def line_of_refusal(refusal: Refusal) -> Line:
    """Return the line of a refused call."""
    tool = refusal.tool.removeprefix("kanban_")
    return Line(refusal.at_ms, refusal.who, _cut(f"{tool} refused: {refusal.text}"), "bad")


def line_of(event: Event) -> Line | None:
    """Return the line of an event, None for what a reader of the demo need not see."""
    tell = _TOLD.get(event.kind)
    if tell is None:
        return None
    pattern, tone = tell
    data = {"who": who(event.actor), "run": event.run_id, **event.data}
    return Line(event.at_ms, event.task_id, _cut(pattern.format_map(_Blanks(data))), tone)


class _Blanks(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def _cut(text: str) -> str:
    text = " ".join(escape(text).split())
    return text if len(text) <= TOLD_IN_FULL else text[: TOLD_IN_FULL - 1] + "…"


_TOLD = {
    "created": ("created: {title}", "quiet"),
    "ready": ("ready: what it waited for is done", "quiet"),
    "claimed": ("{who} takes it ({run}, attempt {attempt})", "plain"),
    "note": ("{who}: {note}", "quiet"),
    "reclaimed": ("taken back from {run} {why}", "bad"),
    "done": ("done: {summary}", "good"),
    "blocked": ("blocked: {reason}", "bad"),
    "failed": ("failed: {reason}{why}", "bad"),
    "approval_requested": ("{who} asks a person: {summary}", "plain"),
    "approved": ("approved by {who}: {note}", "good"),
    "rejected": ("rejected by {who}: {note}", "bad"),
    "parked": ("parked: {why}", "plain"),
    "repaired": ("repaired: {what}", "bad"),
}
