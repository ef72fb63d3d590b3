"""A JSON reader that knows where everything stands, so that a file can be edited without writing it anew.

Reads what editors accept as JSON with comments: line and block comments, and a comma after the last item. Writing a
file again from its values would lose the comments, the order of blanks, and what only the text can say.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

BLANKS = " \t\r\n\ufeff"
_BLANK = re.compile(r"[ \t\r\n\ufeff]+|//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
_ATOM = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_DEEPEST = 200


class Unreadable(ValueError):
    """The text is not JSON; the message says what and where."""


@dataclass(slots=True)
class Node:
    """A value and where it stands: `text[start:end]`.

    `items` are the members of an object or array in order, `keys` the names of an object's members, `key_starts` where
    each member begins, `trailing` the place of a comma after the last one.
    """

    start: int
    end: int
    value: Any
    items: list["Node"] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    key_starts: list[int] = field(default_factory=list)
    trailing: int | None = None

    def member(self, key: str) -> "Node | None":
        """Return the value of a name in this object."""
        return self.items[self.keys.index(key)] if key in self.keys else None


def parse(text: str, *, is_strict: bool = False) -> Node:
    """Return the one value of a text. `is_strict` refuses comments and trailing commas, as some clients do.

    Raises:
        Unreadable: the text is no JSON, nests too deep, or says a name twice in one object.
    """
    reader = _Reader(text, is_strict)
    node = reader.value(reader.skip(0), 0)
    end = reader.skip(node.end)
    if end < len(text):
        raise reader.unreadable(end, "more text after the end")
    return node


def blanks(text: str, at: int) -> Iterator[re.Match[str]]:
    """Yield the blanks and comments from `at` on."""
    while match := _BLANK.match(text, at):
        yield match
        at = match.end()


def comments(text: str) -> list[str]:
    """Return the comments of a text in order."""
    return [token for token in _TOKEN.findall(text) if token.startswith("/")]


class _Reader:
    def __init__(self, text: str, is_strict: bool) -> None:
        self.text = text
        self.is_strict = is_strict

    def unreadable(self, at: int, why: str) -> Unreadable:
        line = self.text.count("\n", 0, at) + 1
        return Unreadable(f"{why} (line {line})")

    def skip(self, at: int) -> int:
        for match in blanks(self.text, at):
            if self.is_strict and match[0].startswith("/"):
                raise self.unreadable(at, "a comment, which this client does not accept")
            at = match.end()
        return at

    def value(self, at: int, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self.unreadable(at, "nested too deep")
        if self.text.startswith(("{", "["), at):
            return self._items(at, depth)
        if self.text.startswith('"', at):
            text, end = self._string(at)
            return Node(at, end, text)
        if not (match := _ATOM.match(self.text, at)):
            raise self.unreadable(at, "a value is missing or no JSON")
        return Node(at, match.end(), json.loads(match[0]))

    def _items(self, at: int, depth: int) -> Node:
        is_object = self.text[at] == "{"
        close = "}" if is_object else "]"
        node = Node(at, at, {} if is_object else [])
        at = self.skip(at + 1)
        while not self.text.startswith(close, at):
            node.trailing = None
            at = self.skip(self._item(node, at, depth, is_object))
            if self.text.startswith(",", at):
                node.trailing = at
                at = self.skip(at + 1)
            elif not self.text.startswith(close, at):
                raise self.unreadable(at, f"a comma or {close} is missing")
        if node.trailing is not None and self.is_strict:
            raise self.unreadable(node.trailing, "a comma after the last item, which this client does not accept")
        node.end = at + 1
        return node

    def _item(self, node: Node, at: int, depth: int, is_object: bool) -> int:
        node.key_starts.append(at)
        if is_object:
            key, at = self._key(node, at)
        item = self.value(at, depth + 1)
        node.items.append(item)
        if is_object:
            node.value[key] = item.value
        else:
            node.value.append(item.value)
        return item.end

    def _key(self, node: Node, at: int) -> tuple[str, int]:
        if not self.text.startswith('"', at):
            raise self.unreadable(at, "a name in double quotes is missing")
        key, end = self._string(at)
        if key in node.value:
            raise self.unreadable(at, f"the name {key!r} stands twice in one object")
        node.keys.append(key)
        colon = self.skip(end)
        if not self.text.startswith(":", colon):
            raise self.unreadable(colon, "a colon is missing")
        return key, self.skip(colon + 1)

    def _string(self, at: int) -> tuple[str, int]:
        try:
            found, end = json.decoder.scanstring(self.text, at + 1)  # type: ignore[attr-defined]  # a stable, untyped part of the stdlib
        except ValueError as why:
            raise self.unreadable(at, str(why).partition(":")[0]) from None
        return found, end
