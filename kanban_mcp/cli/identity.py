"""Who calls from a terminal: a person, or an agent's shell (DESIGN §5, §9). Stdlib only: the light path asks too.

A person holds the operator key and is not below a worker's process. Everybody else is an orchestrator, and below a
delegated run a worker. On one machine under one user that is a guard rail, not a wall (SECURITY.md).
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from kanban_mcp import machine
from kanban_mcp.domain.errors import PeopleOnly
from kanban_mcp.domain.ids import TaskId, parse_task
from kanban_mcp.domain.principals import (
    SESSION_VARIABLES,
    Authority,
    Caller,
    ProcessId,
    named_session,
    root_key,
    worker_key,
)
from kanban_mcp.service.presence import OpenRun, nearest_above

HANDED_VARIABLES = ("KANBAN_RUN_ID", "KANBAN_TASK_ID")
_ELSEWHERE = "Do it in a terminal of your own, outside the agent."


class Who(NamedTuple):
    """The caller; when it is no person, `why` says so and `hint` what helps."""

    caller: Caller
    why: str = ""
    hint: str = ""

    def explain(self, refused: PeopleOnly) -> PeopleOnly:
        """Return a refusal that also says why the caller is not taken for a person."""
        if not self.why:
            return refused
        return PeopleOnly(f"{refused.message} {self.why}", hint=self.hint or refused.hint)


class Here(NamedTuple):
    """The process we are: its ancestors, nearest first, and the leader of its terminal, None without a terminal."""

    process: ProcessId
    ancestors: Sequence[ProcessId]
    terminal: ProcessId | None


def here() -> Here:
    """Look at our own process."""
    own = machine.this_process()
    return Here(own, machine.ancestors(own.pid), machine.terminal_leader(own.pid))


def identify(
    at: Here,
    environ: Mapping[str, str],
    runs: Sequence[OpenRun],
    *,
    holds_key: bool,
    has_key: bool = True,
    role: str | None = None,
) -> Who:
    """Say who calls.

    Args:
        at: our process.
        environ: its environment.
        runs: the board's open runs.
        holds_key: this user's key file opens the board; `has_key` says whether the board has any key.
        role: what the settings say.
    """
    above = nearest_above(at.ancestors, runs)
    why, hint = _why_not_a_person(environ, above, holds_key, has_key)
    return Who(_caller(at, environ, above, _authority(environ, why), role), why, hint)


def _why_not_a_person(
    environ: Mapping[str, str], above: OpenRun | None, holds_key: bool, has_key: bool
) -> tuple[str, str]:
    named = next((name for name in (*HANDED_VARIABLES, *SESSION_VARIABLES) if environ.get(name)), None)
    if named is not None:
        return f"{named} is set here, so this command speaks for an agent's session.", _ELSEWHERE
    if above is not None:
        where = f"This command runs below {above.worker_name}, which works on {above.task} ({above.run})."
        return where, f"{_ELSEWHERE} If this is your terminal, end that run first."
    if not has_key:
        return "This board has no operator key yet.", "kanban-mcp init makes it."
    if not holds_key:
        return "The operator key of this board is not among your keys.", "Only the user who ran kanban-mcp init has it."
    return "", ""


def _authority(environ: Mapping[str, str], why: str) -> Authority:
    if any(environ.get(name) for name in HANDED_VARIABLES):
        return Authority.WORKER  # a delegated run gets no more from its shell than from its server
    return Authority.ORCHESTRATOR if why else Authority.PERSON


def _caller(
    at: Here, environ: Mapping[str, str], above: OpenRun | None, authority: Authority, role: str | None
) -> Caller:
    key, process, name, session = _worker(at, environ, above)
    user = _user(environ)
    return Caller(
        key=key,
        name=name or (user if authority is Authority.PERSON else f"{user}@{process.host}"),
        authority=authority,
        process=process,
        session=session,
        role=role,
        workdir=str(Path.cwd()),
        handed_task=_handed_task(environ),
        adopts=False,  # a command ends at once: the session's server keeps its runs
    )


def _worker(at: Here, environ: Mapping[str, str], above: OpenRun | None) -> tuple[str, ProcessId, str, str | None]:
    """Return key, process, name and session of the worker that speaks here, the first that is known:

    the session that is named on purpose; the worker of the agent we run below, which also tells an agent started by
    another agent from that one, whose variables it inherits; the session of the agent that started us; the terminal, so
    that a claim and the later complete of one shell are one worker; without a terminal (a script) our parent.
    """
    wanted = named_session([environ.get(SESSION_VARIABLES[0])])
    if wanted is None and above is not None and at.terminal not in (above.process, above.client):
        return root_key(above.worker_key), at.process, above.worker_name, None  # which agent's shell it is, nobody says
    session = wanted or named_session(environ.get(name) for name in SESSION_VARIABLES)
    if session is not None:
        return worker_key(at.process, session), at.process, "", session
    lasting = at.terminal or next(iter(at.ancestors), at.process)
    return worker_key(lasting, None), lasting, "", None


def _handed_task(environ: Mapping[str, str]) -> TaskId | None:
    given = environ.get("KANBAN_TASK_ID")
    return parse_task(given, "KANBAN_TASK_ID") if given else None


def _user(environ: Mapping[str, str]) -> str:
    named = environ.get("USER") or environ.get("LOGNAME")
    if not named:
        import pwd  # 3 ms that a hook seldom needs

        with suppress(KeyError):  # a container often runs as a user that no file names
            named = pwd.getpwuid(os.getuid()).pw_name
    return "".join(ch for ch in named or "" if ch.isprintable())[:60] or f"user-{os.getuid()}"
