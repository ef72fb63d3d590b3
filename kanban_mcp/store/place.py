"""What must hold of a board's directory and file before SQLite may touch them: owner, modes, kind, mount.

Looks with `stat` only. Opening and closing a database file by hand would drop every lock this process has on it.
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kanban_mcp.domain.errors import BoardError, BoardUnavailable, ConfigError
from kanban_mcp.store.errors import unavailable

BOARD_FOLDER = ".kanban"
_MOUNTS = Path("/proc/self/mounts")
_NETWORK = (
    "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "glusterfs", "lustre",
    "beegfs", "gpfs", "ocfs2", "gfs2", "davfs", "ncpfs", "coda", "vboxsf", "vmhgfs", "prl_fs", "drvfs", "grpcfuse",
    "fakeowner", "webdav", "afpfs", "osxfs",
)  # fmt: skip
_NETWORK_FUSE = (
    "sshfs", "s3fs", "rclone", "gvfsd-fuse", "davfs", "glusterfs", "ceph", "vmhgfs-fuse", "gcsfuse", "goofys",
    "mount-s3", "blobfuse", "curlftpfs", "smbnetfs", "juicefs", "seaweedfs", "mfs", "grpcfuse", "osxfs", "virtiofs",
)  # fmt: skip


def read_mounts() -> str:
    """Return the kernel's mount table, empty where there is none to read (macOS)."""
    try:
        return _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def check_local(folder: Path, mounts: Callable[[], str] = read_mounts) -> None:
    """Refuse a directory on a network or host-shared mount, where SQLite's shared memory silently does not work.

    Raises:
        ConfigError: names the mount point and its type.
    """
    point, kind = mount_of(folder, mounts())
    if kind in _NETWORK or (kind.startswith("fuse") and kind.removeprefix("fuse.") in _NETWORK_FUSE):
        raise ConfigError(
            f"The board directory {folder} is on a network or shared mount ({kind} at {point}); "
            "SQLite can lose acknowledged writes there.",
            hint="put the board on a local disk: KANBAN_DB=/path/on/a/local/disk/board.db.",
        )


def mount_of(folder: Path, table: str) -> tuple[str, str]:
    """Return mount point and file system type of the nearest mount above `folder`; empty strings if unknown."""
    best = ("", "")
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = _unescaped(fields[1])
        # `>=`: of two mounts on one point the later hides the earlier.
        if folder.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, fields[2])
    return best


def _unescaped(point: str) -> str:
    for code, char in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        point = point.replace(code, char)
    return point


def check_folder(folder: Path) -> None:
    """Refuse a board directory that another user could swap or read.

    Raises:
        BoardUnavailable: it does not exist, is no directory, is another user's link, or another user's directory.
    """
    try:
        link, real = folder.lstat(), folder.stat()
    except OSError as error:
        raise unavailable(folder, f"its directory cannot be reached ({error.strerror})") from error
    trusted = {os.geteuid(), 0}
    if stat.S_ISLNK(link.st_mode) and link.st_uid not in trusted:
        raise _another_users(folder, "is a symbolic link made by")
    if not stat.S_ISDIR(real.st_mode):
        raise unavailable(folder, "that is not a directory")
    if real.st_uid not in trusted and os.geteuid() != 0:  # root in a container works in its user's checkout
        raise _another_users(folder, "belongs to")


def _another_users(folder: Path, how: str) -> BoardError:
    return BoardUnavailable(
        f"The board directory {folder} {how} another user. Nothing was written.",
        hint="check who made it; use a directory of your own, or KANBAN_DB.",
    )


def check_file(path: Path) -> os.stat_result | None:
    """Return the stat of the board file, or None when there is none.

    Raises:
        BoardUnavailable: something is there which cannot be a board: a directory, a pipe, an empty file.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unavailable(path, f"it cannot be reached ({error.strerror})") from error
    if not stat.S_ISREG(found.st_mode):
        raise unavailable(path, "it is not a regular file", hint="name a file: KANBAN_DB=/path/to/board.db")
    if found.st_size == 0:
        # SQLite would take an empty file for a new database: a truncated board would come back as an empty one.
        raise unavailable(
            path,
            "the file is empty (0 bytes) where a board was expected",
            hint="restore a backup; or, if there never was a board, delete the empty file and run kanban-mcp init",
        )
    return found


def make_private(folder: Path) -> None:
    """Create the board directory with mode 0700, and close a `.kanban` of ours that others can enter.

    A directory of another name was chosen by the user (`KANBAN_DB`) and may serve other things: it stays as it is.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise unavailable(folder, "it is no directory", hint="move that file away") from None
    except OSError as error:
        raise unavailable(
            folder, f"its directory cannot be created ({error.strerror})", hint="check the path and its permissions"
        ) from error
    found = folder.stat()
    if folder.name == BOARD_FOLDER and found.st_uid == os.geteuid() and found.st_mode & 0o077:
        folder.chmod(0o700)


def close_to_others(path: Path) -> None:
    """Set mode 0600 on a board file and on the sidecars that SQLite has made with the mode of the file."""
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).chmod(0o600)


def is_writable(path: Path) -> bool:
    """Say whether this process may write the file and put files beside it."""
    return os.access(path.parent, os.W_OK | os.X_OK) and (not path.exists() or os.access(path, os.W_OK))
