"""What every test stands on: a clock that only tests move, and a board on a real file."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kanban_mcp.domain.clock import BoardTime
from kanban_mcp.domain.policy import Policy
from kanban_mcp.domain.principals import Authority, Caller, ProcessId
from kanban_mcp.service.board import Board
from kanban_mcp.service.checking import Verifier
from kanban_mcp.service.session import Session
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.opening import SqliteOptions

# No test depends on how fast the machine is; a seed that fails is printed with the command that repeats it.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("any-machine")


class Clock:
    """Both clocks of the board. `advance` is time that passes; `wall` and `reboot` move one of them alone."""

    def __init__(self) -> None:
        self.now = BoardTime(wall_ms=1_800_000_000_000, mono_ms=50_000_000, boot_id="boot-1")

    def __call__(self) -> BoardTime:
        return self.now

    def advance(self, ms: int) -> None:
        """Let `ms` milliseconds pass on both clocks."""
        self.now = replace(self.now, wall_ms=self.now.wall_ms + ms, mono_ms=self.now.mono_ms + ms)

    def wall(self, ms: int) -> None:
        """Set the wall clock forward or back, as a person or a time server does."""
        self.now = replace(self.now, wall_ms=self.now.wall_ms + ms)

    def reboot(self) -> None:
        """Restart the machine: another boot id, the monotonic clock starts anew."""
        self.now = replace(self.now, mono_ms=1_000, boot_id=self.now.boot_id + "+")


@dataclass
class Processes:
    """A process table: what is in `gone` has ended."""

    gone: set[ProcessId]

    def is_gone(self, process: ProcessId) -> bool:
        """Say whether the process has ended."""
        return process in self.gone


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def processes() -> Processes:
    return Processes(set())


@pytest.fixture
def board_path(tmp_path: Path) -> Path:
    return tmp_path / ".kanban" / "board.db"


MakeBoard = Callable[..., Board]


@pytest.fixture
async def make_board(board_path: Path, clock: Clock, processes: Processes) -> AsyncIterator[MakeBoard]:
    """Return a maker of boards on the test's file, each with connections of its own; all are closed at the end."""
    made: list[Board] = []

    def make(policy: Policy | None = None, verifier: Verifier | None = None, path: Path | None = None) -> Board:
        store = SqliteStore(path or board_path, SqliteOptions(may_create=True, synchronous="OFF"))
        board = Board(store, clock=clock, is_gone=processes.is_gone, policy=policy, verifier=verifier)
        made.append(board)
        return board

    yield make
    for board in made:
        await board.close()


@pytest.fixture
def board(make_board: MakeBoard) -> Board:
    return make_board()


def caller(
    name: str = "worker",
    authority: Authority = Authority.ORCHESTRATOR,
    *,
    pid: int | None = None,
    role: str | None = None,
    session: str | None = None,
    boot: str = "boot-1",
) -> Caller:
    """Return a caller; the same name is the same worker, `pid` tells its server processes apart."""
    number = pid if pid is not None else 1000 + sum(map(ord, name))
    process = ProcessId(number, "1", "testhost", boot)
    return Caller(key=f"testhost|{name}", name=name, authority=authority, process=process, role=role, session=session)


def worker(name: str = "worker", role: str | None = None, **kwargs: object) -> Session:
    """Return the connection of a worker."""
    return Session(caller(name, Authority.WORKER, role=role, **kwargs))  # type: ignore[arg-type]  # test helper


def orchestrator(name: str = "orchestrator") -> Session:
    """Return the connection of an orchestrator."""
    return Session(caller(name, Authority.ORCHESTRATOR))


def person(name: str = "mia") -> Session:
    """Return the connection of a person who holds the operator key."""
    return Session(caller(name, Authority.PERSON))
