"""What the command line's tests stand on: a project folder, a clean environment, a clock that only tests move."""

import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp import machine
from kanban_mcp.cli import act
from kanban_mcp.cli.app import main
from kanban_mcp.service.board import Board
from kanban_mcp.service.results import to_json
from kanban_mcp.service.session import Session
from tests.conftest import Clock


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the answer."""
        return json.loads(self.out)


class Cli:
    """Runs commands in this process, in the project folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *words: str, stdin: str = "") -> Ran:
        """Run `kanban-mcp WORDS`."""
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        code = main(words)
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)

    def ok(self, *words: str, stdin: str = "") -> Any:
        """Run with `--json` and return the answer; it must succeed."""
        ran = self(*words, "--json", stdin=stdin)
        assert ran.code == 0, ran.err
        return ran.json

    def as_session(self, name: str | None) -> None:
        """Speak for the named session from now on; for the person when it is None."""
        if name is None:
            self._monkeypatch.delenv("KANBAN_SESSION_ID", raising=False)
        else:
            self._monkeypatch.setenv("KANBAN_SESSION_ID", name)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty project, with keys kept in the test's own folder and nothing inherited."""
    for name in list(os.environ):
        if name.startswith(("KANBAN_", "CLAUDE_")) or name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KANBAN_CONFIG_HOME", str(tmp_path / "keys"))
    monkeypatch.setenv("USER", "mia")
    monkeypatch.setenv("COLUMNS", "80")
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def cli(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return a command line in the project folder."""
    assert Path.cwd() == project
    return Cli(capsys, monkeypatch)


@pytest.fixture
def board_clock(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Clock:
    """Let commands read the test's clock, on the boot of this machine."""
    clock.now = type(clock.now)(clock.now.wall_ms, clock.now.mono_ms, machine.boot_id())
    monkeypatch.setattr(machine, "read_clock", clock)
    return clock


@pytest.fixture
def ready(cli: Cli) -> Cli:
    """Return a command line in a project that has a board and its key."""
    assert cli("init").code == 0
    return cli


Ask = Callable[[Board, Session], Any]


def direct(db: Path, verb: Ask) -> Any:
    """Return what the board itself answers the same caller, as the tools give it."""
    return to_json(act.call(str(db), verb))
