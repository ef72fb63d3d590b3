"""undo takes out what init wrote and nothing else, whatever was there before and whatever happened since."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kanban_mcp.clients import files, registry
from kanban_mcp.domain.errors import ConfigError
from tests.clients.conftest import Project

JSON_FILES = (
    ".mcp.json",
    ".claude/settings.local.json",
    ".cursor/mcp.json",
    ".vscode/mcp.json",
    ".gemini/settings.json",
)


def fill(project: Project) -> None:
    """Put something of somebody's into every file that init writes."""
    for name in JSON_FILES:
        project.put(name, '{\n    "theirs": [1, 2],\n    "mcpServers": {"x": {"command": "y"}}\n}')
    project.put("opencode.jsonc", '{\r\n\t// mine\r\n\t"mcp": {\r\n\t\t"x": {},\r\n\t},\r\n}\r\n')
    project.put(".codex/config.toml", 'model = "m" # chosen\n\n[mcp_servers.x]\ncommand = "y"')
    project.put(".codex/hooks.json", '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say done"}]}]}}\n')
    project.put("CLAUDE.md", "# Ours\n\nNo trailing newline")
    project.put("AGENTS.md", "# Agents\r\n")
    project.put("GEMINI.md", "")
    project.put(".claude/skills/mine/SKILL.md", "mine\n")
    (project.root / "CLAUDE.md").chmod(0o600)


@pytest.mark.parametrize("before", ["an empty project", "a full one"])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("client", [*registry.NAMES, "all"])
def test_the_tree_is_as_it_was_to_the_byte(project: Project, client: str, shared: bool, before: str) -> None:
    if before == "a full one":
        fill(project)
    tree = project.tree()
    plan = project.init(client, hooks=True, shared=shared)
    assert plan.news
    project.undo()
    assert project.tree() == tree


def test_a_second_init_changes_nothing_and_undo_still_knows_all(project: Project) -> None:
    tree = project.tree()
    project.init("all", hooks=True)
    after = project.tree()
    assert project.init("all", hooks=True).news == []
    assert project.tree() == after
    project.undo()
    assert project.tree() == tree


def test_clients_and_hooks_that_came_one_after_the_other_go_together(project: Project) -> None:
    fill(project)
    tree = project.tree()
    for name in registry.NAMES:
        project.init(name)
    project.init("all", hooks=True)
    project.init("claude-code", shared=True)
    project.undo()
    assert project.tree() == tree


def test_undo_without_init_and_a_second_undo_do_nothing(project: Project) -> None:
    fill(project)
    tree = project.tree()
    assert project.undo() == {}
    project.init("all")
    project.undo()
    assert project.undo() == {}
    assert project.tree() == tree


@pytest.mark.proves("hermes-43")
def test_what_people_wrote_since_stays_and_only_our_part_goes(project: Project) -> None:
    project.put(".vscode/mcp.json", '{\n  // ours\n  "servers": {}\n}\n')
    project.put("AGENTS.md", "# Agents\n")
    project.init("all", hooks=True)
    theirs = {"command": "npx", "args": ["-y", "x"]}
    for name, key in ((".mcp.json", "mcpServers"), (".cursor/mcp.json", "mcpServers"), ("opencode.json", "mcp")):
        content = json.loads(project.read(name))
        content[key]["later"] = theirs
        project.put(name, json.dumps(content))
    project.put(".vscode/mcp.json", project.read(".vscode/mcp.json").replace("// ours", "// ours, and more"))
    project.put(".codex/config.toml", 'model = "m"\n\n' + project.read(".codex/config.toml") + '\n[tui]\ntheme = "d"\n')
    project.put("AGENTS.md", project.read("AGENTS.md") + "\nLater.\n")
    project.put(".claude/skills/kanban-worker/SKILL.md", "rewritten")
    taken = project.undo()
    assert json.loads(project.read(".mcp.json")) == {"mcpServers": {"later": theirs}}
    assert json.loads(project.read(".cursor/mcp.json")) == {"mcpServers": {"later": theirs}}
    assert json.loads(project.read("opencode.json")) == {"mcp": {"later": theirs}}
    assert project.read(".vscode/mcp.json") == '{\n  // ours, and more\n  "servers": {}\n}\n'
    assert project.read(".codex/config.toml") == 'model = "m"\n\n[tui]\ntheme = "d"\n'
    assert project.read("AGENTS.md") == "# Agents\n\nLater.\n"
    assert project.read(".claude/skills/kanban-worker/SKILL.md") == "rewritten"
    assert taken[".claude/skills/kanban-worker/SKILL.md"].outcome == "changed by you, left"
    assert taken[".mcp.json"].outcome == "our part removed"
    assert not (project.root / "CLAUDE.md").exists()
    assert not (project.root / ".claude/settings.local.json").exists()


