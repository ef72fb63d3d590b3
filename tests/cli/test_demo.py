"""The demo as a newcomer runs it: real processes, a real repository, an empty home."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp import app
from kanban_mcp.service.results import Event

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes left behind in /proc")

FACTS = {"sequence", "exclusive", "killed", "frozen", "false_done", "subtask", "approval", "finished"}


@dataclass
class Newcomer:
    """Somebody with an empty home and nothing installed on PATH but git."""

    base: Path

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def demo(self) -> Path:
        return self.base / "demo"

    def run(self, *options: str) -> subprocess.Popen[str]:
        self.home.mkdir()
        (self.base / "here").mkdir()
        command = [sys.executable, "-m", "kanban_mcp", "demo", "--fast", "--dir", str(self.demo), *options]
        return subprocess.Popen(
            command,
            cwd=self.base / "here",
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "CLAUDE_CODE_SESSION_ID": "the-users",
                "KANBAN_DB": "/nowhere/b.db",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def processes(self) -> list[int]:
        """Return the processes that work anywhere below the base or were started with a path below it."""
        found = [entry for entry in Path("/proc").iterdir() if entry.name.isdecimal() and self._is_ours(entry)]
        return [int(entry.name) for entry in found]

    def _is_ours(self, process: Path) -> bool:
        try:
            at = str((process / "cwd").readlink())
            said = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            return False  # gone, a zombie, or somebody else's
        return process.name != str(os.getpid()) and (at.startswith(str(self.base)) or str(self.base) in said)


@dataclass
class Finished:
    """A demo that ran to its end."""

    who: Newcomer
    code: int
    report: dict[str, Any]
    progress: str
    events: list[Event]

    def git(self, *arguments: str) -> list[str]:
        command = ["git", "-C", str(self.who.demo / "shop"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]


async def read_events(repository: Path) -> list[Event]:
    board = app.open_board(app.set_up(repository, {}), may_create=False)
    try:
        return list(await board.events(limit=500))
    finally:
        await board.close()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    who = Newcomer(tmp_path_factory.mktemp("newcomer"))
    process = who.run("--yes", "--json")
    output, progress = process.communicate(timeout=110)
    assert output, progress
    events = asyncio.run(read_events(who.demo / "shop"))
    return Finished(who, process.returncode, json.loads(output), progress, events)


def test_the_demo_proves_all_its_facts_and_exits_with_0(finished: Finished) -> None:
    missing = [fact["text"] for fact in finished.report["facts"] if not fact["seen"]]
    assert (missing, finished.code, finished.report["proven"]) == ([], 0, True)
    assert {fact["name"] for fact in finished.report["facts"]} == FACTS


def test_the_killed_and_the_frozen_worker_lost_their_runs_to_others(finished: Finished) -> None:
    reclaimed = {event.run_id: event.task_id for event in finished.of("reclaimed")}
    done = {event.task_id: event for event in finished.of("done")}
    assert {"TASK-001", "TASK-004"} <= set(reclaimed.values())
    assert not {event.run_id for event in done.values()} & set(reclaimed)
    assert set(done) == {f"TASK-00{number}" for number in range(1, 8)}


def test_the_refusals_are_in_the_words_of_the_board(finished: Finished) -> None:
    for words in ("[lease_lost]", "[gates_not_met]", "[forbidden]", "uncommitted files: docs/", "kanban_approve"):
        assert words in finished.progress


def test_workers_committed_under_their_own_names_and_the_merged_result_passes_its_tests(finished: Finished) -> None:
    authors = set(finished.git("log", "--format=%an", "main"))
    assert {"implementer-1", "implementer-2", "tester-1"} & authors
    assert len(finished.git("rev-list", "main")) == finished.report["commits"] >= 10
    tests = subprocess.run(
        [sys.executable, "-m", "unittest"], cwd=finished.who.demo / "shop", capture_output=True, text=True
    )
    assert tests.returncode == 0, tests.stderr
    assert f"Ran {finished.report['tests']['count']} tests" in tests.stderr


def test_the_users_home_stays_empty_and_the_key_is_outside_of_the_repository(finished: Finished) -> None:
    assert list(finished.who.home.iterdir()) == []
    (key,) = (finished.who.demo / "operator").iterdir()
    assert key.stat().st_mode & 0o777 == 0o600


def test_the_board_that_is_left_can_be_looked_at(finished: Finished) -> None:
    command = [sys.executable, "-m", "kanban_mcp", "board"]
    shown = subprocess.run(command, cwd=finished.who.demo / "shop", capture_output=True, text=True, check=True)
    assert "Implement user auth" in shown.stdout


def test_nobody_is_left_when_it_is_over(finished: Finished) -> None:
    assert finished.who.processes() == []


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[tuple[Newcomer, subprocess.Popen[str]]]:
    """A demo in the middle, with one worker stopped."""
    who = Newcomer(tmp_path)
    process = who.run("--yes")
    assert process.stdout is not None
    for line in process.stdout:
        if "is frozen" in line:
            break
    yield who, process
    process.kill()
    process.communicate()


def test_ctrl_c_ends_every_process_even_a_stopped_one(frozen: tuple[Newcomer, subprocess.Popen[str]]) -> None:
    who, process = frozen
    assert len(who.processes()) > 6
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors, who.processes()) == (130, "", [])
    assert "every process of the demo has ended" in output


def watch(pid: int) -> list[int]:
    """Return a descriptor that becomes readable when the process ends, none if it has ended (a git of a worker)."""
    try:
        return [os.pidfd_open(pid)]
    except ProcessLookupError:
        return []


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for processes that are not children")
def test_a_demo_that_is_killed_leaves_nobody_either(frozen: tuple[Newcomer, subprocess.Popen[str]]) -> None:
    who, process = frozen
    watched = [descriptor for pid in who.processes() if pid != process.pid for descriptor in watch(pid)]
    assert len(watched) > 6
    process.kill()
    for descriptor in watched:
        ended, _, _ = select.select([descriptor], [], [], 30)
        os.close(descriptor)
        assert ended
    assert who.processes() == []
