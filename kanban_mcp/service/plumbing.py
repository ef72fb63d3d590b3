"""What every group of verbs needs: the store, the clock, and one way to send a transaction."""

from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from kanban_mcp.domain import inputs
from kanban_mcp.domain.clock import BoardTime
from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.policy import Policy
from kanban_mcp.domain.principals import Authority, Caller, ProcessId
from kanban_mcp.service import (
    claims,
)
from kanban_mcp.service.call import Call
from kanban_mcp.service.checking import Checks, NoVerifier, Verifier
from kanban_mcp.service.feed import Feed
from kanban_mcp.service.session import Session
from kanban_mcp.store.base import Store, Tx

P = ParamSpec("P")
T = TypeVar("T")


class Plumbing:
    """Sends transaction functions to the store and wakes those who wait."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], BoardTime],
        is_gone: Callable[[ProcessId], bool],
        policy: Policy | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        self.policy = policy or Policy()
        self._store = store
        self._clock = clock
        self._is_gone = is_gone
        self._checks = Checks(verifier or NoVerifier())
        self._feed = Feed(store.data_version)
        here = clock()
        process = ProcessId(0, "board", "", here.boot_id)
        self._own = Session(Caller(key="board", name="board", authority=Authority.BOARD, process=process))

    def _call(self, s: Session) -> Call:
        now = self._clock()
        s.since_ms = s.since_ms or now.wall_ms
        return Call(s, now, self.policy, self._is_gone)

    async def _write(
        self, s: Session, fn: Callable[Concatenate[Tx, Call, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        result = await self._store.write(fn, self._call(s), *args, **kwargs)
        self._feed.wake()
        return result

    async def _read(
        self, s: Session, fn: Callable[Concatenate[Tx, Call, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._store.read(fn, self._call(s), *args, **kwargs)

    async def _take_handed(self, s: Session) -> None:
        if s.caller.handed_run is not None and not s.has_taken_handed:
            await self._write(s, claims.take_handed_run)
            s.has_taken_handed = True

    def _role(self, s: Session, assignee: str | None) -> str:
        return inputs.role(assignee) or inputs.role(s.caller.role) or s.role or ""


def required(value: str, argument: str) -> str:
    if not value.strip():
        raise Invalid(f"{argument} is empty.", hint="Say what you mean in a sentence.")
    return value


def few(values: Sequence[str], most: int = inputs.LIST_LIMIT) -> tuple[str, ...]:
    given = (values,) if isinstance(values, str) else tuple(values)
    if len(given) > most:
        raise Invalid(f"{len(given)} ids given, at most {most} fit in one call.", hint="Split the call.")
    return given
