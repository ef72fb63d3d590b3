"""How a client is set up in a project: its entry, its hooks, its skills, compared with what init would write.

Only looked at: init's own plan says per part of a file whether it is there, so there is one truth about it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kanban_mcp.clients import entries, planning
from kanban_mcp.clients.client import Client, Wanted
from kanban_mcp.clients.parts import Change, Items, Member, Part, Table, Whole, entry_of
from kanban_mcp.clients.record import Record
from kanban_mcp.domain.errors import ConfigError

Hooks = Literal["none", "some", "all"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a project has for a client. `unusable` says why its files cannot be read; then nothing else is known.

    `entry` is the state of the server entry, `file` where it stands or would stand, `words` its command line.
    `hooks` is None for a client that has none.
    """

    client: Client
    file: str = ""
    entry: Change = "added"
    words: tuple[str, ...] = ()
    hooks: Hooks | None = None
    missing_skills: tuple[str, ...] = ()
    other_skills: tuple[str, ...] = ()
    unusable: str = ""

    @property
    def is_set_up(self) -> bool:
        """Say whether an entry of ours is there, in whatever state."""
        return self.entry in ("there already", "updated")


def look(client: Client, wanted: Wanted, record: Record) -> Standing:
    """Return how a client is set up in the project of `wanted`."""
    try:
        plan = planning.plan(replace(wanted, with_hooks=True), [client], record)
        shared = planning.plan(replace(wanted, with_hooks=True, is_shared=True), [client], record)
    except ConfigError as why:
        return Standing(client, unusable=why.message)
    parts = list(_parts(plan))
    entry = next((each for each in parts if isinstance(each[1], Member | Table)), None)
    if entry is None:
        return Standing(client)
    file, part, change = entry
    skills = [(name, each) for name, piece, each in parts if isinstance(piece, Whole)]
    return Standing(
        client,
        file=file.name,
        entry=change,
        words=tuple(entries.words_of(entry_of(file.before or "", part))),
        hooks=_best(_hooks(parts), _hooks(list(_parts(shared)))),
        missing_skills=tuple(_skills(skills, ("added",))),
        other_skills=tuple(_skills(skills, ("updated", "changed by you"))),
    )


Each = tuple[planning.FilePlan, Part, Change]


def _parts(plan: planning.Plan) -> Iterator[Each]:
    for file in plan.files:
        for part, change in zip(file.parts, file.changes, strict=True):
            yield file, part, change


def _hooks(parts: Sequence[Each]) -> Hooks | None:
    states = [change for _, part, change in parts if isinstance(part, Items) and part.are_hooks]
    if not states:
        return None
    if all(change == "there already" for change in states):
        return "all"
    return "some" if any(change in ("there already", "updated") for change in states) else "none"


def _best(one: Hooks | None, other: Hooks | None) -> Hooks | None:
    """Return the better of two: hooks may stand in the file for all or in the one for this user."""
    order: Sequence[Hooks | None] = (None, "none", "some", "all")
    return max(one, other, key=order.index)


def _skills(files: Sequence[tuple[planning.FilePlan, Change]], states: Sequence[Change]) -> list[str]:
    """Return the names of the skills with a file in one of these states."""
    names = (file.name.rpartition("/skills/")[2].partition("/")[0] for file, change in files if change in states)
    return list(dict.fromkeys(names))
