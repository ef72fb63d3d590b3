"""A person is who holds the operator key and is not below a worker's process."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from kanban_mcp import app, machine
from kanban_mcp.cli.identity import Here, identify
from kanban_mcp.domain.errors import PeopleOnly
from kanban_mcp.domain.principals import Authority, Caller, ProcessId
from kanban_mcp.server.identity import Origin
from kanban_mcp.service.presence import OpenRun, nearest_above
from kanban_mcp.service.session import Session
from tests.cli.conftest import Cli

OWN, SHELL, AGENT, LOGIN = (ProcessId(pid, "1", "laptop", "boot-1") for pid in (40, 30, 20, 10))
AT = Here(OWN, [SHELL, AGENT, LOGIN], terminal=SHELL)
SERVER = ProcessId(50, "1", "laptop", "boot-1")


def _open_run(process: ProcessId, client: ProcessId | None = None, key: str = "laptop|boot-1|thread") -> OpenRun:
    return OpenRun("run-7", "TASK-003", key, "codex@laptop", process, client)


@pytest.mark.parametrize(
    ("environ", "runs", "keys", "authority", "why"),
    [
        ({}, [], (True, True), Authority.PERSON, ""),
        ({}, [_open_run(SERVER)], (True, True), Authority.PERSON, ""),
        ({}, [], (False, True), Authority.ORCHESTRATOR, "not among your keys"),
        ({}, [], (False, False), Authority.ORCHESTRATOR, "has no operator key yet"),
        ({"CLAUDE_CODE_SESSION_ID": "s"}, [], (True, True), Authority.ORCHESTRATOR, "CLAUDE_CODE_SESSION_ID is set"),
        ({"KANBAN_SESSION_ID": "s"}, [], (True, True), Authority.ORCHESTRATOR, "KANBAN_SESSION_ID is set"),
        ({"KANBAN_TASK_ID": "3"}, [], (True, True), Authority.WORKER, "KANBAN_TASK_ID is set"),
        ({"KANBAN_RUN_ID": "7"}, [], (True, True), Authority.WORKER, "KANBAN_RUN_ID is set"),
        ({}, [_open_run(AGENT)], (True, True), Authority.ORCHESTRATOR, "below codex@laptop, which works on TASK-003"),
        ({}, [_open_run(SERVER, AGENT)], (True, True), Authority.ORCHESTRATOR, "(run-7)"),
    ],
)
def test_who_is_a_person(
    environ: Mapping[str, str], runs: list[OpenRun], keys: tuple[bool, bool], authority: Authority, why: str
) -> None:
    holds_key, has_key = keys
    who = identify(AT, environ, runs, holds_key=holds_key, has_key=has_key)
    assert who.caller.authority is authority
    assert why in who.why
    assert bool(who.why) is (authority is not Authority.PERSON)


def test_a_process_of_another_start_or_boot_is_not_an_ancestor() -> None:
    for other in (AGENT.__class__(20, "2", "laptop", "boot-1"), AGENT.__class__(20, "1", "laptop", "boot-0")):
        assert identify(AT, {}, [_open_run(other)], holds_key=True).caller.is_person


def test_a_session_is_the_same_worker_as_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KANBAN_SESSION_ID", "CLAUDE_CODE_SESSION_ID"):
        monkeypatch.delenv(name, raising=False)
    environ = {"CLAUDE_CODE_SESSION_ID": "  0b1c-2d  "}
    server = Origin("orchestrator", environ, Path.cwd(), SERVER).caller("claude-code", {})
    command = identify(AT, environ, [], holds_key=True).caller
    assert (command.key, command.session) == (server.key, server.session) == ("laptop|boot-1|0b1c-2d", "0b1c-2d")
    assert not command.adopts
    alone = Origin("orchestrator", {}, Path.cwd(), SHELL).caller("codex", {})
    assert identify(AT, {}, [], holds_key=True).caller.key == alone.key


def test_the_worker_is_the_session_then_the_agent_above_then_the_terminal_then_the_parent() -> None:
    runs = [_open_run(SERVER, AGENT)]
    named = identify(AT, {"KANBAN_SESSION_ID": "s"}, runs, holds_key=False).caller
    assert (named.key, named.process) == ("laptop|boot-1|s", OWN)
    below = identify(AT, {}, runs, holds_key=False).caller
    assert (below.key, below.name, below.process) == ("laptop|boot-1|thread", "codex@laptop", OWN)
    terminal = identify(AT, {}, [], holds_key=False).caller
    assert (terminal.key, terminal.process) == ("laptop|boot-1|30.1", SHELL)
    script = identify(Here(OWN, [AGENT], None), {}, [], holds_key=False).caller
    assert script.process == AGENT
    assert identify(Here(OWN, [], None), {}, [], holds_key=False).caller.process == OWN


def test_an_agent_started_by_an_agent_speaks_for_itself_and_an_agent_never_for_the_shell_below_it() -> None:
    environ = {"CLAUDE_CODE_SESSION_ID": "outer"}
    inner = identify(AT, environ, [_open_run(SERVER, AGENT)], holds_key=False).caller
    assert inner.key == "laptop|boot-1|thread", "the variable is inherited from the agent outside"
    of_shell = _open_run(SHELL, key="laptop|boot-1|30.1")
    assert identify(AT, environ, [of_shell], holds_key=False).caller.key == "laptop|boot-1|outer"
    assert identify(AT, {}, [of_shell], holds_key=False).caller.key == "laptop|boot-1|30.1"


def test_the_nearest_ancestor_and_its_newest_run_count() -> None:
    first, second = _open_run(AGENT, key="agent"), _open_run(LOGIN, key="login")
    newest = _open_run(AGENT, key="newest")
    assert nearest_above(AT.ancestors, [second, first, newest]) == newest
    assert nearest_above([LOGIN], [first, second]) == second
    assert nearest_above([], [first]) is None


def test_the_name_of_a_user_cannot_speak_to_the_terminal() -> None:
    who = identify(AT, {"USER": "mi\x1b[31ma\n"}, [], holds_key=True)
    assert who.caller.name == "mi[31ma"


PERSON_COMMANDS = (["approve", "1"], ["reject", "1"], ["pause"], ["resume"], ["stop", "1"])


@pytest.mark.proves("T2")
@pytest.mark.parametrize("words", PERSON_COMMANDS, ids=" ".join)
def test_an_agents_shell_can_neither_approve_nor_pause_and_is_told_why(
    ready: Cli, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    ready("create", "Write the parser")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "s1")
    before = ready("log", "--json").out
    ran = ready(*words)
    assert ran.code == 1
    assert ran.err.startswith("[forbidden] Only a person may ")
    assert "CLAUDE_CODE_SESSION_ID is set here, so this command speaks for an agent's session." in ran.err
    assert ran.err.endswith("Next: Do it in a terminal of your own, outside the agent.\n")
    assert ready("log", "--json").out == before


def test_without_the_key_nobody_approves(ready: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready("create", "Write the parser")
    monkeypatch.setenv("KANBAN_CONFIG_HOME", str(tmp_path / "somebody-else"))
    ran = ready("approve", "1")
    assert ran.code == 1
    assert "The operator key of this board is not among your keys." in ran.err


def test_a_board_without_a_key_says_that_init_makes_it(cli: Cli) -> None:
    cli("create", "Write the parser", "--db", "own.db")
    ran = cli("approve", "1", "--db", "own.db")
    assert "This board has no operator key yet. Next: kanban-mcp init makes it." in ran.err


def _review(cli: Cli) -> None:
    """Bring TASK-001 into review, so that nothing but the caller decides whether it can be approved."""
    cli("create", "Write the parser")
    cli("update", "1", "--review", "human")
    cli.as_session("w1")
    cli("claim", "1")
    assert cli.ok("complete", "-m", "It reads all samples; 14 tests pass")["state"] == "awaiting_review"
    cli.as_session(None)


def _hold(project: Path, process: ProcessId, client: ProcessId | None) -> None:
    """Let a fake worker process hold TASK-002."""

    async def hold() -> None:
        board = app.open_board(app.set_up(project))
        session = Session(Caller("fake", "fake@laptop", Authority.WORKER, process, client))
        assert (await board.claim(session, task_id="2")).claimed
        await board.close()

    asyncio.run(hold())


def _command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a real child of this process."""
    return subprocess.run(
        [sys.executable, "-m", "kanban_mcp", *words],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.proves("T2")
@pytest.mark.parametrize("speaks_as", ["server", "client"])
def test_a_real_child_of_a_workers_process_is_no_person(ready: Cli, project: Path, speaks_as: str) -> None:
    _review(ready)
    ready("create", "Hold me")
    me = machine.this_process()
    gone = ProcessId(2**22 - 1, "1", me.host, me.boot_id)
    _hold(project, *((me, None) if speaks_as == "server" else (gone, me)))
    refused = _command("approve", "1")
    assert refused.returncode == 1
    assert refused.stderr.startswith("[forbidden] Only a person may approve TASK-001.")
    assert "This command runs below fake@laptop, which works on TASK-002 (run-2)." in refused.stderr
    grandchild = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m kanban_mcp approve 1; exit $?'],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
    )  # fmt: skip
    assert grandchild.returncode == 1
    ready.as_session("w2")  # from here on we are somebody else in this process
    assert ready("cancel", "2").code == 0
    ready.as_session(None)
    assert _command("approve", "1").returncode == 0, "the run has ended, so the same child is a person again"


