"""The official conformance suite against our server: `python -m tests.protocol.conformance`.

Runs what each protocol revision requires, at that revision's wire, and compares scenario by scenario with
`conformance.toml`: a scenario that fails has to be named there with the reason, one that is named there has to fail.
A task board publishes none of the suite's fixture tools, so this is no claim of full conformance; `--fixtures` adds the
names that show how our own dispatch carries content, errors and progress.
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests import node
from tests.protocol.http_server import serving

PACKAGE = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
REVISIONS = ("2025-11-25", "2026-07-28")
LIMIT_S = 300
EXPECTED = Path(__file__).with_name("conformance.toml")


@dataclass(frozen=True)
class Verdict:
    """What the suite found at one revision, against what we expect of it."""

    checks: Mapping[str, Counter[str]]  # scenario → how many of its checks ended how
    reasons: Mapping[str, str]  # scenario → why it may fail

    @property
    def passed(self) -> list[str]:
        """Return the scenarios without a failed check and with at least one passed."""
        return [name for name, found in self.checks.items() if found["SUCCESS"] and not found["FAILURE"]]

    @property
    def unexpected(self) -> list[str]:
        """Return the scenarios that failed although no reason is given."""
        return [name for name in self.checks if name not in self.passed and name not in self.reasons]

    @property
    def stale(self) -> list[str]:
        """Return the reasons given for scenarios that passed or were not run."""
        return [name for name in self.reasons if name not in self.checks or name in self.passed]

    @property
    def is_as_expected(self) -> bool:
        """Say whether everything ran and ended as expected."""
        return bool(self.passed) and not self.unexpected and not self.stale


def check(revision: str, *, with_fixtures: bool = False) -> Verdict:
    """Run the scenarios of a revision against a fresh server and board.

    Raises:
        NodeMissing: Node.js or the suite is not there and cannot be installed.
    """
    suite = node.install(node.FOLDER / "protocol", [PACKAGE]) / "node_modules" / PACKAGE.rpartition("@")[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder, with_fixtures=with_fixtures) as url:
            command = [node.node(), suite / "dist" / "index.js", "server", "--url", url, "--requirements", revision]
            results = folder / "results"
            done = subprocess.run(
                [*map(str, command), "-o", str(results)],
                env=node.environment(),
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
            )
        found = _read(results)
    if not found:
        raise RuntimeError(f"the conformance suite said nothing: {done.stderr[-800:]}")
    return Verdict(found, reasons(revision, with_fixtures=with_fixtures))


def reasons(revision: str, *, with_fixtures: bool = False) -> dict[str, str]:
    """Return the scenarios that are expected to fail, each with the reason."""
    content = tomllib.loads(EXPECTED.read_text(encoding="utf-8"))
    given: dict[str, str] = content[revision]
    served = content["fixtures"][revision] if with_fixtures else []
    return {name: why for name, why in given.items() if name not in served}


def _read(results: Path) -> dict[str, Counter[str]]:
    """Read the folders `server-<scenario>-<time>` that the suite leaves."""
    found = {}
    for file in sorted(results.glob("server-*/checks.json")):
        scenario = _without_time(file.parent.name.removeprefix("server-"))
        found[scenario] = Counter(one["status"] for one in json.loads(file.read_text(encoding="utf-8")))
    return found


def _without_time(name: str) -> str:
    """Cut `-2026-11-21T05-03-18-585Z` off a folder's name."""
    return "-".join(name.split("-")[:-6])


def told(revision: str, verdict: Verdict) -> str:
    """Return the verdict for people."""
    checks = sum(found["SUCCESS"] for name, found in verdict.checks.items() if name in verdict.passed)
    lines = [f"{revision}: {len(verdict.passed)} of {len(verdict.checks)} scenarios passed ({checks} checks)."]
    lines += [f"  passed    {name}" for name in verdict.passed]
    expected = [name for name in verdict.reasons if name not in verdict.stale]
    lines += [f"  expected  {name}: {verdict.reasons[name]}" for name in expected]
    lines += [f"  FAILED    {name}: {dict(verdict.checks[name])}" for name in verdict.unexpected]
    lines += [f"  STALE     {name}: it does not fail, take it out of {EXPECTED.name}" for name in verdict.stale]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite and print what it found. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.protocol.conformance", description=__doc__)
    parser.add_argument("--revision", choices=REVISIONS, action="append", help="default: both")
    parser.add_argument("--fixtures", action="store_true", help="serve the suite's fixture names, too")
    given = parser.parse_args(arguments)
    logging.getLogger("mcp").setLevel(logging.ERROR)  # the suite provokes warnings on purpose
    verdicts = {name: check(name, with_fixtures=given.fixtures) for name in given.revision or REVISIONS}
    sys.stdout.write("\n".join(told(name, verdict) for name, verdict in verdicts.items()) + "\n")
    return int(not all(verdict.is_as_expected for verdict in verdicts.values()))


if __name__ == "__main__":
    sys.exit(main())
