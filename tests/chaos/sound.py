"""A small sound history that has everything in it, made on a real board in this process, for tests to spoil."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kanban_mcp.domain.checks import Check, CheckJob, Findings
from kanban_mcp.domain.errors import BoardError
from kanban_mcp.domain.policy import Policy
from kanban_mcp.service.board import Board
from kanban_mcp.service.results import to_json
from kanban_mcp.service.session import Session
from kanban_mcp.store.aio import SqliteStore
from kanban_mcp.store.opening import SqliteOptions
from tests.chaos.records import Record, read_life
from tests.chaos.terms import Life, Op
from tests.conftest import Clock, orchestrator, person, worker

SUMMARY = "Parser rewritten; 14 tests pass"
STEP = "Drop the table users on staging"


class Client:
    """One connection in this process with its record. `at`: the present, for the record."""

    def __init__(self, board: Board, session: Session, at: Callable[[], float]) -> None:
        self.board, self.session, self.at = board, session, at
        self.record = Record(session.caller.name, str(session.caller.authority))

    async def call(self, verb: str, **given: Any) -> dict[str, Any]:
        """Do one call and note what it was told; returns the answer, or {error, text}."""
        noted = self.record.invoke(verb, given, self.at())
        try:
            answer: dict[str, Any] = to_json(await getattr(self.board, verb)(self.session, **given))
        except BoardError as error:
            answer = {"error": error.code, "text": str(error)}
        newest = (await self.board.events(after=None, limit=1))[-1].id
        self.record.outcome(noted, answer, self.at(), newest)
        return answer


class Passing:
    """A verifier for which everything holds."""

    async def check(self, job: CheckJob) -> Findings:
        return Findings((Check("file", "docs/api.md", True, "there"),))


async def sound_history(folder: Path) -> tuple[Life, list[Op]]:
    """Play every kind of event once; returns the board at rest and what the clients were told."""
    path, clock, ticks = folder / "sound" / "board.db", Clock(), iter(range(1, 10_000))
    path.parent.mkdir()
    store = SqliteStore(path, SqliteOptions(may_create=True, synchronous="OFF"))
    gone: set[Any] = set()
    board = Board(store, clock=clock, is_gone=gone.__contains__, policy=Policy(), verifier=Passing())
    sessions = (orchestrator("planner"), worker("ada"), worker("bob"), person("mia"))
    clients = [Client(board, session, lambda: float(next(ticks))) for session in sessions]
    await _play(*clients, clock)
    await board.close()
    return read_life(path), [op for client in clients for op in client.record.ops]


async def _play(planner: Client, ada: Client, bob: Client, mia: Client, clock: Clock) -> None:
    await planner.call("create", title="First task", acceptance=["file:docs/api.md"], idempotency_key="once")
    await planner.call("create", title="First task", acceptance=["file:docs/api.md"], idempotency_key="once")
    await planner.call("create", title="Second task", parents=["TASK-001"])
    run = (await ada.call("claim"))["task"]["run"]["run_id"]
    await ada.call("heartbeat", run_id=run, note="halfway")
    await ada.call("comment", task_id="TASK-001", body="Left a note", run_id=run)
    await ada.call("create", title="A subtask", parents=["TASK-001"], run_id=run)
    await ada.call("complete", run_id=run, summary="Too early: 14 tests pass, one subtask is left")
    await bob.call("complete", run_id=run, summary="Not his to finish, and he says so at length")
    await bob.call("claim", task_id="TASK-003")
    await bob.call("complete", summary="Subtask finished: three cases more")
    evidence = [{"kind": "file", "path": "docs/api.md"}]
    await ada.call("complete", run_id=run, summary=SUMMARY, evidence=evidence, wait_s=5)
    await _ask(ada, mia, clock)
    lost = (await bob.call("claim"))["task"]["run"]["run_id"]
    clock.advance(3_600_000)
    await ada.board.reap()
    await ada.call("claim", task_id="TASK-002")
    await bob.call("heartbeat", run_id=lost, note="still at it")
    await ada.call("block", reason="Which of the two schemas is the real one?")
    await planner.call("update", task_id="TASK-002", title="Second task, as it is now")


async def _ask(ada: Client, mia: Client, clock: Clock) -> None:
    run = (await ada.call("claim", task_id="TASK-002"))["task"]["run"]["run_id"]
    await ada.call("request_approval", run_id=run, summary=STEP, wait_s=0)
    await ada.call("approve", task_id="TASK-002")
    await mia.call("approve", task_id="TASK-002", note="go on")
    await ada.call("request_approval", run_id=run, summary=STEP, wait_s=0)
    await ada.call("fail", run_id=run, reason="The fixture was wrong, tried two others")
    clock.advance(60_000)
