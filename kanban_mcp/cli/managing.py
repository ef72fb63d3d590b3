"""Looking after the set-up: config."""

from typing import TYPE_CHECKING

from kanban_mcp.cli.options import AsJson, Db

if TYPE_CHECKING:
    from rich.text import Text


def config(db: Db = None, as_json: AsJson = False) -> None:
    """Print the settings in force, and where each value comes from."""
    from kanban_mcp import app
    from kanban_mcp.cli import output
    from kanban_mcp.config import in_force

    setup = app.set_up(db=db)
    rows = in_force(setup.settings)
    place = setup.place
    if as_json:
        settings = [{"name": name, "value": value, "source": source} for name, value, source in rows]
        board = {"path": str(place.path), "found": place.found, "exists": place.exists}
        output.as_json({"board": board, "settings": settings})
        return
    exists = "" if place.exists else ", not made yet"
    head = output.said(f"{'board':<18}{place.path}  ({place.found}{exists})")
    output.lines([head, *(_setting(*row) for row in rows)])


def _setting(name: str, value: str, source: str) -> "Text":
    from rich.text import Text

    from kanban_mcp.cli.output import said

    row = f"{name:<18}{said(value or '-').plain:<16}{said(source).plain}"
    return Text(row, "" if source == "default" else "bold")
