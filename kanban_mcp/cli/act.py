"""One command, one call: open the board, say who calls, call, close. The only way a command reaches the board."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from rich.text import Text

from kanban_mcp import app
from kanban_mcp.cli import identity, output
from kanban_mcp.domain.errors import NotFound, PeopleOnly
from kanban_mcp.service.board import Board
from kanban_mcp.service.presence import Standing
from kanban_mcp.service.results import to_json
from kanban_mcp.service.session import Session

T = TypeVar("T")
Verb = Callable[[Board, Session], Awaitable[T]]


def call(db: str | None, verb: Verb[T], *, reads: bool = False, works_here: bool = False) -> T:
    """Make one call on the board and return its answer.

    Args:
        db: what `--db` says.
        verb: the call.
        reads: it changes nothing, so it never creates a board.
        works_here: it opens a run, which records branch and commit of the working directory.

    Raises:
        BoardError: the refusal, to be printed by `app.main`.
    """
    return asyncio.run(_call(db, verb, reads, works_here))


async def _call(db: str | None, verb: Verb[T], reads: bool, works_here: bool) -> T:
    setup = app.set_up(db=db)
    board = app.open_board(setup, may_create=not reads)
    try:
        who = await _who(board, setup)
        caller = _in_this_checkout(who.caller) if works_here else who.caller
        try:
            return await verb(board, Session(caller, lasting=False))
        except PeopleOnly as refused:
            raise who.explain(refused) from None
    finally:
        await board.close()


async def _who(board: Board, setup: app.Setup) -> identity.Who:
    standing = await _standing(board, setup)
    runs = standing.runs if standing else ()
    holds_key = standing is not None and app.opens(standing.identity, os.environ)
    has_key = standing is not None and standing.identity.operator_hash is not None
    return identity.identify(
        identity.here(), os.environ, runs, holds_key=holds_key, has_key=has_key, role=setup.settings.role
    )


async def _standing(board: Board, setup: app.Setup) -> Standing | None:
    try:
        return await board.standing()
    except NotFound:
        if setup.place.path.exists():
            raise
        return None  # this very call is the first write, which makes the board


def _in_this_checkout(caller: Any) -> Any:
    from kanban_mcp.server.places import ask_git, read_place

    here = Path.cwd()
    place = read_place(here) or ask_git(here)
    return replace(caller, branch=place.branch, base=place.head, isolated=place.linked)


def answer(result: T, as_json: bool, human: Callable[[T], Iterable[Text]]) -> None:
    """Print an answer: the tool's own object, or lines for people."""
    if as_json:
        output.as_json(to_json(result))
    else:
        output.lines(human(result))
    sys.stdout.flush()
