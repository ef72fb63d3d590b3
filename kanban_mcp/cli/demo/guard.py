"""The last resort: `python guard.py` kills the process groups it was told of when its input ends.

Its input is a pipe that only the demo holds open, so it also acts when the demo itself is killed, and it can end
workers that are stopped and could not act themselves. Lines: `+<group>` to watch, `-<group>` to forget.
"""

import os
import signal
import sys
from collections.abc import Iterable


def main(lines: Iterable[str]) -> None:
    """Follow the lines to their end, then kill what is still watched."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends when its input does
    watched: set[int] = set()
    for line in lines:
        group = int(line[1:])
        if line.startswith("+"):
            watched.add(group)
        else:
            watched.discard(group)
    for group in watched:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue  # it has gone


if __name__ == "__main__":
    main(sys.stdin)
