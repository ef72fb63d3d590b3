"""Puts a demo together: ground, board, plan, cast, director; afterwards merges the results and gathers the facts."""

import asyncio
import getpass
import subprocess
import sys
import time
from dataclasses import dataclass

from kanban_mcp import app, machine
from kanban_mcp.cli.demo import ground, plan
from kanban_mcp.cli.demo.cast import Cast
from kanban_mcp.cli.demo.client import Client, Transcript
from kanban_mcp.cli.demo.desk import log_of
from kanban_mcp.cli.demo.director import Decide, Director, Seen
from kanban_mcp.cli.demo.facts import Evidence, Fact, gather
from kanban_mcp.cli.demo.ground import BRANCH, Ground
from kanban_mcp.cli.demo.screen import Screen
from kanban_mcp.cli.demo.telling import Transcripts
from kanban_mcp.domain.principals import Authority, Caller
from kanban_mcp.service.board import Board
from kanban_mcp.service.results import TaskView
from kanban_mcp.service.session import Session
from kanban_mcp.store.location import initialise

POLICY = """\
# The demo's board: everything of a working day, in seconds.
lease_for = "3s"
reap_every = "1s"
park_after = "1h"
"""
FAST = 0.15


@dataclass(frozen=True)
class Options:
    """How a demo is run. `is_unattended`: the demo's operator approves in the person's place."""

    place: Ground
    is_unattended: bool
    is_fast: bool

    @property
    def pace(self) -> float:
        """What the workers' pauses are multiplied with."""
        return FAST if self.is_fast else 1.0


@dataclass(frozen=True)
class Outcome:
    """What a demo ended with."""

    facts: list[Fact]
    evidence: Evidence
    seconds: float

    @property
    def is_proven(self) -> bool:
        """Say whether every fact was observed."""
        return all(fact.seen for fact in self.facts)


async def perform(options: Options, screen: Screen, decide: Decide) -> Outcome:
    """Run a demo on prepared ground, to the end. Every process it started has ended when this returns or raises."""
    began = time.monotonic()
    board = await found_board(options)
    try:
        you = await operator(board, options)
        await asyncio.to_thread(make_plan, options.place)
        seen = await _play(options, board, you, screen, decide)
        tasks = await read_tasks(board, you, seen)
    finally:
        await board.close()
    evidence = await asyncio.to_thread(merge_and_test, options.place, seen, tasks)
    return Outcome(gather(evidence), evidence, time.monotonic() - began)


async def found_board(options: Options) -> Board:
    """Make the board in the demo's repository, with short leases; its policy is part of the first commit."""
    place = options.place
    environ = operator_environment(place)
    initialised = initialise(app.set_up(place.repository, environ).place)
    (initialised.folder / "kanban.toml").write_text(POLICY, encoding="utf-8")
    ground.commit_all(place.repository, "Start the shop, and its board")
    board = app.open_board(app.set_up(place.repository, environ))
    await app.make_operator_key(board, environ)
    return board


def operator_environment(place: Ground) -> dict[str, str]:
    """Return the environment in which the demo's own operator key is found, never the user's."""
    return {"KANBAN_CONFIG_HOME": str(place.operator)}


async def operator(board: Board, options: Options) -> Session:
    """Return the session of who holds the demo's operator key: the person, or the demo in their place."""
    is_person = await app.is_operator(board, operator_environment(options.place))
    name = f"the demo's operator@{machine.host()}" if options.is_unattended else f"{_user()}@{machine.host()}"
    return Session(
        Caller(
            key=f"{machine.host()}|demo-operator",
            name=name,
            authority=Authority.PERSON if is_person else Authority.ORCHESTRATOR,
            process=machine.this_process(),
        )
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # neither a variable nor an account names the user
        return "you"


def make_plan(place: Ground) -> None:
    """Plan as an orchestrator's session does: an MCP client that calls `kanban_create`."""
    transcript = Transcript(place.transcripts / "orchestrator.jsonl", "orchestrator")
    command = [sys.executable, "-m", "kanban_mcp", "serve", "--toolset", "orchestrator"]
    log = log_of(place, "orchestrator")
    env = ground.environment()
    ids: dict[str, str] = {}
    with Client(command, cwd=place.repository, env=env, name="orchestrator", transcript=transcript, log=log) as client:
        for parent, task in plan.tasks():
            parents = {"parents": [ids[parent]]} if parent else {}
            ids[task["title"]] = client.call("kanban_create", **task, **parents)["task_id"]


async def _play(options: Options, board: Board, you: Session, screen: Screen, decide: Decide) -> Seen:
    with screen, Cast(options.place, options.pace) as cast:
        transcripts = Transcripts(options.place.transcripts)
        return await Director(board, you, cast, transcripts, screen, decide, options.pace).run()


async def read_tasks(board: Board, you: Session, seen: Seen) -> list[TaskView]:
    """Return every task as it ended, by id."""
    names = [event.task_id for event in seen.events if event.kind == "created"]
    shown = [await board.show(you, task_id=name) for name in names]
    return [task for task in shown if isinstance(task, TaskView)]


def merge_and_test(place: Ground, seen: Seen, tasks: list[TaskView]) -> Evidence:
    """Merge the result commits as a person would, then run the tests and look at what is there."""
    evidence = Evidence(seen, tasks, lambda commit, old: ground.holds(place.repository, commit, old))
    try:
        for task in tasks:
            commit = task.result.get("commit", "") if task.state == "done" else ""
            if commit and not ground.holds(place.repository, BRANCH, commit):
                message = f"Merge {task.id}: {task.title}"
                ground.git(place.repository, "merge", "-q", "--no-ff", "-m", message, commit)
    except subprocess.CalledProcessError as why:
        evidence.conflicts = f"git could not merge: {why.stdout}{why.stderr}"
    evidence.merged = ground.git(place.repository, "rev-parse", BRANCH)
    evidence.commits = int(ground.git(place.repository, "rev-list", "--count", BRANCH))
    evidence.tests = ground.run_tests(place.repository)
    evidence.live = ground.live_status(place)
    return evidence
