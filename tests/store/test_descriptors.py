"""A process that works for a week has as many files open as one that has just begun."""

from pathlib import Path

import pytest

from kanban_mcp.store.sqlite import SqliteFile
from tests.store.conftest import tiny_options

HERE = Path("/proc/self/fd")


def open_files() -> int:
    return sum(1 for _ in HERE.iterdir())


@pytest.mark.proves("hermes-6")
@pytest.mark.skipif(not HERE.is_dir(), reason="counts open files in /proc")
def test_ten_thousand_calls_and_a_hundred_openings_leave_no_file_open(board: Path) -> None:
    """hermes 6: connections that were not closed used the descriptors up."""
    with SqliteFile(board, tiny_options(synchronous="OFF")) as file:
        file.write_soon(lambda tx: tx.run("add_amount", by=1, name="first"))
        file.read(lambda tx: tx.all("things"))
        before = open_files()
        for _ in range(5_000):
            file.write_soon(lambda tx: tx.run("add_amount", by=1, name="first"))
            file.read(lambda tx: tx.value("amount", name="first"))
        assert open_files() == before
    before = open_files()
    for _ in range(100):
        with SqliteFile(board, tiny_options()) as file:
            file.write_soon(lambda tx: tx.run("add_amount", by=1, name="first"))
            file.read(lambda tx: tx.all("things"))
    assert open_files() == before
