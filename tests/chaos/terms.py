"""The words of a history: a client's line, a board at rest, a violation, and which moves are legal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

Row = dict[str, Any]
DEFERRED = {"S11": "budgets are not part of this version (DESIGN §10): there is nothing to reserve or to overshoot"}
EXPECTED = frozenset(
    "lease_lost finished cancelled gates_not_met which_task limit illegal_transition held_by not_yours forbidden "
    "needs_approval cycle".split()
)
ENDS = frozenset("done submitted failed blocked waiting snoozed parked reclaimed cancelled stopped".split())
WRITES = frozenset(("note", "commented", "created"))
_QUEUE = {"ready", "pending"}
_REVIEW, _WORK = {"awaiting_review"}, {"in_progress"}
LEGAL: dict[str, tuple[set[str], set[str]]] = {
    "claimed": ({"ready"}, _WORK),
    "done": (_WORK, {"done"}),
    "submitted": (_WORK, _REVIEW),
    "accepted": (_REVIEW, {"done"}),
    "changes_requested": (_REVIEW, _QUEUE),
    "approval_requested": (_WORK, _REVIEW),
    "approved": (_REVIEW, _QUEUE | _WORK),
    "rejected": (_REVIEW, _QUEUE | _WORK),
    "parked": (_REVIEW, _REVIEW),
    "approval_expired": (_REVIEW, {"in_progress", "blocked"}),
    "blocked": (_WORK, {"blocked"}),
    "waiting": (_WORK, _QUEUE),
    "snoozed": (_WORK, _QUEUE),
    "failed": (_WORK | _REVIEW, _QUEUE | {"failed"}),
    "reclaimed": (_WORK, _QUEUE | {"failed"}),
    "stopped": (_WORK | _REVIEW, _REVIEW | {"blocked"}),
    "answered": ({"blocked"}, _QUEUE),
    "cancelled": ({"triage", "pending", "ready", "in_progress", "awaiting_review", "blocked", "failed"}, {"cancelled"}),
    "retried": ({"failed", "cancelled", "done"}, _QUEUE),
    "specified": ({"triage"}, _QUEUE),
    "ready": ({"pending"}, {"ready"}),
    "pending": ({"ready"}, {"pending"}),
}  # fmt: skip
PEOPLES = frozenset(("approved", "rejected", "accepted", "changes_requested"))
CLOSED = frozenset(("done", "cancelled"))


class Op(NamedTuple):
    """One line of a client's record: an `invoke`, and one outcome unless nobody knows it.

    kind: invoke, ok, fail (refused), info (the client or its server died over it). digest: of the text that the call
    wants on the board, by which its trace is found; "" for none. run: the run it speaks for, fence: the run it was
    given, event: the newest event read after the answer; 0 for none. at: seconds of the monotonic clock.
    """

    client: str
    op: int
    kind: str
    verb: str
    digest: str = ""
    task: int = 0
    run: int = 0
    fence: int = 0
    event: int = 0
    at: float = 0.0
    key: str = ""
    error: str = ""
    level: str = "orchestrator"


class Violation(NamedTuple):
    """What is wrong, by the rule it breaks."""

    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


@dataclass(frozen=True)
class Life:
    """A board at rest: all rows of its tables in the order of their ids, and what SQLite says of the file."""

    tasks: Sequence[Row]
    runs: Sequence[Row]
    events: Sequence[Row]
    messages: Sequence[Row] = ()
    approvals: Sequence[Row] = ()
    links: Sequence[Row] = ()
    counts: Sequence[Row] = ()
    integrity: str = "ok"
    faults: Sequence[str] = field(default_factory=list)


def digest(text: object) -> str:
    """Return what stands for a text in a record."""
    return "" if text in (None, "") else blake2b(str(text).encode("utf-8", "replace"), digest_size=8).hexdigest()
