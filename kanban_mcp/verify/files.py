"""Evidence files: looked at below the run's workdir, by descriptor, without following a single link (T7).

Opening each part of the path relative to the one before, with `O_NOFOLLOW`, leaves no moment at which a worker could
swap a checked folder for a link to somewhere else.
"""

import hashlib
import os
import stat

from kanban_mcp.domain.evidence import Check

SIZE_LIMIT = 64 * 1024 * 1024


def check_file(workdir: str | None, path: str, sha256: str | None) -> Check:
    """Return what was found at `path` below the workdir: a regular file, its size, its hash if one is claimed."""
    if workdir is None:
        return Check("file", path, None, "the run has no workdir that the board knows")
    try:
        passed, detail = _look(workdir, path, sha256)
    except OSError as why:
        return Check("file", path, False, _reason(why))
    return Check("file", path, passed, detail)


def _reason(why: OSError) -> str:
    import errno

    known = {errno.ENOENT: "missing in the workdir", errno.ELOOP: "a link, or behind one; hand in the file itself"}
    known[errno.ENOTDIR] = "part of the path is a link or no folder"
    return known.get(why.errno or 0, os.strerror(why.errno or 0))


def _look(workdir: str, path: str, sha256: str | None) -> tuple[bool, str]:
    parts = _parts(workdir, path)
    if parts is None:
        return False, "not below the workdir; write the path relative to it"
    folder = os.open(workdir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        # O_NONBLOCK: opening a named pipe would otherwise wait for its writer for ever.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(parts[-1], flags, dir_fd=folder)
    finally:
        os.close(folder)
    with os.fdopen(descriptor, "rb") as file:
        return _judge(os.fstat(descriptor), file.read(SIZE_LIMIT + 1) if sha256 else b"", sha256)


def _parts(workdir: str, path: str) -> list[str] | None:
    if "\0" in path:
        return None
    if path.startswith("/"):
        path = os.path.relpath(path, workdir)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return None if not parts or ".." in parts else parts


def _judge(found: os.stat_result, content: bytes, sha256: str | None) -> tuple[bool, str]:
    if not stat.S_ISREG(found.st_mode):
        return False, "not a regular file"
    if found.st_size == 0:
        return False, "empty"
    if sha256 is None:
        return True, f"{found.st_size:,} bytes"
    if len(content) > SIZE_LIMIT:
        return False, f"larger than {SIZE_LIMIT:,} bytes, so its hash is not taken"
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256:
        return False, f"sha256 is {actual[:16]}…, not {sha256[:16]}…"
    return True, f"{found.st_size:,} bytes, sha256 as said"
