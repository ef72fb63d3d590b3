"""What happened since a moment, read from the change feed: bounded, however long the history is.

Events have no index by time, and need none: their ids grow with it, so the first one of a window is found by halving.
(A wall clock that was set back makes a window begin a little early or late; nothing is lost by it but precision.)
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kanban_mcp.domain.ids import RunId, TaskId
from kanban_mcp.domain.states import TaskState
from kanban_mcp.service.results import Json
from kanban_mcp.store.base import Row, Tx

EVENTS_MOST = 50_000
WAITS = frozenset({TaskState.BLOCKED, TaskState.AWAITING_REVIEW})  # somebody has to decide
_LOOKED_BACK = 200  # events of one task that are searched for the beginning of a wait


class Happened(NamedTuple):
    """One event: from which state to which, both empty where it moved nothing. Tens of thousands are made at once."""

    id: int
    task_id: TaskId
    run_id: RunId | None
    kind: str
    actor: str
    at_ms: int
    was: str
    became: str
    text: str

    @property
    def data(self) -> Json:
        """Return what else the event tells."""
        found: Json = json.loads(self.text)
        return found

    @property
    def begins_wait(self) -> bool:
        """Say whether the task waits for a decision from now on."""
        return self.became in WAITS and self.was not in WAITS

    @property
    def ends_wait(self) -> bool:
        """Say whether the task has waited for a decision until now."""
        return self.was in WAITS and self.became not in WAITS


@dataclass(frozen=True, slots=True)
class Window:
    """The events since a moment, oldest first. `is_cut`: only the newest were read; then `since_ms` is the oldest's."""

    since_ms: int
    first_id: int
    events: Sequence[Happened]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait for a decision that has ended."""

    task_id: TaskId
    state: str
    ms: int


def window(tx: Tx, since_ms: int, most: int = EVENTS_MOST) -> Window:
    """Return what happened since `since_ms` (epoch), at most the newest `most` events."""
    first = _first_since(tx, since_ms)
    rows = tx.all("moves_after", first=first, limit=most + 1)
    events = [_happened(row) for row in reversed(rows[:most])]
    is_cut = len(rows) > most
    return Window(events[0].at_ms if is_cut else since_ms, events[0].id if is_cut else first, events, is_cut)


def _first_since(tx: Tx, since_ms: int) -> int:
    """Return the id of the first event at or after a moment, one past the newest when there is none."""
    low, high = 1, int(tx.value("newest_event") or 0) + 1
    while low < high:
        middle = (low + high) // 2
        found = tx.one("event_from", id=middle)
        if found is None or found["at_ms"] >= since_ms:
            high = middle
        else:
            low = int(found["id"]) + 1
    return low


def _happened(row: Row) -> Happened:
    text = row["data"]
    moved = json.loads(text) if '"to":' in text else {}
    was, became = moved.get("from", ""), moved.get("to", "")
    return Happened(
        row["id"], row["task_id"], row["run_id"], row["kind"], row["actor"], row["at_ms"], was, became, text
    )


def ended_waits(tx: Tx, seen: Window) -> list[Wait]:
    """Return the waits for a decision that ended in the window, with their whole length, also where they began before.

    A wait whose beginning is too far back in the history of its task counts from the beginning of the window.
    """
    begun: dict[TaskId, Happened] = {}
    waits = []
    for event in seen.events:
        if event.begins_wait:
            begun[event.task_id] = event
        elif event.ends_wait:
            start = begun.pop(event.task_id, None)
            since = start.at_ms if start else _began(tx, event, seen)
            waits.append(Wait(event.task_id, event.was, max(0, event.at_ms - since)))
    return waits


def _began(tx: Tx, event: Happened, seen: Window) -> int:
    rows = tx.all("newest_events_of_task_before", task_id=event.task_id, before=event.id, limit=_LOOKED_BACK)
    return next((row["at_ms"] for row in rows if _happened(row).begins_wait), seen.since_ms)


def percentile(values: Iterable[int], percent: int) -> int:
    """Return the smallest value that `percent` of all do not exceed (50 is the median); 0 for none."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else 0
