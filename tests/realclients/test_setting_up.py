"""What `init` writes is found by the client, and `init --undo` leaves the project as it was, byte for byte."""

from pathlib import Path

import pytest

from tests.model_server.script import call, say, script
from tests.realclients.places import Place

SKILLS = ("kanban-dispatcher", "kanban-orchestrator", "kanban-worker")
CLIENTS_OWN = (".git/", ".kanban/")  # what commits and the board change is not for `init` to take back


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return the content of every file below a folder, None for a folder."""
    paths = {str(path.relative_to(folder)): path for path in folder.rglob("*")}
    kept = {name: path for name, path in paths.items() if not f"{name}/".startswith(CLIENTS_OWN)}
    return {name: None if path.is_dir() else path.read_bytes() for name, path in kept.items()}


def test_the_skills_and_the_section_for_agents_are_in_the_first_request(ready: Place) -> None:
    ready.run(script(say("Nothing to do.")))
    assert ready.model.first.skills(SKILLS) == set(SKILLS)
    assert "Asked to work on the board, or in a role: call `kanban_show`" in ready.model.first.prompt_text
    assert "Shared task board. Start with kanban_show" in ready.model.first.everything


def test_undo_leaves_the_project_as_it_was_also_after_the_client_has_worked(place: Place) -> None:
    for name in ("AGENTS.md", "CLAUDE.md", "GEMINI.md"):
        (place.project / name).write_bytes(b"# Our rules\r\n\r\nBe kind.")
    before = tree(place.project)
    place.init(*(["--hooks"] if place.driver.has_hooks else []))
    assert tree(place.project) != before
    place.board.create("Write the parser")
    place.run(script(call("kanban_claim"), call("kanban_complete", summary="It reads all formats."), say("Bye.")))
    assert place.board.states("TASK-001") == ["done"]
    place.kanban("init", "--undo")
    assert tree(place.project) == before


@pytest.mark.clients("claude-code", nightly="claude-2.1.197")
def test_the_skill_is_opened_by_its_name(ready: Place) -> None:
    ready.run(script(call("Skill", skill="kanban-worker"), say("I have read it.")))
    body = (ready.project / ".claude" / "skills" / "kanban-worker" / "SKILL.md").read_text().partition("---\n\n")[2]
    assert body.splitlines()[-1] in ready.model.asked[-1].request.everything
