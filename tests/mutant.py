"""What a seeded mutant is, and the ways to take a rule out of the running program."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from unittest import mock

from kanban_mcp.domain import states
from kanban_mcp.domain.states import Kind, TaskState, Verb
from kanban_mcp.store.statements import Statements

Change = Callable[[ExitStack], None]


@dataclass(frozen=True)
class Mutant:
    """One rule taken out. `tests`: named tests that must notice it too, run in a process of their own."""

    name: str
    what: str
    change: Change
    in_suite: bool = False
    tests: tuple[str, ...] = ()

    @contextmanager
    def seeded(self) -> Iterator[None]:
        """Run the board with the mutant for as long as the block lasts."""
        with ExitStack() as stack:
            self.change(stack)
            yield

    def apply(self) -> None:
        """Run the board with the mutant for the rest of this process."""
        self.change(ExitStack())


def everywhere(old: Any, new: Any) -> Change:
    """Put `new` in the place of the function `old`, in every module that has imported it by name."""

    def change(stack: ExitStack) -> None:
        name = old.__name__
        ours = [m for m in list(sys.modules.values()) if getattr(m, "__name__", "").startswith("kanban_mcp.")]
        for module in (m for m in ours if vars(m).get(name) is old):
            stack.enter_context(mock.patch.object(module, name, new))

    return change


def sql(name: str, *swaps: tuple[str, str]) -> Change:
    """Change the text of a statement. A board that is open already keeps what it has read."""

    def change(stack: ExitStack) -> None:
        read = Statements.__missing__

        def missing(self: Statements, key: str) -> str:
            text = read(self, key)
            for old, new in swaps if key == name else ():
                assert old in text, f"{name}.sql has no {old!r} any more: bring the mutant up to date"
                self[key] = text = text.replace(old, new)
            return text

        stack.enter_context(mock.patch.object(Statements, "__missing__", missing))

    return change


def both(*changes: Change) -> Change:
    """Make several changes."""

    def change(stack: ExitStack) -> None:
        for each in changes:
            each(stack)

    return change


def table(new: dict[tuple[TaskState, Kind, Verb], Any]) -> Change:
    """Add cells to the transition table."""

    def change(stack: ExitStack) -> None:
        stack.enter_context(mock.patch.object(states, "TRANSITIONS", MappingProxyType({**states.TRANSITIONS, **new})))

    return change


def replaced(owner: Any, name: str, new: Any) -> Change:
    """Put `new` in the place of an attribute of a class or module."""

    def change(stack: ExitStack) -> None:
        stack.enter_context(mock.patch.object(owner, name, new))

    return change