def test_what_people_added_to_a_file_that_init_made_keeps_the_file(project: Project) -> None:
    project.init("claude-code", "codex")
    project.put("CLAUDE.md", project.read("CLAUDE.md") + "\n# Mine\n")
    project.put(".codex/config.toml", project.read(".codex/config.toml") + '\n[tui]\ntheme = "dark"\n')
    taken = project.undo()
    assert project.read("CLAUDE.md") == "# Mine\n"
    assert project.read(".codex/config.toml") == '[tui]\ntheme = "dark"\n'
    assert {taken[name].outcome for name in ("CLAUDE.md", ".codex/config.toml")} == {"our part removed"}


def test_an_entry_that_somebody_made_theirs_stays(project: Project) -> None:
    project.init("claude-code", "codex")
    project.put(".mcp.json", '{"mcpServers": {"kanban": {"command": "npx", "args": ["their-kanban"]}}}')
    taken = project.undo()
    assert taken[".mcp.json"].outcome == "nothing of ours left"
    assert "their-kanban" in project.read(".mcp.json")


def test_hooks_of_others_stay_when_ours_go_from_an_edited_file(project: Project) -> None:
    project.init("claude-code", hooks=True)
    name = ".claude/settings.local.json"
    content = json.loads(project.read(name))
    mine = {"hooks": [{"type": "command", "command": "notify-send done"}]}
    content["hooks"]["Stop"].insert(0, mine)
    content["permissions"]["allow"].append("Bash(ls)")
    project.put(name, json.dumps(content, indent=2))
    project.undo()
    assert json.loads(project.read(name)) == {"permissions": {"allow": ["Bash(ls)"]}, "hooks": {"Stop": [mine]}}


def test_a_moved_installation_is_renewed_and_still_undone_to_the_byte(project: Project) -> None:
    fill(project)
    tree = project.tree()
    project.init("all", hooks=True)
    for name in (".mcp.json", ".codex/config.toml", "opencode.jsonc"):
        assert "/opt/kanban/bin" in project.read(name)
    project.command = ("/srv/kanban/bin/kanban-mcp", "serve")
    plan = project.init("all", hooks=True)
    assert {file.change for file in plan.news} == {"updated"}
    for name in (
        ".mcp.json",
        ".codex/config.toml",
        "opencode.jsonc",
        ".claude/settings.local.json",
        ".codex/hooks.json",
    ):
        assert "/opt/kanban/bin" not in project.read(name), name
        assert "/srv/kanban/bin" in project.read(name), name
    project.undo()
    assert project.tree() == tree


class Killed(BaseException):
    """The process is gone."""


