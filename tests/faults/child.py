"""Work done in a process of its own, forked from a warm one: it may be killed, limited, or lose its rights."""

import multiprocessing
import os
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from tests.faults.boards import leave_nothing

T = TypeVar("T")
PATIENCE_S = 900  # a deadline, so that nothing hangs for ever; how long it takes is the machine's affair
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.chaos.loaded", "tests.faults.boards"])


def in_child(fn: Callable[..., T], *args: Any) -> T:
    """Return what `fn(*args)` returns in a child process; its exception is raised here as an AssertionError."""
    ours, theirs = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_play, args=(theirs, fn, args), daemon=True)
    process.start()
    theirs.close()
    try:
        assert ours.poll(PATIENCE_S), f"{fn.__name__} did not end within {PATIENCE_S} s"
        failed, result = ours.recv()
    except EOFError:
        process.join(10)
        raise AssertionError(f"{fn.__name__} ended its process with {process.exitcode}") from None
    finally:
        process.join(10)
        process.kill()
        ours.close()
    assert not failed, result
    return result  # type: ignore[no-any-return]  # what fn returned


def forked(fn: Callable[..., object], *args: Any) -> int:
    """Run `fn(*args)` in a fork of this process, which has one thread; returns how it ended, -9 for a SIGKILL."""
    pid = os.fork()
    if pid == 0:
        try:
            fn(*args)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _play(pipe: Connection, fn: Callable[..., object], args: tuple[Any, ...]) -> None:
    try:
        pipe.send((False, fn(*args)))
    except BaseException:  # noqa: BLE001 - told in the process that asked
        pipe.send((True, traceback.format_exc()))
    leave_nothing()
    os._exit(0)  # nothing is closed on the way out: what a case leaves open stays so
