"""Tasks, runs and approvals as the rules see them: values read from the board, never the rows themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from kanban_mcp.domain.clock import is_due
from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.ids import RunId, TaskId, WorkerId, run_name, task_name
from kanban_mcp.domain.inputs import shown, texts
from kanban_mcp.domain.principals import ProcessId
from kanban_mcp.domain.runs import Outcome
from kanban_mcp.domain.states import Facts, Kind, Place, TaskState


class Task(NamedTuple):
    """One task with its waits and counters. Times are epoch milliseconds.

    A named tuple, because verbs read and copy tasks all the time: `_replace` costs a tenth of what a frozen dataclass
    takes.
    """

    id: TaskId
    title: str
    context: str
    assignee: str
    priority: int
    state: TaskState
    kind: Kind
    run_id: RunId | None
    waits_after: int
    waits_subtasks: int
    held: bool
    due_at_ms: int | None
    due_from_ms: int | None
    blocked: str | None
    person_only: bool
    counted: int
    allowed: int
    max_attempts: int
    snoozes: int
    blocks: int
    agent_retries: int
    made_subtasks: int
    made_tasks: int
    acceptance: str
    verify: str
    review: str
    reopened_base: bool
    revision: int
    created_by: str
    made_by_worker: WorkerId | None
    made_by_run: RunId | None
    created_at_ms: int
    updated_at_ms: int
    ended_at_ms: int | None
    archived_at_ms: int | None

    @property
    def name(self) -> str:
        """The public id, `TASK-001`."""
        return task_name(self.id)

    @property
    def unmet(self) -> int:
        """How many things it waits for (the queue rule)."""
        return self.waits_after + self.waits_subtasks + self.held

    @property
    def attempts_left(self) -> int:
        """Attempts that may still be made."""
        return self.allowed - self.counted

    @property
    def facts(self) -> Facts:
        """What `next_state` looks at."""
        return Facts(self.unmet, self.attempts_left, self.run_id is not None)

    @property
    def place(self) -> Place:
        """State and kind together."""
        return Place(self.state, self.kind)

    def is_due(self, wall_ms: int) -> bool:
        """Say whether a ready task may be claimed now."""
        return is_due(self.due_at_ms, self.due_from_ms, wall_ms)

    def waits_until(self, due_at_ms: int | None, wall_ms: int) -> "Task":
        """Return the task with a wait that begins now: a length of time, other than a date that somebody named."""
        return self._replace(due_at_ms=due_at_ms, due_from_ms=None if due_at_ms is None else wall_ms)


class Run(NamedTuple):
    """One attempt. Its id is the fence: a write from any run but the task's open one is refused."""

    id: RunId
    task_id: TaskId
    worker_id: WorkerId
    attempt: int
    role: str
    session: str | None
    pid: int
    pid_started: str
    host: str
    boot_id: str
    client_pid: int | None
    client_started: str | None
    workdir: str | None
    branch: str | None
    base: str | None
    isolated: bool
    started_at_ms: int
    beat_at_ms: int
    lease_until_ms: int
    lease_boot: str
    note: str
    seen_message: int
    ended_at_ms: int | None
    outcome: Outcome | None
    counted: bool
    ended_by: str
    verb: str
    answer: str | None
    summary: str | None
    result_commit: str | None
    error: str | None
    worker_name: str

    @property
    def name(self) -> str:
        """The public id, `run-31`."""
        return run_name(self.id)

    @property
    def is_open(self) -> bool:
        """Say whether the run still holds its task."""
        return self.ended_at_ms is None

    @property
    def process(self) -> ProcessId:
        """The server process that speaks for this run."""
        return ProcessId(self.pid, self.pid_started, self.host, self.boot_id)

    @property
    def is_handed_over(self) -> bool:
        """Say whether the run was opened for a process that has not called yet."""
        return self.pid == 0


class ApprovalRequest(NamedTuple):
    """A durable question to a person: one exact text, one task revision, one decision."""

    id: int
    task_id: TaskId
    run_id: RunId
    summary: str
    context: str
    irreversible: bool
    revision: int
    digest: str
    state: str
    asked_at_ms: int
    park_mono_ms: int
    expires_at_ms: int
    decided_at_ms: int | None
    decided_by: str | None
    note: str
    used_by_run: RunId | None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of `acceptance`: `cmd:` a command, `file:` a path, `url:` an address, else plain text for a judge."""

    kind: str
    text: str

    def __str__(self) -> str:
        return self.text if self.kind == "judge" else f"{self.kind}:{self.text}"


CRITERION_KINDS = ("cmd", "file", "url")


def criteria(lines: Iterable[str]) -> tuple[Criterion, ...]:
    """Read acceptance lines; the part before the first colon decides, when it is one of the known kinds."""
    result = []
    for line in lines:
        kind, _, rest = line.partition(":")
        known = kind.strip().lower() in CRITERION_KINDS and rest.strip()
        result.append(Criterion(kind.strip().lower(), rest.strip()) if known else Criterion("judge", line.strip()))
    return tuple(result)


def read_acceptance(lines: Iterable[str], argument: str = "acceptance") -> tuple[str, ...]:
    """Return acceptance lines as given, without surrounding blanks.

    Raises:
        Invalid: an entry is empty, or names what no work can ever bring about: nothing, or a file outside the workdir.
    """
    read = texts(lines, argument)
    for line in read:
        kind, colon, rest = line.partition(":")
        if not colon or kind.strip().lower() not in CRITERION_KINDS:
            continue
        if not rest.strip():
            raise Invalid(f"{argument} {shown(line)} names nothing.", hint='Write for example "file:docs/api.md".')
        if kind.strip().lower() == "file" and _is_never_inside(rest.strip()):
            raise Invalid(
                f"{argument} {shown(line)} can never hold: only files below the worker's directory count.",
                hint='Write a path relative to it, without "..", for example "file:docs/api.md".',
            )
    return read


def _is_never_inside(path: str) -> bool:
    """Say whether a path cannot name a file below a workdir, wherever that lies (`verify/files.py` looks by part)."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return not parts or ".." in parts
