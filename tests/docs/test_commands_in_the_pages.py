"""Every `kanban-mcp …` line of a shell block in the pages is a command that exists, with arguments that it takes."""

import io
import re
import shlex
from itertools import chain
from pathlib import Path

import pytest

from kanban_mcp.cli.app import main

ROOT = Path(__file__).parent.parent.parent
ENDLESS = ({"log", "-f"}, {"reaper"}, {"serve"}, {"demo"})
USAGE = 2
PLAN = b'[{"ref": "auth", "title": "Implement user auth"}]'  # what a page pipes into a command


def commands() -> list[list[str]]:
    """Return the argument lists of all commands shown to people, each once, in the order of the pages."""
    found = []
    docs = ROOT / "docs"
    generated = [docs / "reference" / "errors.md"]  # the other pages there are made from the commands themselves
    folders = [docs.glob("*.md"), (docs / "how-to").glob("*.md"), (docs / "clients").glob("*.md")]
    skills = sorted((ROOT / "skills").glob("*/SKILL.md"))
    for page in [ROOT / "README.md", ROOT / "SECURITY.md", *sorted(chain(*folders)), *generated, *skills]:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            lines = [line.strip() for line in block.splitlines() if line.strip().startswith("kanban-mcp ")]
            found += [shlex.split(line.replace("<<'JSON'", ""), comments=True)[1:] for line in lines]
        found += [shlex.split(code)[1:] for code in re.findall(r"`(kanban-mcp [^`…]*)`", text)]
    once = [list(arguments) for arguments in dict.fromkeys(map(tuple, found))]
    return [arguments for arguments in once if arguments and not any(words <= set(arguments) for words in ENDLESS)]


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_the_command_is_understood(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KANBAN_CONFIG_HOME", str(tmp_path / "keys"))
    for variable in ("CLAUDE_CODE_SESSION_ID", "KANBAN_SESSION_ID", "KANBAN_RUN_ID", "KANBAN_DB"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PLAN)))
    assert main(["init"]) == 0
    code = main(arguments)
    if code == USAGE and len(arguments) == 1:  # the name of a command in a sentence, not a line to type
        code = main([*arguments, "--help"])
    assert code != USAGE, capsys.readouterr().err
