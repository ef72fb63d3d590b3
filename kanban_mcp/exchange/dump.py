"""A whole board as JSON Lines: a head, one row of a table per line in a fixed order, and an end that counts them.

The head names format and schema, so that a newer export is refused and an older one filled up. The end is what tells a
file that was cut off from a whole one. Nothing of the board's own identity goes out: no key, no hash of one, no board
id; and the numbers of events are left out, because a board that has its key has begun to count them already.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kanban_mcp.domain.compact import compact
from kanban_mcp.domain.inputs import shown
from kanban_mcp.domain.texts import has_control_characters
from kanban_mcp.exchange.values import LINE_LIMIT, decode, json_of, refuse

FORMAT = 1
MARK = "kanban_export"
NEWER = "Upgrade kanban-mcp-server to the version that wrote it."
_INTEGERS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Table:
    """What of a table goes out. `later` are columns an export of an earlier schema lacks, with what stands for them."""

    columns: tuple[str, ...]
    later: Mapping[str, Any] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()  # columns that hold JSON, read again by the board


def _table(columns: str, documents: str = "", **later: Any) -> Table:
    return Table(tuple(columns.split()), later, frozenset(documents.split()))


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        "workers": _table("id key name session several created_at_ms"),
        "tasks": _table(
            "id title context assignee priority state kind run_id waits_after waits_subtasks held due_at_ms due_from_ms"
            " blocked person_only counted allowed max_attempts snoozes blocks agent_retries made_subtasks made_tasks"
            " acceptance verify review reopened_base revision created_by made_by_worker made_by_run created_at_ms"
            " updated_at_ms ended_at_ms archived_at_ms",
            "blocked acceptance",
            due_from_ms=None,
        ),
        "links": _table("child_id parent_id relation"),
        "runs": _table(
            "id task_id worker_id attempt role harness session pid pid_started host boot_id client_pid client_started"
            " workdir branch base isolated started_at_ms beat_at_ms lease_until_ms lease_boot note seen_message"
            " ended_at_ms outcome counted ended_by verb answer summary metadata evidence checks result_commit error"
            " exit_code log_tail tokens cost_usd",
            "answer metadata evidence checks",
        ),
        "approvals": _table(
            "id task_id run_id summary context irreversible revision digest state asked_at_ms park_mono_ms"
            " expires_at_ms decided_at_ms decided_by note used_by_run"
        ),
        "messages": _table("id task_id kind author worker_id run_id re body at_ms"),
        "origins": _table("task_id source source_id digest"),
        "idempotency": _table("key digest answer at_ms", "answer"),
        "events": _table("task_id run_id kind actor at_ms data", "data"),
    }
)


@dataclass(frozen=True, slots=True)
class Head:
    """The first line. `paused` says whether the board gave out no work."""

    schema: int
    paused: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One row, with the place where it stands."""

    where: str
    table: str
    row: dict[str, Any]


def head_line(schema: int, paused: bool) -> bytes:
    """Return the first line of an export."""
    return _line({MARK: FORMAT, "schema": schema, "paused": paused})


def row_line(table: str, row: Any) -> bytes:
    """Return a row as a line. `row` is read by column name."""
    return _line({"table": table} | {column: row[column] for column in TABLES[table].columns})


def end_line(counts: Mapping[str, int]) -> bytes:
    """Return the last line of an export: how many rows of each table stand before it."""
    return _line({"end": {table: counts.get(table, 0) for table in TABLES}})


def _line(value: Mapping[str, Any]) -> bytes:
    text = compact(value)
    if not text.isprintable():  # JSON itself escapes the old control characters; these are bidi marks and their like
        text = "".join(_visible(ch) for ch in text)
    return f"{text}\n".encode()


def _visible(ch: str) -> str:
    if not has_control_characters(ch, one_line=True):
        return ch
    units = ch.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


class Reader:
    """Reads an export line by line. Iterate to its end: only the end proves that the file is whole."""

    def __init__(self, next_line: Callable[[int], bytes], name: str) -> None:
        """Take `next_line(limit)`, which returns the next line up to `limit` bytes, nothing at the end of the file.

        Raises:
            Invalid: the first line is not the head of an export this program knows.
        """
        self._next_line = next_line
        self._name = name
        self._number = 0
        self.head = self._head(self._value())

    def __iter__(self) -> Iterator[Line]:
        """Yield every row.

        Raises:
            Invalid: a line is not what an export has there, or the end is missing or counts otherwise.
        """
        counts = dict.fromkeys(TABLES, 0)
        while True:
            value = self._value()
            where = self._where
            if "end" in value:
                self._check_end(value["end"], counts)
                return
            table = value.pop("table", None)
            if not isinstance(table, str) or table not in TABLES:
                raise refuse(where, f"table {shown(str(table))} is not part of an export")
            counts[table] += 1
            yield Line(where, table, self._row(TABLES[table], value))

    @property
    def _where(self) -> str:
        return f"{self._name}, line {self._number}"

    def _value(self) -> dict[str, Any]:
        data = self._next_line(LINE_LIMIT + 1)
        self._number += 1
        if len(data) > LINE_LIMIT:
            raise refuse(self._where, f"the line has more than {LINE_LIMIT:,} bytes")
        if not data:
            raise refuse(self._where, "the export ends too early: its last line, the end, is missing", _AGAIN)
        value = json_of(decode(data, self._where, is_line=True).strip(), self._where)
        if not isinstance(value, dict):
            raise refuse(self._where, "this is no line of an export")
        return value

    def _head(self, value: dict[str, Any]) -> Head:
        found, schema = value.get(MARK), value.get("schema")
        if type(found) is not int or type(schema) is not int or type(value.get("paused")) is not bool:
            hint = "Name a file that kanban-mcp export has written, or say --from what it is."
            raise refuse(self._where, "this is no export of a board", hint)
        if found > FORMAT:
            raise refuse(self._where, f"it is of format {found}, this program knows format {FORMAT}", NEWER)
        return Head(schema, value["paused"])

    def _row(self, table: Table, value: dict[str, Any]) -> dict[str, Any]:
        row = dict(table.later) | value
        missing = next((column for column in table.columns if column not in row), None)
        unknown = next((column for column in row if column not in table.columns), None)
        if missing or unknown:
            what = f"{missing} is missing" if missing else f"{shown(str(unknown))} is no column"
            raise refuse(self._where, what)
        for column, content in row.items():
            self._check_content(table, column, content)
        return row

    def _check_content(self, table: Table, column: str, content: Any) -> None:
        is_plain = content is None or type(content) in (str, float) or (type(content) is int and content in _INTEGERS)
        if not is_plain:
            raise refuse(self._where, f"{column} is no plain value")
        if isinstance(content, str):
            if not _is_storable(content):
                raise refuse(self._where, f"{column} holds half of a character or NUL")
            if column in table.documents:
                json_of(content, f"{self._where}, {column}")

    def _check_end(self, said: Any, counts: Mapping[str, int]) -> None:
        if said != counts:
            raise refuse(self._where, "the end counts other rows than the file has", _AGAIN)
        if self._next_line(1):
            raise refuse(f"{self._name}, line {self._number + 1}", "something follows the end of the export")


_AGAIN = "Export again; this file was cut off or changed."


def _is_storable(text: str) -> bool:
    return "\0" not in text and (text.isascii() or not any("\ud800" <= ch <= "\udfff" for ch in text))
