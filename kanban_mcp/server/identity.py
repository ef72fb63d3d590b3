"""Who is calling: read from the connection and its process, never from an argument (DESIGN §5)."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from kanban_mcp import machine
from kanban_mcp.domain.errors import BoardError, ConfigError
from kanban_mcp.domain.ids import RunId, TaskId, parse_run, parse_task
from kanban_mcp.domain.principals import Authority, Caller, ProcessId, agent_key, named_session, worker_key
from kanban_mcp.server.places import Place, ask_git, read_place
from kanban_mcp.server.toolsets import WORKER

SESSION_VARIABLES = {"KANBAN_SESSION_ID": "", "CLAUDE_CODE_SESSION_ID": "claude"}
"""Variables that name the client's session, which outlives this process, and how the client's own name has to begin.

Every program started from inside Claude Code inherits its variable: workers of other clients, or of a script run there,
would all be one worker if it counted for them too.
"""

SESSION_META = ("sessionId", "threadId")
"""Where Codex names its session: in the `_meta` of each call."""

CLIENT_NAME_LIMIT = 40  # characters: clients call themselves what they like, and the name stands on every card

USE_META = "claudecode/toolUseId"
"""Where Claude Code names the model's call of a tool; the hook before it has named the same id, and whose it is."""

MODEL_META = (USE_META, "callId", "itemId")
"""Fields of `_meta` that stand only in calls which a model makes: Claude Code's, and two of Codex's."""

Id = TypeVar("Id")


@dataclass(frozen=True)
class Origin:
    """Where a connection comes from: its environment, working directory, process and the process that started it."""

    toolset: str
    environment: Mapping[str, str]
    workdir: Path
    process: ProcessId
    client: ProcessId | None = None

    @classmethod
    def of_this_process(cls, toolset: str) -> "Origin":
        """Describe the process we are: one worker per server process unless the client names its session."""
        return cls(
            toolset=toolset,
            environment=dict(os.environ),
            workdir=Path.cwd(),
            process=machine.this_process(),
            client=machine.process_id(os.getppid()) if os.getppid() > 1 else None,
        )

    def caller(self, client: str, meta: Mapping[str, Any], role: str | None = None) -> Caller:
        """Return the caller of a connection whose client is called `client`, from its first call's `_meta`.

        A person's authority is never given here: it takes the operator key.

        Raises:
            ConfigError: KANBAN_TASK_ID or KANBAN_RUN_ID is no id.
        """
        named = self._session(client, meta)
        shown = "".join(ch for ch in client if ch.isprintable())[:CLIENT_NAME_LIMIT].strip()
        return Caller(
            key=worker_key(self.process, named),
            name=f"{shown or 'agent'}@{self.process.host}",
            authority=Authority.WORKER if self.toolset == WORKER else Authority.ORCHESTRATOR,
            process=self.process,
            client=self.client,
            session=named,
            role=role,
            workdir=str(self.workdir),
            handed_run=self._handed_run(),
            handed_task=self._handed_task(),
        )

    async def place(self) -> Place:
        """Return the git facts of the working directory as they are now."""
        place = read_place(self.workdir)
        return await asyncio.to_thread(ask_git, self.workdir) if place is None else place

    def _session(self, client: str, meta: Mapping[str, Any]) -> str | None:
        own = (name for name, start in SESSION_VARIABLES.items() if client.startswith(start))
        variables = (self.environment.get(name) for name in own)
        fields = (meta.get(name) for name in SESSION_META)
        return named_session((*variables, *fields))

    def _handed_run(self) -> RunId | None:
        return _handed(parse_run, self.environment, "KANBAN_RUN_ID")

    def _handed_task(self) -> TaskId | None:
        return _handed(parse_task, self.environment, "KANBAN_TASK_ID")


def of_sub_agent(root: Caller, agent: str) -> Caller:
    """Return the caller that a sub-agent of a session is; `root` itself when `agent` names nobody (ADR 4).

    The run that a dispatcher handed over is the session's: a sub-agent helps with it and never takes it over.
    """
    key = agent_key(root.key, agent)
    own = key.removeprefix(root.key)[1:][-6:]  # ids that begin with the time differ at their end
    return replace(root, key=key, name=f"{root.name}/{own}", handed_run=None) if own else root


def thread_of(meta: Mapping[str, Any], main: object) -> str:
    """Return the sub-agent that Codex names in `_meta`: a thread other than its session's main one; "" for that."""
    thread, session = meta.get("threadId"), meta.get("sessionId") or main
    return thread if isinstance(thread, str) and session and thread != session else ""


def _handed(parse: Callable[[str, str], Id], environment: Mapping[str, str], name: str) -> Id | None:
    """Read the id that a dispatcher handed over in a variable, None when there is none."""
    value = environment.get(name)
    try:
        return parse(value, name) if value else None
    except BoardError as error:
        raise ConfigError(error.message, hint=error.hint) from None
