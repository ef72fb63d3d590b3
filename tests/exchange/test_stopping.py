"""Ctrl-C in the middle of an import or export ends it: nothing is there a while later that the command denied."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.exchange import beads
from kanban_mcp.service import exchanging
from kanban_mcp.service.board import Board
from kanban_mcp.service.importing import Terms
from tests.conftest import person
from tests.exchange.boards import export, restore
from tests.exchange.shapes import as_lines, make_issues
from tests.service.helpers import dump

READING = beads.read(as_lines(make_issues(2)), "issues.jsonl")


class Gate:
    """A step that waits in the middle of the work until it is let go on."""

    def __init__(self) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        self.steps = 0

    def __call__(self, number: int) -> None:
        self.steps = number
        if number == 20:
            self.reached.set()
            assert self.go.wait(60)


async def test_an_import_that_is_cancelled_ends_and_leaves_nothing(board: Board, board_path: Path) -> None:
    await board.create(person(), title="Here before")
    before, gate = dump(board_path), Gate()
    work = asyncio.create_task(exchanging.bring(board, person(), READING, Terms("beads"), gate))
    await asyncio.to_thread(gate.reached.wait)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    gate.go.set()
    assert (await board.create(person(), title="And after")).task_id == "TASK-002", "the next call finds the board free"
    assert gate.steps == 20
    assert len(dump(board_path)["tasks"]) == len(before["tasks"]) + 1


async def test_a_board_that_is_cancelled_on_its_way_in_is_not_there(
    board: Board, make_board: Any, tmp_path: Path
) -> None:
    await exchanging.bring(board, person(), READING, Terms("beads"))
    data, gate = await export(board), Gate()
    other = make_board(path=tmp_path / "other" / "board.db")
    await other.found("b" * 64)
    work = asyncio.create_task(restore(other, data, step=gate))
    await asyncio.to_thread(gate.reached.wait)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    gate.go.set()
    assert (await other.list(person())).counts.get("done", 0) == 0
    assert (await restore(other, data)).rows["tasks"] == 160


SLOW = """
import sys
from kanban_mcp.cli import exchanging
def slow(told):
    def step(number):
        if number == 20:
            print("half way", flush=True)
            sys.stdin.readline()
    return step
exchanging._throttled = slow
from kanban_mcp.cli.app import main
sys.exit(main(["import", "--from", "beads", "issues.jsonl"]))
"""


def test_ctrl_c_ends_the_command_and_the_import(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("KANBAN_", "CLAUDE"))}
    env |= {"KANBAN_CONFIG_HOME": str(tmp_path / "keys"), "PYTHONPATH": os.pathsep.join(sys.path)}
    here = tmp_path / "shop"
    here.mkdir()
    (here / "issues.jsonl").write_bytes(as_lines(make_issues(2)))
    subprocess.run([sys.executable, "-m", "kanban_mcp", "init"], cwd=here, env=env, check=True, capture_output=True)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", SLOW], cwd=here, env=env, text=True, **pipes) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "half way\n"
        command.send_signal(signal.SIGINT)
        out, errors = command.communicate("\n", timeout=60)
    assert command.returncode == 130, errors
    assert "Traceback" not in errors
    assert "came from" not in out
    assert len(dump(here / ".kanban" / "board.db")["tasks"]) == 0
