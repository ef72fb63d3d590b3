"""The official Inspector against `kanban-mcp serve`: `python -m tests.protocol.inspector`.

For each toolset and protocol era, over stdio through the session front: the strict schema check of the listing, and one
call of each kind. The Inspector keeps a catalogue of servers in the home folder unless told where else.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kanban_mcp.server.tools import tools_of
from kanban_mcp.server.toolsets import TOOLSETS
from tests import node

PACKAGE = "@modelcontextprotocol/inspector@2.12.0"
ERAS = ("legacy", "auto", "modern")
LIMIT_S = 120
TOOL_FAILED = 5


class Inspector:
    """The program, and a board of its own for the servers it starts."""

    def __init__(self, folder: Path) -> None:
        package = node.install(node.FOLDER / "protocol", [PACKAGE]) / "node_modules" / PACKAGE.rpartition("@")[0]
        self._command = [str(node.node()), str(package / "clients" / "launcher" / "build" / "index.js"), "--cli"]
        kept = {k: v for k, v in node.environment().items() if not k.startswith(("KANBAN_", "CLAUDE", "CODEX"))}
        board = {"KANBAN_DB": str(folder / "board.db"), "KANBAN_CONFIG_HOME": str(folder / "keys")}
        # The Inspector hands only a few variables on to the server: those that name its board are given with -e.
        self._board = [part for name, value in board.items() for part in ("-e", f"{name}={value}")]
        self._environment = {**kept, **board, "MCP_CATALOG_PATH": str(folder / "catalog.json")}

    def run(self, era: str, toolset: str, method: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Ask a fresh server one thing."""
        how = ["--method", method, *arguments, "--protocol-era", era, "--format", "json"]
        server = [sys.executable, "-m", "kanban_mcp", "serve", "--toolset", toolset]
        return subprocess.run(
            [*self._command, *how, *self._board, *server],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )

    def call(self, era: str, toolset: str, tool: str, **arguments: Any) -> subprocess.CompletedProcess[str]:
        """Call a tool on a fresh server."""
        given = ["--tool-name", tool, "--tool-args-json", json.dumps(arguments)]
        return self.run(era, toolset, "tools/call", *given)


def findings(inspector: Inspector, era: str, toolset: str) -> Iterator[str]:
    """Yield what is wrong with a toolset in an era: its listing, a call, a refusal."""
    yield from listing_findings(inspector, era, toolset)
    yield from call_findings(inspector, era, toolset)


def listing_findings(inspector: Inspector, era: str, toolset: str) -> Iterator[str]:
    """Yield what the strict check says of a listing: it ends with 6 for an error, and warns on stderr."""
    listed = inspector.run(era, toolset, "tools/list", "--strict")
    if listed.returncode or listed.stderr:
        yield f"{era} {toolset}: tools/list ended with {listed.returncode}: {listed.stderr[-600:]}"
        return
    names = [tool["name"] for tool in json.loads(listed.stdout)["result"]["tools"]]
    if names != [tool.name for tool in tools_of(toolset)]:
        yield f"{era} {toolset}: listed {names}"


def call_findings(inspector: Inspector, era: str, toolset: str) -> Iterator[str]:
    """Yield what is wrong with a call that succeeds and with one that is refused."""
    made = inspector.call(era, toolset, "kanban_create", title=f"Write the parser for {era} {toolset}")
    if made.returncode or '"TASK-' not in made.stdout:
        yield f"{era} {toolset}: kanban_create ended with {made.returncode}: {made.stdout[-300:]}{made.stderr[-300:]}"
    refused = inspector.call(era, toolset, "kanban_create", titel="x")
    if refused.returncode != TOOL_FAILED or "[unknown_argument]" not in refused.stdout + refused.stderr:
        yield f"{era} {toolset}: a refusal ended with {refused.returncode}: {refused.stdout[-300:]}"


def main() -> int:
    """Check every toolset in every era and print what is wrong. Returns the exit code."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        inspector = Inspector(Path(folder))
        for toolset in TOOLSETS:
            for era in ERAS:
                found = list(findings(inspector, era, toolset))
                wrong += len(found)
                sys.stdout.write(
                    "\n".join([f"{toolset} {era}: {'clean' if not found else 'NOT CLEAN'}", *found]) + "\n"
                )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