def kills(
    project: Project, monkeypatch: pytest.MonkeyPatch, before: Callable[[], object] = lambda: None, step: int = 1
) -> Iterator[int]:
    """Kill init at its first, second, … writing of a file (every `step`-th), as long as it comes that far."""
    real, left = files.write, 0

    def write(path: Path, text: str) -> None:
        nonlocal left
        if left == 0:
            files.draft_of(path).parent.mkdir(parents=True, exist_ok=True)
            files.draft_of(path).write_text(text[: len(text) // 2])
            raise Killed
        left -= 1
        real(path, text)

    for count in range(0, 100, step):
        before()
        left = count
        monkeypatch.setattr(files, "write", write)
        try:
            project.init("all", hooks=True)
            return
        except Killed:
            monkeypatch.setattr(files, "write", real)
            yield count


@pytest.mark.parametrize("again", [False, True], ids=["undone at once", "undone after another init"])
def test_a_kill_at_any_file_leaves_what_undo_can_clean(
    project: Project, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    fill(project)
    tree = project.tree()
    places = 0
    for count in kills(project, monkeypatch, step=4 if again else 1):
        if again:
            project.init("all", hooks=True)
        project.undo()
        drafts = {name: found for name, found in project.tree().items() if name.endswith(files.DRAFT)}
        assert {name: f for name, f in project.tree().items() if name not in drafts} == tree, count
        assert set(drafts) <= {f".kanban/.clients.json{files.DRAFT}"}  # killed before anything of the project
        places += 1
        (project.board / f".clients.json{files.DRAFT}").unlink(missing_ok=True)
    assert places > (4 if again else 15)


def test_a_kill_in_a_second_init_still_leaves_an_exact_way_back_for_the_first(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.put(".claude/settings.local.json", "{ }")
    tree = project.tree()
    for _ in kills(project, monkeypatch, before=lambda: project.init("claude-code")):
        project.undo()
        (project.board / f".clients.json{files.DRAFT}").unlink(missing_ok=True)
        assert project.tree() == tree


def test_the_record_keeps_nothing_of_what_else_stands_in_a_file(project: Project) -> None:
    project.put(".mcp.json", '{"mcpServers": {"x": {"env": {"KEY": "s3cret"}}}}\n')
    project.put(
        ".claude/settings.local.json", '{"env": {"KEY": "s3cret"}, "permissions": {"allow": ["x"]}, "z": "s3cret"}'
    )
    project.put(".codex/config.toml", '[mcp_servers.x.env]\nKEY = "s3cret"\n')
    project.init("all", hooks=True)
    record = project.board / "clients.json"
    assert "s3cret" not in record.read_text()
    assert record.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "cannot be read"),
        ("[]", "not as init writes it"),
        ('{"version": 99, "projects": {}}', "of version 99"),
        ('{"version": 1, "projects": {"..": {"files": 3}}}', "not as init writes it"),
        (
            '{"version": 1, "projects": {"..": {"folders": [], "files": {"a": {"layers": [{}], "parts": []}}}}}',
            "not as",
        ),
    ],
)
def test_a_damaged_record_is_told_and_nothing_is_touched(project: Project, text: str, why: str) -> None:
    project.put(".kanban/clients.json", text)
    tree = project.tree()
    with pytest.raises(ConfigError, match=why):
        project.undo()
    with pytest.raises(ConfigError, match=why):
        project.init("all")
    assert project.tree() == tree


@pytest.mark.proves("hermes-43")
def test_a_record_made_up_by_a_repository_reaches_nothing_outside_of_it(project: Project) -> None:
    outside = project.root.parent / "precious"
    outside.write_text("precious")
    digest = files.digest("precious")
    layer = {"before": None, "after": digest, "splices": [[0, "", "precious"]]}
    made_up = {"folders": ["../empty"], "files": {"../precious": {"layers": [layer], "parts": []}}}
    project.put(".kanban/clients.json", json.dumps({"version": 1, "projects": {"..": made_up}}))
    (project.root.parent / "empty").mkdir()
    with pytest.raises(ConfigError, match="leads out of the project"):
        project.undo()
    made_up["files"] = {}
    project.put(".kanban/clients.json", json.dumps({"version": 1, "projects": {"..": made_up}}))
    project.undo()
    assert outside.read_text() == "precious"
    assert (project.root.parent / "empty").is_dir()


def test_a_project_that_was_moved_with_its_board_can_still_be_undone(project: Project) -> None:
    tree = project.tree()
    project.init("all")
    elsewhere = project.root.parent / "moved"
    project.root.rename(elsewhere)
    moved = Project.__new__(Project)
    moved.root, moved.board = elsewhere, elsewhere / ".kanban"
    moved.records = type(project.records)(moved.board)
    moved.undo()
    assert moved.tree() == tree


def test_links_stay_links(project: Project) -> None:
    project.put("config/mcp.json", '{"mcpServers": {}}\n')
    (project.root / ".mcp.json").symlink_to("config/mcp.json")
    project.put("AGENTS.md", "# A\n")
    (project.root / "CLAUDE.md").symlink_to("AGENTS.md")
    tree = project.tree()
    project.init("claude-code", "codex")
    assert (project.root / ".mcp.json").is_symlink()
    assert '"kanban"' in project.read("config/mcp.json")
    assert project.read("AGENTS.md").count("kanban-mcp:begin") == 1
    project.undo()
    assert project.tree() == tree


def test_owner_and_mode_of_a_file_stay(project: Project) -> None:
    path = project.put(".mcp.json", "{}")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
    before = path.stat()
    project.init("claude-code")
    project.undo()
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
