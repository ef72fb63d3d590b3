"""Which sources there are, where each is found when nobody says, and how it is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.inputs import nearest, shown
from kanban_mcp.exchange import backlog, beads, claude_tasks, taskmaster
from kanban_mcp.exchange.files import Found, read_file, read_folder, read_stream
from kanban_mcp.exchange.records import Reading, Remarks
from kanban_mcp.exchange.values import refuse

BOARD = "kanban"  # an export of a board; read by `dump`, not here
_BEADS = (Path(".beads/issues.jsonl"), Path(".beads/beads.jsonl"))
_TASKMASTER = (Path(".taskmaster/tasks/tasks.json"), Path("tasks/tasks.json"))
_BACKLOG = (Path("backlog"), Path(".backlog"))


@dataclass(frozen=True, slots=True)
class Around:
    """What a source is looked for in: the project, the environment, and the standard input for `-`."""

    cwd: Path
    environ: Mapping[str, str]
    stdin: Callable[[], BinaryIO]


def read_source(kind: str, what: str | None, around: Around) -> Reading:
    """Read all of a source.

    Args:
        kind: one of `SOURCES`.
        what: the file, folder or list; None for the usual place below the project (or the user's folder).
        around: where to look.

    Raises:
        Invalid: there is none, or it is not what such a source is; the text names file and line.
    """
    return SOURCES[kind](what, around)


def _beads(what: str | None, around: Around) -> Reading:
    found = _file(what, around, _BEADS, "beads")
    return beads.read(found.data, found.name)


def _taskmaster(what: str | None, around: Around) -> Reading:
    found = _file(what, around, _TASKMASTER, "taskmaster")
    return taskmaster.read(found.data, found.name)


def _file(what: str | None, around: Around, usual: tuple[Path, ...], kind: str) -> Found:
    if what == "-":
        return Found("the standard input", read_stream(around.stdin(), "the standard input"))
    path = _usual(what, around.cwd, usual, kind)
    return Found(path.name, read_file(path))


def _backlog(what: str | None, around: Around) -> Reading:
    folder = _usual(what, around.cwd, _BACKLOG, "backlog")
    folder = next((folder / name for name in _BACKLOG if (folder / name / "tasks").is_dir()), folder)
    if not folder.is_dir():
        raise refuse(str(folder), "it is no folder", "Name the folder in which Backlog.md keeps tasks/.")
    remarks = Remarks()
    folders = [
        backlog.Folder(standing, _files(folder / name, remarks))
        for name, standing in backlog.FOLDERS.items()
        if (folder / name).is_dir()
    ]
    folders = folders or [backlog.Folder(None, _files(folder, remarks))]
    if not any(each.files for each in folders):
        raise refuse(str(folder), "it holds no task files", "Name the folder in which Backlog.md keeps tasks/.")
    archived = folder / "archive" / "tasks"
    if archived.is_dir():
        remarks.skip("archive", str(archived), "what was archived there stays there: its ids may have been given anew")
    config = folder / "config.yml"
    return backlog.read(folders, Found(config.name, read_file(config)) if config.is_file() else None, remarks)


def _files(folder: Path, remarks: Remarks) -> list[Found]:
    return list(read_folder(folder, backlog.is_task_file, remarks))


def _claude_tasks(what: str | None, around: Around) -> Reading:
    environ = around.environ
    given = what or environ.get("CLAUDE_CODE_TASK_LIST_ID")
    home = Path(environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME") or "~").expanduser() / ".claude")
    folder = _claude_list(given, home / "tasks", around.cwd)
    remarks = Remarks()
    files = sorted(read_folder(folder, claude_tasks.is_task_file, remarks), key=claude_tasks.order)
    if not files:
        raise refuse(str(folder), "it holds no tasks", "Name another list.")
    return claude_tasks.read(files, folder.name, remarks)


def _claude_list(given: str | None, lists: Path, cwd: Path) -> Path:
    """Return the folder of a list: one that is named, by name or path, or the only one there is."""
    found = sorted(each.name for each in lists.iterdir() if each.is_dir()) if lists.is_dir() else []
    if given and given in found:
        return lists / given
    if given and (cwd / given).is_dir():
        return (cwd / given).resolve()
    if given:
        raise Invalid(
            f"There is no task list {shown(given)} in {lists}.", hint=f"{nearest(given, found)}{_named(found)}"
        )
    if len(found) != 1:
        what = "no task list" if not found else f"{len(found)} task lists"
        raise Invalid(
            f"There is {what} in {lists}." if not found else f"There are {what} in {lists}.", hint=_named(found)
        )
    return lists / found[0]


def _named(found: list[str]) -> str:
    names = ", ".join(shown(name) for name in found[:10]) or "none"
    return f"Name the list to import: {names}{', …' if len(found) > 10 else ''}."


def _usual(what: str | None, cwd: Path, usual: tuple[Path, ...], kind: str) -> Path:
    if what is not None:
        return cwd / Path(what).expanduser()
    found = next((cwd / path for path in usual if (cwd / path).exists()), None)
    if found is None:
        places = ", ".join(map(str, usual))
        raise Invalid(f"There is no {kind} source here ({places}).", hint="Name its file or folder.")
    return found


SOURCES: Mapping[str, Callable[[str | None, Around], Reading]] = {
    beads.NAME: _beads,
    taskmaster.NAME: _taskmaster,
    backlog.NAME: _backlog,
    claude_tasks.NAME: _claude_tasks,
}
