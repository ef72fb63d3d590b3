"""A heartbeat from a hook loads no framework and no event loop; help and version load no server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kanban_mcp.cli import light
from tests.cli.conftest import Cli

HEAVY = ("mcp", "pydantic", "pydantic_core", "asyncio", "anyio", "aiosqlite", "litellm", "starlette", "httpx")
FRAMEWORK = ("typer", "click", "rich")
# Costly standard modules that crept in once: hashlib and secrets for a key nobody asked about, difflib for no mistake.
COSTLY = ("hashlib", "secrets", "random", "difflib", "subprocess", "tomllib", "logging", "socket")

_PROBE = """
import sys
sys.argv = ["kanban-mcp", *sys.argv[1:]]
from kanban_mcp.__main__ import main
code = main()
print("loaded:", *sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""


def _loaded(*words: str) -> tuple[int, set[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *words],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
    )  # fmt: skip
    said, _, names = done.stderr.partition("loaded:")
    return done.returncode, set(names.split()), done.stdout + said


@pytest.mark.parametrize(
    "words", [["heartbeat"], ["heartbeat", "--note", "hello", "--json"], ["heartbeat", "-m=x", "1"]]
)
def test_a_heartbeat_is_light_whether_it_is_accepted_or_refused(ready: Cli, words: list[str]) -> None:
    code, modules, text = _loaded(*words)
    assert code == 1
    assert "[which_task]" in text or "[not_" in text
    assert not modules & {*HEAVY, *FRAMEWORK, *COSTLY}
    ready("create", "Write the parser")
    assert (
        subprocess.run([sys.executable, "-m", "kanban_mcp", "claim"], check=False, capture_output=True).returncode == 0
    )
    code, modules, text = _loaded(*words)
    assert code == 0, text
    assert "run-1" in text
    assert not modules & {*HEAVY, *FRAMEWORK, *COSTLY}


@pytest.mark.parametrize("words", [["--help"], ["create", "--help"], ["serve", "--help"], ["--version"]])
def test_help_and_version_load_no_server(project: Path, words: list[str]) -> None:
    code, modules, text = _loaded(*words)
    assert code == 0
    assert "kanban-mcp" in text
    assert not modules & set(HEAVY)
    assert "kanban_mcp.service.board" not in modules


def test_the_services_of_a_heartbeat_know_no_event_loop() -> None:
    probe = "import sys, kanban_mcp.service.working, kanban_mcp.store.sqlite; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {*HEAVY, *FRAMEWORK}


@pytest.mark.parametrize(
    ("words", "ask"),
    [
        ([], light.Ask()),
        (["--note", "a b", "--task", "3"], light.Ask(task="3", note="a b")),
        (["-m", "x", "TASK-003", "--json"], light.Ask(task="TASK-003", note="x", as_json=True)),
        (["--expect=900", "--run", "run-1", "--db", "b"], light.Ask(db="b", run="run-1", expect_s=900)),
        (["--note", "--json"], light.Ask(note="--json")),
        (["--help"], None),
        (["--note"], None),
        (["--note", "-"], None),
        (["--note", "@file"], None),
        (["1", "2"], None),
        (["--task", "1", "2"], None),
        (["--note", "a", "-m", "b"], None),
        (["--expect", "soon"], None),
        (["--expect", "9" * 5000], None),
        (["--nope", "x"], None),
    ],
)
def test_the_light_path_reads_the_plain_forms_and_leaves_the_rest(words: list[str], ask: light.Ask | None) -> None:
    assert light.parse(words) == ask


def test_both_paths_of_a_heartbeat_say_the_same(ready: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    ready("create", "Write the parser")
    ready("claim")
    ready.as_session("other")
    ready("comment", "1", "-m", "Mind the tabs\nand the ends of lines")
    ready.as_session(None)
    full = ready("heartbeat", "--note", "a")
    assert "other" not in full.err
    assert "Mind the tabs\n" in full.out
    capsys.readouterr()
    assert light.main(["--note", "a"]) == 0
    assert capsys.readouterr().out == "TASK-001 · run-1, lease 300 s\nGo on.\n"
    assert light.main(["9"]) == 1
    assert capsys.readouterr().err.startswith("[not_found] There is no TASK-009")


def test_a_hook_under_an_agents_session_beats_its_run_without_taking_it(
    ready: Cli, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    import asyncio

    from kanban_mcp import app, machine
    from kanban_mcp.domain.principals import Authority, Caller, worker_key
    from kanban_mcp.service.session import Session

    ready("create", "Write the parser")
    server = machine.process_id(os.getppid())  # another process, and a living one
    assert server is not None

    async def claim() -> None:
        board = app.open_board(app.set_up(project))
        caller = Caller(worker_key(server, "s1"), "claude-code@x", Authority.ORCHESTRATOR, server, session="s1")
        assert (await board.claim(Session(caller))).claimed
        await board.close()

    asyncio.run(claim())
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "s1")
    assert light.main(["--note", "from a hook"]) == 0
    assert ready.ok("show", "1")["run"]["note"] == "from a hook"
    kinds = [line.split()[2] for line in ready("log").out.splitlines()]
    assert "adopted" not in kinds
