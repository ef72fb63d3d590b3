"""One run of a client program: its output goes to files, it is awaited with a deadline, and a failure shows the end."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.realclients import processes

DEADLINE_S = 75.0
TAIL = 3000  # characters of output in a failure


class Session:
    """A running client."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._home = Path(env["HOME"])
        number = len(list(logs.iterdir())) // 2
        self._out, self._err = logs / f"{number}.out", logs / f"{number}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd, env=env, start_new_session=True
            )

    def finish(self, deadline_s: float = DEADLINE_S) -> "Session":
        """Wait until the program has ended. Its exit code is not looked at: clients exit with 0 when nothing worked."""
        try:
            self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the client did not end within {deadline_s:.0f} s\n{self.told}")
        return self

    def kill(self) -> None:
        """End the client and everything below it, hard, as a power failure does."""
        processes.kill_all_of(self._home)
        self.process.wait(processes.PATIENCE_S)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return the JSON lines it printed."""
        lines = self._out.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    @property
    def told(self) -> str:
        """Return the end of what it printed, for the text of a failure."""
        parts = [
            f"--- end of {name} ---\n{file.read_text(errors='replace')[-TAIL:]}"
            for name, file in (("stdout", self._out), ("stderr", self._err))
        ]
        return os.linesep.join([f"exit code {self.process.poll()}", *parts])
