"""A part of a file that is ours: how it gets in, and how it gets out again when the rest of the file has changed.

`put` and `take` are pure: text in, text out. What they cannot do without touching something else they refuse.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from kanban_mcp.clients import entries, jsonc, jsonedit, tomledit

Change = Literal["added", "updated", "there already", "not ours", "removed", "changed by you"]


class Unusable(ValueError):
    """The file is not what its client reads; the message says why."""


@dataclass(frozen=True, slots=True)
class Put:
    """The new text, and what that changed; `made` are the containers that were made on the way, outermost first."""

    text: str
    change: Change
    made: tuple[tuple[str, ...], ...] = ()


class Part(Protocol):
    """What a client needs in one of its files."""

    kind: ClassVar[str]

    def put(self, text: str) -> Put:
        """Return the text with this part in it.

        Raises:
            Unusable: the text is not what the client reads, or does not take the part.
        """

    def take(self, text: str, made: Sequence[Sequence[str]]) -> str:
        """Return the text without this part, and without the `made` containers if nothing is left in them.

        Raises:
            Unusable: it cannot be taken without touching something else.
        """


@dataclass(frozen=True, slots=True)
class Member:
    """A server entry in a JSON file, at `pointer`."""

    pointer: tuple[str, ...]
    value: Mapping[str, Any]
    is_strict: bool = False
    kind: ClassVar[str] = "member"

    def put(self, text: str) -> Put:
        there = _find(text, self.pointer, self.is_strict)
        if there is None:
            made = _missing(text, self.pointer)
            return Put(_edited(text, self.pointer, self.value), "added", made)
        if not entries.is_ours(there.value):
            return Put(text, "not ours")
        for key, value in (news := entries.renewed(there.value, self.value)).items():
            text = _edited(text, [*self.pointer, key], value)
        return Put(text, "updated" if news else "there already")

    def take(self, text: str, made: Sequence[Sequence[str]]) -> str:
        there = _find(text, self.pointer, self.is_strict)
        if there is None or not entries.is_ours(there.value):
            return text
        return _without_empty(_dropped(text, self.pointer), made)


@dataclass(frozen=True, slots=True)
class Setting:
    """A value of a JSON file that is only set where there is none."""

    pointer: tuple[str, ...]
    value: Any
    kind: ClassVar[str] = "setting"

    def put(self, text: str) -> Put:
        if _find(text, self.pointer, is_strict=False) is not None:
            return Put(text, "there already")
        return Put(_edited(text, self.pointer, self.value), "added", _missing(text, self.pointer))

    def take(self, text: str, made: Sequence[Sequence[str]]) -> str:
        there = _find(text, self.pointer, is_strict=False)
        if there is None or there.value != self.value:
            return text
        return _without_empty(_dropped(text, self.pointer), made)


@dataclass(frozen=True, slots=True)
class Items:
    """Items of a list in a JSON file: permissions as they are, hooks told by the program that they run."""

    pointer: tuple[str, ...]
    values: tuple[Any, ...]
    are_hooks: bool = False
    is_strict: bool = False
    kind: ClassVar[str] = "items"

    def put(self, text: str) -> Put:
        present = self._present(text)
        mine = [item for item in present if self._is_ours(item)]
        if all(value in present for value in self.values) and len(mine) == len(self.values):
            return Put(text, "there already")
        made = _missing(text, (*self.pointer, ""))
        text = self._cut(text, keep=self.values)
        for value in self.values:
            if value not in present:
                text = _added(text, self.pointer, value)
        return Put(text, "updated" if mine else "added", made)

    def take(self, text: str, made: Sequence[Sequence[str]]) -> str:
        return _without_empty(self._cut(text), made)

    def _cut(self, text: str, keep: Sequence[Any] = ()) -> str:
        present = self._present(text)
        for index in reversed(range(len(present))):
            if self._is_ours(present[index]) and present[index] not in keep:
                text = _dropped(text, self.pointer, index)
        return text

    def _is_ours(self, item: Any) -> bool:
        return entries.is_our_hook(item) if self.are_hooks else item in self.values

    def _present(self, text: str) -> list[Any]:
        there = _find(text, self.pointer, self.is_strict)
        if there is not None and not isinstance(there.value, list):
            raise Unusable(f"{'.'.join(self.pointer)} is no list")
        return [] if there is None else list(there.value)


@dataclass(frozen=True, slots=True)
class Table:
    """A server entry in a TOML file."""

    pointer: tuple[str, ...]
    value: Mapping[str, Any]
    kind: ClassVar[str] = "table"

    def put(self, text: str) -> Put:
        try:
            there = tomledit.at(tomledit.parse(text), self.pointer)
            if there is None:
                return Put(tomledit.add_table(text, self.pointer, self.value), "added")
            if not entries.is_ours(there):
                return Put(text, "not ours")
            flat = {key: value for key, value in self.value.items() if not isinstance(value, dict)}
            for key, value in (news := entries.renewed(there, flat)).items():
                text = tomledit.set_value(text, [*self.pointer, key], value)
        except tomledit.Unreadable as why:
            raise Unusable(str(why)) from None
        return Put(text, "updated" if news else "there already")

    def take(self, text: str, made: Sequence[Sequence[str]]) -> str:
        try:
            if not entries.is_ours(tomledit.at(tomledit.parse(text), self.pointer)):
                return text
            return tomledit.drop_table(text, self.pointer)
        except tomledit.Unreadable as why:
            raise Unusable(str(why)) from None


@dataclass(frozen=True, slots=True)
class Section:
    """A few lines between markers in a file of instructions."""

    body: str
    begin: ClassVar[str] = "<!-- kanban-mcp:begin (written by kanban-mcp init; kanban-mcp uninstall removes it) -->"
    end: ClassVar[str] = "<!-- kanban-mcp:end -->"
    kind: ClassVar[str] = "section"

    def put(self, text: str) -> Put:
        newline = "\r\n" if "\r\n" in text else "\n"
        block = newline.join([self.begin, *self.body.strip().splitlines(), self.end])
        if (span := self._span(text)) is not None:
            start, end = span
            if text[start:end] == block:
                return Put(text, "there already")
            return Put(text[:start] + block + text[end:], "updated")
        gap = "" if not text else newline if text.endswith("\n") else newline * 2
        return Put(text + gap + block + newline, "added")

    def take(self, text: str, made: Sequence[Sequence[str]]) -> str:
        if (span := self._span(text)) is None:
            return text
        before, after = text[: span[0]].rstrip("\r\n"), text[span[1] :].lstrip("\r\n")
        newline = "\r\n" if "\r\n" in text else "\n"
        if not before.strip():
            return after
        return before + newline + (newline + after if after else "")

    def _span(self, text: str) -> tuple[int, int] | None:
        start = text.find("<!-- kanban-mcp:begin")
        if start < 0:
            return None
        end = text.find(self.end, start)
        if end < 0 or text.find("<!-- kanban-mcp:begin", start + 1) >= 0:
            raise Unusable("its kanban-mcp markers are not one pair")
        return start, end + len(self.end)


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that is ours from end to end, such as a skill."""

    content: str
    kind: ClassVar[str] = "whole"

    def put(self, text: str) -> Put:
        if text == self.content:
            return Put(text, "there already")
        return Put(self.content, "updated") if not text else Put(text, "changed by you")

    def take(self, text: str, made: Sequence[Sequence[str]]) -> str:
        return "" if text == self.content else text


