"""Clients' own records and a board's tables, as the history checker reads them."""

import itertools
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.chaos.terms import Life, Op, Row, digest

TEXTS = {
    "create": "title",
    "heartbeat": "note",
    "comment": "body",
    "complete": "summary",
    "request_approval": "summary",
}
TABLES = ("tasks", "runs", "events", "messages", "approvals")


def invoked(client: str, number: int, verb: str, given: Row, at: float, level: str = "orchestrator") -> Op:
    """Return the line of a call that is made."""
    return Op(
        client,
        number,
        "invoke",
        verb,
        digest=digest(given.get(TEXTS.get(verb, ""))),
        task=_id(given.get("task_id")),
        run=_id(given.get("run_id")),
        at=at,
        key=str(given.get("idempotency_key") or ""),
        level=level,
    )


def answered(call: Op, result: Row | None, at: float, event: int = 0) -> Op:
    """Return the line of its outcome: `result` as the client read it, {error: code} for a refusal, None if unknown."""
    if result is None:
        return call._replace(kind="info", at=at)
    if "error" in result:
        return call._replace(kind="fail", at=at, event=event, error=str(result["error"]))
    ok = call._replace(kind="ok", at=at, event=event)
    if call.verb == "create":
        return ok._replace(task=_id(result["task_id"]))
    if call.verb == "claim" and result.get("claimed"):
        task = result["task"]
        return ok._replace(task=_id(task["id"]), fence=_id(task["run"]["run_id"]))
    return ok if call.run or "run_id" not in result else ok._replace(run=_id(result["run_id"]))


def _id(name: Any) -> int:
    return int(str(name).rpartition("-")[2]) if name else 0


class Record:
    """What one client was told, kept in memory."""

    def __init__(self, client: str, level: str = "orchestrator") -> None:
        self.client, self.level = client, level
        self.ops: list[Op] = []
        self._numbers = itertools.count(1)

    def invoke(self, verb: str, given: Row, at: float | None = None) -> Op:
        """Note that a call is made."""
        call = invoked(
            self.client, next(self._numbers), verb, given, time.monotonic() if at is None else at, self.level
        )
        self.ops.append(call)
        return call

    def outcome(self, call: Op, result: Row | None, at: float | None = None, event: int = 0) -> None:
        """Note what came back."""
        self.ops.append(answered(call, result, time.monotonic() if at is None else at, event))

    def told(self, verb: str, given: Row, result: Row | None) -> None:
        """Note a call and what came back at once, where nobody else was about."""
        self.outcome(self.invoke(verb, given), result)


class Journal:
    """A record on disk: one line before each call, one after. A line that is written survives a kill."""

    def __init__(self, path: Path, level: str = "orchestrator") -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._numbers = itertools.count(1)
        self._level = level

    def invoke(self, verb: str, given: Row) -> int:
        """Note that a call is made; returns its number."""
        number = next(self._numbers)
        self._write({"call": number, "verb": verb, "given": given, "at": time.monotonic(), "level": self._level})
        return number

    def outcome(self, number: int, result: Row, event: int = 0) -> None:
        """Note what it answered, and the newest event read since."""
        self._write({"call": number, "result": result, "at": time.monotonic(), "event": event})

    def _write(self, line: Row) -> None:
        os.write(self._fd, json.dumps(line).encode() + b"\n")


def read_journals(folder: Path) -> list[Op]:
    """Read every journal of a folder. A line that a kill cut off was no answer, and a call without one is `info`."""
    ops: list[Op] = []
    for path in sorted(folder.glob("*.jsonl")):
        calls: dict[int, Op] = {}
        for raw in path.read_bytes().split(b"\n")[:-1]:
            line = json.loads(raw)
            if "verb" in line:
                call = invoked(path.stem, line["call"], line["verb"], line["given"], line["at"], line["level"])
                calls[line["call"]] = call
                ops.append(call)
            else:
                ops.append(answered(calls.pop(line["call"]), line["result"], line["at"], line["event"]))
        ops += [answered(call, None, call.at) for call in calls.values()]
    return ops


def read_life(path: Path) -> Life:
    """Read a board at rest, past the program."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        conn.row_factory = sqlite3.Row
        tables = {name: _rows(conn, f"SELECT * FROM {name} ORDER BY id") for name in TABLES}
        return Life(
            **tables,
            links=_rows(conn, "SELECT * FROM links"),
            counts=_rows(conn, "SELECT * FROM state_counts"),
            integrity=conn.execute("PRAGMA integrity_check").fetchone()[0],
            faults=[f"foreign key: {tuple(row)}" for row in conn.execute("PRAGMA foreign_key_check")],
        )


def _rows(conn: sqlite3.Connection, sql: str) -> list[Row]:
    return [dict(row) for row in conn.execute(sql)]


def acknowledged(ops: Iterable[Op]) -> Sequence[Op]:
    """Return the outcomes that were accepted."""
    return [op for op in ops if op.kind == "ok"]
