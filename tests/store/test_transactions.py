"""What every engine's transactions promise (store/base.py)."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from kanban_mcp.domain.errors import BoardUnavailable, NotFound
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.base import ConstraintViolation, Tx, UniqueViolation, UnknownQuery


def insert(tx: Tx, name: str, amount: int = 0, parent: int | None = None) -> int:
    return tx.insert("insert_thing", name=name, amount=amount, parent=parent)


def names(tx: Tx) -> list[str]:
    return [row["name"] for row in tx.all("things")]


async def test_a_write_returns_what_the_function_returns_and_is_there_for_the_next_read(store: SqliteStore) -> None:
    first = await store.write(insert, "a", amount=3)
    assert await store.write(insert, "b") == first + 1
    row = await store.read(lambda tx: tx.one("thing", name="a"))
    assert row is not None
    assert dict(row) == {"id": first, "name": "a", "amount": 3, "parent": None}


async def test_each_way_to_ask_answers_in_its_own_shape(store: SqliteStore) -> None:
    def ask(tx: Tx) -> tuple[object, ...]:
        tx.many("add_thing", [{"name": "x"}, {"name": "y"}])
        return (
            tx.one("thing", name="nobody"),
            tx.all("thing", name="nobody"),
            tx.value("amount", name="nobody"),
            tx.value("amount", name="x"),
            tx.value("thing_count"),
            tx.run("add_amount", by=2, name="x"),
            tx.run("add_amount", by=2, name="nobody"),
            tx.run("add_amount_to_all", by=1),
            tx.value("amount", name="x"),
        )

    assert await store.write(ask) == (None, [], None, 0, 2, 1, 0, 2, 3)


async def test_a_function_sees_its_own_writes_and_others_see_them_only_after_the_commit(
    store: SqliteStore, open_store: Callable[..., SqliteStore]
) -> None:
    other = open_store()
    await store.write(insert, "a")
    loop = asyncio.get_running_loop()
    inside, go = asyncio.Event(), threading.Event()

    def slow(tx: Tx) -> list[str]:
        insert(tx, "b")
        loop.call_soon_threadsafe(inside.set)
        go.wait(30)
        return names(tx)

    writing = asyncio.create_task(store.write(slow))
    await inside.wait()
    assert await store.read(names) == ["a"]
    assert await other.read(names) == ["a"]
    go.set()
    assert await writing == ["a", "b"]
    assert await other.read(names) == ["a", "b"]


async def test_an_exception_rolls_everything_back_and_the_next_call_works(store: SqliteStore) -> None:
    await store.write(insert, "a")

    def fail(tx: Tx) -> None:
        insert(tx, "b")
        tx.run("add_amount", by=5, name="a")
        raise ZeroDivisionError("on purpose")

    with pytest.raises(ZeroDivisionError):
        await store.write(fail)
    assert await store.read(lambda tx: [dict(row) for row in tx.all("things")]) == [
        {"id": 1, "name": "a", "amount": 0, "parent": None}
    ]
    await store.write(insert, "c")
    assert await store.read(names) == ["a", "c"]


async def test_even_an_interrupt_rolls_back(store: SqliteStore) -> None:
    class Interrupted(BaseException):
        """Like KeyboardInterrupt, which pytest would take for itself."""

    def interrupt(tx: Tx) -> None:
        insert(tx, "a")
        raise Interrupted

    with pytest.raises(Interrupted):
        await store.write(interrupt)
    assert await store.read(names) == []


async def test_a_second_row_with_the_same_unique_value_is_a_typed_error_naming_the_column(store: SqliteStore) -> None:
    await store.write(insert, "a")
    with pytest.raises(UniqueViolation) as caught:
        await store.write(insert, "a")
    assert caught.value.columns == ("things.name",)
    with pytest.raises(UniqueViolation):
        await store.write(lambda tx: tx.run("add_thing", name="a"))
    with pytest.raises(UniqueViolation):
        await store.write(lambda tx: tx.many("add_thing", [{"name": "b"}, {"name": "a"}]))
    assert await store.read(names) == ["a"]


@pytest.mark.parametrize(("amount", "parent"), [(-1, None), (0, 99)], ids=["check", "foreign key"])
async def test_another_broken_constraint_is_not_taken_for_a_duplicate(
    store: SqliteStore, amount: int, parent: int | None
) -> None:
    with pytest.raises(ConstraintViolation) as caught:
        await store.write(insert, "a", amount, parent)
    assert not isinstance(caught.value, UniqueViolation)
    assert await store.read(names) == []


async def test_an_insert_that_inserts_nothing_has_no_id_to_return(store: SqliteStore) -> None:
    assert await store.write(lambda tx: tx.insert("insert_thing_once", name="a")) == 1
    assert await store.write(lambda tx: tx.value("insert_thing_once", name="a")) is None
    with pytest.raises(LookupError, match="inserted nothing"):
        await store.write(lambda tx: tx.insert("insert_thing_once", name="a"))


async def test_an_unknown_query_names_its_nearest(store: SqliteStore) -> None:
    with pytest.raises(UnknownQuery, match="did you mean 'things'"):
        await store.write(lambda tx: tx.all("thing_s"))
    with pytest.raises(UnknownQuery):
        await store.write(lambda tx: tx.all("../queries/things"))


async def test_a_mistake_in_the_program_is_not_called_a_board_that_is_unavailable(store: SqliteStore) -> None:
    with pytest.raises(Exception, match="nonsense") as caught:
        await store.write(lambda tx: tx.all("wrong_column"))
    assert not isinstance(caught.value, BoardUnavailable)


async def test_a_read_cannot_write(store: SqliteStore) -> None:
    await store.write(insert, "a")
    with pytest.raises(Exception, match="readonly"):
        await store.read(insert, "b")
    assert await store.read(names) == ["a"]


async def test_a_read_sees_one_moment_even_while_others_commit(store: SqliteStore) -> None:
    await store.write(insert, "a")
    loop = asyncio.get_running_loop()
    inside, go = asyncio.Event(), threading.Event()

    def look_twice(tx: Tx) -> tuple[list[str], list[str]]:
        before = names(tx)
        loop.call_soon_threadsafe(inside.set)
        go.wait(30)
        return before, names(tx)

    reading = asyncio.create_task(store.read(look_twice))
    await inside.wait()
    await store.write(insert, "b")
    go.set()
    assert await reading == (["a"], ["a"])
    assert await store.read(names) == ["a", "b"]


@pytest.mark.proves("hermes-49")
async def test_a_read_never_creates_a_board(store: SqliteStore) -> None:
    with pytest.raises(NotFound, match="kanban_create makes it"):
        await store.read(names)
    with pytest.raises(NotFound):
        await store.data_version()
    assert not store.path.parent.exists()
    await store.write(insert, "a")
    assert await store.read(names) == ["a"]


async def test_a_write_creates_a_board_only_where_it_may(open_store: Callable[..., SqliteStore]) -> None:
    store = open_store(may_create=False)
    with pytest.raises(NotFound, match="kanban-mcp init"):
        await store.write(insert, "a")
    assert not store.path.parent.exists()


async def test_the_data_version_moves_with_every_commit_of_anybody_and_only_then(
    store: SqliteStore, open_store: Callable[..., SqliteStore]
) -> None:
    other = open_store()
    await store.write(insert, "a")
    seen = [await store.data_version()]
    await store.write(insert, "b")
    seen.append(await store.data_version())
    await other.write(insert, "c")
    seen.append(await store.data_version())
    assert len(set(seen)) == 3
    await other.read(names)
    with pytest.raises(UniqueViolation):
        await other.write(insert, "c")
    assert await store.data_version() == seen[-1]


async def test_many_calls_at_once_run_one_after_the_other_and_none_is_lost(
    store: SqliteStore, open_store: Callable[..., SqliteStore]
) -> None:
    await store.write(insert, "a")
    stores = [store, open_store(), open_store()]
    await asyncio.gather(*(each.write(lambda tx: tx.run("add_amount", by=1, name="a")) for each in stores * 20))
    assert await store.read(lambda tx: tx.value("amount", name="a")) == 60


async def test_a_write_that_may_be_lost_to_a_power_cut_is_there_at_once_for_everybody(
    store: SqliteStore, open_store: Callable[..., SqliteStore]
) -> None:
    await store.write(insert, "a")
    await store.write_soon(insert, "b")
    await store.write(insert, "c")
    assert await open_store().read(names) == ["a", "b", "c"]


async def test_closing_twice_is_harmless_and_a_closed_store_says_so(store: SqliteStore) -> None:
    await store.write(insert, "a")
    await store.close()
    await store.close()
    with pytest.raises(BoardUnavailable, match="closed"):
        await store.write(insert, "b")
