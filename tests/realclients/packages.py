"""The real clients that the tests drive: which versions, where they are installed, and how each is started.

The versions are pinned by `locks/NAME/package-lock.json`, with the hash of every package and without the address of any
registry: npm takes them from the registry it is set up for, and refuses what has another hash. No install script runs.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tests import node

LOCKS = Path(__file__).parent / "locks"
FOLDER = node.FOLDER / "clients"
COMMAND = "python -m tests.realclients.install"


@dataclass(frozen=True)
class Package:
    """One client in one version.

    Attributes:
        name: what the tests call it, and the folder of its lock.
        program: where its program is below `node_modules`; the first match in reverse order is taken, which prefers
            the builds that run on every processor ("…-baseline").
        is_script: Node.js has to run it.
        is_nightly: it is tested on demand only.
    """

    name: str
    program: str
    is_script: bool = False
    is_nightly: bool = False

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def lock(self) -> Path:
        return LOCKS / self.name

    @property
    def fingerprint(self) -> str:
        """Return the hash of the lock: another one means that another version has to be installed."""
        return hashlib.sha256((self.lock / "package-lock.json").read_bytes()).hexdigest()

    @property
    def stamp(self) -> Path:
        """Return the file that is written last of all, and holds the fingerprint of what is installed."""
        return self.folder / ".installed"

    @property
    def is_installed(self) -> bool:
        return self.stamp.is_file() and self.stamp.read_text() == self.fingerprint

    @property
    def missing(self) -> str:
        """Return how to get it, for the reason of a skipped test."""
        return f"{self.name} is not installed: {COMMAND}{' --all' if self.is_nightly else ''}"

    def command(self) -> list[str]:
        """Return how its program is started.

        Raises:
            FileNotFoundError: there is no build of it for this machine.
        """
        found = sorted((self.folder / "node_modules").glob(self.program), reverse=True)
        if not found:
            raise FileNotFoundError(f"{self.name} has no program for this machine: {self.program} in {self.folder}")
        return [str(node.node()), str(found[0])] if self.is_script else [str(found[0])]


CLAUDE_OLD = Package("claude-2.1.197", "@anthropic-ai/claude-code-*/claude")
CLAUDE_NEW = Package("claude-2.1.329", "@anthropic-ai/claude-code-*/claude")
CODEX = Package("codex", "@openai/codex/bin/codex.js", is_script=True)
GEMINI = Package("gemini", "@google/gemini-cli/bundle/gemini.js", is_script=True, is_nightly=True)
OPENCODE = Package("opencode", "opencode-*-*/bin/opencode", is_nightly=True)
PACKAGES = (CLAUDE_OLD, CLAUDE_NEW, CODEX, GEMINI, OPENCODE)
