"""Files that cannot be used: a clear refusal that names the file, and not one byte written anywhere."""

import os
from collections.abc import Callable

import pytest

from kanban_mcp.clients import applying, files
from kanban_mcp.domain.errors import ConfigError
from tests.clients.conftest import Project


def _elsewhere(project: Project) -> None:
    outside = project.root.parent / "outside.json"
    outside.write_text("{}")
    (project.root / ".mcp.json").symlink_to(outside)


def _folder_elsewhere(project: Project) -> None:
    (project.root.parent / "outside").mkdir()
    (project.root / ".codex").symlink_to("../outside")


def _circle(project: Project) -> None:
    (project.root / "AGENTS.md").symlink_to("AGENTS.md")


def _read_only(project: Project) -> None:
    project.put(".cursor/mcp.json", "{}").chmod(0o444)


ODD: dict[str, tuple[Callable[[Project], object], str, str]] = {
    "a link out of the project": (_elsewhere, ".mcp.json", "it leads out of the project, to "),
    "a folder linked from elsewhere": (_folder_elsewhere, ".codex/config.toml", "it leads out of the project, to "),
    "a link to itself": (_circle, "AGENTS.md", "AGENTS.md"),
    "read-only": (_read_only, ".cursor/mcp.json", "it is read-only"),
    "a directory": (lambda p: (p.root / ".mcp.json").mkdir(), ".mcp.json", "it is no regular file"),
    "a pipe": (lambda p: os.mkfifo(p.root / "CLAUDE.md"), "CLAUDE.md", "it is no regular file"),
    "a file where a directory belongs": (lambda p: p.put(".agents", "x"), "SKILL.md", ".agents is no directory"),
    "not UTF-8": (lambda p: p.put("GEMINI.md", b"caf\xe9"), "GEMINI.md", "it is not UTF-8 (byte 3)"),
    "huge": (lambda p: p.put("AGENTS.md", "x" * 1_000_001), "AGENTS.md", "it has 1000001 bytes"),
    "no JSON": (lambda p: p.put("opencode.json", "{"), "opencode.json", "name in double quotes"),
    "no TOML": (lambda p: p.put(".codex/config.toml", "a = = 1"), ".codex/config.toml", "Invalid value"),
    "TOML that takes no table": (
        lambda p: p.put(".codex/config.toml", 'mcp_servers = { x = { command = "y" } }'),
        ".codex/config.toml",
        "mcp_servers",
    ),
    "one marker of two": (lambda p: p.put("AGENTS.md", "<!-- kanban-mcp:begin"), "AGENTS.md", "are not one pair"),
    "a list where permissions belong": (
        lambda p: p.put(".claude/settings.local.json", '{"permissions": ["x"]}'),
        ".claude/settings.local.json",
        "permissions is no object",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_it_is_refused_by_name_and_nothing_is_written(project: Project, name: str) -> None:
    make, file, why = ODD[name]
    make(project)
    tree = project.tree()
    with pytest.raises(ConfigError) as refused:
        project.init("all")
    assert file in refused.value.message
    assert why in refused.value.message
    assert "It was left as it is." in refused.value.message
    assert "kanban-mcp init --print" in refused.value.hint
    assert project.tree() == tree


def test_a_file_that_changes_between_the_look_and_the_writing_is_not_overwritten(project: Project) -> None:
    project.put(".mcp.json", "{}")
    plan = project.plan("all")
    project.put(".mcp.json", '{"just": "now"}')
    tree = project.tree()
    with pytest.raises(ConfigError, match="changed while init looked at it"):
        applying.apply(plan, project.records, project.records.of(project.root))
    assert project.tree() == tree


@pytest.mark.parametrize("failing", ["AGENTS.md", "opencode.json", ".claude/skills/kanban-worker/SKILL.md"])
def test_a_disk_that_is_full_half_way_leaves_all_as_it_was(
    project: Project, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    project.put(".mcp.json", '{"mine": 1}')
    tree = project.tree()
    real = files.write

    def write(path: object, text: str) -> None:
        if str(path).endswith(failing):
            raise OSError(28, "No space left on device")
        real(path, text)  # type: ignore[arg-type]  # always a path; the patch only looks at its end

    monkeypatch.setattr(files, "write", write)
    with pytest.raises(ConfigError, match=r"No space left on device\. Nothing was changed"):
        project.init("all", hooks=True)
    assert project.tree() == tree


def test_a_read_only_file_stops_undo_before_it_touches_anything(project: Project) -> None:
    project.init("all")
    (project.root / "AGENTS.md").chmod(0o444)
    tree = project.tree()
    with pytest.raises(ConfigError, match=r"AGENTS\.md cannot be used: it is read-only"):
        project.undo()
    assert project.tree() == tree
