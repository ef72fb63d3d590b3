"""The first look of hooks and heartbeats: it says what the whole program would, or that it does not know."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kanban_mcp import machine
from kanban_mcp.cli import hook_work, light, quick
from kanban_mcp.domain import policy
from kanban_mcp.domain.principals import SESSION_VARIABLES, Authority, Caller, ProcessId, worker_key
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from kanban_mcp.store import glance
from kanban_mcp.store.location import find_board
from tests.cli.conftest import Cli, cli, project, ready
from tests.hooks.test_hook_command import SESSION, cancel, claim, on_board

__all__ = ["cli", "project", "ready"]  # fixtures of the command line's tests


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def a_repository(folder: Path) -> Path:
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "one")
    return folder


def with_board(folder: Path, name: str = "board.db") -> Path:
    (folder / ".kanban").mkdir(exist_ok=True)
    (folder / ".kanban" / name).write_bytes(b"x")
    return folder


def plain(base: Path) -> Path:
    return with_board(a_repository(base / "shop"))


def below(base: Path) -> Path:
    deep = plain(base) / "a" / "b"
    deep.mkdir(parents=True)
    return deep


def without_board(base: Path) -> Path:
    return a_repository(base / "shop")


def outside_of_git(base: Path) -> Path:
    deep = with_board(base) / "x"
    deep.mkdir()
    return deep


def nearer_of_two(base: Path) -> Path:
    inner = with_board(base) / "inner"
    inner.mkdir()
    return with_board(inner)


def repository_inside_of_a_board(base: Path) -> Path:
    with_board(base)
    return a_repository(base / "shop")


def linked_worktree(base: Path) -> Path:
    git(plain(base), "worktree", "add", "-q", str(base / "linked"))
    return base / "linked"


def bare(base: Path) -> Path:
    subprocess.run(["git", "init", "-q", "--bare", str(base / "bare.git")], check=True)
    return base / "bare.git"


def inside_git(base: Path) -> Path:
    return plain(base) / ".git" / "refs"


def by_a_link(base: Path) -> Path:
    (base / "link").symlink_to(plain(base))
    return base / "link"


def git_elsewhere(base: Path) -> Path:
    shop = plain(base)
    (shop / ".git").rename(base / "real-git")
    (shop / ".git").symlink_to(base / "real-git")
    return shop


def settings_name_another(base: Path) -> Path:
    shop = plain(base)
    (shop / ".kanban" / "kanban.toml").write_text('db = "other.db"\n')
    return shop


def empty_git_folder(base: Path) -> Path:
    shop = with_board(base)
    (shop / ".git").mkdir()
    return shop


LAYOUTS = (
    plain, below, without_board, outside_of_git, nearer_of_two, repository_inside_of_a_board, linked_worktree, bare,
    inside_git, by_a_link, git_elsewhere, settings_name_another, empty_git_folder,
)  # fmt: skip
KNOWN = {plain, below, without_board, outside_of_git, nearer_of_two, repository_inside_of_a_board}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_finds_the_board_that_everybody_finds_or_says_that_it_cannot_tell(
    layout: Callable[[Path], Path], tmp_path: Path
) -> None:
    cwd = layout(tmp_path)
    place = find_board(cwd)
    found = glance.board_at(str(cwd), {})
    assert found in (None, str(place.path) if place.exists else "")
    assert (found is not None) is (layout in KNOWN), "the usual places are worth knowing"


@pytest.mark.parametrize("name", ["KANBAN_DB", "KANBAN_LEASE_FOR"])
def test_what_the_environment_sets_is_left_to_the_whole_program(tmp_path: Path, name: str) -> None:
    assert glance.board_at(str(plain(tmp_path)), {name: "x"}) is None


def test_its_numbers_are_those_of_the_policy() -> None:
    assert policy.Policy().lease_for_ms == glance.LEASE_MS
    assert policy.BEATS_PER_LEASE == glance.BEATS_PER_LEASE
    assert quick._SESSIONS == SESSION_VARIABLES


@pytest.mark.parametrize("session", ["s-1", "with # and spaces ", "x" * 500, "ä"])
def test_its_keys_are_those_of_the_workers(session: str) -> None:
    here = ProcessId(1, "1", machine.host(), machine.boot_id())
    named = session.strip()[:200]
    assert glance.key_of(session, glance.boot_id()) == worker_key(here, named)
    assert glance.key_of("  ", "boot") == ""


def test_the_processes_above_are_those_that_the_machine_names() -> None:
    assert glance.processes_above() == [process.pid for process in machine.ancestors(os.getpid())][:100]


def test_it_sees_what_a_session_holds_is_due_or_lost(ready: Cli, project: Path) -> None:
    path = str(project / ".kanban" / "board.db")
    ready("create", "Write the parser")
    assert glance.look(path, [SESSION]) == {"holds": 0, "is_due": 0, "has_lost": 0}
    claim()
    assert glance.look(path, [SESSION]) == {"holds": 1, "is_due": 0, "has_lost": 0}
    assert glance.look(path, ["other", SESSION]) == {"holds": 1, "is_due": 0, "has_lost": 0}
    assert glance.look(path, [SESSION], lease_ms=10**9) == {"holds": 1, "is_due": 1, "has_lost": 0}
    ready("comment", "1", "-m", "Mind the tabs")
    assert glance.look(path, [SESSION]) == {"holds": 1, "is_due": 1, "has_lost": 0}
    cancel("TASK-001")
    assert glance.look(path, [SESSION]) == {"holds": 0, "is_due": 0, "has_lost": 1}
    assert glance.look(path, [SESSION[:-1]]) == glance.look(path, []) == {"holds": 0, "is_due": 0, "has_lost": 0}


def test_a_loss_that_has_been_told_is_none_any_more(ready: Cli, project: Path) -> None:
    """A session that lost a task once would otherwise pay for a whole program before each of its later calls."""
    ready("create", "Write the parser")
    cancel(claim())
    path = str(project / ".kanban" / "board.db")
    assert glance.look(path, [SESSION])["has_lost"] == 1  # type: ignore[index]  # a board that is there
    ready.as_session(SESSION)
    hook_work.answer("SessionStart", {"session_id": SESSION}, str(project), "claude")
    assert glance.look(path, [SESSION])["has_lost"] == 0  # type: ignore[index]  # as above


def test_it_sees_the_tasks_of_sub_agents_and_none_of_like_named_sessions(ready: Cli, project: Path) -> None:
    path = str(project / ".kanban" / "board.db")
    ready("create", "Write the parser")
    claim("a1")
    assert glance.look(path, [SESSION])["holds"] == 1  # type: ignore[index]  # a board that is there
    assert glance.look(path, [SESSION + "0"])["holds"] == 0  # type: ignore[index]  # as above


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_file_that_is_no_board_is_left_to_the_whole_program(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b?#%.db").write_bytes(content)
    assert glance.look(str(tmp_path / "b?#%.db"), [SESSION]) is None
    assert glance.look(str(tmp_path / "missing.db"), [SESSION]) is None
    assert not (tmp_path / "missing.db").exists()


def test_a_system_that_names_no_boot_is_left_to_the_whole_program(
    ready: Cli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glance, "boot_id", lambda: "")
    path = str(project / ".kanban" / "board.db")
    assert glance.look(path, [SESSION]) is None
    assert glance.beat(path, SESSION) is None


# The heartbeat that has nothing to do ---------------------------------------------------------------------------------


@pytest.fixture
def held(ready: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return a command line in the shell of a session that holds TASK-001."""
    ready("create", "Write the parser")
    claim()
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", SESSION)
    monkeypatch.delenv("KANBAN_CONFIG_HOME")
    monkeypatch.setattr(glance, "processes_above", list)  # the claim was this very process's
    return ready


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_the_quick_answer_is_letter_for_letter_the_slow_one(
    held: Cli, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert quick.main(words) == 0
    fast = capsys.readouterr().out
    assert light.main(words) == 0
    assert capsys.readouterr().out == fast
    assert "TASK-001" in fast


@pytest.mark.parametrize("words", [["--note", "x"], ["1"], ["--expect", "60"], ["--db", "x"], ["--help"]])
def test_whatever_says_more_goes_the_long_way(held: Cli, words: list[str]) -> None:
    assert quick.main(words) is None


def test_a_message_goes_the_long_way_and_is_not_lost(held: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    on_board(_say)
    assert quick.main([]) is None
    capsys.readouterr()
    assert light.main([]) == 0
    assert "Mind the tabs" in capsys.readouterr().out
    assert quick.main([]) == 0


async def _say(board: Board) -> None:
    mia = Session(Caller("mia", "mia", Authority.PERSON, machine.this_process()))
    await board.comment(mia, task_id="TASK-001", body="Mind the tabs")


def test_a_lost_task_goes_the_long_way_and_is_told(held: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    cancel("TASK-001")
    assert quick.main([]) is None
    capsys.readouterr()
    assert light.main([]) == 1
    assert capsys.readouterr().err.startswith("[cancelled] TASK-001 was cancelled")


def test_two_tasks_go_the_long_way_and_are_asked_about(held: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    held("create", "Another")
    claim()
    assert quick.main([]) is None


def test_a_lease_that_has_lost_a_tenth_goes_the_long_way(held: Cli, project: Path) -> None:
    path = str(project / ".kanban" / "board.db")
    assert glance.beat(path, SESSION) is not None
    assert glance.beat(path, SESSION, lease_ms=10**9) is None


def test_somebody_elses_task_above_us_goes_the_long_way(held: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent started from another agent's shell inherits its session's name."""
    held("create", "Another")
    me = machine.this_process()
    outer = Caller(worker_key(me, "outer"), "x", Authority.ORCHESTRATOR, me, session="outer")
    on_board(lambda board: board.claim(Session(outer)))
    assert quick.main([]) == 0
    monkeypatch.setattr(glance, "processes_above", lambda: [me.pid])
    assert quick.main([]) is None


def test_without_a_named_session_it_goes_the_long_way(held: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAUDE_CODE_SESSION_ID")
    assert quick.main([]) is None


def test_the_slow_heartbeat_is_throttled_too(held: Cli, project: Path) -> None:
    """It reads first: a script that beats in a loop does not queue for the write lock each time."""
    with (project / ".kanban" / "board.db.lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert light.main(["1"]) == 0


def test_a_quick_heartbeat_loads_next_to_nothing(held: Cli) -> None:
    probe = (
        "import sys; sys.argv = ['kanban-mcp', 'heartbeat']\n"
        "from kanban_mcp.__main__ import main\n"
        "from kanban_mcp.store import glance\n"
        "glance.processes_above = list\n"
        "assert main() == 0\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("TASK-001")
    assert not set(done.stderr.split()) & {"typing", "dataclasses", "pathlib", "kanban_mcp.app", "json"}
