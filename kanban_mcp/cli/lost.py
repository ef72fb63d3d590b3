"""An answer that could not be written: a full device, a reader that went away. Stdlib only: the light path prints too.

Without this, the end of `kanban-mcp list > /dev/full` is a traceback, and of a closed pipe an exit code that means
something else. Who wrote to the board must learn that the call was made although its answer was lost.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TextIO, cast

from kanban_mcp.cli.exits import UNPRINTED


class OutputLost(Exception):
    """Standard output takes no more. Not an `OSError`: frameworks in between handle those in their own way.

    Its text is empty when whoever read the output has closed it, as `| head` does once it has seen enough.
    """


class _Guard:
    """A stream whose failures are `OutputLost`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def buffer(self) -> "_Guard":
        """The stream for bytes below a text stream."""
        return _Guard(cast(TextIO, self._stream.buffer))

    def write(self, text: Any) -> int:
        try:
            return self._stream.write(text)
        except OSError as why:
            raise OutputLost(_said(why)) from why

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as why:
            raise OutputLost(_said(why)) from why


def _said(why: OSError) -> str:
    if why.errno == errno.EPIPE:
        return ""
    return os.strerror(why.errno or 0).lower()


def guarded(run: Callable[[], int]) -> int:
    """Run a command. Returns its exit code, `UNPRINTED` with a line on stderr when stdout took no more."""
    stdout = sys.stdout
    if stdout is None:  # started with a closed stdout, on purpose: there is nobody to tell
        with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - a device; pathlib gains nothing
            sys.stdout = nowhere
            try:
                return run()
            finally:
                sys.stdout = stdout
    sys.stdout = cast(TextIO, _Guard(stdout))
    try:
        code = run()
        sys.stdout.flush()
        return code
    except OutputLost as lost:
        _drain(stdout)
        if str(lost):
            _tell(str(lost))
        return UNPRINTED
    finally:
        sys.stdout = stdout


def _tell(why: str) -> None:
    with suppress(OSError):
        sys.stderr.write(
            f"The answer could not be written: {why}. If the command changes anything, that is done: "
            "kanban-mcp log shows it.\n"
        )


def _drain(stdout: TextIO) -> None:
    """Send what is still buffered nowhere, or the interpreter would fail on it once more at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stdout.fileno())
        os.close(nowhere)
        stdout.flush()
