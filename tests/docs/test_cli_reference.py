"""The page of all commands is made from the commands, and is in the repository as made."""

from pathlib import Path

from kanban_mcp.cli import exits
from kanban_mcp.cli.app import COMMANDS, LATER
from kanban_mcp.cli.reference import cli_reference

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == cli_reference(), "run python docs/generate.py"


def test_the_page_names_every_command_and_every_exit_code() -> None:
    page = cli_reference()
    for name in [*(name for _, name, _ in COMMANDS), *(name for _, name, _, _ in LATER)]:
        assert f"`kanban-mcp {name}" in page
    for code, meaning in exits.MEANINGS.items():
        assert f"| {code} | {meaning} |" in page


def test_nobody_is_told_to_run_a_strangers_package() -> None:
    assert "uvx kanban-mcp" not in cli_reference()
