"""Where the board is (DESIGN §7): one board for a repository and all its worktrees, found without running git.

Reads git's own files only: this runs at the start of every session and every hook.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kanban_mcp.domain.errors import ConfigError, NotFound
from kanban_mcp.store.place import BOARD_FOLDER, make_private

BOARD_FILE = "board.db"
_IGNORED = """\
# The board's data stays out of git; its policy (kanban.toml, profiles) goes in.
*
!.gitignore
!kanban.toml
!profiles/
!profiles/**
"""

Found = Literal["given", "git", "upward", "default"]


@dataclass(frozen=True, slots=True)
class BoardPlace:
    """Where the board is, or would be. `exists`: the file is there.

    `found`: "given" by `KANBAN_DB` or `--db`, beside the common "git" directory, "upward" from the working directory,
    or the "default" below it. `initialised`: the first write may create the board here.
    """

    path: Path
    found: Found
    exists: bool
    initialised: bool

    @property
    def folder(self) -> Path:
        """Return the board's directory."""
        return self.path.parent

    def require(self, *, create: bool) -> Path:
        """Return the path if the board is there, or if `create` (a write is to follow) and it may be created.

        Raises:
            NotFound: a read of a board that does not exist, or a write in a place nobody initialised.
        """
        if self.exists or (create and self.initialised):
            return self.path
        where = f"There is no board at {self.path}."
        if self.initialised:
            raise NotFound(where, hint="the first write makes it; kanban-mcp init makes it now.")
        raise NotFound(where, hint="run kanban-mcp init here to make one, or name a board with KANBAN_DB or --db.")


def find_board(cwd: Path, given: str | None = None) -> BoardPlace:
    """Return the place of the board for a process working in `cwd`.

    `given` is what `KANBAN_DB`, `--db` or the configuration says; None or "" when nothing does.

    Raises:
        ConfigError: `given` is no file path, or git's files are not as git writes them.
    """
    cwd = cwd.absolute()
    if given:
        return _place(_given_path(cwd, given), "given")
    repository = _repository(cwd)
    if repository is not None:
        return _place(repository / BOARD_FOLDER / BOARD_FILE, "git")
    for folder in (cwd, *cwd.parents):
        if (folder / BOARD_FOLDER).is_dir():
            return _place(folder / BOARD_FOLDER / BOARD_FILE, "upward")
    return _place(cwd / BOARD_FOLDER / BOARD_FILE, "default")


def initialise(place: BoardPlace) -> BoardPlace:
    """Make the board's directory (mode 0700) with its `.gitignore`, so that the next write creates the board."""
    make_private(place.folder)
    if place.folder.name == BOARD_FOLDER:
        write_gitignore(place.folder)
    return BoardPlace(place.path, place.found, place.path.exists(), initialised=True)


def write_gitignore(folder: Path) -> bool:
    """Write `.gitignore` into the board's directory unless there is one; say whether it was written."""
    try:
        with (folder / ".gitignore").open("x", encoding="utf-8") as file:
            file.write(_IGNORED)
    except FileExistsError:
        return False
    return True


def is_own_gitignore(folder: Path) -> bool:
    """Say whether the `.gitignore` of a board's directory is as we wrote it."""
    try:
        return (folder / ".gitignore").read_text(encoding="utf-8") == _IGNORED
    except (OSError, UnicodeDecodeError):
        return False


def _place(path: Path, found: Found) -> BoardPlace:
    initialised = found == "given" or path.parent.is_dir()
    return BoardPlace(path, found, path.exists(), initialised)


def _given_path(cwd: Path, given: str) -> Path:
    scheme, is_url, _ = given.partition("://")
    if is_url and scheme.lower() in ("postgresql", "postgres"):
        raise ConfigError(
            "The board is given as a PostgreSQL URL, and PostgreSQL is not available in this version.",
            hint="name a file: KANBAN_DB=/path/to/board.db.",
        )
    if is_url:
        raise ConfigError(f"The board is given as a {scheme} URL.", hint="name a file: KANBAN_DB=/path/to/board.db.")
    try:
        path = cwd / Path(given).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"The board's path {given!r} names an unknown home directory.") from error
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise ConfigError(f"The board's path {str(path)[:200]!r} cannot be used ({error.strerror}).") from None
    if is_folder:
        raise ConfigError(f"The board's path {path} is a directory.", hint=f"name a file in it: {path / BOARD_FILE}.")
    return path


def _repository(cwd: Path) -> Path | None:
    """Return the directory that holds the repository's `.kanban`; None outside of git."""
    for folder in (cwd, *cwd.parents):
        git = _git_dir_at(folder)
        if git is not None:
            return _beside(_common_dir(git))
    return None


def _git_dir_at(folder: Path) -> Path | None:
    entry = folder / ".git"
    if entry.is_file():
        return _linked_git_dir(entry)
    for candidate in (entry, folder):  # a checkout's root; or the inside of a git directory, bare or not
        if _is_git_dir(candidate):
            return candidate.resolve()
    return None


def _is_git_dir(folder: Path) -> bool:
    return (folder / "HEAD").exists() and ((folder / "commondir").exists() or (folder / "objects").is_dir())


def _linked_git_dir(entry: Path) -> Path:
    """Follow the `.git` file of a worktree or submodule."""
    text = _line_of(entry)
    if not text.startswith("gitdir: ") or "\0" in text:
        raise ConfigError(f"{entry} is a file but not one that git writes.", hint="run git status there.")
    git = (entry.parent / text.removeprefix("gitdir: ")).resolve()
    if not _is_git_dir(git):
        raise ConfigError(
            f"{entry} names the git directory {git}, which is not there.",
            hint="if the repository was moved, run git worktree repair in it.",
        )
    return git


def _common_dir(git: Path) -> Path:
    """Return the git directory that all worktrees share."""
    file = git / "commondir"
    return (git / _line_of(file)).resolve() if file.exists() else git


def _beside(common: Path) -> Path:
    """Return the main checkout of a common git directory; of a bare repository, the directory that holds it.

    A submodule's git directory lies inside the one of its superproject and names its checkout in its configuration.
    """
    if common.name != ".git":
        for name in ("config.worktree", "config"):
            worktree = _core_worktree(common / name)
            if worktree:
                return (common / worktree).resolve()
    return common.parent


def _core_worktree(config: Path) -> str:
    """Return `core.worktree` of a git configuration file, "" when it sets none."""
    section, value = "", ""
    for line in _lines_of(config):
        text = line.strip()
        if text.startswith("["):
            section = text.lower()
        key, is_setting, setting = text.partition("=")
        if section == "[core]" and is_setting and key.strip().lower() == "worktree":
            value = setting.strip().strip('"')
    return value


def _line_of(file: Path) -> str:
    return next(_lines_of(file), "").rstrip()


def _lines_of(file: Path) -> Iterator[str]:
    try:
        yield from file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}).", hint="run git status there.") from error
