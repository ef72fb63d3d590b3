"""When a hook last reached the board, per client: empty files beside it, whose time is the answer.

A hook that is not installed or not trusted leaves no trace; that is the only way to see it, as its client says nothing.
Stdlib only: the light path writes them.
"""

from __future__ import annotations

import os

CLIENTS = ("claude", "codex")
FOLDER = "hooks"
EVERY_S = 60  # a newer time than this is left as it is


def note_fired(folder: str, client: str, now_s: float) -> None:
    """Note that a hook of `client` ran, in the board's directory; at most once a minute, and never an error."""
    if client not in CLIENTS:
        return
    path = f"{folder}/{FOLDER}/{client}"
    try:
        if now_s - os.stat(path).st_mtime < EVERY_S:  # noqa: PTH116  pathlib costs a hook several milliseconds
            return
        os.utime(path, (now_s, now_s))
    except FileNotFoundError:
        _make(folder, path, now_s)
    except OSError:
        return  # a read-only board: nothing to see then


def last_fired(folder: str | os.PathLike[str]) -> dict[str, float]:
    """Return per client when its hooks last reached the board in this directory, in epoch seconds."""
    found = {}
    for client in CLIENTS:
        try:
            found[client] = os.stat(f"{os.fspath(folder)}/{FOLDER}/{client}").st_mtime  # noqa: PTH116  as above
        except OSError:
            continue
    return found


def _make(folder: str, path: str, now_s: float) -> None:
    try:
        if not os.path.isdir(folder):  # noqa: PTH112  as above
            return
        os.makedirs(f"{folder}/{FOLDER}", mode=0o700, exist_ok=True)  # noqa: PTH103  as above
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        os.utime(path, (now_s, now_s))
    except OSError:
        return
