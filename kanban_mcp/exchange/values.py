"""Typed reads from untrusted JSON: the wrong type is refused by file and line, an odd text is kept in visible form."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.inputs import TEXT_LIMIT, TITLE_LIMIT, Priority, shown
from kanban_mcp.domain.texts import escape
from kanban_mcp.exchange.records import Remarks

ID_LIMIT = 200
LINE_LIMIT = 4 << 20  # bytes of one line of JSON
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def refuse(where: str, what: str, hint: str = "Correct the file, then import again.") -> Invalid:
    """Return the refusal of a source; an import is all or nothing."""
    return Invalid(f"{where}: {what}. Nothing was imported.", hint=hint)


def decode(data: bytes, where: str, *, is_line: bool = False) -> str:
    """Return a file's text; `is_line` says that `data` is one line, which `where` names already.

    Raises:
        Invalid: it is not UTF-8, or not text at all.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        at = where if is_line else _line_of(data[: why.start], where)
        hint = "Save it as UTF-8, then import again."
        raise refuse(at, f"byte {why.start + 1} is not UTF-8", hint) from None
    if "\0" in text:
        at = where if is_line else _line_of(data[: data.index(0)], where)
        raise refuse(at, "it holds NUL bytes, so it is no text file", "Name the right file.")
    return text


def _line_of(before: bytes, where: str) -> str:
    return f"{where}, line {before.count(10) + 1}"


