"""What `kanban-mcp serve` was asked for, read without a CLI framework: the front has to answer before one loads.

Exactly the flags below are read here. Anything else (help, a typo) is left to the full CLI, which explains it better.
"""

from __future__ import annotations

import os

from kanban_mcp.server.toolsets import DEFAULT, TOOLSETS, WORKER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FLAGS = ("--db", "--toolset", "--role")


class Options:
    """The flags of one server process; None where a flag was not given."""

    __slots__ = ("db", "role", "toolset")

    def __init__(self, db: str | None = None, toolset: str | None = None, role: str | None = None) -> None:
        self.db = db
        self.toolset = toolset
        self.role = role


def parse(argv: Sequence[str]) -> Options | None:
    """Read `--db X`, `--toolset=X`, `--role X` in any order; None when anything else stands there."""
    found: dict[str, str] = {}
    rest = list(argv)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name not in FLAGS or name in found or not (equals or rest):
            return None
        found[name] = value if equals else rest.pop(0)
    if found.get("--toolset", DEFAULT) not in TOOLSETS:
        return None
    return Options(found.get("--db"), found.get("--toolset"), found.get("--role"))


def toolset_of(options: Options, environment: Mapping[str, str], directory: str) -> str:
    """Return the toolset to list: flag, environment, `kanban.toml`, default. A delegated run always gets the worker's.

    An unknown name lists the default; the server then refuses every call with the reason.
    """
    if environment.get("KANBAN_TASK_ID") and environment.get("KANBAN_RUN_ID"):
        return WORKER
    asked = options.toolset or environment.get("KANBAN_TOOLSET")
    if not asked:
        asked = _configured(policy_file(options.db or environment.get("KANBAN_DB"), directory))
    return asked if asked in TOOLSETS else DEFAULT


def policy_file(db: str | None, directory: str) -> str:
    """Return where `kanban.toml` would be: beside the board (DESIGN §7)."""
    if db and "://" not in db:
        return os.path.join(os.path.dirname(os.path.abspath(db)), "kanban.toml")  # noqa: PTH118, PTH120, PTH100
    return os.path.join(_home(directory), ".kanban", "kanban.toml")  # noqa: PTH118  pathlib costs 3 ms of the start


def _home(directory: str) -> str:
    """Return the folder that holds `.kanban`: beside the common git directory, else the nearest one upward."""
    nearest = ""
    folder = os.path.abspath(directory)  # noqa: PTH100  as above
    while True:
        git = folder + "/.git"
        if os.path.isdir(git):  # noqa: PTH112
            return folder
        if os.path.isfile(git):  # noqa: PTH113
            return _main_worktree(git) or folder
        if not nearest and os.path.isdir(folder + "/.kanban"):  # noqa: PTH112
            nearest = folder
        parent = os.path.dirname(folder)  # noqa: PTH120
        if parent == folder:
            return nearest or directory
        folder = parent


def _main_worktree(git_file: str) -> str:
    """Return the folder of the common git directory that a linked worktree's `.git` file leads to, '' if none."""
    try:
        git_dir = os.path.join(os.path.dirname(git_file), _first_line(git_file).removeprefix("gitdir: "))  # noqa: PTH118, PTH120
        common = os.path.join(git_dir, _first_line(git_dir + "/commondir"))  # noqa: PTH118
    except OSError:
        return ""
    return os.path.dirname(os.path.normpath(common))  # noqa: PTH120


def _first_line(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
        return file.readline().strip()


def _configured(path: str) -> str:
    """Return the toolset that `kanban.toml` names. tomllib is loaded only if the file exists and speaks of one."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  as above
            text = file.read()
    except (OSError, ValueError):
        return ""
    if "toolset" not in text:
        return ""
    import tomllib

    try:
        value = tomllib.loads(text).get("toolset", "")
    except tomllib.TOMLDecodeError:
        return ""  # the server names the fault in its answers
    return value if isinstance(value, str) else ""
