"""What a client is to `init`: how it is found, which files it reads, and what belongs into them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kanban_mcp.clients import entries
from kanban_mcp.clients.parts import Part


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written: the project's folder, the command that starts the server, and for whom.

    `is_shared`: files to commit, with a bare command that each reader looks up; else this machine's absolute one.
    `db`: the board, when it is not the one that the server finds from the project.
    """

    folder: Path
    command: Sequence[str] = field(default_factory=entries.own_command)
    db: Path | None = None
    is_shared: bool = False
    with_hooks: bool = False

    @property
    def words(self) -> list[str]:
        """Return the command line of the server."""
        return entries.with_board(entries.SHARED if self.is_shared else self.command, self.db)

    @property
    def program(self) -> list[str]:
        """Return the command line up to the subcommand, for hooks; a board elsewhere is named in the environment."""
        place = [] if self.db is None else ["env", f"KANBAN_DB={self.db}"]
        command = entries.SHARED if self.is_shared else self.command
        return [*place, *command[:-1]]


class Piece(NamedTuple):
    """One part in one file, by its path in the project."""

    path: str
    part: Part


@dataclass(frozen=True, slots=True)
class Client:
    """A coding agent.

    `programs` and `marks` tell that it is in use here: a program on PATH, or a file or folder in the project.
    `skills` is the folder in which it finds skills, `guide` the file of instructions it reads. `start` is how a person
    starts it; the notes, what they have to do once, are said by `init`: always, with hooks, with shared files.
    """

    name: str
    title: str
    programs: tuple[str, ...]
    marks: tuple[str, ...]
    skills: str
    guide: str
    start: str
    pieces: Callable[[Wanted], Sequence[Piece]]
    note: str = ""
    hooks_note: str = ""
    shared_note: str = ""
