"""Edits of a TOML text that leave every other character as it is; each is checked by reading the result.

A table is added as a block of lines at the end, which TOML allows whatever stands before it, except where its parent
was written as one inline value: the check finds that.
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

_HEADER = re.compile(r"[ \t]*\[{1,2}[ \t]*([^\[\]]+?)[ \t]*\]{1,2}[ \t]*(?:#.*)?\r?\n?")
_EMPTY_LINES = re.compile(r"\A(?:[ \t]*\r?\n)+")
_STRING = re.compile(r"\"(?:[^\"\\\\]|\\\\.)*\"|'[^']*'")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Unreadable(ValueError):
    """The text is not TOML, or cannot be changed line by line; the message says what."""


def parse(text: str) -> dict[str, Any]:
    """Return the values of a text.

    Raises:
        Unreadable: it is no TOML.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as why:
        raise Unreadable(str(why)) from None


def at(content: Mapping[str, Any], pointer: Sequence[str]) -> Any:
    """Return the value at `pointer`, None when it is not there."""
    found: Any = content
    for key in pointer:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def add_table(text: str, pointer: Sequence[str], table: Mapping[str, Any]) -> str:
    """Return the text with a table at its end.

    Raises:
        Unreadable: the text does not take it.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    block = block_of(pointer, table).replace("\n", newline)
    gap = "" if not text else newline if text.endswith("\n") else newline * 2
    return _checked(text, text + gap + block, pointer, table)


def set_value(text: str, pointer: Sequence[str], value: Any) -> str:
    """Return the text with one value of a table changed; the line has to be on its own.

    Raises:
        Unreadable: it is written in another form.
    """
    start, end = _section(text, pointer[:-1])
    line = re.compile(rf"^([ \t]*{re.escape(pointer[-1])}[ \t]*=[ \t]*)([^\r\n]*?)([ \t]*(?:#[^\r\n]*)?)$", re.M)
    found = line.search(text, start, end)
    if found is None:
        new = f"{text[:start]}{pointer[-1]} = {_value(value)}\n{text[start:]}"
    else:
        new = text[: found.start(2)] + _value(value) + text[found.end(2) :]
    return _checked(text, new, pointer, value)


def drop_table(text: str, pointer: Sequence[str]) -> str:
    """Return the text without a table and what is below it.

    Raises:
        Unreadable: it is written in another form than as blocks of lines.
    """
    start, end = _section(text, pointer, with_header=True, with_inner=True)
    end = start + len(_without_tail(text[start:end]))
    if "#" in _STRING.sub("", text[start:end]):
        raise Unreadable(f"somebody's comment stands in {'.'.join(pointer)}")
    rest = _EMPTY_LINES.sub("", text[end:])
    return _checked(text, text[:start].rstrip(" \t\r\n") + _break(text, start, end) + rest, pointer, None)


def _without_tail(block: str) -> str:
    """Return lines without the empty ones and comments at their end: those are about the table that follows."""
    lines = block.splitlines(keepends=True)
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return "".join(lines)


def block_of(pointer: Sequence[str], table: Mapping[str, Any]) -> str:
    """Return a table as lines, inner tables after it."""
    lines = [f"[{'.'.join(map(_key, pointer))}]"]
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items() if key not in inner]
    text = "\n".join(lines) + "\n" if len(lines) > 1 else ""
    blocks = [block_of([*pointer, key], value) for key, value in inner.items()]
    return "\n".join([part for part in (text, *blocks) if part])


def _break(text: str, start: int, end: int) -> str:
    """Return what stays between the text before a cut and the text after it: an empty line, if both say something."""
    if not text[:start].strip():
        return ""
    newline = "\r\n" if "\r\n" in text else "\n"
    return newline * 2 if text[end:].strip() else newline


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    """Return a string, number, truth or list of strings; JSON writes these as TOML does."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _section(
    text: str, pointer: Sequence[str], *, with_header: bool = False, with_inner: bool = False
) -> tuple[int, int]:
    """Return where the lines of a table stand."""
    start, offset = None, 0
    for line in text.splitlines(keepends=True):
        if header := _HEADER.fullmatch(line):
            names = _names(header[1])
            is_inside = names[: len(pointer)] == list(pointer) if with_inner else names == list(pointer)
            if start is None and is_inside:
                start = offset if with_header else offset + len(line)
            elif start is not None and not is_inside:
                return start, offset
        offset += len(line)
    if start is None:
        raise Unreadable(f"{'.'.join(pointer)} is not written as a table of its own")
    return start, offset


def _names(header: str) -> list[str]:
    """Return the names of a header line."""
    try:
        content: Any = tomllib.loads(f"[{header}]")
    except tomllib.TOMLDecodeError:
        return []
    names = []
    while content:
        [(name, content)] = content.items()
        names.append(name)
    return names


def _checked(before: str, after: str, pointer: Sequence[str], value: Any) -> str:
    """Return a text if it says the same as before but for one value."""
    expected, found = parse(before), parse(after)
    _place(expected, pointer, value)
    if _tidy(found) != _tidy(expected):
        raise Unreadable(f"{'.'.join(pointer)} cannot be changed here without touching something else")
    return after


def _place(content: dict[str, Any], pointer: Sequence[str], value: Any) -> None:
    for key in pointer[:-1]:
        content = content.setdefault(key, {})
    if value is None:
        content.pop(pointer[-1], None)
    else:
        content[pointer[-1]] = value


def _tidy(content: Any) -> Any:
    """Return the values without tables that hold nothing: a header may go with its last table."""
    if not isinstance(content, dict):
        return content
    inner = {key: _tidy(value) for key, value in content.items()}
    return {key: value for key, value in inner.items() if value != {}}
