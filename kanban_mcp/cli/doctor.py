"""`kanban-mcp doctor`: look at everything the board stands on, and say what to do; it changes nothing.

Each part is looked at in a thread of its own with a deadline: a file system or an agent that hangs is a finding, not a
reason to hang. The threads are daemons, so that the answer comes and the command ends whatever they do.
"""

import os
import shlex
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kanban_mcp.cli.options import AsJson, Db
from kanban_mcp.domain.diagnostics import Finding, Level, count, note, ok, problem, warning
from kanban_mcp.domain.errors import BoardError

if TYPE_CHECKING:
    from kanban_mcp.app import Setup
    from kanban_mcp.service.founding import Identity

Look = Callable[[], Iterable[Finding]]
_GRACE_S = 2.0  # beyond the deadline of the probes in it, before a part is given up
_OLD_GIT = (2, 38)
_GROUPS = ("board", "work", "machine", "agents")


def doctor(
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=1, max=3600, help="How long each probe may take.")
    ] = 20,
    db: Db = None,
    as_json: AsJson = False,
) -> None:
    """Check the board's file, the work on it, this machine and your agents; each finding names its fix.

    Changes nothing, needs no network, and shows no secret. Ends with 1 when there is a problem.
    """
    from kanban_mcp.cli import doctor_page, output

    findings = examine(db, wait)
    if as_json:
        output.as_json(report(findings))
    else:
        output.lines(doctor_page.page(findings, output.console()))
    raise typer.Exit(1 if count(findings, Level.PROBLEM) else 0)


def report(findings: Sequence[Finding]) -> dict[str, object]:
    """Return the findings as one object."""
    problems, warnings = count(findings, Level.PROBLEM), count(findings, Level.WARNING)
    first = next((each for level in (Level.PROBLEM, Level.WARNING) for each in findings if each.level is level), None)
    return {
        "next": first.fix if first else "Nothing to do.",
        "ok": problems == 0,
        "problems": problems,
        "warnings": warnings,
        "findings": [{name: value for name, value in asdict(each).items() if value} for each in findings],
    }


def examine(db: str | None, wait_s: float) -> list[Finding]:
    """Return everything there is to say, in order; no part takes longer than `wait_s` and a little."""
    setup, refused = _set_up(db)
    parts: list[tuple[str, Look]] = [("machine", lambda: _machine(wait_s))]
    if setup is not None:
        from kanban_mcp.cli.doctor_agents import agents

        known = setup
        parts.insert(0, ("board", lambda: _board(known, wait_s)))
        parts.append(("agents", lambda: agents(known, wait_s)))
    return sorted([*refused, *_together(parts, wait_s + _GRACE_S)], key=lambda each: _GROUPS.index(each.group))


def _set_up(db: str | None) -> tuple["Setup | None", list[Finding]]:
    from kanban_mcp import app

    try:
        return app.set_up(db=db), []
    except BoardError as refused:
        why = "No command works until this is right."
        return None, [problem("board", "settings", refused.message, why, refused.hint or "kanban-mcp config")]


def _together(parts: Sequence[tuple[str, Look]], wait_s: float) -> list[Finding]:
    """Look at all parts at once; of those that take longer than `wait_s`, what they have said by then is told."""
    found: dict[str, list[Finding]] = {name: [] for name, _ in parts}
    threads = {name: threading.Thread(target=_run, args=(name, look, found[name]), daemon=True) for name, look in parts}
    deadline = time.monotonic() + wait_s
    for thread in threads.values():
        thread.start()
    for name, thread in threads.items():
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            found[name] = [*found[name], _hangs(name, wait_s)]
    return [each for rows in found.values() for each in rows]


def _run(name: str, look: Look, found: list[Finding]) -> None:
    why = "The rest of it could not be looked at."
    try:
        for each in look():
            found.append(each)  # noqa: PERF402 - one by one: what was found before a failure is to be told
    except BoardError as refused:
        found.append(problem(name, name, refused.message, why, refused.hint or "see above"))
    except OSError as error:
        what = f"{error.filename or name}: {error.strerror or error}"
        found.append(problem(name, name, what, why, "check its permissions"))
    except Exception as error:  # noqa: BLE001 - a mistake in one check must not hide what the others found
        what = f"doctor itself failed here ({type(error).__name__}: {error})"
        found.append(problem(name, name, what, why, "report it, with kanban-mcp doctor --json"))


