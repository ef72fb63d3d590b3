"""A worker's desk: its connection to the board, its worktree, and the few things it does with both."""

import time
from pathlib import Path
from typing import Any

from kanban_mcp.cli.demo import ground
from kanban_mcp.cli.demo.client import Client, Refused

BEAT_S = 0.8  # the demo's lease is 3 s
TEST_S = 60  # announced before a test run, so that a slow machine does not cost the lease


class Desk:
    """One worker at work.

    Args:
        pace: what the pauses between steps are multiplied with; the work itself always takes its time.
    """

    def __init__(self, client: Client, who: str, role: str, place: ground.Ground, pace: float) -> None:
        self.client = client
        self.who = who
        self.role = role
        self.place = place
        self.pace = pace
        self.tree = place.tree(who)
        self._branches = 1

    def work(self, note: str, seconds: float) -> None:
        """Say what is being done and spend some time on it, with a heartbeat often enough."""
        self.client.call("kanban_heartbeat", note=note)
        ends = time.monotonic() + seconds * self.pace
        while (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, BEAT_S))
            self.client.call("kanban_heartbeat")

    def write(self, name: str, text: str) -> None:
        """Write a file of the worktree."""
        ground.write(self.tree, name, text)

    def commit(self, message: str) -> str:
        """Commit everything; returns the commit."""
        return ground.commit_all(self.tree, message, self.who)

    def take_over(self, commit: str) -> None:
        """Bring another's commit into this branch."""
        if commit and not ground.holds(self.tree, "HEAD", commit):
            ground.git(self.tree, "merge", "-q", "--no-edit", commit, author=self.who)

    def start_from(self, task: dict[str, Any]) -> None:
        """Bring in what the task builds on: its parents' result commits and the branches of earlier attempts."""
        for parent in task.get("parents", []):
            self.take_over(parent.get("commit", ""))
        for attempt in task.get("previous_attempts", []):
            self.take_over(attempt.get("branch", ""))

    def test(self) -> ground.UnitTests:
        """Run the shop's tests here."""
        self.client.call("kanban_heartbeat", note="Running the tests", expect_s=TEST_S)
        return ground.run_tests(self.tree)

    def complete(self, summary: str, commit: str, files: list[str]) -> None:
        """Finish the task with evidence the board can look at."""
        evidence = [{"kind": "commit", "sha": commit}, *({"kind": "file", "path": name} for name in files)]
        self.client.call("kanban_complete", summary=summary, metadata={"files_changed": files}, evidence=evidence)

    def is_refused(self, tool: str, /, **arguments: Any) -> bool:
        """Call a tool that the board should refuse; says whether it did. The transcript keeps the text."""
        try:
            self.client.call(tool, **arguments)
        except Refused:
            return True
        return False

    def clear(self) -> None:
        """Leave the branch as it is and start a new one from the target branch, with nothing uncommitted."""
        self._branches += 1
        ground.git(self.tree, "reset", "-q", "--hard")
        ground.git(self.tree, "clean", "-fdq")
        ground.git(self.tree, "checkout", "-q", "-b", f"work/{self.who}-{self._branches}", ground.BRANCH)


def log_of(place: ground.Ground, who: str) -> Path:
    """Return where the stderr of a worker and its server goes."""
    return place.transcripts / f"{who}.log"
