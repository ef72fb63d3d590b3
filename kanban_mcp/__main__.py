"""The command `kanban-mcp`: a light dispatcher, because the process that a client starts has to answer at once."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from kanban_mcp.server.options import Options
    from kanban_mcp.server.session import OpenBoard


def main() -> int:
    """Run the command line. Returns the exit code."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["serve"] or (not arguments and not _on_terminal() and not _completes()):
        from kanban_mcp.server import front

        code = front.main(arguments[1:], _compose)
        if code is not None:
            return code
    if arguments == ["--version"]:
        from kanban_mcp.cli import lost

        return lost.guarded(_print_version)
    if arguments[:1] in (["heartbeat"], ["hook"]):
        import gc

        gc.disable()  # imports make objects that all stay: looking for garbage among them is a tenth of the time
        code = _hook(arguments[1:]) if arguments[0] == "hook" else _heartbeat(arguments[1:])
        if code is not None:
            return code
        gc.enable()
    from kanban_mcp.cli.app import main as cli

    return cli(arguments)


def _completes() -> bool:
    """Say whether a shell asks for completions: it calls the bare program, and gives some of them no terminal."""
    import os

    return "_KANBAN_MCP_COMPLETE" in os.environ


def _print_version() -> int:
    from kanban_mcp import __version__

    print(f"kanban-mcp {__version__}")  # noqa: T201  the answer; a framework would take ten times as long
    return 0


def _hook(arguments: list[str]) -> int | None:
    """Answer a client's hook without a framework. Returns the exit code, None when the full CLI has to answer."""
    from kanban_mcp.cli import hook

    return hook.main(arguments)


def _heartbeat(arguments: list[str]) -> int | None:
    """Send a heartbeat without a framework. Returns the exit code, None when the arguments are for the full CLI."""
    from kanban_mcp.cli import quick

    code = quick.main(arguments)
    if code is not None:
        return code
    from kanban_mcp.cli import light, lost

    ask = light.parse(arguments)
    return None if ask is None else lost.guarded(lambda: light.run(ask))


def _on_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _compose() -> Callable[[Options], Awaitable[OpenBoard]]:
    """Import the composition root and return what opens a server's board; the front calls this in its boot thread."""
    from functools import partial

    from kanban_mcp import app
    from kanban_mcp.server.session import OpenBoard

    async def open_board(options: Options) -> OpenBoard:
        setup = app.set_up(db=options.db, role=options.role, toolset=options.toolset)
        board = app.open_board(setup)
        return OpenBoard(board, setup.settings.role, partial(app.serves_a_person, board), str(setup.place.folder))

    return open_board


if __name__ == "__main__":
    sys.exit(main())
