"""The operator key: who holds it is a person to the board (DESIGN §9). Kept outside every repository, mode 0600.

On one machine under one user this is a guard rail, not a wall: a worker with a shell can read what its user can read
(SECURITY.md). It never appears in an environment, an argument, a log or a tool's answer.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from kanban_mcp.domain.errors import ConfigError


def keys_folder(environ: Mapping[str, str]) -> Path:
    """Return where keys are kept: `KANBAN_CONFIG_HOME`, else `XDG_CONFIG_HOME`, else `~/.config`."""
    own = environ.get("KANBAN_CONFIG_HOME")
    if own:
        return Path(own)
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "kanban-mcp"


def hash_of(key: str) -> str:
    """Return what the board stores: SHA-256 of the key, useless to whoever reads the board."""
    return hashlib.sha256(key.encode()).hexdigest()


def make_key(folder: Path, board_key: str) -> str:
    """Make the operator key of a board and return it; an existing one is kept.

    Raises:
        ConfigError: the folder or file cannot be written.
    """
    path = key_path(folder, board_key)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as why:
        raise ConfigError(f"The operator key cannot be written: {why}.", hint="Set KANBAN_CONFIG_HOME.") from None
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    except OSError as why:
        raise ConfigError(f"The operator key cannot be written: {why}.", hint="Set KANBAN_CONFIG_HOME.") from None
    key = secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key + "\n")
    return key


def holds_key(folder: Path, board_key: str, operator_hash: str | None) -> bool:
    """Say whether this user's key file opens the board."""
    if operator_hash is None:
        return False
    try:
        key = key_path(folder, board_key).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return False
    return hmac.compare_digest(hash_of(key), operator_hash)


def key_path(folder: Path, board_key: str) -> Path:
    """Return where the operator key of a board is kept. People are told this path, never what is in it."""
    return folder / f"operator-{board_key}.key"
