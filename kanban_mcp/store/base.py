"""The seam between the service and an engine: transactions by the name of a query, and a store that runs them.

A transaction is one plain synchronous function `fn(tx, …)` which the store sends to its connection's own thread in one
hop (DESIGN §7). A cancelled caller therefore cannot strand a transaction half way, and two coroutines cannot mix their
statements in one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Row(Protocol):
    """One row, read by column name: `row["state"]`, `dict(row)`. It is no `Mapping`: engines' rows have no `.get()`."""

    def __getitem__(self, column: str, /) -> Any: ...
    def keys(self) -> Iterable[str]: ...


class Tx(Protocol):
    """What a transaction function may do. `query` names a file, `store/queries/<query>.sql`, with `:name` placeholders.

    Every result is fetched whole before the method returns, so that no statement stays open across a commit.

    Raises (each method):
        UniqueViolation: a UNIQUE or PRIMARY KEY constraint refused the row.
        ConstraintViolation: a CHECK, NOT NULL, foreign key or trigger refused it.
        UnknownQuery: no file has that name.
    """

    def one(self, query: str, /, **params: Any) -> Row | None:
        """Return the first row, or None when there is none."""
        ...

    def all(self, query: str, /, **params: Any) -> list[Row]:
        """Return every row."""
        ...

    def value(self, query: str, /, **params: Any) -> Any:
        """Return the first column of the first row; None when there is no row, or when that column is null."""
        ...

    def run(self, query: str, /, **params: Any) -> int:
        """Execute and return the number of rows changed."""
        ...

    def insert(self, query: str, /, **params: Any) -> int:
        """Execute a statement ending in `RETURNING id` and return that id.

        Raises:
            LookupError: nothing was inserted (`ON CONFLICT DO NOTHING`; use `value` where that may happen).
        """
        ...

    def many(self, query: str, rows: Sequence[Mapping[str, Any]], /) -> None:
        """Execute once per element of `rows`; cheaper than a loop over `run`."""
        ...


class Store(Protocol):
    """One board on one engine. Every method may raise `BoardBusy` or `BoardUnavailable`; then nothing was written."""

    async def write(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn(tx, *args, **kwargs)` in one write transaction and return its result after the commit.

        No other writer of the board runs at the same time. Any exception of `fn` rolls everything back and is raised
        here. Once the call returned, its effect survives a crash of the machine.
        """
        ...

    async def write_soon(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do as `write`, durable against a crash of the process but not against a power cut: for heartbeats."""
        ...

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` on one consistent snapshot, not blocked by writers. A read never creates a board; it may run twice.

        Raises:
            NotFound: there is no board yet.
        """
        ...

    async def data_version(self) -> int:
        """Return a number that differs from the one returned before once anybody has committed in between."""
        ...

    async def close(self) -> None:
        """Finish what was sent before, then close. Closing twice is harmless."""
        ...


class UnknownQuery(LookupError):
    """The code names a query that no file holds: a mistake in the program, never in the data."""


class ConstraintViolation(Exception):
    """The schema refused a row. Unless a verb expects it, it is a mistake in the program."""


class UniqueViolation(ConstraintViolation):
    """Another row has these values already, for example the same idempotency key.

    Let it leave the transaction function and look again in a new transaction: some engines allow no further statement
    in one that failed. `columns` are `table.column` names, empty for an index over expressions; `index` is its name.
    """

    def __init__(self, message: str, *, columns: Sequence[str] = (), index: str = "") -> None:
        super().__init__(message)
        self.columns = tuple(columns)
        self.index = index
