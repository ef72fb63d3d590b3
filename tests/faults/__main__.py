"""Meets the faults of the matrix and prints a table of figures: `python -m tests.faults [F1 ...] [--scale ci]`.

A case that fails prints what went wrong and the one command that repeats it; its folder is kept.
"""

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.faults.base import SCALES, Case, Place
from tests.faults.matrix import CASES


def main(argv: list[str]) -> int:
    """Run the cases asked for. Returns 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faults", nargs="*", help="F1 to F19; all when none is named")
    parser.add_argument("--case", help="one case of the fault, by name")
    parser.add_argument("--scale", choices=SCALES, default="ci")
    parser.add_argument("--seed", type=int, default=2007)
    parser.add_argument("--rounds", type=int, help="how often, instead of what the scale says")
    options = parser.parse_args(argv)
    wanted = [c for c in CASES if not options.faults or c.fault in options.faults]
    wanted = [c for c in wanted if options.case in (None, c.name)]
    if not wanted:
        parser.error(f"there is no such case; there are {', '.join(f'{c.fault} {c.name}' for c in CASES)}")
    failed = sum(not _met(case, options) for case in wanted)
    _say(f"{len(wanted) - failed} of {len(wanted)} cases held at scale {options.scale}, seed {options.seed}")
    return 1 if failed else 0


def _met(case: Case, options: argparse.Namespace) -> bool:
    folder = Path(tempfile.mkdtemp(prefix=f"{case.fault}-{case.name}-"))
    place = Place(folder, options.seed, options.scale, options.rounds)
    since, used = time.monotonic(), time.process_time()
    try:
        figures = case.meet(place)
    except Exception:  # noqa: BLE001 - whatever it was, the other cases are met as well
        _say(f"{case.fault:4} {case.name:22} FAILED; its board is in {folder}\n{traceback.format_exc()}")
        _say(f"To repeat: {case.command(place)}")
        return False
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
    took = f"{time.monotonic() - since:6.1f} s, {time.process_time() - used:5.1f} s CPU here"
    _say(f"{case.fault:4} {case.name:22} {took}  {told}")
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
