"""The ground the demo stands on: its folders, its git repository, and an environment free of the user's own.

The user's board, key, agent session and git configuration must neither be read nor changed, so children get an
environment without any of them.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kanban_mcp.cli.demo import shop
from kanban_mcp.domain.errors import ConfigError, Invalid

# The user's board and agent sessions, a git hook's repository, interpreter switches; where Python finds modules stays.
_FOREIGN = re.compile(r"(KANBAN_|GIT_|CLAUDE|CODEX_|PYTHON(?!PATH$|HOME$))")
GIT_TIMEOUT_S = 60
BRANCH = "main"


@dataclass(frozen=True)
class Ground:
    """Where everything of one demo is."""

    root: Path

    @property
    def repository(self) -> Path:
        """The main checkout; its `.kanban` holds the board."""
        return self.root / "shop"

    @property
    def operator(self) -> Path:
        """Where the demo's operator key is kept, outside of the repository."""
        return self.root / "operator"

    @property
    def transcripts(self) -> Path:
        """What each worker called and was answered, and what its processes said on stderr."""
        return self.root / "transcripts"

    @property
    def live(self) -> Path:
        """The database that the migration is about."""
        return self.root / "live" / "shop.db"

    def tree(self, worker: str) -> Path:
        """Return the worktree of a worker."""
        return self.repository / ".kanban" / "worktrees" / worker


def choose(given: Path | None) -> Path:
    """Return the folder to work in: the one given, the current one if it is empty, else a fresh temporary one.

    Raises:
        Invalid: the folder given is not empty or cannot be made.
    """
    if given is None:
        here = Path.cwd()
        return here if _is_empty(here) else Path(tempfile.mkdtemp(prefix="kanban-demo-"))
    folder = given.expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        empty = _is_empty(folder)
    except OSError as why:
        raise Invalid(f"The demo cannot work in {folder}: {why.strerror}.", hint="Name another --dir.") from None
    if not empty:
        raise Invalid(f"{folder} is not empty.", hint="Name an empty or new folder with --dir.")
    return folder


def _is_empty(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and not any(folder.iterdir())


def environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of the demo's children: without the user's board, key, agent session or git settings."""
    kept = {name: value for name, value in (base or os.environ).items() if not _FOREIGN.match(name)}
    return kept | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def git(folder: Path, *arguments: str, author: str = "") -> str:
    """Run git and return what it printed.

    Raises:
        subprocess.CalledProcessError: git failed; its message is in `stderr`.
    """
    env = environment()
    if author:
        env |= {"GIT_AUTHOR_NAME": author, "GIT_COMMITTER_NAME": author}
    done = subprocess.run(  # noqa: S603 - git, with arguments of our own
        ["git", "-C", str(folder), *arguments],  # noqa: S607 - found on PATH, as a person's git is
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=GIT_TIMEOUT_S,
        check=True,
    )
    return done.stdout.strip()


def holds(folder: Path, commit: str, ancestor: str) -> bool:
    """Say whether `ancestor` is part of the history of `commit`."""
    if not commit or not ancestor:
        return False
    try:
        git(folder, "merge-base", "--is-ancestor", ancestor, commit)
    except subprocess.CalledProcessError:
        return False
    return True


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder of the shop; the caller looks at the exit code."""
    return subprocess.run(  # noqa: S603 - the shop's own modules
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=GIT_TIMEOUT_S,
        check=False,
    )


@dataclass(frozen=True)
class UnitTests:
    """A run of unittest: how many tests ran and whether all passed."""

    count: int
    passed: bool
    output: str

    def __str__(self) -> str:
        return f"{self.count} tests {'pass' if self.passed else 'ran and not all passed'}"


def run_tests(folder: Path) -> UnitTests:
    """Run `python -m unittest` in a checkout."""
    done = python(folder, "-m", "unittest", "discover", "-t", ".", "-s", "tests")
    ran = re.search(r"^Ran (\d+) tests?", done.stderr, re.MULTILINE)
    count = int(ran[1]) if ran else 0
    return UnitTests(count, done.returncode == 0 and count > 0, done.stderr.strip())


def live_status(ground: Ground) -> dict[str, Any]:
    """Return what the live database holds; makes it with its first users if it is not there."""
    ground.live.parent.mkdir(exist_ok=True)
    done = python(ground.repository, "-m", "shop.users", str(ground.live))
    status: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {"failed": done.stderr.strip()}
    return status


def prepare(ground: Ground) -> None:
    """Make the repository with its first commit, the live database, and the folder of the transcripts.

    Raises:
        ConfigError: there is no usable git.
    """
    ground.transcripts.mkdir()
    for name, text in shop.INITIAL.items():
        write(ground.repository, name, text)
    try:
        git(ground.repository, "init", "-q", "--template=")
        git(ground.repository, "symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
        for name, value in (("user.name", "shop"), ("user.email", "shop@localhost"), ("commit.gpgsign", "false")):
            git(ground.repository, "config", name, value)
    except FileNotFoundError:
        raise ConfigError("The demo needs git, and there is none on PATH.", hint="Install git.") from None
    except subprocess.CalledProcessError as why:
        raise ConfigError(f"git failed: {why.stderr.strip()}", hint="git 2.5 or newer is needed.") from None
    live_status(ground)


def commit_all(folder: Path, message: str, author: str = "") -> str:
    """Commit everything in a checkout, if anything changed. Returns the commit that is checked out."""
    git(folder, "add", "-A")
    if git(folder, "status", "--porcelain"):
        git(folder, "commit", "-q", "-m", message, author=author)
    return git(folder, "rev-parse", "HEAD")


def add_tree(ground: Ground, worker: str) -> Path:
    """Make a worktree for a worker, on a branch of its own."""
    tree = ground.tree(worker)
    git(ground.repository, "worktree", "add", "-q", "-b", f"work/{worker}-1", str(tree), BRANCH)
    return tree


def write(folder: Path, name: str, text: str) -> None:
    """Write a file of a checkout."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
