"""The write lock: a sidecar file (`board.db.lock`) on which the writers of one board queue.

SQLite's own waiting is unfair under load (one of 16 processes got 3 turns while another got 1,104) and lets commits
overlap checkpoints, which is what the WAL-reset bug of older libraries needs. `flock` costs microseconds, and the
kernel frees it when its holder dies. A *stopped* holder keeps it, hence polling with a deadline instead of blocking.
"""

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kanban_mcp.domain.errors import BoardBusy, BoardUnavailable
from kanban_mcp.store.errors import unavailable

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.0002, 0.005
_EAGER_AFTER_S = 0.1
_NOTE_BYTES = 64  # "<pid> <since, monotonic ms>" padded with spaces: one fixed write, never a torn shorter one


class WriteLock:
    """One process's hold on the lock file at `path`. One thread uses it, and it is not reentrant."""

    def __init__(self, path: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.path = path
        self._sleep = sleep
        self._fd: int | None = None
        self._held = False
        self._pid_text = f"{os.getpid()} ".encode()

    def acquire(self, deadline: float) -> None:
        """Take the lock, waiting until `deadline` (seconds of `time.monotonic()`); even a past one allows one try.

        Raises:
            BoardBusy: another process kept it; the text names its pid and how long it has had it.
            BoardUnavailable: the lock file cannot be created or locked.
        """
        if self._held:
            raise RuntimeError("the write lock is not reentrant: a transaction function must not start another")
        pause, eager_from = _FIRST_PAUSE_S, time.monotonic() + _EAGER_AFTER_S
        while not self._try():
            now = time.monotonic()
            if now >= deadline:
                raise self._busy()
            # Spread by the clock's digits (`random` costs 5 ms to import); those who have waited long ask most often,
            # or newcomers with their short first pauses would always win against them.
            longest = _FIRST_PAUSE_S if now > eager_from else pause
            self._sleep(min(deadline - now, _FIRST_PAUSE_S + longest * (time.monotonic_ns() % 1009) / 1009))
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def release(self) -> None:
        """Give the lock back. The file stays: unlinking it would let two processes lock two different files."""
        if self._held and self._fd is not None:
            self._held = False
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release, and close the lock file."""
        self.release()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def note(self, what: str = "") -> None:
        """Write down who holds the lock since when, for the ones who wait in vain."""
        if self._fd is not None:
            text = self._pid_text + b"%d %b" % (time.monotonic_ns() // 1_000_000, what.encode())
            with suppress(OSError):  # a full disk: a courtesy that must not cost the call
                os.pwrite(self._fd, text.ljust(_NOTE_BYTES)[:_NOTE_BYTES], 0)

    def _try(self) -> bool:
        fd = self._opened()
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise unavailable(self.path, f"its lock file cannot be locked ({error.strerror})") from error
        if os.fstat(fd).st_nlink == 0:  # somebody removed or replaced it: lock the new one instead
            self.close()
            return False
        self._held = True
        self.note()
        return True

    def _opened(self) -> int:
        if self._fd is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            try:
                self._fd = os.open(self.path, flags, 0o600)
            except OSError as error:
                raise self._cannot_open(error) from error
        return self._fd

    def _cannot_open(self, error: OSError) -> BoardUnavailable:
        if isinstance(error, FileNotFoundError):
            return unavailable(self.path.parent, "the directory does not exist (any more)")
        return unavailable(
            self.path,
            f"its lock file cannot be opened ({error.strerror})",
            hint="make the board's directory writable for this user",
        )

    def _busy(self) -> BoardBusy:
        holder, since_ms, what = self._holder()
        held = f" for {(time.monotonic_ns() // 1_000_000 - since_ms) / 1000:.1f} s" if since_ms else ""
        who = f"process {holder} has held its write lock{held}" if holder else "another process holds its write lock"
        stopped = f"if process {holder} is stopped or hangs, continue or end it" if holder else "look for a hung one"
        board = self.path.with_suffix("")
        return BoardBusy(
            f"The board {board} is busy: {who}{f' ({what})' if what else ''}. Nothing was written.",
            hint=f"try again; {stopped}.",
        )

    def _holder(self) -> tuple[int, int, str]:
        """Return the holder's pid, since when it has the lock (monotonic ms), what it waits for; zeros if unknown."""
        fields = os.pread(self._opened(), _NOTE_BYTES, 0).decode(errors="replace").split(maxsplit=2)
        if len(fields) < 2 or not (fields[0].isdigit() and fields[1].isdigit()):
            return 0, 0, ""
        return int(fields[0]), int(fields[1]), " ".join(fields[2:])
