"""Exit codes: one table, used by the commands, shown in the help and in the reference."""

import sys
from collections.abc import Mapping
from types import MappingProxyType

from kanban_mcp.cli import wording
from kanban_mcp.domain.errors import BoardError

OK = 0
REFUSED = 1
USAGE = 2
UNAVAILABLE = 3
UNPRINTED = 4
INTERRUPTED = 130

MEANINGS: Mapping[int, str] = MappingProxyType(
    {
        OK: "Done. An answer that found nothing to take is an answer too.",
        REFUSED: "The board refused: [code] on stderr says why and what to do next. Nothing was changed.",
        USAGE: "The command line is wrong. Nothing was sent to the board.",
        UNAVAILABLE: "The board cannot be used now: board_busy, board_unavailable or config.",
        UNPRINTED: "Done, but the answer could not be written: a full device or a closed pipe.",
        INTERRUPTED: "Stopped by Ctrl-C.",
    }
)
_BY_CODE: Mapping[str, int] = MappingProxyType(
    {"board_busy": UNAVAILABLE, "board_unavailable": UNAVAILABLE, "config": UNAVAILABLE}
)


def exit_code(code: str) -> int:
    """Return the exit code of a refusal by its public code (`lease_lost`, `config`, …)."""
    return _BY_CODE.get(code, REFUSED)


def report(refused: BoardError) -> int:
    """Print a refusal on stderr, its advice in the words of commands. Returns the exit code."""
    sys.stderr.write(wording.as_commands(wording.block(str(refused))) + "\n")
    return exit_code(refused.code)
