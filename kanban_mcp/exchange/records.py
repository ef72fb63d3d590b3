"""What every reader of a source returns: tasks as the source has them, in our words, and what could not be taken."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from kanban_mcp.domain.compact import compact
from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.inputs import Priority, shown
from kanban_mcp.domain.links import Relation


class Standing(StrEnum):
    """How far a task has come. Whether open work is pending or ready is the queue rule's to say, never a source's."""

    OPEN = "open"
    IDEA = "idea"  # not to be worked on before somebody says so: triage
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SourceLink:
    """This task hangs on `parent`, an id of the source."""

    parent: str
    relation: Relation


@dataclass(frozen=True, slots=True)
class SourceComment:
    """What somebody said there; `at_ms` is None when the source does not say when."""

    author: str
    body: str
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SourceTask:
    """One task of a source. Times are epoch milliseconds. `where` names file and line, for messages."""

    id: str
    where: str
    title: str
    context: str = ""
    standing: Standing = Standing.OPEN
    priority: Priority = Priority.NORMAL
    links: tuple[SourceLink, ...] = ()
    comments: tuple[SourceComment, ...] = ()
    due_at_ms: int | None = None
    created_at_ms: int | None = None
    updated_at_ms: int | None = None
    ended_at_ms: int | None = None

    @property
    def digest(self) -> str:
        """Return a fingerprint of all it says, wherever it stands in the file and whenever it was last touched."""
        links = [[link.parent, link.relation] for link in self.links]
        comments = [[comment.author, comment.body, comment.at_ms] for comment in self.comments]
        times = [self.due_at_ms, self.created_at_ms, self.ended_at_ms]
        said = [self.id, self.title, self.context, self.standing, int(self.priority), links, comments, times]
        return hashlib.sha256(compact(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the person who imports should know: which record, where it stands, and what about it."""

    id: str
    where: str
    text: str


@dataclass(slots=True)
class Remarks:
    """Collects what is left out (`skipped`) and what is taken in another form (`notes`)."""

    skipped: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    def skip(self, id: str, where: str, text: str) -> None:
        """Record that something is left out."""
        self.skipped.append(Remark(id, where, text))

    def note(self, id: str, where: str, text: str) -> None:
        """Record that something is taken in another form than the source has it."""
        self.notes.append(Remark(id, where, text))


@dataclass(frozen=True, slots=True)
class Reading:
    """All of a source. `source` is the word it is remembered by, for example `beads`."""

    source: str
    tasks: Sequence[SourceTask]
    remarks: Remarks
    digests: Mapping[str, str] = field(init=False)  # by id; worked out here, not while the board is locked

    def __post_init__(self) -> None:
        """Refuse an id that stands for two tasks: which of them a link means cannot be known.

        Raises:
            Invalid: the text names both places.
        """
        seen: dict[str, SourceTask] = {}
        for task in self.tasks:
            first = seen.setdefault(task.id, task)
            if first is not task:
                raise Invalid(
                    f"{task.where}: the id {shown(task.id)} stands for two tasks, the other at {first.where}. "
                    "Nothing was imported.",
                    hint="Give each task an id of its own, then import again.",
                )
        object.__setattr__(self, "digests", {task.id: task.digest for task in self.tasks})
