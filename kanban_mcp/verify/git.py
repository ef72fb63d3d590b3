"""Evidence commits: on the run's branch, not in its base, nothing left uncommitted.

The repository belongs to the worker, so git is told to run nothing of it: no hooks, no file system monitor, no filters,
no external diff, no prompts, no optional locks (T10).
"""

import os
import re
import subprocess
from collections.abc import Sequence

from kanban_mcp.domain.evidence import Check

TIMEOUT_S = 20
FILES_SHOWN = 10
_SHA = re.compile(r"[0-9a-fA-F]{4,64}")
_QUIET = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "diff.external=",
    "-c",
    "core.pager=cat",
)


def head(workdir: str) -> str | None:
    """Return the commit that is checked out, None outside of git."""
    return _git(workdir, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")


def check_clean(workdir: str) -> list[Check]:
    """Return a check that nothing is uncommitted in the run's own worktree; the files are named if something is."""
    asked = ("status", "--porcelain=v1", "--no-renames", "--untracked-files=normal", "--ignore-submodules=all")
    status = _git(workdir, *asked, settings=_no_filters(workdir))
    if status is None:
        return [Check("worktree", workdir, None, "git could not look")]
    files = [line[3:] for line in status.splitlines()]
    if not files:
        return [Check("worktree", "nothing uncommitted", True, "clean")]
    more = f" and {len(files) - FILES_SHOWN} more" if len(files) > FILES_SHOWN else ""
    return [
        Check("worktree", "uncommitted files", False, f"{', '.join(files[:FILES_SHOWN])}{more}; commit or remove them")
    ]


def check_commit(workdir: str | None, sha: str, branch: str | None, base: str | None) -> Check:
    """Return whether `sha` is work of this run: a commit on its branch that its base does not have."""
    if workdir is None:
        return Check("commit", sha[:40], None, "the run has no workdir that the board knows")
    if not _SHA.fullmatch(sha):
        return Check("commit", sha[:40], False, "not a commit id")
    found = _git(workdir, "rev-parse", "--verify", "--quiet", f"{sha}^{{commit}}")
    if found is None:
        return Check("commit", sha[:12], False, "there is no such commit here")
    tip = f"refs/heads/{branch}" if branch else "HEAD"
    if not _is_ancestor(workdir, found, tip):
        return Check("commit", sha[:12], False, f"not on {branch or 'the checked-out branch'}")
    if base and _is_ancestor(workdir, found, base):
        return Check("commit", sha[:12], False, "is in your base, not your work")
    return Check("commit", found[:12], True, f"on {branch or 'HEAD'}")


def _no_filters(workdir: str) -> list[tuple[str, str]]:
    """Return settings that switch off every content filter: `status` would run them on each file it has to read."""
    listed = _git(workdir, "config", "--null", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process)$") or ""
    filters = {name.rpartition(".")[0] for name in listed.split("\0") if name}
    off = (("clean", ""), ("process", ""), ("required", "false"))
    return [(f"{name}.{key}", value) for name in sorted(filters) for key, value in off]


def _is_ancestor(workdir: str, commit: str, tip: str) -> bool:
    return _git(workdir, "merge-base", "--is-ancestor", commit, tip) is not None


def _git(workdir: str, *arguments: str, settings: Sequence[tuple[str, str]] = ()) -> str | None:
    """Run git in the workdir and return its output, None when it fails."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C"}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_CONFIG_NOSYSTEM": "1"}
    # A missing object would be fetched from a promisor remote, and the repository names the program that does it.
    environment |= {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
    environment |= {"GIT_CONFIG_COUNT": str(len(settings))}  # not `-c`: a filter's name may hold an equals sign
    for at, (key, value) in enumerate(settings):
        environment |= {f"GIT_CONFIG_KEY_{at}": key, f"GIT_CONFIG_VALUE_{at}": value}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, no shell, ids checked above
            ["git", "-C", workdir, *_QUIET, *arguments],  # noqa: S607 - the user's own git
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None
