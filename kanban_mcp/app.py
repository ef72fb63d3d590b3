"""Composition: settings in, a board out. The only place that knows which engine, clock and eyes a board gets.

What a heartbeat from a hook does not need is imported where it is used (DESIGN §6, light path).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kanban_mcp import machine
from kanban_mcp.config import Settings, load_settings
from kanban_mcp.domain.errors import NotFound
from kanban_mcp.domain.principals import ProcessId
from kanban_mcp.store.location import BoardPlace, find_board
from kanban_mcp.store.opening import SqliteOptions
from kanban_mcp.store.sqlite import SqliteFile

if TYPE_CHECKING:
    from kanban_mcp.service.board import Board
    from kanban_mcp.service.founding import Identity


@dataclass(frozen=True, slots=True)
class Setup:
    """Where the board is and what is in force there."""

    place: BoardPlace
    settings: Settings


def set_up(cwd: Path | None = None, environ: Mapping[str, str] | None = None, **flags: Any) -> Setup:
    """Find the board and read its settings.

    Raises:
        ConfigError: a setting or the place cannot be used as written.
    """
    cwd = cwd or Path.cwd()
    environ = os.environ if environ is None else environ
    given = flags.get("db") or environ.get("KANBAN_DB") or None
    place = find_board(cwd, given)
    settings = load_settings(place.folder, environ, flags)
    if given is None and settings.db:
        place = find_board(place.folder, settings.db)
    return Setup(place, settings)


def is_gone(process: ProcessId) -> bool:
    """Say whether a process has ended."""
    return not machine.is_alive(process)


def open_board(setup: Setup, *, may_create: bool = True) -> "Board":
    """Return the board of a setup; its file is opened at the first call.

    `may_create`: the first write may create it, where the place is initialised.
    """
    from kanban_mcp.service.board import Board
    from kanban_mcp.store.aio import SqliteStore
    from kanban_mcp.verify.verifier import LocalVerifier

    return Board(
        SqliteStore(setup.place.path, _options(setup, may_create)),
        clock=machine.read_clock,
        is_gone=is_gone,
        policy=setup.settings.policy,
        verifier=LocalVerifier(),
    )


def open_file(setup: Setup, *, lock_wait_s: float | None = None) -> SqliteFile:
    """Return the board of a setup for calls without an event loop (the light path); it never creates one.

    `lock_wait_s`: how long a call may wait for other writers, if not as long as usual.
    """
    options = _options(setup, may_create=False)
    return SqliteFile(setup.place.path, options if lock_wait_s is None else replace(options, lock_wait_s=lock_wait_s))


def _options(setup: Setup, may_create: bool) -> SqliteOptions:
    setup.place.require(create=may_create)
    return SqliteOptions(may_create=may_create and setup.place.initialised)


def opens(identity: "Identity", environ: Mapping[str, str] | None = None) -> bool:
    """Say whether this user's key file opens the board."""
    from kanban_mcp import keys

    folder = keys.keys_folder(os.environ if environ is None else environ)
    return keys.holds_key(folder, identity.board_key, identity.operator_hash)


async def is_operator(board: "Board", environ: Mapping[str, str] | None = None) -> bool:
    """Say whether this user holds the operator key of the board."""
    return opens(await board.identity(), environ)


async def serves_a_person(board: "Board", environ: Mapping[str, str] | None = None) -> bool:
    """Say whether a server of ours, given the operator toolset, may speak for a person now.

    It takes the key, and no open run of a session that we were started from: an agent's shell could otherwise start
    the operator's server and decide what its own session asked for.
    """
    from kanban_mcp.service.presence import nearest_above

    try:
        standing = await board.standing()
    except NotFound:
        return False  # the first write makes the board
    above = nearest_above(machine.ancestors(os.getpid()), standing.runs)
    return above is None and opens(standing.identity, environ)


async def make_operator_key(board: "Board", environ: Mapping[str, str] | None = None) -> bool:
    """Make the operator key of a board that has none. Says whether this user now holds the key."""
    from kanban_mcp import keys

    identity = await board.create_if_missing()
    folder = keys.keys_folder(os.environ if environ is None else environ)
    if identity.operator_hash is None:
        identity = await board.found(keys.hash_of(keys.make_key(folder, identity.board_key)))
    return opens(identity, environ)
