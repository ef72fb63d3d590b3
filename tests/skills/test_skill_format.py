"""Every skill keeps the limits of the agent-skills format, and costs few tokens."""

import re

import pytest

from kanban_mcp import __version__
from tests.skills.reading import FOLDER, Skill, frontmatter, skills

EACH = pytest.mark.parametrize("skill", skills(), ids=lambda skill: skill.name)

STANDARD = {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
LINES = {"kanban-worker": 120, "kanban-orchestrator": 120, "kanban-dispatcher": 130}
CHARACTERS = 6_000  # about 1,500 tokens; the format asks for less than 5,000


def test_there_are_the_three_skills() -> None:
    assert {skill.name for skill in skills()} == LINES.keys()
    assert {path.name for path in FOLDER.iterdir()} == LINES.keys(), "a skill is one folder with one SKILL.md"


@EACH
def test_the_name_is_that_of_the_folder_and_of_the_allowed_form(skill: Skill) -> None:
    name = skill.frontmatter["name"]
    assert name == skill.path.parent.name
    assert len(name) <= 64
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)


@EACH
def test_the_description_says_what_it_does_and_when_to_use_it(skill: Skill) -> None:
    description = skill.frontmatter["description"]
    assert 60 <= len(description) <= 1024
    assert "Use when" in description
    assert not re.search(r"[<>]", description), "some clients put it into markup"


@EACH
def test_no_field_is_outside_the_standard(skill: Skill) -> None:
    assert skill.frontmatter.keys() <= STANDARD
    assert all(isinstance(value, str) for value in skill.frontmatter["metadata"].values())


@EACH
def test_it_says_which_version_it_belongs_to_and_where_it_comes_from(skill: Skill) -> None:
    assert skill.frontmatter["metadata"]["version"] == __version__
    assert skill.frontmatter["metadata"]["source"] == "kanban-mcp-server"
    assert skill.frontmatter["license"] == "MIT"


@EACH
def test_it_is_short(skill: Skill) -> None:
    assert len(skill.path.read_text(encoding="utf-8").splitlines()) <= LINES[skill.name]
    assert len(skill.body) <= CHARACTERS


@EACH
def test_it_is_plain_text_that_every_client_shows(skill: Skill) -> None:
    text = skill.path.read_text(encoding="utf-8")
    assert text.isprintable() or set(text) - {"\n"} == {ch for ch in text if ch.isprintable()}
    assert "—" not in text
    assert {block.language for block in skill.blocks} <= {"python", "text"}
    assert text.count("```") == 2 * len(skill.blocks), "a block outside of every section is not executed"


@pytest.mark.parametrize("value", ["what: it does", "- item", "[a, b]", "1.0", "yes", "text # comment"])
def test_a_value_that_yaml_reads_as_something_else_is_noticed(value: str) -> None:
    with pytest.raises(AssertionError):
        frontmatter(f"description: {value}")


def test_a_quoted_value_and_a_map_are_read() -> None:
    read = frontmatter('name: kanban-worker\nmetadata:\n  version: "0.1.0"\n  source: here\nlicense: MIT')
    assert read == {"name": "kanban-worker", "metadata": {"version": "0.1.0", "source": "here"}, "license": "MIT"}
