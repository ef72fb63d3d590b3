"""Evidence is looked at where the work is: files below the workdir without following a link, commits by real git."""

import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import GatesNotMet
from kanban_mcp.domain.evidence import Check
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from kanban_mcp.verify import git as board_git
from kanban_mcp.verify.files import check_file
from kanban_mcp.verify.verifier import LocalVerifier
from tests.conftest import MakeBoard, person, worker
from tests.service.conftest import Refused
from tests.service.helpers import SUMMARY, ask, ready, state, take

QUIET = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": os.environ["PATH"]}
NAMES = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], env=QUIET | NAMES, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(folder: Path, name: str, text: str = "x") -> str:
    (folder / name).write_text(text)
    git(folder, "add", name)
    git(folder, "commit", "-q", "-m", name)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "base.txt")
    git(folder, "switch", "-q", "-c", "kanban/TASK-001-run-1")
    return folder


@pytest.fixture
def board(make_board: MakeBoard) -> Board:
    return make_board(verifier=LocalVerifier())


def at(folder: Path, **facts: object) -> Session:
    """Return a worker whose checkout is this folder, on the branch of its own run."""
    return Session(replace(worker("w").caller, workdir=str(folder), **facts))  # type: ignore[arg-type]


def in_worktree(repo: Path) -> Session:
    base = git(repo, "rev-parse", "main")
    return at(repo, branch="kanban/TASK-001-run-1", base=base, isolated=True)


# Files --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "sub").mkdir(parents=True)
    (folder / "report.md").write_text("hello")
    (folder / "sub" / "deep.md").write_text("deep")
    (folder / "empty.md").touch()
    (tmp_path / "secret.txt").write_text("not yours")
    return folder


def found(work: Path, path: str, sha256: str | None = None) -> Check:
    return check_file(str(work), path, sha256)


@pytest.mark.parametrize("path", ["report.md", "./report.md", "sub/deep.md", "sub//deep.md"])
def test_a_file_of_the_workdir_is_found(work: Path, path: str) -> None:
    assert found(work, path).passed is True


def test_an_absolute_path_into_the_workdir_is_found(work: Path) -> None:
    assert found(work, str(work / "report.md")).passed is True


@pytest.mark.proves("T7")
@pytest.mark.parametrize(
    "path", ["missing.md", "../secret.txt", "sub/../../secret.txt", "/etc/passwd", "", ".", "/", "sub", "report.md/x",
             "a\0b", "empty.md", "x" * 300, "sub/" * 2000 + "x"],
)  # fmt: skip
def test_what_is_missing_outside_or_no_file_fails(work: Path, path: str) -> None:
    check = found(work, path)
    assert check.passed is False
    assert check.detail


@pytest.mark.proves("T7")
def test_no_link_is_followed_on_the_last_or_any_other_part(work: Path, tmp_path: Path) -> None:
    (work / "link.md").symlink_to(tmp_path / "secret.txt")
    (work / "inner.md").symlink_to(work / "report.md")
    (work / "folder").symlink_to(tmp_path)
    for path in ("link.md", "inner.md", "folder/secret.txt"):
        assert found(work, path).passed is False, path


@pytest.mark.proves("T7")
def test_a_pipe_or_a_device_is_no_evidence_and_nobody_waits_for_it(work: Path) -> None:
    os.mkfifo(work / "pipe")
    assert found(work, "pipe").passed is False
    assert found(work, "pipe", "0" * 64).passed is False


@pytest.mark.proves("T7")
def test_a_folder_that_turns_into_a_link_while_it_is_looked_at_leads_nowhere(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "deep.md").write_text("not yours")
    real_open = os.open

    def swapping_open(path: str, flags: int, *args: object, **kwargs: object) -> int:
        if path == "deep.md":
            (work / "sub").rename(work / "moved")
            (work / "sub").symlink_to(tmp_path / "outside")
        return real_open(path, flags, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", swapping_open)
    right = hashlib.sha256(b"not yours").hexdigest()
    assert found(work, "sub/deep.md", right).passed is False


@pytest.mark.proves("hermes-42")
def test_a_hash_is_compared(work: Path) -> None:
    right = hashlib.sha256(b"hello").hexdigest()
    assert found(work, "report.md", right).passed is True
    assert found(work, "report.md", "0" * 64).passed is False


def test_without_a_known_workdir_nothing_is_said_either_way() -> None:
    assert check_file(None, "report.md", None).passed is None
    assert check_file("/nowhere/at/all", "report.md", None).passed is False


@pytest.mark.proves("hermes-40", "S15", "T6")
async def test_a_false_claim_of_a_file_is_refused_and_a_true_one_completes(
    board: Board, refused: Refused, work: Path
) -> None:
    """hermes 40."""
    task = await ready(board, acceptance=["file: report.md", "file: notes.md"])
    s = at(work)
    await take(board, s, task)
    evidence = [{"kind": "file", "path": "report.md", "sha256": hashlib.sha256(b"hello").hexdigest()}]
    with refused(GatesNotMet, r"file notes\.md: missing in the workdir"):
        await board.complete(s, summary=SUMMARY, evidence=evidence)
    (work / "notes.md").write_text("now there")
    assert (await board.complete(s, summary=SUMMARY, evidence=evidence)).state == "done"


# Commits ------------------------------------------------------------------------------------------------------------


@pytest.mark.proves("hermes-46")
async def test_a_commit_on_the_runs_branch_completes_and_becomes_the_result(
    board: Board, repo: Path, board_path: Path
) -> None:
    s = in_worktree(repo)
    await take(board, s)
    sha = commit(repo, "a.py")
    answer = await board.complete(s, summary=SUMMARY, evidence=[{"kind": "commit", "sha": sha[:10]}])
    assert answer.state == "done"
    assert ask(board_path, "SELECT result_commit FROM runs") == sha


@pytest.mark.proves("hermes-40", "hermes-46")
@pytest.mark.parametrize("which", ["base", "other branch", "nowhere", "nonsense", "option"])
async def test_a_commit_that_is_not_the_runs_work_is_refused(
    board: Board, repo: Path, refused: Refused, which: str
) -> None:
    """hermes 40."""
    git(repo, "switch", "-q", "main")
    elsewhere = commit(repo, "other.py")
    git(repo, "switch", "-q", "kanban/TASK-001-run-1")
    s = at(repo, branch="kanban/TASK-001-run-1", base=git(repo, "rev-parse", "main~1"), isolated=True)
    await take(board, s)
    commit(repo, "a.py")
    sha = {
        "base": git(repo, "rev-parse", "main~1"), "other branch": elsewhere, "nowhere": "deadbeef" * 5,
        "nonsense": "the last one", "option": "--all",
    }[which]  # fmt: skip
    with refused(GatesNotMet, "commit"):
        await board.complete(s, summary=SUMMARY, evidence=[{"kind": "commit", "sha": sha}])


@pytest.mark.proves("T6")
async def test_uncommitted_files_are_listed_and_refused(board: Board, repo: Path, refused: Refused) -> None:
    s = in_worktree(repo)
    await take(board, s)
    commit(repo, "a.py")
    (repo / "forgotten.py").write_text("x")
    (repo / "base.txt").write_text("changed")
    with refused(GatesNotMet) as caught:
        await board.complete(s, summary=SUMMARY)
    assert "base.txt" in str(caught.value)
    assert "forgotten.py" in str(caught.value)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "all")
    assert (await board.complete(s, summary=SUMMARY)).state == "done"


