"""Install the real clients for the tests: python -m tests.realclients.install [--all] [NAME ...]

Without a name the three that the tests use by default (two of Claude Code, and Codex), with `--all` also those of the
nightly tests. What is there in the pinned version is left alone, so a second run takes no time.
"""

import argparse
import fcntl
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests import node
from tests.realclients.packages import COMMAND, PACKAGES, Package

DEADLINE_S = 900
SHOWN = 6  # lines of what npm said: a stack follows them
FLAGS = (
    "--ignore-scripts",
    "--omit-lockfile-registry-resolved",
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--loglevel=error",
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=5000",
)
_NEXT = f"Next: with a network, run {COMMAND} again; until then the tests that need it are skipped."


class NotInstalled(Exception):
    """A client could not be installed; the text says what to do."""


def main(words: Sequence[str] | None = None) -> int:
    """Install what is asked for and say how it went; returns the exit code."""
    given = _parser().parse_args(words)
    wanted = [each for each in PACKAGES if each.name in given.names or (not given.names and _is_meant(each, given.all))]
    with ThreadPoolExecutor(max_workers=3) as pool:
        return max(pool.map(_report, wanted))


def _is_meant(package: Package, everything: bool) -> bool:
    return everything or not package.is_nightly


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *(each.name for each in PACKAGES)])
    parser.add_argument("--all", action="store_true", help="also those of the nightly tests")
    return parser


def _report(package: Package) -> int:
    started = time.monotonic()
    try:
        is_new = install(package)
    except (NotInstalled, node.NodeMissing) as why:
        sys.stderr.write(f"{package.name}: {why}\n")
        return 1
    took = f"installed in {time.monotonic() - started:.0f} s" if is_new else "there already"
    sys.stdout.write(f"{package.name}: {took}\n")
    return 0


def install(package: Package) -> bool:
    """Install one client unless it is there in the pinned version; returns whether it had to be.

    Raises:
        NotInstalled: npm failed.
        NodeMissing: there is no npm to run.
    """
    package.folder.mkdir(parents=True, exist_ok=True)
    with (package.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once wait for each other
        if package.is_installed:
            return False
        _install(package)
        package.stamp.write_text(package.fingerprint)
    return True


def _install(package: Package) -> None:
    package.stamp.unlink(missing_ok=True)
    shutil.rmtree(package.folder / "node_modules", ignore_errors=True)  # what was cut off half way is no beginning
    for file in ("package.json", "package-lock.json"):
        shutil.copyfile(package.lock / file, package.folder / file)
    cache = package.folder / ".cache"
    command = [str(node.node()), str(node.npm()), "install", *FLAGS, "--cache", str(cache)]
    try:
        done = subprocess.run(
            command,
            cwd=package.folder,
            env=node.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"npm was not done within {DEADLINE_S} s. {_NEXT}") from None
    shutil.rmtree(cache, ignore_errors=True)
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).splitlines()[:SHOWN])
        raise NotInstalled(f"npm could not install it:\n{said}\n{_NEXT}")


if __name__ == "__main__":
    sys.exit(main())
