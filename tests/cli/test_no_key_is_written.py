"""Keys that stand in the environment of an agent reach no file of the board, and no export."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli

CANARY = "sk-canary-7f3a91c2d4e5f6a7b8c9d0e1"
NAMES = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "MY_SECRET")


@pytest.mark.proves("T12")
def test_a_key_in_the_environment_stays_there(cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, CANARY)
    assert cli("init").code == 0
    cli.as_session("an-agents-session")
    cli.ok("create", "Write the parser", "--role", "implementer")
    cli.ok("claim", "--role", "implementer")
    cli.ok("heartbeat", "--note", "half way")
    cli.ok("complete", "-m", "Parser written; 14 tests pass")
    assert cli("export", "out.jsonl").code == 0
    assert cli("config").code == 0
    files = [file for file in project.parent.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"board.db", "out.jsonl", ".mcp.json"}
    assert [file for file in files if CANARY.encode() in file.read_bytes()] == []


@pytest.mark.proves("T12")
def test_the_operator_key_is_in_its_own_file_and_nowhere_else(ready: Cli, project: Path) -> None:
    ready.ok("create", "Write the parser")
    assert ready("export", "out.jsonl").code == 0
    (key,) = (
        file for file in (project.parent / "keys").rglob("*") if file.is_file() and file.stat().st_mode & 0o777 == 0o600
    )
    secret = key.read_text(encoding="utf-8").strip()
    assert len(secret) >= 32
    files = [file for file in project.rglob("*") if file.is_file()]
    assert [file for file in files if secret.encode() in file.read_bytes()] == []
