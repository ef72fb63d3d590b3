"""`kanban-mcp hook EVENT`: payload in, the client's JSON out, exit code 0 whatever happens, next to nothing loaded."""

import asyncio
import fcntl
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanban_mcp import app, machine
from kanban_mcp.cli import hook, hook_work
from kanban_mcp.domain.hooks import EVENTS, read_event
from kanban_mcp.domain.principals import Authority, Caller, ProcessId, agent_key, worker_key
from kanban_mcp.hooks.trace import last_fired
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from tests.cli.conftest import Cli, board_clock, cli, project, ready
from tests.cli.test_light_path import COSTLY, FRAMEWORK, HEAVY
from tests.conftest import Clock

__all__ = ["board_clock", "cli", "project", "ready"]  # fixtures of the command line's tests

SESSION = "s-1"
Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def run(ready: Cli, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a hook in this process: exit code, answer ({} for none) and stderr."""

    def send(name: str, raw: bytes | None = None, words: tuple[str, ...] = (), **payload: Any) -> Any:
        data = json.dumps({"session_id": SESSION, **payload}).encode() if raw is None else raw
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        capsys.readouterr()
        code = hook.main([name, *words])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else {}, err

    return send


def server_of(agent: str = "") -> Session:
    """Return what the session's server holds for an agent; the server is a process that lives and is not above us."""
    process = machine.this_process()
    key = agent_key(worker_key(process, SESSION), agent)
    return Session(Caller(key, "claude-code@x", Authority.ORCHESTRATOR, process, session=SESSION))


def on_board(fn: Callable[[Board], Any]) -> Any:
    """Do something on the project's board, as another process would."""

    async def go() -> Any:
        board = app.open_board(app.set_up(Path.cwd()))
        try:
            return await fn(board)
        finally:
            await board.close()

    return asyncio.run(go())


def claim(agent: str = "") -> str:
    return str(on_board(lambda board: board.claim(server_of(agent))).task.id)


def cancel(task: str) -> None:
    mia = Session(Caller("mia", "mia", Authority.PERSON, machine.this_process()))
    on_board(lambda board: board.cancel(mia, task_id=task))


# What each event answers ----------------------------------------------------------------------------------------------


def test_session_start_names_the_held_task(ready: Cli, run: Run) -> None:
    ready("create", "Write the parser")
    assert run("SessionStart", source="startup")[1] == {
        "hookSpecificOutput": {
            "hookEventName": "SessionStart",
            "additionalContext": "Kanban board: 1 ready; kanban_claim() takes one.",
        }
    }
    claim()
    code, said, _ = run("SessionStart", source="startup")
    assert code == 0
    assert "TASK-001" in said["hookSpecificOutput"]["additionalContext"]


def test_where_there_is_no_board_nothing_is_said_or_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    for name in EVENTS:
        assert run(name, tool_name="Edit", tool_input={"command": "x"}) == (0, {}, "")
    assert list(empty.iterdir()) == []


def test_an_edit_after_a_loss_is_denied_until_show_by_whichever_process(ready: Cli, run: Run) -> None:
    ready("create", "Write the parser")
    cancel(claim())
    code, said, _ = run("PreToolUse", tool_name="Edit")
    assert code == 0, "2 would block as well, but with our stderr for a reason, and in every other case by accident"
    assert said["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert said["hookSpecificOutput"]["permissionDecisionReason"].startswith("[cancelled] TASK-001")
    assert run("PreToolUse", tool_name="mcp__kanban__kanban_show") == (0, {}, "")
    on_board(lambda board: board.show(server_of()))
    assert run("PreToolUse", tool_name="Edit") == (0, {}, "")


def test_the_boards_own_command_in_the_agents_shell_ends_the_fence(
    ready: Cli, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready("create", "Write the parser")
    cancel(claim())
    assert run("PreToolUse", tool_name="Edit")[1]
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", SESSION)
    assert "TASK-001" in ready("show").out
    assert run("PreToolUse", tool_name="Edit")[1] == {}


def test_a_beat_is_written_when_due_and_never_adopts(
    ready: Cli, run: Run, board_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready("create", "Write the parser")
    claim()
    before = ready.ok("show", "1")["run"]
    monkeypatch.setattr("kanban_mcp.store.glance.look", lambda *_: None)  # it reads this machine's clock
    board_clock.advance(29_999)
    run("PostToolUse", tool_name="Bash")
    assert ready.ok("show", "1")["run"]["lease_expires_in_s"] == before["lease_expires_in_s"] - 29
    board_clock.advance(1)
    run("PostToolUse", tool_name="Bash")
    assert ready.ok("show", "1")["run"]["lease_expires_in_s"] == before["lease_expires_in_s"]
    assert "adopted" not in ready("log").out


def test_a_cut_off_answer_is_said_again(ready: Cli, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ready("create", "Write the parser")
    claim()
    ready("comment", "1", "-m", "Mind the tabs")
    with monkeypatch.context() as patch:
        patch.setattr(hook, "print_answer", _interrupted)
        run("PostToolUse", tool_name="Bash")
    assert "Mind the tabs" in str(run("PostToolUse", tool_name="Bash")[1])
    assert run("PostToolUse", tool_name="Bash")[1] == {}


def _interrupted(_answered: object) -> int:
    raise KeyboardInterrupt


def test_stop_reminds_once_and_a_sub_agents_end_is_its_own(ready: Cli, run: Run) -> None:
    for _ in range(2):
        ready("create", "Write the parser")
    claim()
    claim("a1")
    assert run("Stop")[1] == {}, "its sub-agent works on something"
    assert run("SubagentStop", agent_id="a1")[1]["decision"] == "block"
    assert run("SubagentStop", agent_id="a1", stop_hook_active=True)[1] == {}
    assert run("Stop")[1]["reason"].startswith("You still hold TASK-001 (run-1)")
    assert run("Stop")[1] == {}


# SessionEnd -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["clear", "resume", "compact"])
def test_a_session_that_goes_on_keeps_its_task(ready: Cli, run: Run, reason: str) -> None:
    ready("create", "Write the parser")
    _claim_below(machine.process_id(os.getppid()))
    assert run("SessionEnd", reason=reason) == (0, {}, "")
    assert ready.ok("show", "1")["state"] == "in_progress"


@pytest.mark.parametrize("reason", ["other", "logout", "prompt_input_exit", "bypass_permissions_disabled", "", "new"])
def test_a_session_that_ends_hands_back_what_it_held_through_us(ready: Cli, run: Run, reason: str) -> None:
    """The claiming process stands in for the client: it is the one that runs the hook."""
    ready("create", "Write the parser")
    _claim_below(machine.process_id(os.getppid()))
    assert run("SessionEnd", reason=reason) == (0, {}, "")
    assert ready.ok("show", "1")["state"] == "ready"


def test_a_session_whose_server_has_ended_hands_back_too(ready: Cli, run: Run) -> None:
    ready("create", "Write the parser")
    me = machine.this_process()
    _claim_below(None, ProcessId(2**22 - 3, "1", me.host, me.boot_id))
    run("SessionEnd", reason="other")
    assert ready.ok("show", "1")["state"] == "ready"


def test_another_living_client_of_the_same_session_keeps_its_task(
    ready: Cli, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready("create", "Write the parser")
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        process = machine.process_id(other.pid)
        assert process is not None
        _claim_below(process, process)
        monkeypatch.setattr(hook_work, "CLOSING_S", 0.0)
        run("SessionEnd", reason="other")
        assert ready.ok("show", "1")["state"] == "in_progress"
    finally:
        other.communicate()
    run("SessionEnd", reason="other")
    assert ready.ok("show", "1")["state"] == "ready", "it has ended since"


def test_a_server_that_takes_a_moment_to_end_is_waited_for(ready: Cli, run: Run) -> None:
    """Behind a launcher (uvx, npx) the server's parent is not the client, and it may still live for an instant."""
    ready("create", "Write the parser")
    server = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = machine.process_id(server.pid)
    assert process is not None
    _claim_below(process, process)
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            server.communicate()

    ended = _end(nap)
    assert ended == ["TASK-001"]
    assert len(naps) == 3


def _claim_below(client: ProcessId | None, process: ProcessId | None = None) -> None:
    me = process or ProcessId(2**22 - 3, "1", machine.host(), machine.boot_id())
    caller = Caller(worker_key(me, SESSION), "claude", Authority.ORCHESTRATOR, me, client=client, session=SESSION)
    assert on_board(lambda board: board.claim(Session(caller))).claimed


def _end(nap: Callable[[float], None]) -> list[str]:
    from kanban_mcp.service.call import Call

    setup = app.set_up()
    event = read_event("SessionEnd", {"session_id": SESSION, "reason": "other"})
    with app.open_file(setup) as file:
        key = worker_key(machine.this_process(), SESSION)
        s = Session(Caller(key, "x", Authority.ORCHESTRATOR, machine.this_process(), adopts=False))
        call = Call(s, machine.read_clock(), setup.settings.policy, app.is_gone)
        return hook_work.end(file, call, event, [], sleep=nap)


# Never a traceback, never an accidental block -------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7", b"null", b'"x"', b"\xff\xfe", b"{" * 100_000, b"[" * 100_000])
def test_a_payload_that_is_no_object_is_said_in_one_line_and_passed(run: Run, raw: bytes) -> None:
    for name in EVENTS:
        code, said, err = run(name, raw)
        assert (code, said) == (0, {})
        assert err == "kanban-mcp hook: the payload on stdin is no JSON object\n"


def test_a_payload_without_end_is_not_read_whole(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook, "PAYLOAD_LIMIT", 1 << 20)
    code, said, err = run("PreToolUse", b'{"x": "' + b"x" * (1 << 21) + b'"}')
    assert (code, said) == (0, {})
    assert "more than 1 MiB" in err


@pytest.mark.parametrize("words", [["Foo"], [], ["Stop", "--client"], ["-x"], ["Stop", "a", "b"], ["stop"]])
def test_a_mistake_in_the_words_never_blocks_a_tool(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, which any other command ends with here, would deny every tool call of the session."""
    assert hook.main(words) == 0
    assert "kanban-mcp hook --help" in capsys.readouterr().err


@pytest.mark.parametrize("fault", [RuntimeError("x"), KeyboardInterrupt(), MemoryError(), SystemExit(2), OSError("y")])
def test_whatever_breaks_inside_is_one_line_and_exit_code_0(
    run: Run, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    def breaks(*_: object) -> None:
        raise fault

    monkeypatch.setattr("kanban_mcp.store.glance.board_at", breaks)
    code, said, err = run("PreToolUse", tool_name="Edit")
    assert (code, said, err.count("\n")) == (0, {}, 1)


@pytest.mark.parametrize("damage", ["empty", "foreign", "busy", "settings"])
def test_a_board_that_cannot_be_used_fences_nothing(
    ready: Cli, run: Run, monkeypatch: pytest.MonkeyPatch, project: Path, damage: str
) -> None:
    ready("create", "Write the parser")
    cancel(claim())
    board = project / ".kanban" / "board.db"
    lock = (board.parent / "board.db.lock").open("r+b")
    if damage == "empty":
        for file in board.parent.glob("board.db*"):
            file.unlink()
        board.touch()
    elif damage == "foreign":
        board.write_bytes(b"not a database" * 100)
    elif damage == "settings":
        (board.parent / "kanban.toml").write_text('lease_for = "5x"')
    else:
        monkeypatch.setattr(hook_work, "LOCK_WAIT_S", 0.01)
        fcntl.flock(lock, fcntl.LOCK_EX)
    code, said, err = run("PreToolUse", tool_name="Edit")
    lock.close()
    assert (code, said) == (0, {})
    assert err.startswith(("kanban-mcp hook: [board_", "kanban-mcp hook: [config]"))
    assert err.count("\n") == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from([SESSION, "true"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = """session_id agent_id tool_name tool_use_id tool_input stop_hook_active background_tasks source reason cwd
    hook_event_name transcript_path""".split()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(EVENTS), payload=st.dictionaries(st.sampled_from(FIELDS), JSON), raw=st.binary(max_size=40))
def test_no_payload_breaks_a_hook_or_blocks_who_lost_nothing(
    run: Run, name: str, payload: dict[str, Any], raw: bytes
) -> None:
    for data in (json.dumps(payload).encode(), raw):
        code, said, err = run(name, data)
        assert code == 0
        assert "Traceback" not in err
        assert not {"decision", "permissionDecision"} & {*said, *said.get("hookSpecificOutput", {})}


def test_a_closed_output_is_no_fault(ready: Cli) -> None:
    ready("create", "Write the parser")
    done = subprocess.run(
        f"echo '{{}}' | {sys.executable} -m kanban_mcp hook SessionStart >&-",
        shell=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


# Who it speaks for ----------------------------------------------------------------------------------------------------


def test_after_clear_the_hook_still_speaks_for_the_runs_of_its_client(ready: Cli, run: Run) -> None:
    """The payload then names a new session; the server, and what it holds, is still the old one's."""
    ready("create", "Write the parser")
    _claim_below(machine.process_id(os.getppid()))
    said = run("SessionStart", session_id="another", source="clear")[1]
    assert "TASK-001" in said["hookSpecificOutput"]["additionalContext"]


def test_a_task_that_a_person_claimed_in_the_terminal_is_not_the_agents(
    ready: Cli, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kanban_mcp.cli import identity

    ready("create", "Write the parser")
    shell = machine.process_id(os.getppid())
    assert shell is not None
    here = identity.here()
    monkeypatch.setattr(identity, "here", lambda: identity.Here(here.process, here.ancestors, shell))
    mia = Caller(worker_key(shell, None), "mia", Authority.PERSON, shell)
    assert on_board(lambda board: board.claim(Session(mia))).claimed
    assert run("Stop") == (0, {}, "")


def test_the_session_named_on_purpose_comes_first(ready: Cli, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ready("create", "Write the parser")
    monkeypatch.setenv("KANBAN_SESSION_ID", "mine")
    me = machine.this_process()
    caller = Caller(worker_key(me, "mine"), "x", Authority.ORCHESTRATOR, me, session="mine")
    on_board(lambda board: board.claim(Session(caller)))
    assert "TASK-001" in str(run("Stop", session_id="other")[1])


def test_the_project_of_the_session_counts_not_the_folder_it_moved_to(
    ready: Cli, run: Run, monkeypatch: pytest.MonkeyPatch, project: Path, tmp_path: Path
) -> None:
    ready("create", "Write the parser")
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(project))
    monkeypatch.chdir(tmp_path)
    assert "1 ready" in str(run("SessionStart", cwd=str(tmp_path))[1])


# Light ----------------------------------------------------------------------------------------------------------------

_PROBE = """
import sys
sys.argv = ["kanban-mcp", *sys.argv[1:]]
from kanban_mcp.__main__ import main
code = main()
print("loaded:", *sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""
BARE = ("typing", "dataclasses", "pathlib", "inspect", "kanban_mcp.app", "kanban_mcp.config")


def _loaded(name: str, **payload: Any) -> tuple[set[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, "hook", name, "--client", "claude"],
        input=json.dumps({"session_id": SESSION, **payload}), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return set(done.stderr.partition("loaded:")[2].split()), done.stdout


@pytest.mark.parametrize("name", [name for name in EVENTS if name != "SessionStart"])
def test_a_session_without_a_task_costs_the_barest_imports(ready: Cli, name: str) -> None:
    """Nearly all sessions, before and after every tool call."""
    subprocess.run(["git", "init", "-q"], check=True)
    ready("create", "Write the parser")
    modules, out = _loaded(name, tool_name="Bash", reason="other")
    assert out == ""
    assert not modules & {*HEAVY, *FRAMEWORK, *COSTLY, *BARE}
    claim()
    if name.startswith(("Pre", "Post", "User")):
        assert not _loaded(name, tool_name="Bash")[0] & set(BARE), "nor does a task that needs nothing now"


def test_a_hook_that_has_to_act_loads_no_framework_either(ready: Cli) -> None:
    ready("create", "Write the parser")
    modules, out = _loaded("SessionStart")
    assert "1 ready" in out
    assert not modules & {*HEAVY, *FRAMEWORK, *COSTLY}
    cancel(claim())
    modules, out = _loaded("PreToolUse", tool_name="Edit")
    assert "deny" in out
    assert not modules & {*HEAVY, *FRAMEWORK, *COSTLY}


# The trace ------------------------------------------------------------------------------------------------------------


def test_a_hook_that_ran_can_be_seen_by_doctor(ready: Cli, run: Run, project: Path) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    assert last_fired(project / ".kanban") == {}
    run("PostToolUse", words=("--client", "codex"), tool_name="Bash")
    assert list(last_fired(project / ".kanban")) == ["codex"]
    run("SessionStart", words=("--client", "../evil"))
    assert sorted(path.name for path in (project / ".kanban" / "hooks").iterdir()) == ["codex"]
