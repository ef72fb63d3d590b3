"""Opening what a person names: regular files of bounded size. A pipe would hang us, a link could lead anywhere."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.inputs import shown
from kanban_mcp.exchange.records import Remarks
from kanban_mcp.exchange.values import refuse

FILE_LIMIT = 256 << 20  # bytes of a file that holds a whole source
ENTRY_LIMIT = 4 << 20  # bytes of a file that holds one task
COUNT_LIMIT = 100_000  # files of one folder


@dataclass(frozen=True, slots=True)
class Found:
    """A file that was read; `name` is how messages call it."""

    name: str
    data: bytes


def read_file(path: Path, limit: int = FILE_LIMIT) -> bytes:
    """Return the bytes of a regular file; the person named it, so a link to one is followed.

    Raises:
        Invalid: it is missing, may not be read, is no regular file, or holds more than `limit` bytes.
    """
    return _read(path, str(path), limit, os.O_RDONLY)


def read_stream(stream: BinaryIO, name: str, limit: int = FILE_LIMIT) -> bytes:
    """Return all a stream has.

    Raises:
        Invalid: it has more than `limit` bytes.
    """
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise refuse(name, f"it has more than {limit:,} bytes")
    return data


@contextmanager
def open_lines(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file to be read line by line, whatever its size.

    Raises:
        Invalid: see `read_file`.
    """
    with _opened(path, str(path), os.O_RDONLY) as file:
        yield file


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes the place of `path` once it is whole, readable by this user only; else nothing changes.

    Raises:
        Invalid: it cannot be written there.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        fd = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as why:
        raise Invalid(
            f"{shown(str(path), 200)} cannot be written ({why.strerror}).", hint="Name another file."
        ) from None
    try:
        with os.fdopen(fd, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as why:
        raise Invalid(
            f"{shown(str(path), 200)} cannot be written ({why.strerror}).",
            hint="Free some space, or name another place.",
        ) from why
    finally:
        draft.unlink(missing_ok=True)


def read_folder(
    folder: Path, wanted: Callable[[str], bool], remarks: Remarks, limit: int = ENTRY_LIMIT
) -> Iterator[Found]:
    """Yield the wanted files right in a folder, by name. A link in there is left out: it may point out of the source.

    Raises:
        Invalid: the folder or a file cannot be read; nothing else than a regular file is opened.
    """
    for number, name in enumerate(sorted(_entries(folder)), 1):
        if number > COUNT_LIMIT:
            raise refuse(str(folder), f"it holds more than {COUNT_LIMIT:,} files")
        path = folder / name
        if not wanted(name):
            continue
        if path.is_symlink():
            remarks.skip(name, str(path), "it is a link to another place, so it is not read")
            continue
        yield Found(str(path), _read(path, str(path), limit, os.O_RDONLY | os.O_NOFOLLOW))


def _entries(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError as why:
        raise _unreadable(str(folder), why) from None


def _read(path: Path, name: str, limit: int, flags: int) -> bytes:
    with _opened(path, name, flags) as file:
        try:
            return read_stream(file, shown(name, 200), limit)
        except OSError as why:
            raise _unreadable(name, why) from None


@contextmanager
def _opened(path: Path, name: str, flags: int) -> Iterator[BinaryIO]:
    try:
        fd = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe that nobody writes to would hang us
    except (OSError, ValueError) as why:
        raise _unreadable(name, why) from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise refuse(shown(name, 200), "it is no regular file", "Name a file.")
    with os.fdopen(fd, "rb") as file:
        yield file


def _unreadable(name: str, why: OSError | ValueError) -> Invalid:
    what = why.strerror if isinstance(why, OSError) and why.strerror else str(why)
    return refuse(shown(name, 200), f"it cannot be read ({what})", "Name another file, or make this one readable.")
