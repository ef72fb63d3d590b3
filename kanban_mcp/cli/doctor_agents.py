"""The part of `doctor` about coding agents: installed, logged in, set up for this project, and able to start us."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kanban_mcp import __version__
from kanban_mcp.clients import probe, standing, starting
from kanban_mcp.clients.codex_trust import HookTrust, codex_trust
from kanban_mcp.domain.clock import age
from kanban_mcp.domain.diagnostics import Finding, note, ok, problem, warning
from kanban_mcp.domain.errors import BoardError

if TYPE_CHECKING:
    from kanban_mcp.app import Setup
    from kanban_mcp.clients.client import Client
    from kanban_mcp.clients.starting import Started

AGENTS = "agents"
_VERSION_WAIT_S = 5.0
_TRUST_WAIT_S = 15.0
_UNSEEN = "It sees none of the board's tools."
_TRACES = {"claude-code": "claude", "codex": "codex"}  # under which name its hooks leave a trace


def agents(setup: "Setup", wait_s: float) -> Iterator[Finding]:
    """Return what there is to say about every client that is installed, or set up in this project."""
    from kanban_mcp.clients.registry import CLIENTS

    project = _project(setup)
    here = {agent.client.name: agent for agent in probe.installed(project)}
    asking = threading.Thread(
        target=probe.ask_versions, args=(list(here.values()), min(wait_s, _VERSION_WAIT_S)), daemon=True
    )
    asking.start()
    states = {client.name: state for client, state in zip(CLIENTS, _standings(setup, CLIENTS), strict=True)}
    trust = _Trust(here.get("codex"), states["codex"], project, min(wait_s, _TRUST_WAIT_S))
    servers = _servers([state for state in states.values() if state.is_set_up], project, wait_s)
    asking.join(_VERSION_WAIT_S + 2)
    told = False
    for client in CLIENTS:
        agent, state = here.get(client.name), states[client.name]
        if agent is not None or state.is_set_up or state.unusable:
            told = True
            yield from _client(client, agent, state, servers, setup)
            if client.name == "codex":
                yield from trust.findings()
    if not told:
        fix = "install one, then kanban-mcp init; kanban-mcp demo needs none"
        yield warning(AGENTS, "agents", "None is installed, and none is set up here.", "Nobody can work.", fix)


class _Trust:
    """Asks Codex, beside everything else, whether it runs our hooks: it says so only when asked."""

    def __init__(self, agent: probe.Agent | None, state: standing.Standing, project: Path, wait_s: float) -> None:
        self._wait_s = wait_s
        self._said: list[HookTrust] | None = None
        self._asking: threading.Thread | None = None
        if agent is not None and not agent.is_stranger and state.hooks == "all":
            self._asking = threading.Thread(target=self._ask, args=(agent.program, project), daemon=True)
            self._asking.start()

    def _ask(self, program: Path, project: Path) -> None:
        self._said = codex_trust(project, (str(program), "app-server"), timeout_s=self._wait_s)

    def findings(self) -> Iterator[Finding]:
        """Return what Codex said."""
        if self._asking is None:
            return
        self._asking.join(self._wait_s + 1)
        said, fix = self._said, "codex, then /hooks, and trust those of kanban-mcp"
        if said is None:
            yield note(AGENTS, "Codex", "It does not say whether it runs the hooks.", "It runs only trusted ones.", fix)
        elif not said:
            why = "It reads .codex only in a project that you trust."
            yield warning(AGENTS, "Codex", "It sees none of the hooks here.", why, "codex, and say that you trust it")
        elif left_out := [hook.event for hook in said if not (hook.is_trusted and hook.is_enabled)]:
            what = f"It does not run the hooks {', '.join(left_out)}: nobody has trusted them."
            yield warning(AGENTS, "Codex", what, "A heartbeat or the fence may be missing.", fix)
        else:
            yield ok(AGENTS, "Codex", f"runs all {len(said)} hooks: they are trusted")


def _project(setup: "Setup") -> Path:
    from kanban_mcp.cli.initialising import project_of

    return project_of(setup)


def _standings(setup: "Setup", clients: "Sequence[Client]") -> list[standing.Standing]:
    from kanban_mcp.clients.client import Wanted
    from kanban_mcp.clients.record import Record, Records

    db = setup.place.path if setup.place.found == "given" else None
    wanted = Wanted(_project(setup), db=db)
    try:
        record = Records(setup.place.folder).of(wanted.folder)
    except BoardError:
        record = Record()
    return [standing.look(client, wanted, record) for client in clients]


def _servers(states: Sequence[standing.Standing], project: Path, wait_s: float) -> "Mapping[tuple[str, ...], Started]":
    """Start every command line that is configured, each once, all at the same time."""
    found: dict[tuple[str, ...], Started] = {}
    lines = {state.words for state in states}
    threads = [threading.Thread(target=_start, args=(words, project, wait_s, found), daemon=True) for words in lines]
    deadline = time.monotonic() + wait_s + 1
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return found


def _start(words: tuple[str, ...], project: Path, wait_s: float, found: "dict[tuple[str, ...], Started]") -> None:
    found[words] = starting.start(words, project, wait_s)


def _client(
    client: "Client",
    agent: probe.Agent | None,
    state: standing.Standing,
    servers: "Mapping[tuple[str, ...], Started]",
    setup: "Setup",
) -> Iterator[Finding]:
    fix = f"kanban-mcp init --client {client.name}"
    yield from _program(client, agent)
    if state.unusable:
        yield problem(AGENTS, client.title, state.unusable, _UNSEEN, f"correct the file, then {fix}")
    elif state.entry == "not ours":
        what = f'{state.file}: another server is called "kanban".'
        yield warning(AGENTS, client.title, what, _UNSEEN, f"rename that one, then {fix}")
    elif not state.is_set_up:
        yield warning(AGENTS, client.title, f"No entry for the board in {state.file}.", _UNSEEN, fix)
    else:
        yield from _server(client, state, servers.get(state.words), fix)
        yield from _hooks(client, state, setup, fix)
        yield from _skills(client, state, fix)


def _program(client: "Client", agent: probe.Agent | None) -> Iterator[Finding]:
    if agent is None:
        what = f"Not on PATH ({' or '.join(client.programs)}), but set up here."
        yield note(AGENTS, client.title, what, "Others who work in this project may have it.")
        return
    version = agent.version or f"version unknown: {agent.why}"
    where = f"{version} ({agent.program})"
    if agent.logged_in is False:
        why = "It cannot work before somebody logs in (a login kept in a keyring is not seen from here)."
        yield warning(AGENTS, client.title, f"{where}; no login found.", why, agent.login)
    else:
        yield ok(AGENTS, client.title, f"{where}{', logged in' if agent.logged_in else ''}")


def _server(client: "Client", state: standing.Standing, started: "Started | None", fix: str) -> Iterator[Finding]:
    said = started or starting.Started(why="it did not end in time")
    if said.why:
        what = f"The server of {state.file} does not start: {said.why}."
        if "not started" in said.why:
            yield note(AGENTS, client.title, f"The server of {state.file} was not tried: {said.why}.")
        else:
            yield problem(AGENTS, client.title, what, _UNSEEN, f"remove the entry, then {fix}")
        return
    if said.version != __version__:
        what = f"{state.file} starts kanban-mcp {said.version}, this is {__version__}."
        yield warning(AGENTS, client.title, what, "Two versions on one board: the older may be refused.", fix)
    elif state.entry == "updated":
        yield warning(
            AGENTS, client.title, f"The entry in {state.file} is not as this version needs it.",
            "Its first request may go out before the tools are listed.", fix,
        )  # fmt: skip
    else:
        yield ok(AGENTS, client.title, f"kanban in {state.file} starts, {len(said.tools)} tools")


def _hooks(client: "Client", state: standing.Standing, setup: "Setup", fix: str) -> Iterator[Finding]:
    from kanban_mcp.clients.hooks import last_fired

    if state.hooks in (None, "none"):
        return  # they are a choice
    if state.hooks == "some":
        why = "A heartbeat or the fence may be missing."
        yield warning(AGENTS, client.title, "Its hooks are not as this version has them.", why, f"{fix} --hooks")
        return
    fired = last_fired(setup.place.folder).get(_TRACES.get(client.name, ""))
    if fired is None:
        why = "A hook that is not trusted is left out without a word."
        yield note(
            AGENTS, client.title, "Hooks are installed; none has run yet.", why, client.hooks_note or client.start
        )
    else:
        yield ok(
            AGENTS, client.title, f"hooks installed, last run {age(int(fired * 1000), time.time_ns() // 10**6)} ago"
        )


def _skills(client: "Client", state: standing.Standing, fix: str) -> Iterator[Finding]:
    if state.other_skills:
        what = f"Skills are not those of this version: {', '.join(state.other_skills)}."
        how = f"delete them in {client.skills}, then {fix}"
        yield warning(AGENTS, client.title, what, "They may name tools or arguments that are gone.", how)
    elif state.missing_skills:
        what = f"Skills are missing in {client.skills}: {', '.join(state.missing_skills)}."
        yield note(AGENTS, client.title, what, "It works from the tools' own texts alone.", fix)
    else:
        yield ok(AGENTS, client.title, f"skills in {client.skills} are those of this version")
