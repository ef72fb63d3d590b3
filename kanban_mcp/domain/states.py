"""The state machine: one table, one function (DESIGN §3). The schema repeats it as CHECKs; the chart is made from it.

A cell is keyed by (state, kind, verb). `QUEUE` and the two budget targets are resolved by `Target.resolve`, the only
place that looks at the facts of a task. What a verb demands beyond the state (who may call it, which counters move)
stands with the verb in the service; the table says only where a legal move leads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from kanban_mcp.domain.errors import IllegalTransition


class TaskState(StrEnum):
    """Where a task is. Terminal: done, failed, cancelled."""

    TRIAGE = "triage"
    PENDING = "pending"
    READY = "ready"
    IN_PROGRESS = "in_progress"
    AWAITING_REVIEW = "awaiting_review"
    BLOCKED = "blocked"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """What a task in `awaiting_review` or `blocked` waits for; NONE elsewhere."""

    NONE = ""
    ASKING = "asking"  # approval open, run open
    PARKED = "parked"  # approval open, no run
    REVIEW = "review"  # submitted, no run
    NEEDS_INPUT = "needs_input"
    CAPABILITY = "capability"


class Verb(StrEnum):
    """A move. The last group is the board's own: reaper, supervisor, clock."""

    CREATE = "create"
    SPECIFY = "specify"
    CLAIM = "claim"
    HEARTBEAT = "heartbeat"
    COMPLETE = "complete"
    SUBMIT = "submit"
    REQUEST_APPROVAL = "request_approval"
    BLOCK_NEEDS_INPUT = "block_needs_input"
    BLOCK_CAPABILITY = "block_capability"
    BLOCK_DEPENDENCY = "block_dependency"
    SNOOZE = "snooze"
    PARK = "park"
    FAIL = "fail"
    APPROVE = "approve"
    REJECT = "reject"
    ANSWER = "answer"
    EDIT = "edit"
    CANCEL = "cancel"
    RETRY = "retry"
    STOP = "stop"
    ARCHIVE = "archive"
    RECLAIM = "reclaim"
    TIME_OUT = "time_out"
    EXHAUST = "exhaust"
    EXPIRE = "expire"
    UNREPORTED = "unreported"


TERMINAL = frozenset({TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED})
QUEUED = frozenset({TaskState.PENDING, TaskState.READY})


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides between the outcomes of one move: waits, attempts left (never negative), an open run."""

    unmet: int = 0
    attempts_left: int = 1
    has_run: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A state with its kind."""

    state: TaskState
    kind: Kind = Kind.NONE


def queue(unmet: int) -> TaskState:
    """Apply the one queue rule: a task without a run is pending while anything is unmet, else ready."""
    return TaskState.PENDING if unmet > 0 else TaskState.READY


@dataclass(frozen=True, slots=True)
class Target:
    """Where a move leads: a fixed place, the queue, or the queue while attempts are left."""

    place: Place | None = None
    needs_attempts: bool = False

    def resolve(self, facts: Facts) -> Place:
        """Return the place for these facts."""
        if self.place is not None:
            return self.place
        if self.needs_attempts and facts.attempts_left <= 0:
            return Place(TaskState.FAILED)
        return Place(queue(facts.unmet))

    def __str__(self) -> str:
        if self.place is None:
            return "queue, or failed" if self.needs_attempts else "queue"
        return f"{self.place.state} ({self.place.kind})" if self.place.kind else str(self.place.state)


QUEUE = Target()
QUEUE_OR_FAILED = Target(needs_attempts=True)


def _to(state: TaskState, kind: Kind = Kind.NONE) -> Target:
    return Target(Place(state, kind))


_TRIAGE = Place(TaskState.TRIAGE)
_PENDING = Place(TaskState.PENDING)
_READY = Place(TaskState.READY)
_WORKING = Place(TaskState.IN_PROGRESS)
_ASKING = Place(TaskState.AWAITING_REVIEW, Kind.ASKING)
_PARKED = Place(TaskState.AWAITING_REVIEW, Kind.PARKED)
_REVIEW = Place(TaskState.AWAITING_REVIEW, Kind.REVIEW)
_NEEDS_INPUT = Place(TaskState.BLOCKED, Kind.NEEDS_INPUT)
_CAPABILITY = Place(TaskState.BLOCKED, Kind.CAPABILITY)
_DONE = Place(TaskState.DONE)
_FAILED = Place(TaskState.FAILED)
_CANCELLED = Place(TaskState.CANCELLED)

PLACES = (
    _TRIAGE, _PENDING, _READY, _WORKING, _ASKING, _PARKED, _REVIEW,
    _NEEDS_INPUT, _CAPABILITY, _DONE, _FAILED, _CANCELLED,
)  # fmt: skip
HAS_RUN = frozenset({_WORKING, _ASKING})

