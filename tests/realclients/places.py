"""Where a client works in a test: a git project with a board, a home of its own, and a model that is scripted."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import node
from tests.model_server.script import Script
from tests.model_server.server import ModelServer
from tests.realclients import processes
from tests.realclients.boards import BoardFile
from tests.realclients.drivers.base import Ask, Driver
from tests.realclients.session import Session

KANBAN = Path(sys.executable).with_name("kanban-mcp")
_GIT = ("git", "-c", "user.name=Mia", "-c", "user.email=mia@example.com", "-c", "init.defaultBranch=main")


class Place:
    """One project, one home, one client program. The model is the one that `model` was last set to."""

    def __init__(self, driver: Driver, folder: Path, model: ModelServer) -> None:
        self.driver = driver
        self.model = model
        self.home, self.project = folder / "home", folder / "shop"
        self._logs = folder / "logs"
        self._sessions: list[Session] = []
        for made in (self.home, self.project):
            made.mkdir()
        self._git_project()
        driver.prepare(self.home, self.project, model.url)

    @property
    def board(self) -> BoardFile:
        return BoardFile(self.project / ".kanban" / "board.db")

    def init(self, *flags: str) -> str:
        """Run `kanban-mcp init` for the client, as its user does; returns what it said."""
        return self.kanban("init", "--client", self.driver.init_name, *flags)

    def kanban(self, *words: str) -> str:
        """Run a command of the board as the user of this home; returns what it printed."""
        done = subprocess.run(
            [KANBAN, *words], cwd=self.project, env=self.environment(), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, cwd: Path | None = None, **asked: Any) -> Session:
        """Start the client. `asked` are fields of `Ask`."""
        ask = Ask(**asked)
        argv = [*self.driver.package.command(), *self.driver.argv(ask)]
        env = {**self.environment(), **self.driver.environment(self.model.url)}
        session = Session(argv, env, cwd or self.project, self._logs)
        self._sessions.append(session)
        return session

    def run(self, told: Script, **asked: Any) -> Session:
        """Run the client to its end with a model that says this. `asked` are fields of `Ask`."""
        self.model.script = told
        return self.start(**asked).finish()

    def environment(self) -> Mapping[str, str]:
        """Return a user's plain environment: nothing of ours, of the machine that tests, or of the network is in it."""
        path = os.pathsep.join([str(node.node().parent), os.environ.get("PATH", os.defpath)])
        return {"HOME": str(self.home), "PATH": path, "LANG": "C.UTF-8", "TERM": "dumb", "USER": "mia"}

    def settings(self, **values: str) -> None:
        """Write settings of the board, as its owner does."""
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
        (self.project / ".kanban" / "kanban.toml").write_text("".join(lines))

    def delay_the_server(self, seconds: int) -> None:
        """Let the server start so much later: the entry that `init` wrote starts a script that waits first."""
        slow = self.project.parent / "slow-kanban"
        slow.write_text(f'#!/bin/sh\nsleep {seconds}\nexec "{KANBAN}" "$@"\n')
        slow.chmod(0o755)
        config = self.project / self.driver.config
        text = config.read_text()
        assert text.count(f'"{KANBAN}"') == 1, text
        config.write_text(text.replace(f'"{KANBAN}"', f'"{slow}"'))

    @property
    def told(self) -> str:
        """Return the end of what every session printed."""
        return "\n".join(session.told for session in self._sessions)

    def close(self) -> list[str]:
        """End what still runs and return what should not have."""
        ended_by_itself = not any(session.is_running for session in self._sessions)
        left = processes.left_over(self.home) if ended_by_itself else []
        processes.kill_all_of(self.home)
        for session in self._sessions:
            session.process.wait(processes.PATIENCE_S)
        return left

    def _git_project(self) -> None:
        (self.project / "README.md").write_text("# Shop\n")
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
            subprocess.run([*_GIT, *words], cwd=self.project, check=True, env=dict(self.environment()))


@contextmanager
def place_in(folder: Path, driver: Driver) -> Iterator[Place]:
    """Make a place, and at the end require that no process of it is left."""
    with ModelServer(Script(())) as model:
        place = Place(driver, folder, model)
        try:
            yield place
        finally:
            left = place.close()
        assert left == [], f"still running after the client had ended: {left}\n{place.told}"
