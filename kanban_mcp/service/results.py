"""What verbs return. Field order is the reading order, `next` first; surfaces add nothing and leave out empty fields.

Claude Code and Codex show a model only the structured answer, Gemini and OpenCode only its text copy, so the answer
itself has to say what to do next (reference walkthrough §0).
"""

from dataclasses import dataclass

from kanban_mcp.service.brief import Beat as Beat
from kanban_mcp.service.brief import Done as Done
from kanban_mcp.service.brief import Json as Json
from kanban_mcp.service.brief import to_json as to_json


@dataclass(frozen=True, slots=True)
class TaskView:
    """The bounded context of one task: all a fresh worker needs, each fact once."""

    next: str
    id: str
    title: str
    state: str
    kind: str
    assignee: str
    priority: str
    attempt: int | None
    max_attempts: int
    run: Json
    context: str
    acceptance: list[str]
    messages: list[Json]
    blocked: Json
    approval: Json
    parents: list[Json]
    subtasks: list[Json]
    previous_attempts: list[Json]
    comments: list[Json]
    siblings: list[Json]
    result: Json
    flags: list[str]
    left_out: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The answer to `show` for a caller that holds nothing, or several tasks."""

    next: str
    holding: list[Json]
    ready: list[Json]
    waiting: list[str]
    paused: bool | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Counts per state and one short row per task."""

    next: str
    counts: dict[str, int]
    tasks: list[Json]
    truncated: str


@dataclass(frozen=True, slots=True)
class BoardView:
    """The whole board: what waits for people, most urgent first, then the columns of DESIGN §3 with their cards."""

    next: str
    paused: bool | None
    waiting: list[Json]
    columns: list[Json]


@dataclass(frozen=True, slots=True)
class Archived:
    """How many tasks were hidden at once."""

    next: str
    archived: int


@dataclass(frozen=True, slots=True)
class Halted:
    """The tasks whose runs were ended at once."""

    next: str
    stopped: list[str]


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits for people, with the command that settles each; those first that most tasks wait for."""

    next: str
    waiting: list[Json]
    truncated: str


@dataclass(frozen=True, slots=True)
class Stats:
    """Numbers of a while: tasks, times (seconds), attempts, outcomes per role and worker, waits for a decision."""

    next: str
    since_ms: int
    until_ms: int
    cut: str
    tasks: Json
    times: Json
    attempts: Json
    roles: list[Json]
    workers: list[Json]
    waits: Json
    oldest_waits: list[Json]


@dataclass(frozen=True, slots=True)
class Digest:
    """What happened in a while, for a person who was away; each list is cut to what fits one screen."""

    next: str
    since_ms: int
    until_ms: int
    cut: str
    counts: Json
    waiting: list[Json]
    failed: list[Json]
    odd: list[Json]
    done: list[Json]
    running: list[Json]
    workers: list[Json]
    more: Json


@dataclass(frozen=True, slots=True)
class Claimed:
    """`claimed` is False with a `reason` from a closed list when there was nothing to take."""

    next: str
    claimed: bool
    reason: str
    detail: str
    task: TaskView | None


@dataclass(frozen=True, slots=True)
class Created:
    """A new task, and per parent which relation was applied."""

    next: str
    task_id: str
    state: str
    relation: str
    parents: list[Json]
    waits_for: list[str]


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that its worker ended by block or fail."""

    next: str
    task_id: str
    state: str
    kind: str
    due: str


@dataclass(frozen=True, slots=True)
class Completed:
    """A completed or submitted task with what the board itself found."""

    next: str
    task_id: str
    state: str
    checks: list[Json]
    now_ready: list[str]


@dataclass(frozen=True, slots=True)
class Approval:
    """Where a request for approval stands: pending, approved, rejected, parked, expired, voided."""

    next: str
    task_id: str
    status: str
    note: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A whole graph, created in one transaction; `tasks` gives the id for each ref."""

    next: str
    dry_run: bool
    tasks: list[Json]


@dataclass(frozen=True, slots=True)
class Waited:
    """What changed among the watched tasks since the last wait."""

    next: str
    done: bool
    changed: list[Json]
    attention: list[Json]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the change feed. `at_ms` is epoch milliseconds."""

    id: int
    at_ms: int
    kind: str
    task_id: str
    run_id: str
    actor: str
    data: Json
