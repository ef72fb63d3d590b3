"""Print every figure of DESIGN §14 that can be measured: `python -m benchmarks [facade|scale|...]`."""

import argparse
import asyncio
import sys

from benchmarks import cold, contention, facade, scale, stdio, wake

GROUPS = {"facade": facade, "stdio": stdio, "cold": cold, "contention": contention, "wake": wake, "scale": scale}


def main() -> int:
    """Run the groups named, or all; exit code 1 if a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="which groups to run (default: all)")
    chosen = parser.parse_args().groups or list(GROUPS)
    print(f"{'what':<66} {'figure':<34} {'target':<14}")
    missed = 0
    for name in chosen:
        for result in asyncio.run(GROUPS[name].main()):
            print(result.line(), flush=True)
            missed += result.met is False
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
