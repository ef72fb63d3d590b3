"""Fuzz a real server: `python -m tests.protocol.fuzz --seed 1 --frames 5000`. A failure prints what repeats it."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence

from tests.protocol import calls, cuts, frame_fuzz


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for and print figures. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.protocol.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frames", type=int, default=0, help="raw frames to a running server")
    parser.add_argument("--starts", type=int, default=1, help="with --frames: starts that get 30 frames at once")
    parser.add_argument("--calls", type=int, default=0, help="calls of each tool in memory, from its own schema")
    parser.add_argument("--cuts", type=int, default=0, help="disconnects at random points, a process each")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    if given.frames:
        sent = frame_fuzz.run(given.seed, given.frames, given.starts)
        for kind, number in sent.most_common():
            sys.stdout.write(f"{number:6}  {kind}\n")
        told = f"{sent.total()} frames of {len(sent)} kinds"
        sys.stdout.write(f"seed {given.seed}: {told}, nothing found, {time.monotonic() - began:.0f} s\n")
    if given.calls:
        sys.stdout.write(calls.told(asyncio.run(calls.run(given.seed, given.calls))) + "\n")
    if given.cuts:
        sys.stdout.write(f"seed {given.seed}: {cuts.told(cuts.run(given.seed, given.cuts))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
