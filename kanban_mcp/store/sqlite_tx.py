"""Queries by name over one sqlite3 connection."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from kanban_mcp.store.base import Row
from kanban_mcp.store.errors import constraint
from kanban_mcp.store.statements import Statements


class SqliteTx:
    """`base.Tx` over one connection; see there."""

    __slots__ = ("_execute", "_executemany", "_sql")

    def __init__(self, conn: sqlite3.Connection, statements: Statements) -> None:
        self._execute = conn.execute
        self._executemany = conn.executemany
        self._sql = statements

    def one(self, query: str, /, **params: Any) -> Row | None:
        try:
            row: Row | None = self._execute(self._sql[query], params).fetchone()
        except sqlite3.IntegrityError as error:
            raise constraint(error) from error
        return row

    def all(self, query: str, /, **params: Any) -> list[Row]:
        try:
            rows: list[Row] = self._execute(self._sql[query], params).fetchall()
        except sqlite3.IntegrityError as error:
            raise constraint(error) from error
        return rows

    def value(self, query: str, /, **params: Any) -> Any:
        row: Any = self.one(query, **params)
        return None if row is None else row[0]

    def run(self, query: str, /, **params: Any) -> int:
        try:
            cursor = self._execute(self._sql[query], params)
            if cursor.description:  # RETURNING: the count is known once every row was fetched
                cursor.fetchall()
        except sqlite3.IntegrityError as error:
            raise constraint(error) from error
        return max(cursor.rowcount, 0)

    def insert(self, query: str, /, **params: Any) -> int:
        row: Any = self.one(query, **params)
        if row is None:
            raise LookupError(f"{query} inserted nothing, so there is no id")
        return int(row[0])

    def many(self, query: str, rows: Sequence[Mapping[str, Any]], /) -> None:
        try:
            self._executemany(self._sql[query], rows)
        except sqlite3.IntegrityError as error:
            raise constraint(error) from error
