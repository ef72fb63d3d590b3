"""How an answer becomes JSON, and the answers of the light path; everybody else imports them from `results`.

Apart from the rest because a heartbeat of a hook would spend a tenth of its time on making the other result classes.
"""

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

Json = dict[str, Any]


def to_json(result: Any) -> Json:
    """Return a result as a plain object in reading order, without empty fields; False and 0 stay."""
    kind: type = type(result)
    return {name: value for name in _names(kind) if not _is_empty(value := _plain(getattr(result, name)))}


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain for key, item in value.items() if not _is_empty(plain := _plain(item))}
    return to_json(value)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, (str, list, dict)) and not value)


@dataclass(frozen=True, slots=True)
class Beat:
    """What is left of the lease, and what has come in for the worker."""

    next: str
    task_id: str
    run_id: str
    lease_expires_in_s: int
    budget: str
    messages: list[Json]


@dataclass(frozen=True, slots=True)
class Done:
    """A change of one task by an orchestrator or person."""

    next: str
    task_id: str
    state: str
    kind: str
    changed: list[str]
    also: list[str]