_RULES: tuple[tuple[tuple[Place, ...], Verb, Target], ...] = (
    ((_TRIAGE,), Verb.SPECIFY, QUEUE),
    ((_READY,), Verb.CLAIM, _to(TaskState.IN_PROGRESS)),
    ((_WORKING,), Verb.HEARTBEAT, _to(TaskState.IN_PROGRESS)),
    ((_ASKING,), Verb.HEARTBEAT, _to(TaskState.AWAITING_REVIEW, Kind.ASKING)),
    ((_WORKING,), Verb.COMPLETE, _to(TaskState.DONE)),
    ((_WORKING,), Verb.SUBMIT, _to(TaskState.AWAITING_REVIEW, Kind.REVIEW)),
    ((_REVIEW,), Verb.APPROVE, _to(TaskState.DONE)),
    ((_REVIEW,), Verb.REJECT, QUEUE),
    ((_WORKING,), Verb.REQUEST_APPROVAL, _to(TaskState.AWAITING_REVIEW, Kind.ASKING)),
    ((_ASKING,), Verb.APPROVE, _to(TaskState.IN_PROGRESS)),
    ((_ASKING,), Verb.REJECT, _to(TaskState.IN_PROGRESS)),
    ((_ASKING,), Verb.PARK, _to(TaskState.AWAITING_REVIEW, Kind.PARKED)),
    ((_PARKED,), Verb.APPROVE, QUEUE),
    ((_PARKED,), Verb.REJECT, QUEUE),
    ((_PARKED,), Verb.EXPIRE, _to(TaskState.BLOCKED, Kind.NEEDS_INPUT)),
    ((_ASKING,), Verb.EXPIRE, _to(TaskState.IN_PROGRESS)),
    ((_PARKED,), Verb.EDIT, _to(TaskState.BLOCKED, Kind.NEEDS_INPUT)),
    ((_ASKING,), Verb.EDIT, _to(TaskState.IN_PROGRESS)),
    ((_WORKING,), Verb.BLOCK_NEEDS_INPUT, _to(TaskState.BLOCKED, Kind.NEEDS_INPUT)),
    ((_WORKING,), Verb.BLOCK_CAPABILITY, _to(TaskState.BLOCKED, Kind.CAPABILITY)),
    ((_WORKING,), Verb.BLOCK_DEPENDENCY, QUEUE),
    ((_WORKING,), Verb.SNOOZE, QUEUE_OR_FAILED),
    ((_NEEDS_INPUT, _CAPABILITY), Verb.ANSWER, QUEUE),
    ((_WORKING, _ASKING), Verb.FAIL, QUEUE_OR_FAILED),
    ((_WORKING,), Verb.RECLAIM, QUEUE_OR_FAILED),
    ((_WORKING,), Verb.TIME_OUT, QUEUE_OR_FAILED),
    ((_WORKING,), Verb.UNREPORTED, QUEUE_OR_FAILED),
    ((_WORKING,), Verb.EXHAUST, _to(TaskState.BLOCKED, Kind.CAPABILITY)),
    ((_WORKING,), Verb.STOP, _to(TaskState.BLOCKED, Kind.NEEDS_INPUT)),
    ((_ASKING,), Verb.STOP, _to(TaskState.AWAITING_REVIEW, Kind.PARKED)),
    (tuple(p for p in PLACES if p.state not in (TaskState.DONE, TaskState.CANCELLED)),
     Verb.CANCEL, _to(TaskState.CANCELLED)),
    ((_FAILED, _CANCELLED, _DONE), Verb.RETRY, QUEUE),
    ((_DONE,), Verb.ARCHIVE, _to(TaskState.DONE)),
    ((_FAILED,), Verb.ARCHIVE, _to(TaskState.FAILED)),
    ((_CANCELLED,), Verb.ARCHIVE, _to(TaskState.CANCELLED)),
)  # fmt: skip

TRANSITIONS: Mapping[tuple[TaskState, Kind, Verb], Target] = MappingProxyType(
    {(place.state, place.kind, verb): target for places, verb, target in _RULES for place in places}
)

_PUBLIC_NAMES = {
    Verb.SPECIFY: "update(triage=false)",
    Verb.BLOCK_NEEDS_INPUT: "block",
    Verb.BLOCK_CAPABILITY: "block",
    Verb.BLOCK_DEPENDENCY: "block",
    Verb.SNOOZE: "block",
    Verb.PARK: "block",
    Verb.SUBMIT: "complete",
}
_BOARD_ONLY = frozenset({Verb.RECLAIM, Verb.TIME_OUT, Verb.EXHAUST, Verb.EXPIRE, Verb.UNREPORTED, Verb.EDIT})


def verbs_from(state: TaskState, kind: Kind) -> tuple[str, ...]:
    """Return the public names of the moves that are legal from here, in the order of the table."""
    verbs = (verb for (s, k, verb) in TRANSITIONS if (s, k) == (state, kind) and verb not in _BOARD_ONLY)
    return tuple(dict.fromkeys(_PUBLIC_NAMES.get(verb, str(verb)) for verb in verbs))


def next_state(state: TaskState, kind: Kind, verb: Verb, facts: Facts, *, name: str = "the task") -> Place:
    """Return the place `verb` leads to.

    Raises:
        IllegalTransition: no such move; the text names the state and what is allowed. `name` is the task's id.
    """
    try:
        target = TRANSITIONS[state, kind, verb]
    except KeyError:
        raise illegal(state, kind, verb, name) from None
    return target.resolve(facts)


def illegal(state: TaskState, kind: Kind, verb: Verb | str, name: str) -> IllegalTransition:
    """Build the refusal of a move that the table does not have."""
    here = f"{state} ({kind})" if kind else str(state)
    allowed = ", ".join(verbs_from(state, kind)) or "nothing"
    word = next((public for known, public in _PUBLIC_NAMES.items() if known == verb), str(verb))
    return IllegalTransition(f"Cannot {word} {name}: it is {here}. From {state}: {allowed}.")