async def test_in_a_shared_checkout_the_files_of_others_are_not_held_against_the_worker(
    board: Board, repo: Path
) -> None:
    s = at(repo, branch="main", base=git(repo, "rev-parse", "main"))
    await take(board, s)
    (repo / "others.py").write_text("x")
    assert (await board.complete(s, summary=SUMMARY)).state == "done"


@pytest.mark.proves("T8")
async def test_what_this_board_cannot_look_at_goes_to_a_person(board: Board, work: Path) -> None:
    s = at(work)
    task = await take(board, s, await ready(board, acceptance=["cmd: pytest -q", "reads well"]))
    await board.complete(s, summary=SUMMARY, evidence=[{"kind": "file", "path": "report.md"}])
    assert await state(board, task) == ("awaiting_review", "review")
    assert (await board.approve(person(), task_id=task)).state == "done"


@pytest.mark.proves("T10")
@pytest.mark.parametrize(
    "setting",
    [("core.fsmonitor", "./trap"), ("core.hooksPath", "traps"), ("filter.trap.clean", "./trap"),
     ("filter.trap.process", "./trap"), ("filter.a=b.clean", "./trap"), ("diff.external", "./trap"),
     ("core.pager", "./trap")],
    ids=lambda setting: setting[0],
)  # fmt: skip
def test_looking_runs_no_program_of_the_repository(repo: Path, tmp_path: Path, setting: tuple[str, str]) -> None:
    sprung = tmp_path / "sprung"
    trap = repo / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\ncat\n")
    trap.chmod(0o755)
    (repo / "traps").mkdir()
    for hook in ("post-index-change", "reference-transaction"):
        (repo / "traps" / hook).write_text(trap.read_text())
        (repo / "traps" / hook).chmod(0o755)
    (repo / ".gitattributes").write_text(
        "*.txt filter=trap\n*.txt filter=a=b\n" if "=" in setting[0] else "*.txt filter=trap\n"
    )
    git(repo, "config", *setting)
    (repo / "base.txt").write_text("y")  # the same size as before, so that git has to read it
    checks = board_git.check_clean(str(repo))
    board_git.check_commit(str(repo), "HEAD", None, None)
    assert checks[0].passed is False
    assert not sprung.exists()


@pytest.mark.proves("T10")
def test_a_missing_object_is_not_fetched_by_a_program_that_the_repository_names(repo: Path, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    settings = {
        "core.repositoryFormatVersion": "1", "extensions.partialClone": "origin", "remote.origin.promisor": "true",
        "remote.origin.url": str(tmp_path / "other"), "remote.origin.uploadpack": f"touch {sprung}; false",
        "protocol.file.allow": "always",
    }  # fmt: skip
    for name, value in settings.items():
        git(repo, "config", name, value)
    assert board_git.check_commit(str(repo), "deadbeef" * 5, None, None).passed is False
    assert not sprung.exists()


def test_new_files_are_seen_in_a_repository_that_does_not_show_them(repo: Path) -> None:
    git(repo, "config", "status.showUntrackedFiles", "no")
    (repo / "forgotten.py").write_text("x")
    assert board_git.check_clean(str(repo))[0].passed is False


def test_outside_of_git_nothing_is_said_either_way(tmp_path: Path) -> None:
    assert board_git.head(str(tmp_path)) is None
    assert board_git.check_clean(str(tmp_path))[0].passed is None
    assert board_git.check_commit(None, "8d02e1f", None, None).passed is None
