"""Real servers on real pipes, forked from an interpreter that has loaded the server already: a fifth of the CPU.

The whole of `kanban-mcp serve` runs: the front, its boot thread, the SDK. Only the imports were made before.
"""

import multiprocessing
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")


def serve(client_in: Connection, client_out: Connection, path: Path, home: Path, environment: dict[str, str]) -> None:
    """Become a server; the target of the process."""
    for descriptor, number in ((client_in.fileno(), 0), (client_out.fileno(), 1), (os.open(os.devnull, os.O_RDWR), 2)):
        os.dup2(descriptor, number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(home)
    sys.argv = ["kanban-mcp", "serve", "--db", str(path)]
    from kanban_mcp.__main__ import main

    os._exit(main())


class _Writer:
    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._pipe.fileno(), data) :]

    def close(self) -> None:
        self._pipe.close()


class WarmProcess:
    """What the stdio client needs of `subprocess.Popen`."""

    def __init__(self, path: Path, home: Path, environment: dict[str, str]) -> None:
        theirs_in, ours_out = _FORKS.Pipe(duplex=False)
        ours_in, theirs_out = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=serve, args=(theirs_in, theirs_out, path, home, environment), daemon=True)
        self._process.start()
        theirs_in.close()
        theirs_out.close()
        self._ended: int | None = None
        self.pid = self._process.pid or 0
        self.stdin, self.stdout = _Writer(ours_out), ours_in

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        return self._process.exitcode if self._ended is None else self._ended

    def wait(self, timeout: float) -> None:
        """Reap it and free its descriptors; twice is harmless."""
        if self._ended is None:
            self._process.join(timeout)
            self._ended = self._process.exitcode
            if self._ended is not None:
                self._process.close()
