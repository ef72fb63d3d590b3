"""Git facts of a working directory, read from its files: a `git` process would cost more than the whole claim."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_GIT_TIMEOUT_S = 5


@dataclass(frozen=True, slots=True)
class Place:
    """`branch` is None when HEAD is detached, `head` when there is no commit; `linked` says it is a linked worktree."""

    branch: str | None = None
    head: str | None = None
    linked: bool = False


NOWHERE = Place()


def read_place(directory: Path) -> Place | None:
    """Return the git facts of a directory, `NOWHERE` outside a repository, None when only git itself can tell."""
    try:
        return _read(directory)
    except (OSError, ValueError):  # unreadable, no text, or a path that cannot be
        return None


def _read(directory: Path) -> Place | None:
    found = _git_dir(directory)
    if found is None:
        return NOWHERE
    git_dir, linked = found
    head = (git_dir / "HEAD").read_text().strip()
    if not head.startswith("ref: "):
        return Place(head=head, linked=linked) if _SHA.fullmatch(head) else None
    ref = head.removeprefix("ref: ")
    if not ref.startswith("refs/heads/"):
        return None  # reftable keeps a placeholder in HEAD
    commit = _commit_of(_common_dir(git_dir), ref)
    return None if commit is None else Place(ref.removeprefix("refs/heads/"), commit, linked)


def ask_git(directory: Path) -> Place:
    """Return the git facts by running git; slow, for a thread. Whatever git cannot tell stays unknown."""
    branch = _git(directory, "symbolic-ref", "--short", "-q", "HEAD")
    head = _git(directory, "rev-parse", "-q", "--verify", "HEAD")
    dirs = _git(directory, "rev-parse", "--absolute-git-dir", "--git-common-dir").splitlines()
    linked = len(dirs) == 2 and Path(dirs[0]).resolve() != (directory / dirs[1]).resolve()
    return Place(branch or None, head or None, linked)


def _git_dir(directory: Path) -> tuple[Path, bool] | None:
    """Return the git directory that serves `directory` and whether it belongs to a linked worktree."""
    for folder in (directory, *directory.parents):
        dot_git = folder / ".git"
        if dot_git.is_dir():
            return dot_git, False
        if dot_git.is_file():
            git_dir = folder / dot_git.read_text().strip().removeprefix("gitdir: ")
            return git_dir, (git_dir / "commondir").is_file()
    return None


def _common_dir(git_dir: Path) -> Path:
    pointer = git_dir / "commondir"
    return git_dir / pointer.read_text().strip() if pointer.is_file() else git_dir


def _commit_of(common_dir: Path, ref: str) -> str | None:
    loose = common_dir / ref
    if loose.is_file():
        commit = loose.read_text().strip()
        return commit if _SHA.fullmatch(commit) else None
    packed = common_dir / "packed-refs"
    for line in packed.read_text().splitlines() if packed.is_file() else ():
        commit, _, name = line.partition(" ")
        if name == ref:
            return commit
    return None  # a branch without a commit yet, or refs kept elsewhere: git knows


def _git(directory: Path, *arguments: str) -> str:
    command = ["git", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(  # noqa: S603  a fixed program with fixed arguments, no shell
            command, capture_output=True, text=True, timeout=_GIT_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
