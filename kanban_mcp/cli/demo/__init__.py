"""`kanban-mcp demo`: watch a board at work in an empty folder, offline and without a key, in about a minute."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kanban_mcp.cli.demo.command import demo

__all__ = ["demo"]


def __getattr__(name: str) -> Any:
    """Load the command when it is asked for: the demo's workers live in this package and need no CLI framework."""
    if name == "demo":
        from kanban_mcp.cli.demo.command import demo

        return demo
    raise AttributeError(name)
