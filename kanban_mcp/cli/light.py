"""`kanban-mcp heartbeat` without a CLI framework or an event loop: hooks run it after every tool call (DESIGN §6).

Only the plain forms of the command are read here; help, mistakes and texts from files are left to the full CLI.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kanban_mcp import app, machine
from kanban_mcp.cli import identity, wording
from kanban_mcp.cli.exits import OK, report
from kanban_mcp.domain.errors import BoardError
from kanban_mcp.service import presence, working
from kanban_mcp.service.brief import Beat, Json, to_json
from kanban_mcp.service.call import Call
from kanban_mcp.service.session import Session

_TEXT_FLAGS: Mapping[str, str] = {
    "--db": "db",
    "--task": "task",
    "--run": "run",
    "--expect": "expect",
    "-m": "note",
    "--note": "note",
    "--message": "note",
}


class Ask(NamedTuple):
    """What a heartbeat says; see `Board.heartbeat`."""

    db: str | None = None
    task: str | None = None
    run: str | None = None
    note: str | None = None
    expect_s: int = 0
    as_json: bool = False


def main(arguments: Sequence[str]) -> int | None:
    """Send a heartbeat. Returns the exit code, None when the arguments are for the full CLI."""
    ask = parse(arguments)
    return None if ask is None else run(ask)


def run(ask: Ask) -> int:
    """Send a heartbeat. Returns the exit code."""
    try:
        beat(ask)
    except BoardError as refused:
        return report(refused)
    return OK


def parse(arguments: Sequence[str]) -> Ask | None:
    """Read the flags of the command, each at most once, and one task; None when anything else stands there."""
    found: dict[str, str] = {}
    rest, as_json = list(arguments), False
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.partition("=")
        if word == "--json":
            as_json = True
        elif flag in _TEXT_FLAGS and (equals or rest) and _TEXT_FLAGS[flag] not in found:
            found[_TEXT_FLAGS[flag]] = value if equals else rest.pop(0)
        elif not word.startswith("-") and "task" not in found:
            found["task"] = word
        else:
            return None
    return _ask(found, as_json)


def _ask(found: dict[str, str], as_json: bool) -> Ask | None:
    expect, note = found.pop("expect", "0"), found.get("note", "")
    if not expect.isdecimal() or len(expect) > 9 or note.startswith("@") or note == "-":
        return None
    return Ask(**found, expect_s=int(expect), as_json=as_json)


def beat(ask: Ask) -> None:
    """Send a heartbeat and print its answer.

    Raises:
        BoardError: the board refused it; `LeaseLost` when the run no longer holds its task.
    """
    answer = _send(ask)
    sys.stdout.write((wording.as_json(to_json(answer)) if ask.as_json else _for_people(answer)) + "\n")
    sys.stdout.flush()


def _send(ask: Ask) -> Beat:
    setup = app.set_up(db=ask.db)
    note, expect_ms = working.beat_terms(setup.settings.policy, ask.note, ask.expect_s)
    with app.open_file(setup) as file:
        runs = file.read(presence.open_runs, machine.boot_id())
        who = identity.identify(identity.here(), os.environ, runs, holds_key=False)
        session = Session(who.caller, lasting=False)
        call = Call(session, machine.read_clock(), setup.settings.policy, app.is_gone)
        says_nothing = note is None and expect_ms == 0
        quiet = file.read(working.quiet_beat, call, ask.task, ask.run) if says_nothing else None
        return quiet or file.write_soon(working.heartbeat, call, ask.task, ask.run, note, expect_ms)


def _for_people(answer: Beat) -> str:
    head = f"{answer.task_id} · {answer.run_id}, lease {answer.lease_expires_in_s} s"
    said = [_message(row) for row in answer.messages]
    return "\n".join([head, *said, wording.as_commands(wording.line(answer.next))])


def _message(row: Json) -> str:
    about = " · ".join(wording.line(part) for part in (row["from"], f"{row['age']} ago", row["re"]) if part)
    return f"{about}\n  {wording.block(row['text'])}"
