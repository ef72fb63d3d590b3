"""No SQL file outlives the code that asked for it."""

from pathlib import Path

import kanban_mcp
from kanban_mcp.store.statements import Statements


def test_every_query_is_asked_for_somewhere() -> None:
    package = Path(kanban_mcp.__file__).parent
    code = "\n".join(file.read_text(encoding="utf-8") for file in package.rglob("*.py"))
    assert [name for name in Statements("sqlite").names() if f'"{name}"' not in code] == []