def entry_of(text: str, part: Part) -> Any:
    """Return the server entry that a file holds; None when it holds none, cannot be read, or the part is none."""
    with suppress(jsonc.Unreadable, tomledit.Unreadable):
        if isinstance(part, Table):
            return tomledit.at(tomledit.parse(text), part.pointer)
        if isinstance(part, Member) and (there := jsonedit.find(text, part.pointer)) is not None:
            return there.value
    return None


def to_record(part: Part, made: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return what has to be remembered of a part to take it out of a file that others changed."""
    record: dict[str, Any] = {"kind": part.kind}
    if isinstance(part, Member | Setting | Items | Table):
        record["pointer"] = list(part.pointer)
    if isinstance(part, Setting):
        record["value"] = part.value
    if isinstance(part, Items):
        record |= {"hooks": True} if part.are_hooks else {"values": list(part.values)}
    return record | ({"made": [list(pointer) for pointer in made]} if made else {})


def from_record(record: Mapping[str, Any]) -> Part | None:
    """Return the part that was remembered, good for `take` only; None for a kind that is unknown here."""
    pointer = tuple(map(str, record.get("pointer", ())))
    match record.get("kind"):
        case "member":
            return Member(pointer, {})
        case "setting":
            return Setting(pointer, record.get("value"))
        case "items":
            return Items(pointer, tuple(record.get("values", ())), are_hooks=record.get("hooks") is True)
        case "table":
            return Table(pointer, {})
        case "section":
            return Section("")
    return None


def is_empty(text: str) -> bool:
    """Say whether a file that was made for us holds nothing of anybody now."""
    try:
        return jsonedit.is_blank(text) or text.strip() == "{}"
    except jsonc.Unreadable:
        return False


def _find(text: str, pointer: Sequence[str], is_strict: bool) -> jsonc.Node | None:
    try:
        if not jsonedit.is_blank(text):
            if not isinstance(jsonc.parse(text, is_strict=is_strict).value, dict):
                raise Unusable("it is no object")
            text.encode()
        return jsonedit.find(text, pointer)
    except (jsonc.Unreadable, UnicodeEncodeError) as why:
        raise Unusable(str(why)) from None


def _missing(text: str, pointer: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the containers above `pointer` that are not there yet."""
    above = [tuple(pointer[:depth]) for depth in range(1, len(pointer))]
    return tuple(names for names in above if jsonedit.find(text, names) is None)


def _edited(text: str, pointer: Sequence[str], value: Any) -> str:
    def change(content: dict[str, Any]) -> None:
        for key in pointer[:-1]:
            content = content.setdefault(key, {})
        content[pointer[-1]] = value

    try:
        return _checked(text, jsonedit.put_member(text, pointer, value), change)
    except TypeError as why:
        raise Unusable(str(why)) from None


def _added(text: str, pointer: Sequence[str], item: Any) -> str:
    def change(content: dict[str, Any]) -> None:
        for key in pointer[:-1]:
            content = content.setdefault(key, {})
        content.setdefault(pointer[-1], []).append(item)

    try:
        return _checked(text, jsonedit.add_item(text, pointer, item), change)
    except TypeError as why:
        raise Unusable(str(why)) from None


def _dropped(text: str, pointer: Sequence[str], index: int | None = None) -> str:
    def change(content: Any) -> None:
        for key in pointer if index is not None else pointer[:-1]:
            content = content[key]
        del content[pointer[-1] if index is None else index]

    after = jsonedit.drop_member(text, pointer) if index is None else jsonedit.drop_item(text, pointer, index)
    return _checked(text, after, change)


def _without_empty(text: str, made: Sequence[Sequence[str]]) -> str:
    """Drop the containers that were made for us, innermost first, where nothing is left in them."""
    for pointer in reversed(made):
        there = jsonedit.find(text, pointer)
        if there is not None and not there.items:
            text = _dropped(text, pointer)
    return text


def _checked(before: str, after: str, change: Callable[[dict[str, Any]], None]) -> str:
    """Return an edited text if it says what it should and still says every comment."""
    expected = {} if jsonedit.is_blank(before) else jsonc.parse(before).value
    change(expected)
    try:
        is_right = jsonc.parse(after).value == expected
    except jsonc.Unreadable:
        is_right = False
    if not is_right or jsonc.comments(before) != jsonc.comments(after):
        raise Unusable("it cannot be changed here without touching a comment or something else")
    return after
