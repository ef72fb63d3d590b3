"""How a client is set up, told by what init would still write."""

import json
import shutil
from pathlib import Path

import pytest

from kanban_mcp.clients import applying, planning, registry, skills, standing
from kanban_mcp.clients.client import Wanted
from kanban_mcp.clients.record import Record, Records

WITH_HOOKS = {"claude-code", "codex"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".kanban").mkdir()
    return tmp_path


def _init(project: Path, name: str, **how: bool) -> None:
    records = Records(project / ".kanban")
    record = records.of(project)
    wanted = Wanted(project, **how)  # type: ignore[arg-type]  # test helper
    applying.apply(planning.plan(wanted, registry.chosen([name]), record), records, record)


def _look(project: Path, name: str) -> standing.Standing:
    [client] = registry.chosen([name])
    return standing.look(client, Wanted(project), Records(project / ".kanban").of(project))


@pytest.mark.parametrize("name", registry.NAMES)
def test_an_empty_project_has_nothing_and_a_look_writes_nothing(project: Path, name: str) -> None:
    found = _look(project, name)
    assert (found.is_set_up, found.entry, found.words) == (False, "added", ())
    assert found.hooks == ("none" if name in WITH_HOOKS else None)
    assert set(found.missing_skills) == set(skills.names())
    assert [path.name for path in project.iterdir()] == [".kanban"]


@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize("name", registry.NAMES)
def test_what_init_wrote_is_all_there(project: Path, name: str, is_shared: bool) -> None:
    _init(project, name, is_shared=is_shared, with_hooks=True)
    found = _look(project, name)
    assert (found.is_set_up, found.entry, found.missing_skills, found.other_skills) == (True, "there already", (), ())
    assert found.words[-1] == "serve"
    assert found.hooks == ("all" if name in WITH_HOOKS else None)


def test_without_hooks_they_are_not_there_and_half_of_them_are_some(project: Path) -> None:
    _init(project, "claude-code")
    assert _look(project, "claude-code").hooks == "none"
    _init(project, "claude-code", with_hooks=True)
    file = project / ".claude" / "settings.local.json"
    content = json.loads(file.read_text())
    del content["hooks"]["Stop"]
    file.write_text(json.dumps(content))
    assert _look(project, "claude-code").hooks == "some"


def test_another_server_of_our_name_is_not_ours(project: Path) -> None:
    (project / ".mcp.json").write_text('{"mcpServers": {"kanban": {"command": "other", "args": ["serve"]}}}')
    found = _look(project, "claude-code")
    assert (found.entry, found.is_set_up, found.words) == ("not ours", False, ("other", "serve"))


def test_an_entry_whose_program_is_gone_or_that_loads_late_needs_init(project: Path) -> None:
    for entry in ({"command": "/gone/kanban-mcp", "args": ["serve"], "alwaysLoad": True},
                  {"command": "kanban-mcp", "args": ["serve"]}):  # fmt: skip
        (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"kanban": entry}}))
        found = _look(project, "claude-code")
        assert (found.entry, found.is_set_up) == ("updated", True)


def test_a_file_that_cannot_be_read_says_so_instead_of_failing(project: Path) -> None:
    (project / ".mcp.json").write_text("{ not json")
    assert ".mcp.json" in _look(project, "claude-code").unusable


def test_skills_that_are_missing_or_other_are_named(project: Path) -> None:
    _init(project, "codex")
    first, second = skills.names()[:2]
    shutil.rmtree(project / ".agents" / "skills" / first)
    (project / ".agents" / "skills" / second / "SKILL.md").write_text("of another version")
    found = _look(project, "codex")
    assert (found.missing_skills, found.other_skills) == ((first,), (second,))


def test_no_record_is_no_reason_to_fail(project: Path) -> None:
    [client] = registry.chosen(["codex"])
    assert standing.look(client, Wanted(project), Record()).is_set_up is False
