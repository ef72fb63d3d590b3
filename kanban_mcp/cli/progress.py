"""Progress of long work: on stderr, on a terminal only, gone when the work is done."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def copying(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Give what is told (so much, of so much); None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda so_far, total: bar.update(task, completed=so_far, total=total)


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None] | None]:
    """Give what is told how many are done, where nobody knows how many there are; None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.status import Status

    with Status(what, console=Console(stderr=True)) as status:
        yield lambda count: status.update(f"{what}: {count:,}")
