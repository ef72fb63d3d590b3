"""What was changed in a text, so that it can be taken back exactly: the place, what went, what came."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Splice(NamedTuple):
    """At character `at`, `removed` became `inserted`. Only these few characters are ever kept, never the file."""

    at: int
    removed: str
    inserted: str


def between(before: str, after: str) -> Splice:
    """Return the one splice that leads from a text to another."""
    head = _shared(before, after)
    tail = min(_shared(before[::-1], after[::-1]), min(len(before), len(after)) - head)
    return Splice(head, before[head : len(before) - tail], after[head : len(after) - tail])


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))


def undone(text: str, splices: Sequence[Iterable[object]]) -> str | None:
    """Return the text as it was before the splices; None if it is not what they led to."""
    for splice in reversed(splices):
        at, removed, inserted = splice
        if not isinstance(at, int) or not isinstance(removed, str) or not isinstance(inserted, str):
            return None
        if text[at : at + len(inserted)] != inserted:
            return None
        text = text[:at] + removed + text[at + len(inserted) :]
    return text
