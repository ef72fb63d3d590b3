"""Loads the server in a thread of the front's process, and runs it there."""

from __future__ import annotations

import gc
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from kanban_mcp.server.options import Options
    from kanban_mcp.server.session import OpenBoard

    Compose = Callable[[], Callable[[Options], Awaitable[OpenBoard]]]


class Boot:
    """The server, loaded and run in a thread of this process. `failure` says why it could not be."""

    def __init__(self, options: Options, toolset: str, compose: Compose) -> None:
        self._options, self._toolset, self._compose = options, toolset, compose
        self._thread: threading.Thread | None = None
        self.loaded_at: float | None = None  # on the monotonic clock
        self.failure = ""

    @property
    def started(self) -> bool:
        """Say whether the thread was started."""
        return self._thread is not None

    def start(self, end: Any) -> None:
        """Start loading; the server takes over its end of the socket pair and closes it in every case."""
        self._thread = threading.Thread(target=self._run, args=(end,), name="kanban-server", daemon=True)
        self._thread.start()

    def is_over(self, timeout_s: float = 0.0) -> bool:
        """Say whether the thread has ended, waiting at most `timeout_s`."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _run(self, end: Any) -> None:
        try:
            host, open_board = self._load()
            host.run(end, self._toolset, lambda: open_board(self._options))
        except BaseException as error:  # noqa: BLE001  whatever it was, the calls that wait have to be told
            self.failure = f"{type(error).__name__}: {error}"
            print(f"kanban-mcp: the server stopped: {self.failure}", file=sys.stderr, flush=True)  # noqa: T201
        finally:
            end.close()

    def _load(self) -> tuple[Any, Any]:
        """Import the server, in small steps of the interpreter so that the front gets its turns in between.

        The imports make some 100,000 objects that live for ever: collecting garbage among them costs a sixth of them.
        """
        interval = sys.getswitchinterval()
        sys.setswitchinterval(0.0005)
        gc.disable()
        try:
            host, open_board = self._import()
        finally:
            gc.freeze()
            gc.enable()
            sys.setswitchinterval(interval)
        self.loaded_at = time.monotonic()
        return host, open_board

    def _import(self) -> tuple[Any, Any]:
        from kanban_mcp.server import lean

        is_lean = lean.defer()
        try:
            from kanban_mcp.server import host
        except (ImportError, AttributeError):
            if not is_lean:
                raise
            lean.undo()  # an SDK of another build: take it whole
            from kanban_mcp.server import host
        return host, self._compose()