def _hangs(name: str, wait_s: float) -> Finding:
    what = f"Looking at the {name} took longer than {wait_s:g} s."
    why = "A file system or a program does not answer; whatever waits for it hangs as well."
    return problem(name, "time", what, why, "kanban-mcp doctor --wait 120; then look at that disk or program")


# The board ----------------------------------------------------------------------------------------------------------


def _board(setup: "Setup", wait_s: float) -> Iterator[Finding]:
    from kanban_mcp.store import health

    place = setup.place
    yield health.library_finding()
    if not place.exists:
        yield problem("board", "file", f"There is no board at {place.path}.", "Nothing works yet.", "kanban-mcp init")
        return
    yield ok("board", "file", f"{place.path} ({_source(setup)})")
    path = place.path.resolve()
    placed = health.place_findings(path)
    yield from placed
    if any(each.name == "place" for each in placed):
        return
    yield from health.lock_findings(path)
    yield from _content(setup, path, time.monotonic() + wait_s)


def _source(setup: "Setup") -> str:
    given = setup.settings.source("db")
    named = {
        "given": f"from {given if given != 'default' else 'KANBAN_DB or --db'}",
        "git": "beside the git directory, for all worktrees",
        "upward": "found from here upward",
        "default": "in this directory",
    }
    return named[setup.place.found]


def _content(setup: "Setup", path: Path, deadline: float) -> Iterator[Finding]:
    """Look into the board; its work only where the schema is the one that this program knows."""
    from kanban_mcp import app, machine
    from kanban_mcp.domain.principals import Authority, Caller
    from kanban_mcp.service import founding
    from kanban_mcp.service import health as work
    from kanban_mcp.service.call import Call
    from kanban_mcp.service.session import Session
    from kanban_mcp.store import health

    with health.looking(path, deadline) as look:
        schema = look.schema()
        yield schema
        yield from look.journal()
        if schema.level is Level.OK:
            own = Session(Caller("doctor", "doctor", Authority.BOARD, machine.this_process()))
            call = Call(own, machine.read_clock(), setup.settings.policy, app.is_gone)
            yield from _key(founding.identity(look.tx))
            yield from work.diagnose(look.tx, call)
        yield look.integrity()


def _key(identity: "Identity") -> Iterator[Finding]:
    """Look at the operator key: its file is only compared, and its text is shown nowhere."""
    from kanban_mcp import app, keys

    path = keys.key_path(keys.keys_folder(os.environ), identity.board_key)
    if identity.operator_hash is None:
        yield problem("board", "operator key", "The board has none.", "Nobody can approve anything.", "kanban-mcp init")
    elif not app.opens(identity):
        why = "Approvals, stop and pause take it; whoever ran kanban-mcp init has it."
        yield note(
            "board", "operator key", "It is not with this user.", why, f"put it at {shlex.quote(str(path))}, mode 0600"
        )
    elif path.stat().st_mode & 0o077:
        why = "Who reads it can approve in your place."
        yield problem(
            "board", "operator key", f"{path} can be read by others.", why, f"chmod 0600 {shlex.quote(str(path))}"
        )
    else:
        yield ok("board", "operator key", "is with you")


# The machine --------------------------------------------------------------------------------------------------------


def _machine(wait_s: float) -> Iterator[Finding]:
    import platform
    import shutil

    from kanban_mcp import __version__
    from kanban_mcp.clients import probe

    system = f"{platform.system()} {platform.release()}"
    yield ok("machine", "kanban-mcp", f"{__version__}, Python {platform.python_version()}, {system}")
    git = shutil.which("git")
    if git is None:
        why = "Evidence of commits cannot be checked, and worktrees do not find the one board."
        yield warning("machine", "git", "It is not on PATH.", why, "install git (2.38 or newer)")
        return
    said, why_not = probe.output(Path(git), ("--version",), min(wait_s, 10))
    yield _git(said.partition("version")[2].strip(), why_not)


def _git(version: str, why_not: str) -> Finding:
    numbers = tuple(int(part) for part in version.split(" ")[0].split(".")[:2] if part.isdecimal())
    if len(numbers) < 2:
        return warning("machine", "git", f"It did not tell its version: {why_not or 'no number'}.",
                       "Evidence of commits cannot be checked.", "git --version")  # fmt: skip
    if numbers < _OLD_GIT:
        why = "git merge-tree, which merges results without a checkout, came with 2.38."
        return note("machine", "git", f"{version} is older than 2.38.", why, "install a newer git")
    return ok("machine", "git", version)
