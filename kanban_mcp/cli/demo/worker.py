"""A worker of the demo: `python -m kanban_mcp.cli.demo.worker NAME ROLE ROOT PACE`.

A process of its own with a worktree of its own, and an MCP client: it starts `kanban-mcp serve` there, claims what is
ready for its role, does it, and goes on until it is told to stop.
"""

import signal
import sys
import time
from pathlib import Path

from kanban_mcp.cli.demo.client import Client, Refused, ServerGone, Transcript
from kanban_mcp.cli.demo.desk import Desk, log_of
from kanban_mcp.cli.demo.ground import Ground, environment
from kanban_mcp.cli.demo.parts import PARTS, transcript_of

CLAIM_S = 20
_TRY_AGAIN = frozenset({"board_busy"})


def main() -> int:
    """Work until SIGTERM. Returns the exit code."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    who, role, root, pace = sys.argv[1:]
    place = Ground(Path(root))
    command = [sys.executable, "-m", "kanban_mcp", "serve", "--toolset", "worker", "--role", role]
    with Client(
        command,
        cwd=place.tree(who),
        env=environment(),
        name=who,
        transcript=Transcript(transcript_of(place, who), who),
        log=log_of(place, who),
    ) as client:
        desk = Desk(client, who, role, place, float(pace))
        while True:
            take_one(desk)


def take_one(desk: Desk) -> None:
    """Wait for a task of the role and do it; a refusal that ends the work leaves it to whoever has it now."""
    try:
        answer = desk.client.call("kanban_claim", assignee=desk.role, wait_s=CLAIM_S)
        if not answer["claimed"]:
            return
        task = answer["task"]
        PARTS[task["title"]](desk, task)
    except Refused as refusal:
        if refusal.code in _TRY_AGAIN:
            time.sleep(0.5)
    desk.clear()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ServerGone as gone:
        sys.exit(f"{sys.argv[1]}: {gone}")
