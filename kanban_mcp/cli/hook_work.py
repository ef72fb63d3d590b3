"""The part of a hook that speaks with the board. Imported only when a first look found something to do."""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from kanban_mcp import app, machine
from kanban_mcp.cli import identity
from kanban_mcp.domain import hooks
from kanban_mcp.domain.errors import BoardError, NotFound
from kanban_mcp.domain.hooks import HookEvent, read_event
from kanban_mcp.domain.principals import Caller, ProcessId, agent_key, named_session, root_key, worker_key
from kanban_mcp.domain.tasks import Run
from kanban_mcp.hooks.answers import answer as hook_answer
from kanban_mcp.hooks.trace import note_fired
from kanban_mcp.service import hooking, presence
from kanban_mcp.service.call import Call
from kanban_mcp.service.hooking import Reaction
from kanban_mcp.service.presence import OpenRun, nearest_above
from kanban_mcp.service.session import Session
from kanban_mcp.store.sqlite import SqliteFile

LOCK_WAIT_S = 1.0  # a hook that waits longer for a busy board would be felt
CLOSING_S = 0.5  # how long a server that its client has just closed may take to end
POLL_S = 0.02


def answer(name: str, payload: Mapping[str, Any], cwd: str, client: str) -> dict[str, Any]:
    """Answer an event; {} when the board cannot be asked, which one line on stderr says."""
    event = read_event(name, payload)
    try:
        return hook_answer(event, _react(event, Path(cwd), client))
    except NotFound:
        return {}
    except BoardError as error:
        sys.stderr.write(f"kanban-mcp hook: {' '.join(str(error).split())}\n")
        return {}


def _react(event: HookEvent, cwd: Path, client: str) -> Reaction:
    setup = app.set_up(cwd)
    note_fired(str(setup.place.folder), client, time.time())
    with app.open_file(setup, lock_wait_s=LOCK_WAIT_S) as file:
        here = identity.here()
        runs = file.read(presence.open_runs, machine.boot_id())
        caller = caller_of(event, here, runs, lambda key: file.read(presence.is_known, key))
        session = Session(caller, lasting=False)
        call = Call(session, machine.read_clock(), setup.settings.policy, app.is_gone)
        if event.name == hooks.SESSION_END:
            end(file, call, event, here.ancestors)
            return Reaction()
        if event.name == hooks.SESSION_START:
            return _greet(file, call, setup.settings.role)
        return _look_and_act(file, call, event)


def caller_of(
    event: HookEvent,
    here: identity.Here,
    runs: Sequence[OpenRun],
    is_known: Callable[[str], bool],
    environ: Mapping[str, str] = os.environ,
) -> Caller:
    """Return who a hook speaks for: the first that is known of

    the session that is named on purpose; the one that the payload names, once it has done something on the board; the
    one whose client runs us (after /clear the payload names another); the one that the payload names.
    """
    wanted = named_session([environ.get("KANBAN_SESSION_ID")])
    session = wanted or named_session([event.session])
    key = worker_key(here.process, session)
    above = nearest_above(here.ancestors, runs)
    if wanted is None and above is not None and not is_known(key):
        is_terminal = here.terminal in (above.process, above.client)  # a shell's own task is not the agent's in it
        key = key if is_terminal else root_key(above.worker_key)
    who = identity.identify(here, environ, runs, holds_key=False).caller
    return replace(who, key=agent_key(key, event.agent), session=session, adopts=False)


def _greet(file: SqliteFile, call: Call, role: str | None) -> Reaction:
    from kanban_mcp.domain import inputs
    from kanban_mcp.service import greeting

    line, has_lost = file.read(greeting.greet, call, inputs.role(role))
    if has_lost:
        with suppress(BoardError):  # then the fence tells it once more
            file.write(greeting.note_told, call)
    return Reaction(context=line)


def _look_and_act(file: SqliteFile, call: Call, event: HookEvent) -> Reaction:
    seen = file.read(hooking.look, call, event)
    reaction = seen.reaction
    if seen.must_act:
        write = file.write_soon if event.name in hooks.BEATS else file.write
        reaction = write(hooking.act, call, event)
    if call.session.handing:
        _hand_over(file, call, event, reaction)
        return Reaction()
    return reaction


def _hand_over(file: SqliteFile, call: Call, event: HookEvent, reaction: Reaction) -> None:
    """Print messages first and note them as given afterwards: cut off in between, the next hook says them again."""
    from kanban_mcp.cli.hook import print_answer

    print_answer(hook_answer(event, reaction))
    file.write_soon(hooking.given, call, call.session.handing)


def end(
    file: SqliteFile,
    call: Call,
    event: HookEvent,
    above: Sequence[ProcessId],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Hand back what the session held, unless it goes on. Returns the names of the tasks.

    A run is the ended session's when its server runs below the client that runs us, or has ended. The client closes
    its server before it runs this hook; a server behind a launcher may take a moment to notice.
    """
    from kanban_mcp.service import handing_back  # once in a session's life

    if event.reason in hooks.GOES_ON:
        return []
    held = file.read(handing_back.held_by_session, call)
    waits = int(CLOSING_S / POLL_S)
    while waits and any(not _is_ours(call, run, above) for run in held):
        waits -= 1
        sleep(POLL_S)
    if not any(_is_ours(call, run, above) for run in held):
        return []
    return file.write(handing_back.end_session, call, lambda run: _is_ours(call, run, above))


def _is_ours(call: Call, run: Run, above: Sequence[ProcessId]) -> bool:
    client = (run.client_pid, run.client_started)
    is_below = any((process.pid, process.started) == client or process == run.process for process in above)
    return is_below or call.is_gone(run.process)