def test_a_claim_and_the_later_complete_of_one_script_are_one_worker(ready: Cli) -> None:
    ready("create", "Write the parser")
    assert _command("claim").returncode == 0
    assert _command("heartbeat", "-m", "reading").returncode == 0
    done = _command("complete", "-m", "It reads all samples; 14 tests pass")
    assert done.returncode == 0, done.stderr
    assert ready.ok("show", "1")["state"] == "done"


@pytest.mark.proves("T4")
def test_a_delegated_worker_gets_no_more_from_its_shell_than_from_its_server(
    ready: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready("create", "Write the parser")
    monkeypatch.setenv("KANBAN_TASK_ID", "TASK-001")
    for words in (["cancel", "1"], ["update", "1", "--title", "Mine"]):
        ran = ready(*words)
        assert (ran.code, ran.err[:11]) == (1, "[forbidden]"), words


def test_what_is_refused_for_another_reason_keeps_its_own_hint(ready: Cli) -> None:
    ready("create", "Test the parser", "--role", "tester")
    ready.as_session("w1")
    ran = ready("claim", "1", "--role", "implementer")
    assert ran.err.startswith("[forbidden] TASK-001 is for tester")
    assert "session" not in ran.err


def test_a_reason_is_added_to_refusals_of_agents_only() -> None:
    person = identify(AT, {}, [], holds_key=True)
    refused = PeopleOnly("Only a person may pause.", hint="Tell them.")
    assert person.explain(refused) is refused
    agent = identify(AT, {"KANBAN_SESSION_ID": "s"}, [], holds_key=True)
    assert str(agent.explain(refused)).startswith("[forbidden] Only a person may pause. KANBAN_SESSION_ID is set here")


def test_our_own_process_is_seen_as_it_is() -> None:
    from kanban_mcp.cli.identity import here

    at = here()
    assert at.process.pid == os.getpid()
    assert at.ancestors[0].pid == os.getppid()
