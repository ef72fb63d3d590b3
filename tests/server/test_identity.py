"""Who is calling comes from the connection: environment, `_meta`, process; and where it works, from git's files."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp import machine
from kanban_mcp.domain.errors import ConfigError
from kanban_mcp.domain.principals import Authority, Caller, ProcessId
from kanban_mcp.server import places
from kanban_mcp.server.identity import Origin
from kanban_mcp.server.places import NOWHERE, Place, ask_git, read_place
from tests.server.conftest import PROCESS, RecordingBoard, a_session, call, connected


def caller(
    env: dict[str, str], meta: dict[str, Any] | None = None, client: str = "claude-code", **origin: Any
) -> Caller:
    where = Origin(
        **{"toolset": "orchestrator", "environment": env, "workdir": Path("/w"), "process": PROCESS, **origin}
    )
    return where.caller(client, meta or {})


@pytest.mark.parametrize("variable", ["KANBAN_SESSION_ID", "CLAUDE_CODE_SESSION_ID"])
def test_a_client_that_names_its_session_is_the_same_worker_after_a_restart(variable: str) -> None:
    before, after = caller({variable: "s-1"}), caller({variable: "s-1"}, process=another_process())
    assert before.key == after.key == "laptop|boot-1|s-1"
    assert before.session == "s-1"
    assert caller({variable: "s-2"}).key != before.key


@pytest.mark.proves("T4")
def test_a_session_inherited_from_an_outer_claude_code_names_nobody_elses_session() -> None:
    assert caller({"CLAUDE_CODE_SESSION_ID": "outer"}, client="codex-mcp-client").session is None
    assert caller({"CLAUDE_CODE_SESSION_ID": "outer"}, {"threadId": "t-1"}, client="codex").session == "t-1"
    assert caller({"CLAUDE_CODE_SESSION_ID": "outer", "KANBAN_SESSION_ID": "own"}, client="demo").session == "own"


def test_a_client_that_names_no_session_is_its_server_process() -> None:
    one, other = caller({}), caller({}, process=another_process())
    assert one.session is None
    assert one.key == "laptop|boot-1|4711.100"
    assert one.key != other.key


@pytest.mark.parametrize("field", ["sessionId", "threadId"])
def test_the_session_may_stand_in_the_meta_of_the_call(field: str) -> None:
    assert caller({}, {field: "t-9"}).key == "laptop|boot-1|t-9"
    assert caller({}, {field: 9}).session is None
    assert caller({"KANBAN_SESSION_ID": "s-1"}, {field: "t-9"}).session == "s-1"


async def test_the_first_call_fixes_the_session_and_another_thread_is_a_sub_agent_of_it(raw: Any) -> None:
    board = RecordingBoard()
    client = await raw(a_session(board, env={}))
    await client.shake_hands()
    for number, thread in enumerate(("t-1", "t-1", "t-2"), 1):
        client.send(call(number, "kanban_list", {"threadId": thread}))
        await client.receive()
    assert board.sessions[0] is board.sessions[1]
    assert board.sessions[0].caller.key == "laptop|boot-1|t-1"
    assert board.sessions[2].caller.key == "laptop|boot-1|t-1#t-2"
    assert board.sessions[0].caller.name == "raw@laptop"


async def test_two_connections_of_one_process_are_told_apart(raw: Any) -> None:
    board = RecordingBoard()
    for session in ("a", "b"):
        client = await raw(a_session(board, env={"KANBAN_SESSION_ID": session}))
        await client.shake_hands()
        client.send(call(1, "kanban_list"))
        await client.receive()
    assert [session.caller.session for session in board.sessions] == ["a", "b"]


@pytest.mark.proves("trap-15")
def test_a_worker_server_has_a_workers_authority_and_what_was_handed_over() -> None:
    handed = caller({"KANBAN_TASK_ID": "TASK-014", "KANBAN_RUN_ID": "run-31"}, toolset="worker")
    assert (handed.authority, handed.handed_task, handed.handed_run) == (Authority.WORKER, 14, 31)
    assert caller({}).authority is Authority.ORCHESTRATOR


@pytest.mark.parametrize("name", ["KANBAN_TASK_ID", "KANBAN_RUN_ID"])
def test_a_handed_over_id_that_is_none_is_a_configuration_error(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"\[config\] {name} \"x\" is not an id"):
        caller({name: "x"})


@pytest.mark.parametrize(
    ("toolset", "has_key", "authority"),
    [
        ("worker", True, Authority.WORKER),
        ("orchestrator", True, Authority.ORCHESTRATOR),
        ("operator", False, Authority.ORCHESTRATOR),
        ("operator", True, Authority.PERSON),
    ],
)
async def test_only_an_operator_server_with_the_key_speaks_for_a_person(
    toolset: str, has_key: bool, authority: Authority
) -> None:
    board = RecordingBoard()
    async with connected(a_session(board, toolset, is_person=has_key)) as client:
        await client.call_tool("kanban_list", {})
    assert board.sessions[0].caller.authority is authority


async def test_the_role_comes_from_the_settings() -> None:
    board = RecordingBoard()
    async with connected(a_session(board, role="tester")) as client:
        await client.call_tool("kanban_list", {})
    assert board.sessions[0].caller.role == "tester"


def test_a_head_that_names_no_possible_branch_is_left_to_git(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/" + "b" * 5000)
    assert read_place(tmp_path) is None


def test_what_a_client_calls_itself_is_one_short_printable_name() -> None:
    assert caller({}, client="\x1b[31mclaude\n\u202e-code").name == "[31mclaude-code@laptop"
    assert len(caller({}, client="x" * 5000).name) < 60
    assert caller({}, client="\x07").name == "agent@laptop"


def test_a_git_file_that_names_no_possible_path_is_left_to_git(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: a\0b")
    assert read_place(tmp_path) is None


def test_this_process_is_described_with_its_parent() -> None:
    origin = Origin.of_this_process("worker")
    assert origin.process == machine.this_process()
    assert origin.client is not None
    assert origin.client.pid == machine.ancestors(origin.process.pid)[0].pid


def another_process() -> ProcessId:
    return ProcessId(pid=4712, started="200", host="laptop", boot_id="boot-1")


# Places ---------------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "one")
    return folder


def test_a_checkout_is_read_without_git(repository: Path) -> None:
    (repository / "src").mkdir()
    place = read_place(repository / "src")
    assert place == Place("main", git(repository, "rev-parse", "HEAD"), linked=False)
    assert place == ask_git(repository / "src")


def test_packed_refs_slashes_and_a_detached_head_are_read(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "feature/one")
    git(repository, "pack-refs", "--all")
    head = git(repository, "rev-parse", "HEAD")
    assert read_place(repository) == ask_git(repository) == Place("feature/one", head)
    git(repository, "checkout", "-q", "--detach")
    assert read_place(repository) == ask_git(repository) == Place(None, head)


def test_a_linked_worktree_is_told_from_a_checkout(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    head = git(repository, "rev-parse", "HEAD")
    assert read_place(tmp_path / "linked") == ask_git(tmp_path / "linked") == Place("side", head, linked=True)


def test_a_repository_without_a_commit_is_left_to_git(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert read_place(tmp_path) is None
    assert ask_git(tmp_path) == Place("main", None, linked=False)


def test_outside_of_git_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_place(tmp_path) == NOWHERE
    assert ask_git(tmp_path) == NOWHERE
    monkeypatch.setenv("PATH", "")
    assert ask_git(tmp_path) == NOWHERE


async def test_a_claim_says_where_its_run_will_work(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_directory: Path) -> Place:
        raise AssertionError("git was run for what its files say")

    monkeypatch.setattr(places, "ask_git", never)
    board = RecordingBoard()
    async with connected(a_session(board, workdir=repository)) as client:
        await client.call_tool("kanban_show", {})
        assert board.sessions[0].caller.branch is None
        await client.call_tool("kanban_claim", {})
        assert board.sessions[0].caller.branch == "main"
        git(repository, "checkout", "-q", "-b", "other")
        await client.call_tool("kanban_claim", {})
    seen = board.sessions[0].caller
    assert (seen.branch, seen.base, seen.isolated) == ("other", git(repository, "rev-parse", "HEAD"), False)
    assert json.dumps(seen.workdir) == json.dumps(str(repository))
