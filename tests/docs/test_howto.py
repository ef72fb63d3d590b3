"""What the how-to pages say is what the code does."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from kanban_mcp.cli.app import main
from kanban_mcp.domain import hooks
from kanban_mcp.domain.policy import Policy
from kanban_mcp.exchange import beads, claude_tasks, taskmaster
from kanban_mcp.exchange.records import Standing
from kanban_mcp.exchange.sources import SOURCES

PAGES = Path(__file__).parent.parent.parent / "docs" / "how-to"
COLUMNS = (Standing.DONE, Standing.CANCELLED, Standing.IDEA, Standing.OPEN)


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of the page's tables by their first cell."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {first: rest for first, *rest in cells}


@pytest.mark.parametrize(
    ("source", "standings"),
    [("beads", beads.STANDINGS), ("task-master", taskmaster.STANDINGS), ("Claude Code", claude_tasks.STANDINGS)],
)
def test_the_words_of_a_source_are_read_as_the_page_says(
    source: str, standings: Mapping[str, tuple[Standing, str]]
) -> None:
    said = rows(page("bring-your-tasks"))[source]
    cells = zip(COLUMNS, said, strict=True)
    told = {word: column for column, cell in cells for word in re.findall(r"`([\w-]+)`", cell)}
    assert told == {word: standing for word, (standing, _) in standings.items()}


def test_every_source_is_on_the_page_and_no_other() -> None:
    assert set(re.findall(r"--from ([a-z-]+)", page("bring-your-tasks"))) == SOURCES.keys()


def test_the_review_chain_of_the_page_waits_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert main(["init"]) == 0
    block = re.findall(r"```sh\n(.*?)```", page("review"), re.DOTALL)[2]
    for line in block.splitlines():
        words = re.findall(r'"([^"]*)"|(\S+)', line)
        assert main([quoted or plain for quoted, plain in words][1:]) == 0
    capsys.readouterr()
    assert main(["list", "--json"]) == 0
    tasks = {task["id"]: task["state"] for task in json.loads(capsys.readouterr().out)["tasks"]}
    assert tasks == {"TASK-001": "ready", "TASK-002": "pending", "TASK-003": "pending"}


def test_the_roles_that_only_read_are_those_of_the_page() -> None:
    [said] = re.findall(r"The roles (.*?) only read", page("review"))
    assert set(re.findall(r"`(\w+)`", said)) == Policy().read_only_roles


def test_the_hooks_page_speaks_of_every_event() -> None:
    said = " ".join(rows(page("hooks")))
    words = {
        hooks.SESSION_START: "a session starts",
        hooks.PROMPT: "when you type",
        hooks.PRE_TOOL: "before a call that edits or runs",
        hooks.POST_TOOL: "after every tool call",
        hooks.POST_TOOL_FAILURE: "after every tool call",
        hooks.AGENT_START: "a sub-agent claims",
        hooks.AGENT_STOP: "a sub-agent claims",
        hooks.STOP: "a turn ends",
        hooks.SESSION_END: "the session ends",
    }
    assert words.keys() == set(hooks.EVENTS)
    assert all(phrase in said for phrase in words.values())
