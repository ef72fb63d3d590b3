"""Who is calling. It comes from the connection, never from an argument (DESIGN §5)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from kanban_mcp.domain.ids import RunId, TaskId
from kanban_mcp.domain.texts import escape


class Authority(StrEnum):
    """What a caller may decide, from the credential it holds and the toolset it was given."""

    WORKER = "worker"
    ORCHESTRATOR = "orchestrator"
    PERSON = "person"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process, told apart from a later one with the same number by its start time and boot.

    `started` is the kernel's start tick (or any text that is stable for the life of the process). The host name is for
    display and for "not on this machine"; it is never part of who owns a run.
    """

    pid: int
    started: str
    host: str = field(compare=False)
    boot_id: str


SESSION_VARIABLES = ("KANBAN_SESSION_ID", "CLAUDE_CODE_SESSION_ID")
"""Variables in which a client names its session; it stays the same when the client restarts its server."""

AGENT_SEPARATOR = "#"
"""Stands between the key of a session and the id of one of its sub-agents; a session's own name never holds it."""

_SESSION_LIMIT = 200
_AGENT_LIMIT = 64
_NAME_SHOWN = 64


def named_session(values: Iterable[object]) -> str | None:
    """Return the first value that names a session, at most 200 characters of it; None when none does."""
    for value in values:
        if isinstance(value, str) and value.strip():
            return value.strip()[:_SESSION_LIMIT]
    return None


def worker_key(process: ProcessId, session: str | None) -> str:
    """Return the key of a worker: its named session on this host and boot, else its process.

    Every surface builds it here: a hook, a command and a server of one session have to be the same worker.
    """
    named = (session or f"{process.pid}.{process.started}").replace(AGENT_SEPARATOR, "%23")
    return f"{process.host}|{process.boot_id}|{named}"


def agent_key(root: str, agent: str) -> str:
    """Return the key of a sub-agent of the session whose worker is `root`; `root` itself when `agent` names nobody."""
    named = "".join(ch for ch in agent if ch.isascii() and (ch.isalnum() or ch in "-_."))[:_AGENT_LIMIT]
    return f"{root}{AGENT_SEPARATOR}{named}" if named else root


def root_key(key: str) -> str:
    """Return the key of the session that a worker belongs to: its own, or that of the agent that started it."""
    return key.partition(AGENT_SEPARATOR)[0]


@dataclass(frozen=True, slots=True)
class Caller:
    """One connection's identity and place.

    `key` names the worker: host, boot and session id where the client names its session, else the server process. Two
    server processes with the same key are the same worker, before and after a reconnect. A sub-agent's key is its
    session's with its own id behind; until it has claimed something it speaks for its session (ADR 4).
    """

    key: str
    name: str
    authority: Authority
    process: ProcessId
    client: ProcessId | None = None
    session: str | None = None
    role: str | None = None
    workdir: str | None = None
    branch: str | None = None
    base: str | None = None
    isolated: bool = False
    handed_run: RunId | None = None
    handed_task: TaskId | None = None
    adopts: bool = True

    @property
    def root(self) -> str:
        """Return the key of the session: one worker with all its sub-agents where nobody may judge its own work."""
        return root_key(self.key)

    @property
    def is_sub_agent(self) -> bool:
        """Say whether the caller was started by another agent of the same session."""
        return AGENT_SEPARATOR in self.key

    @property
    def is_person(self) -> bool:
        """Say whether the caller holds the operator key (or is the board acting on a person's rule)."""
        return self.authority in (Authority.PERSON, Authority.BOARD)

    @property
    def may_orchestrate(self) -> bool:
        """Say whether the caller may change tasks that are not its own."""
        return self.authority is not Authority.WORKER

    @property
    def label(self) -> str:
        """Return the author as readers see it: the name and what kind of caller it is."""
        kind = {Authority.PERSON: "person", Authority.BOARD: "board"}.get(self.authority, "agent")
        return f"{self.shown_name} ({kind})"

    @property
    def shown_name(self) -> str:
        """Return the name on one short line. A client chooses its own, so it may not look like a person's label."""
        name = " ".join(escape(self.name[:_NAME_SHOWN]).split())
        return name.replace("(", "[").replace(")", "]") or "agent"
