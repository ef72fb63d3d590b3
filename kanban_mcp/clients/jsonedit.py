"""Edits of a JSON text that leave every other character as it is, comments included."""

import json
import re
from collections.abc import Sequence
from typing import Any

from kanban_mcp.clients.jsonc import BLANKS, Node, blanks, comments, parse

Pointer = Sequence[str]
_REST_OF_LINE = re.compile(r"(?:[ \t]|//[^\r\n]*|/\*.*?\*/)*(?=\r?\n)", re.DOTALL)


def find(text: str, pointer: Pointer) -> Node | None:
    """Return the value at `pointer`; None when it is not there."""
    if is_blank(text):
        return None
    node: Node | None = parse(text)
    for key in pointer:
        node = None if node is None else node.member(key)
    return node


def is_blank(text: str) -> bool:
    """Say whether a text has no value at all: a file that was made and never filled."""
    return not text.strip(BLANKS)


def put_member(text: str, pointer: Pointer, value: Any) -> str:
    """Return the text with a value at `pointer`; the objects on the way are made as needed.

    Raises:
        TypeError: something on the way is there and no object.
    """
    if is_blank(text):
        return text + _rendered(_nested(pointer, value), "  ", "", _newline(text)) + _newline(text)
    node, depth = _reach(parse(text), pointer)
    if depth == len(pointer):
        new = _rendered(value, _step(text), _margin(text, node.start), _newline(text))
        return text[: node.start] + new + text[node.end :]
    return _append(text, node, f"{_quoted(pointer[depth])}: ", _nested(pointer[depth + 1 :], value))


def add_item(text: str, pointer: Pointer, item: Any) -> str:
    """Return the text with an item at the end of the array at `pointer`, which is made as needed.

    Raises:
        TypeError: something on the way is there and of another kind.
    """
    node = find(text, pointer)
    if node is None:
        return put_member(text, pointer, [item])
    if not isinstance(node.value, list):
        raise TypeError(f"{'.'.join(pointer)} is no list")
    return _append(text, node, "", item)


def drop_member(text: str, pointer: Pointer) -> str:
    """Return the text without the member at `pointer`, which is there."""
    holder = find(text, pointer[:-1])
    return text if holder is None else _without(text, holder, holder.keys.index(pointer[-1]))


def drop_item(text: str, pointer: Pointer, index: int) -> str:
    """Return the text without one item of the array at `pointer`, which is there."""
    holder = find(text, pointer)
    return text if holder is None else _without(text, holder, index)


def _reach(node: Node, pointer: Pointer) -> tuple[Node, int]:
    """Return the last value on the way to `pointer` that is there, and how many names lead to it."""
    for depth, key in enumerate(pointer):
        if not isinstance(node.value, dict):
            raise TypeError(f"{'.'.join(pointer[:depth]) or 'the file'} is no object")
        if (inner := node.member(key)) is None:
            return node, depth
        node = inner
    return node, len(pointer)


def _nested(pointer: Pointer, value: Any) -> Any:
    for key in reversed(pointer):
        value = {key: value}
    return value


def _append(text: str, holder: Node, label: str, value: Any) -> str:
    """Put an item last in an object or array, in the form of its neighbours."""
    close = holder.end - 1
    if not holder.items:
        outer = _margin(text, holder.start)
        item = label + _rendered(value, _step(text), outer + _step(text), _newline(text))
        head = text[:close].rstrip(BLANKS) + _newline(text) + outer + _step(text)
        return head + item + _newline(text) + outer + text[close:]
    after = holder.items[-1].end if holder.trailing is None else holder.trailing + 1
    if "\n" not in text[holder.start : close]:
        comma = "," if holder.trailing is None else ""
        return f"{text[:after]}{comma} {label}{_quoted(value)}{text[after:]}"
    return _append_line(text, holder, after, label, value)


def _append_line(text: str, holder: Node, after: int, label: str, value: Any) -> str:
    """Put an item on a line below the last one; what is said behind the last one stays with it."""
    newline, margin = _newline(text), _margin(text, holder.key_starts[-1])
    rest = _REST_OF_LINE.match(text, after)
    line_end = rest.end() if rest else after
    before, behind = (",", "") if holder.trailing is None else ("", ",")
    item = label + _rendered(value, _step(text), margin, newline) + behind
    return f"{text[:after]}{before}{text[after:line_end]}{newline}{margin}{item}{text[line_end:]}"


def _without(text: str, holder: Node, index: int) -> str:
    """Cut one item with its comma; a comment beside it stays."""
    start, end = holder.key_starts[index], holder.items[index].end
    is_last = index == len(holder.items) - 1
    if not is_last or holder.trailing is not None:
        comma = _comma_after(text, end)
        kept, tail = text[end:comma].strip(BLANKS), text[comma + 1 :]
        if is_last:
            return _joined(_joined(text[:start].rstrip(BLANKS), kept), tail)
        return _joined(text[:start] + kept, tail.lstrip(BLANKS))
    if index == 0:
        is_bare = not text[end : holder.end - 1].strip(BLANKS)
        return _joined(text[:start].rstrip(BLANKS), text[holder.end - 1 :] if is_bare else text[end:])
    comma = _comma_after(text, holder.items[index - 1].end)
    return _joined(text[:comma] + text[comma + 1 : start].rstrip(BLANKS), text[end:])


def _joined(head: str, tail: str) -> str:
    """Put two texts together; a comment to the end of its line must not swallow what follows."""
    said = comments(head)
    is_open = said != [] and said[-1].startswith("//") and head.endswith(said[-1])
    if is_open and tail and not tail.startswith(("\n", "\r")):
        return head + _newline(head + tail) + tail
    return head + tail


def _comma_after(text: str, at: int) -> int:
    for match in blanks(text, at):
        at = match.end()
    return at


def _margin(text: str, at: int) -> str:
    """Return the blanks at the start of the line in which `at` stands."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _step(text: str) -> str:
    """Return one level of indentation as the text has it; two blanks when it shows none."""
    found = re.search(r"\n([ \t]+)[^\s/*]", text)
    return found[1] if found else "  "


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _rendered(value: Any, step: str, margin: str, newline: str) -> str:
    return json.dumps(value, ensure_ascii=False, indent=step).replace("\n", newline + margin)