def json_of(text: str, where: str) -> Any:
    """Return the JSON value in a text.

    Raises:
        Invalid: it is none, or is nested too deep or holds a number too long to read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise refuse(where, "its JSON is nested too deep to be a task") from None
    except json.JSONDecodeError as why:
        raise refuse(_at(where, text, why), f"this is not JSON ({why.msg})") from None
    except ValueError:  # an integer of more digits than Python reads
        raise refuse(where, "it holds a number that is too long") from None


def _at(where: str, text: str, why: json.JSONDecodeError) -> str:
    return f"{where}, column {why.colno}" if "\n" not in text else f"{where}, line {why.lineno}, column {why.colno}"


def json_lines(data: bytes, name: str) -> Iterator[tuple[str, Any]]:
    """Yield each line of a JSON Lines file with where it stands; empty lines are passed over."""
    for number, line in enumerate(data.split(b"\n"), 1):
        where = f"{name}, line {number}"
        if len(line) > LINE_LIMIT:
            raise refuse(where, f"the line has {len(line):,} bytes, at most {LINE_LIMIT:,} are read")
        if line.strip():
            yield where, json_of(decode(line, where, is_line=True).strip(), where)


class Fields:
    """One object of a source. Reads are by type; absent, null and empty are the same."""

    def __init__(self, value: Any, where: str, remarks: Remarks) -> None:
        if not isinstance(value, Mapping):
            raise refuse(where, f"an object is expected here, not {_kind(value)}")
        self._values = value
        self.where = where
        self.remarks = remarks
        self.id = ""

    def has(self, name: str) -> bool:
        """Say whether the object has a value there."""
        return self._values.get(name) not in (None, "", [], {})

    def identity(self, name: str, prefix: str = "") -> str:
        """Read the id of this very record, and name it in all later remarks."""
        self.id = prefix + self.key(name)
        return self.id

    def key(self, name: str) -> str:
        """Read an id: a short text or a whole number, as text."""
        found = as_key(self._values.get(name))
        if found is None:
            raise refuse(self.where, f"{name} is no id ({shown(repr(self._values.get(name)))})")
        return found

    def keys(self, name: str) -> tuple[str, ...]:
        """Read a list of ids, each once."""
        found = [as_key(value) for value in self.items(name)]
        if None in found:
            raise refuse(self.where, f"{name} holds something that is no id")
        return tuple(dict.fromkeys(key for key in found if key is not None))

    def word(self, name: str, default: str = "") -> str:
        """Read a word from a closed list, in lower case; what is no text is the default."""
        value = self._values.get(name)
        return value.strip().lower() if isinstance(value, str) and value.strip() else default

    def text(self, name: str) -> str:
        """Read a text of any length up to the board's limit; it is kept whole or refused, never cut."""
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise refuse(self.where, f"{name} is no text but {_kind(value)}")
        return self.clean(value, name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of texts; one text alone stands for a list of it."""
        value = self._values.get(name)
        values = [value] if isinstance(value, str) else self.items(name)
        if not all(isinstance(each, (str, int, float)) for each in values):
            raise refuse(self.where, f"{name} is no list of texts")
        return tuple(text for text in (self.clean(str(each), name).strip() for each in values) if text)

    def objects(self, name: str) -> Iterator["Fields"]:
        """Read a list of objects."""
        for value in self.items(name):
            inner = Fields(value, self.where, self.remarks)
            inner.id = self.id
            yield inner

    def moment(self, name: str) -> int | None:
        """Read a time as epoch milliseconds; one that is none is left out, with a note."""
        value = self._values.get(name)
        if value in (None, ""):
            return None
        found = moment_ms(value)
        if found is None:
            self.note(f"{name} {shown(str(value))} is no time; left out")
        return found

    def number(self, name: str) -> int | None:
        """Read a whole number; None for anything else."""
        value = self._values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def clean(self, value: str, name: str) -> str:
        """Return a text as the board can keep it: control characters written out, like `\\x1b`.

        Raises:
            Invalid: it is longer than the board's limit.
        """
        text = value.replace("\r\n", "\n")
        visible = escape(text)
        if visible != text:
            self.note(f"{name} holds control characters; they are kept in written form, like \\x1b")
        size = len(visible.encode())
        if size > TEXT_LIMIT:
            hint = "Put the long part into a file, name the file in the text, then import again."
            raise refuse(
                f"{self.where} ({shown(self.id)})", f"{name} is {size:,} bytes, at most {TEXT_LIMIT:,} fit", hint
            )
        return visible

    def note(self, text: str) -> None:
        """Record how this record is taken."""
        self.remarks.note(self.id, self.where, text)

    def skip(self, text: str) -> None:
        """Record what of this record is left out."""
        self.remarks.skip(self.id, self.where, text)

    def items(self, name: str) -> list[Any]:
        """Read a list of anything."""
        value = self._values.get(name)
        if value in (None, ""):
            return []
        if not isinstance(value, list):
            raise refuse(self.where, f"{name} is no list but {_kind(value)}")
        return value


def as_key(value: Any) -> str | None:
    """Return an id as text; None when it is none: not a text or whole number, empty, long, or not plain."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    key = str(value).strip()
    return key if key and len(key) <= ID_LIMIT and escape(key) == key and "\n" not in key else None


def moment_ms(value: Any) -> int | None:
    """Return an ISO time (UTC where no zone is given) as epoch milliseconds; None when it is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None


def title_and_context(fields: Fields, title: str, parts: list[str]) -> tuple[str, str]:
    """Return a title that fits, and the context; a title that is too long stands whole at the top of the context."""
    line = " ".join(title.split())
    if not line:
        fields.note("it has no title; its id stands for one")
        line = fields.id
    if len(line) > TITLE_LIMIT:
        fields.note(f"its title has {len(line)} characters; it stands whole in the context")
        parts = [f"Title: {line}", *parts]
        line = f"{line[: TITLE_LIMIT - 1]}…"
    context = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    return line, fields.clean(context, "the text as a whole")


def section(heading: str, text: str) -> str:
    """Return a text under a heading, nothing for no text."""
    return f"## {heading}\n{text}" if text.strip() else ""


def origin_line(source: str, id: str, **facts: str) -> str:
    """Return the line that closes a context: where the task came from, and what has no field here."""
    said = [f"{name} {value}" for name, value in facts.items() if value]
    return " · ".join([f"Imported from {source}: {id}", *said])


def priority_of(fields: Fields, word: str, words: Mapping[str, Priority]) -> Priority:
    """Return the priority a word means; an unknown one is normal, with a note."""
    if word and word not in words:
        fields.note(f"priority {shown(word)} is not known; taken as normal")
    return words.get(word, Priority.NORMAL)


def _kind(value: Any) -> str:
    names = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "nothing" if value is None else "an object")
