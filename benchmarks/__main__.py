"""Print every figure of DESIGN §14 that can be measured, each as a ratio against a floor of the same run."""

import argparse
import asyncio
import json
import platform
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib import metadata
from os import cpu_count
from pathlib import Path
from typing import Any

from benchmarks import burst, cold, contention, facade, peers, reclaim, scale, stdio, wake
from benchmarks.result import Result

Group = Callable[[], Awaitable[list[Result]]]
GROUPS: dict[str, Group] = {
    "facade": facade.main,
    "stdio": stdio.main,
    "burst": burst.main,
    "cold": cold.main,
    "contention": contention.main,
    "wake": wake.main,
    "reclaim": reclaim.main,
    "scale": scale.main,
}
BESIDE: dict[str, Group] = {"peers": peers.main}
"""Groups that run only when named: they need programs of other projects."""


def main() -> int:
    """Run the groups named, or all; exit code 1 if a target was missed."""
    asked = _arguments()
    kept = _kept(asked.json)
    missed = 0
    print(f"{'what':<70} {'figure':<34} {'target':<14}")
    for name in asked.groups or list(GROUPS):
        rows = asyncio.run({**GROUPS, **BESIDE}[name]())
        for row in rows:
            print(row.line(), flush=True)
            missed += row.met is False
        kept["groups"][name] = [asdict(row) for row in rows]
        if asked.json:
            asked.json.write_text(json.dumps(kept, indent=1) + "\n")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [*GROUPS, *BESIDE]
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"which to run: {', '.join(names)} (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the rows there; other groups in it stay")
    asked = parser.parse_args()
    unknown = [name for name in asked.groups if name not in names]
    if unknown:
        parser.error(f"no group {unknown[0]!r}; there are {', '.join(names)}")
    return asked


def _kept(path: Path | None) -> dict[str, Any]:
    """Return what the file holds, with the conditions of this run."""
    kept: dict[str, Any] = {"groups": {}}
    if path is not None and path.exists():
        kept["groups"] = json.loads(path.read_text())["groups"]
    kept["conditions"] = {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "mcp": metadata.version("mcp"),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": cpu_count(),
    }
    return kept


if __name__ == "__main__":
    sys.exit(main())
