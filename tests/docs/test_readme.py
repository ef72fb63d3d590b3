"""The README promises nothing that the code does not keep, and shows nothing that a newcomer cannot type."""

import json
import re
from pathlib import Path

from kanban_mcp.clients import registry, skills
from kanban_mcp.exchange.sources import SOURCES
from kanban_mcp.server.snapshot import path_of
from kanban_mcp.server.tool import compact_json
from kanban_mcp.server.tools import BY_NAME, tools_of

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
NUMBERS = {3: "three", 10: "ten"}


def test_the_size_of_the_workers_tools_is_as_it_says() -> None:
    [(count, most)] = re.findall(r"a worker's (\w+) tools take less than ([\d,]+) characters", TEXT)
    assert count == NUMBERS[len(tools_of("worker"))]
    listed = json.loads(path_of("worker").read_text(encoding="utf-8"))["tools"]
    assert len(compact_json(listed)) < int(most.replace(",", ""))


def test_every_agent_that_init_knows_has_a_page_here() -> None:
    pages = {Path(link).stem for link in re.findall(r"\((docs/clients/[\w-]+\.md)\)", TEXT)}
    assert pages == {client.name for client in registry.CLIENTS}


def test_the_skills_are_as_many_as_it_says() -> None:
    assert f"[{NUMBERS[len(skills.names())]} skills](skills/)" in TEXT


def test_it_names_every_source_of_an_import() -> None:
    [named] = re.findall(r"`kanban-mcp import --from (\w+)`\s+\(or\s+([^)]*)\)", TEXT)
    assert {named[0], *re.findall(r"`([\w-]+)`", named[1])} == SOURCES.keys()


def test_what_it_says_does_not_exist_does_not_exist() -> None:
    assert "`delegate_task` comes later" in TEXT
    assert "delegate_task" not in BY_NAME
    assert not (ROOT / "kanban_mcp" / "web").exists(), "there is a page in the browser now"
    assert not (ROOT / "kanban_mcp" / "dispatch").exists(), "it starts agents now"
