"""One hop per call, over a thread that can strand nothing and keeps nobody from exiting."""

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any

import aiosqlite
import pytest

from kanban_mcp.store.aio import OneHop, SqliteStore
from kanban_mcp.store.base import Tx
from tests.store.conftest import Child


def insert(tx: Tx, name: str) -> int:
    return tx.insert("insert_thing", name=name, amount=0, parent=None)


def names(tx: Tx) -> list[str]:
    return [row["name"] for row in tx.all("things")]


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Everything that is sent to a connection's thread."""
    sent: list[Any] = []
    real = aiosqlite.Connection._execute

    async def counting(self: aiosqlite.Connection, fn: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append(fn)
        return await real(self, fn, *args, **kwargs)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counting)
    return sent


async def test_every_call_is_exactly_one_hop_the_first_one_too(store: SqliteStore, hops: list[Any]) -> None:
    def three_statements(tx: Tx) -> None:
        insert(tx, "a")
        insert(tx, "b")
        tx.run("add_amount", by=1, name="a")

    await store.write(three_statements)
    assert len(hops) == 1
    await store.read(names)
    assert len(hops) == 2
    await store.write_soon(insert, "c")
    assert len(hops) == 3
    await store.data_version()
    assert len(hops) == 4


async def test_aiosqlite_still_has_the_private_parts_that_one_hop_stands_on() -> None:
    """A new aiosqlite that changes them fails here, not in somebody's session."""
    parameters = list(inspect.signature(aiosqlite.Connection._execute).parameters)
    assert parameters == ["self", "fn", "args", "kwargs"]
    assert inspect.iscoroutinefunction(aiosqlite.Connection._execute)
    plain = aiosqlite.Connection(lambda: None, 1)  # type: ignore[arg-type,return-value]  # never connected
    assert plain._connection is None
    assert isinstance(plain._thread, threading.Thread)
    assert not plain._thread.is_alive()


async def test_a_hop_runs_in_the_connections_own_thread_and_hands_exceptions_back() -> None:
    class Quiet:
        def close(self) -> None:
            pass

    hop = OneHop(Quiet())  # type: ignore[arg-type]  # only ever asked to close
    assert await hop.run(threading.current_thread) is hop._thread
    assert hop._thread.daemon
    with pytest.raises(ZeroDivisionError):
        await hop.run(lambda: 1 / 0)
    await hop.close()
    hop._thread.join(10)
    assert not hop._thread.is_alive()


@pytest.mark.proves("L7")
async def test_a_cancelled_caller_strands_no_transaction(
    store: SqliteStore, open_store: Callable[..., SqliteStore]
) -> None:
    loop = asyncio.get_running_loop()
    inside, go = asyncio.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        insert(tx, "half")
        loop.call_soon_threadsafe(inside.set)
        go.wait(30)
        insert(tx, "whole")

    writing = asyncio.create_task(store.write(slow))
    await inside.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    go.set()
    assert await store.write(insert, "next") == 3  # the function ran to its end before
    assert await open_store().read(names) == ["half", "whole", "next"]


async def test_cancelling_the_very_first_call_leaves_a_store_that_works(store: SqliteStore) -> None:
    opening = asyncio.create_task(store.write(insert, "a"))
    await asyncio.sleep(0)  # the call is on its way to the thread
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await store.write(insert, "b")
    assert await store.read(names) == ["a", "b"]


UNCLOSED = """
import asyncio
from kanban_mcp.store.aio import SqliteStore
async def main():
    store = SqliteStore(Path(sys.argv[1]) / ".kanban" / "board.db", options())
    await store.write(lambda tx: tx.insert("insert_thing", name="a", amount=0, parent=None))
    await store.read(lambda tx: tx.all("things"))
    tell("written")
    return store
kept = asyncio.run(main())
"""


def test_a_store_nobody_closed_does_not_keep_the_interpreter_from_exiting(
    child: Callable[..., Child], tmp_path: Any
) -> None:
    process = child(UNCLOSED, tmp_path)
    assert process.says() == "written"
    code, _, errors = process.ends()
    assert code == 0, errors


@pytest.mark.proves("L7")
def test_an_exit_in_the_middle_of_a_transaction_is_not_held_up_and_writes_nothing(
    child: Callable[..., Child], board: Any
) -> None:
    process = child(
        """
        import asyncio, threading
        from kanban_mcp.store.aio import SqliteStore
        def forever(tx):
            tx.insert("insert_thing", name="never", amount=0, parent=None)
            tell("inside")
            threading.Event().wait()
        async def main():
            store = SqliteStore(Path(sys.argv[1]), options())
            writing = asyncio.create_task(store.write(forever))
            await asyncio.to_thread(told)
            os._exit(0) if "hard" in sys.argv else sys.exit(0)
        asyncio.run(main())
        """,
        board,
    )
    assert process.says() == "inside"
    process.tell()
    process.ends()
    from kanban_mcp.store.sqlite import SqliteFile
    from tests.store.conftest import tiny_options

    with SqliteFile(board, tiny_options()) as file:
        assert file.read(names) == ["first"]


def test_the_light_path_imports_no_event_loop(child: Callable[..., Child], board: Any) -> None:
    process = child(
        """
        with SqliteFile(Path(sys.argv[1]), options()) as file:
            file.write_soon(lambda tx: tx.run("add_amount", by=1, name="first"))
        print(sorted({"asyncio", "aiosqlite", "anyio", "mcp", "pydantic"} & sys.modules.keys()))
        """,
        board,
    )
    assert process.says() == "[]"
