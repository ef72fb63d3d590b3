"""The page of each client shows exactly what init writes, and says what a user of it has to know."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanban_mcp.clients import planning, registry
from kanban_mcp.clients.client import Client, Wanted

PAGES = Path(__file__).parents[2] / "docs" / "clients"
SHOWN = ("/path/to/kanban-mcp", "serve")
HEADINGS = ["Install", "What is written", "Permissions", "Timeouts", "Hooks", "Check", "Remove"]


def page(client: Client) -> str:
    return (PAGES / f"{client.name}.md").read_text(encoding="utf-8")


def written(client: Client, *, hooks: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the files that are this client's own: no skills, no instructions."""
    for path, text in planning.snippets(client, Wanted(Path("/nowhere"), SHOWN, with_hooks=hooks)).items():
        if path != client.guide and not path.startswith(client.skills):
            yield path, text


def test_there_is_a_page_for_each_client_and_no_other() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted(registry.NAMES)


@pytest.mark.parametrize("client", registry.CLIENTS, ids=lambda client: client.name)
def test_the_page_shows_every_file_as_init_writes_it(client: Client) -> None:
    blocks = dict(re.findall(r"^`([^`\n]+)`:\n\n```(?:json|toml)\n(.*?)^```$", page(client), re.DOTALL | re.MULTILINE))
    assert blocks == dict(written(client))


@pytest.mark.parametrize("client", registry.CLIENTS, ids=lambda client: client.name)
def test_the_page_says_how_to_install_check_and_remove_and_names_all_that_is_touched(client: Client) -> None:
    text = page(client)
    found = [heading for heading in re.findall(r"^## (.+)$", text, re.MULTILINE) if heading in HEADINGS]
    assert found == HEADINGS
    assert f"kanban-mcp init --client {client.name}" in text
    for needed in (
        f"`{client.skills}/`",
        f"`{client.guide}`",
        "`kanban-mcp uninstall`",
        "`kanban-mcp doctor`",
        "--shared",
    ):
        assert needed in text
    for path, _ in written(client, hooks=True):
        assert f"`{path}`" in text
    assert len(text.splitlines()) <= 110
