"""Reading and writing the files of a project: nothing outside of it, nothing half written, modes and links kept."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kanban_mcp.domain.errors import ConfigError

LARGEST = 1_000_000  # bytes; a larger file is no configuration and no page of instructions
DRAFT = ".kanban-new"
_NEXT = "correct it and run kanban-mcp init again; kanban-mcp init --print shows what to add by hand."


@dataclass(frozen=True, slots=True)
class Before:
    """A file as it was found. `path` is the real one behind links; `text` is None when there is none."""

    path: Path
    text: str | None


def unusable(path: Path, why: str, hint: str = _NEXT) -> ConfigError:
    """Return the refusal of a file that was left alone."""
    return ConfigError(f"{path} cannot be used: {why}. It was left as it is.", hint=hint)


def read(root: Path, path: Path) -> Before:
    """Return a file of the project, made sure that it can be written again.

    Raises:
        ConfigError: it leads out of the project, is no regular text file, is too large, or may not be written.
    """
    try:
        real = path.resolve()
        if not real.is_relative_to(root.resolve()):
            raise unusable(path, f"it leads out of the project, to {real}")
        if is_gits(root, real):
            raise unusable(path, f"it leads into git's own files, to {real}")  # a line there can run a program
        if not real.exists():
            _require_place(path, real)
            return Before(real, None)
        return Before(real, _text(path, real))
    except (OSError, RuntimeError) as why:
        raise unusable(path, str(why)) from None


def is_gits(root: Path, real: Path) -> bool:
    """Say whether a real path of the project is one of git's own, whatever the case of its letters."""
    return any(part.casefold() == ".git" for part in real.relative_to(root.resolve()).parts)


def _text(path: Path, real: Path) -> str:
    if not real.is_file():
        raise unusable(path, "it is no regular file")  # a pipe would be waited on for ever
    found = real.stat()
    if found.st_size > LARGEST:
        raise unusable(path, f"it has {found.st_size} bytes, more than a configuration file")
    if not found.st_mode & 0o222 or not os.access(real, os.W_OK):
        raise unusable(path, "it is read-only")
    _require_writable(path, real.parent)
    try:
        return real.read_bytes().decode()
    except UnicodeDecodeError as why:
        raise unusable(path, f"it is not UTF-8 (byte {why.start})") from None


def _require_place(path: Path, real: Path) -> None:
    """Refuse a place in which no file can be made."""
    above = next(folder for folder in real.parents if os.path.lexists(folder))
    if not above.is_dir():
        raise unusable(path, f"{above} is no directory")
    _require_writable(path, above)


def _require_writable(path: Path, folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise unusable(path, f"the directory {folder} may not be written")


def digest(text: str | None) -> str | None:
    """Return what tells one text from another; None for no file."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def current(path: Path) -> str | None:
    """Return the text of a file as it is now; None when there is none, or none that we could have written."""
    try:
        return path.read_bytes().decode() if path.is_file() else None
    except (OSError, UnicodeDecodeError):
        return None


def missing_folders(root: Path, path: Path) -> list[str]:
    """Return the folders below the root that have to be made for a file, outermost first."""
    above = [folder for folder in path.parents if folder.is_relative_to(root) and not folder.exists()]
    return [str(folder.relative_to(root)) for folder in reversed(above)]


def write(path: Path, text: str) -> None:
    """Write a file in one step, with the mode and owner that it had. `path` is a real path.

    Raises:
        OSError: it cannot be written; it is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_of(path)
    draft.unlink(missing_ok=True)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            if path.exists():  # what somebody wrote must not be lost with the power; what is new can be written again
                os.fsync(descriptor)
        with suppress(FileNotFoundError):
            _like(draft, path.stat())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def draft_of(path: Path) -> Path:
    """Return where a file is prepared; the name is fixed, so that a clean-up after a kill finds it."""
    return path.with_name(f".{path.name}{DRAFT}")


def _like(draft: Path, found: os.stat_result) -> None:
    with suppress(PermissionError):
        os.chown(draft, found.st_uid, found.st_gid)
    draft.chmod(found.st_mode & 0o7777)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one init or uninstall at a time work on a board's clients. The lock is the folder itself: no file stays."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
