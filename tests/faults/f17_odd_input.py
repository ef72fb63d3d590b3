"""F17: huge and odd input at the service: a typed refusal that names the limit, quick, in little memory, nothing kept.

What comes over stdio is met by the protocol's own tests. Time is this thread's CPU time: load is no fault of ours.
"""

import asyncio
import math
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from kanban_mcp.domain.errors import BoardError
from kanban_mcp.service.board import Board
from kanban_mcp.service.session import Session
from tests.conftest import orchestrator, person, worker
from tests.faults.base import Case, Figures, Place
from tests.faults.boards import SUMMARY, DirectStore, board_on, copy_to
from tests.service.helpers import dump

MOST_S = 0.1
MOST_BYTES = 50 << 20
HUGE = "x" * 10_000_000
WIDE = "\U0001f600" * 3_000_000
CODES = {"invalid", "unknown_argument", "weak_summary", "weak_reason", "limit", "not_found", "cycle", "config"}
ODD_TEXTS = {
    "10 MB": HUGE,
    "12 MB of four bytes each": WIDE,
    "NUL": "a\0b",
    "escape": "a\x1b[2Jb",
    "lone surrogate": "a\ud800b",
    "right to left": "a\u202eb",
    "zero width": "a\u200bb",
    "line separator": "a\u2028b",
    "byte order mark": "\ufeffa",
}
ODD_NUMBERS = (2**63, -(2**63), 2**64, 10**400, -1, 0.5, math.nan, math.inf, -math.inf)


def nested(levels: int) -> dict[str, Any]:
    """Return objects within objects."""
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def calls() -> Iterator[tuple[str, Session, str, dict[str, Any]]]:
    """Yield what is tried: what it is, who, verb, arguments."""
    ada, plan, mia = worker("ada"), orchestrator("planner"), person("mia")
    texts = {
        "create": (plan, {"title": "T"}, ("title", "context", "assignee", "idempotency_key")),
        "complete": (ada, {"summary": SUMMARY}, ("summary",)),
        "heartbeat": (ada, {}, ("note",)),
        "comment": (ada, {"task_id": "TASK-003", "body": "b"}, ("body",)),
        "block": (ada, {"reason": "Which of the two schemas is it?"}, ("reason", "default", "until", "kind")),
        "fail": (ada, {"reason": "Tried two others already"}, ("reason",)),
        "request_approval": (ada, {"summary": "Drop the table users", "wait_s": 0}, ("summary", "context")),
        "answer": (plan, {"task_id": "TASK-011", "answer": "a"}, ("answer",)),
        "approve": (mia, {"task_id": "TASK-009"}, ("note",)),
        "cancel": (plan, {"task_id": "TASK-012"}, ("reason",)),
        "update": (plan, {"task_id": "TASK-007"}, ("title", "context", "assignee", "due_at", "verify", "review")),
    }
    for verb, (who, given, names) in texts.items():
        for name in names:
            for what, text in ODD_TEXTS.items():
                yield f"{what} as {name}", who, verb, {**given, name: text}
    for levels in (33, 200, 1_000, 100_000):
        yield f"metadata {levels} deep", ada, "complete", {"summary": SUMMARY, "metadata": nested(levels)}
    for number in ODD_NUMBERS:
        if isinstance(number, float) and not math.isfinite(number):
            yield f"metadata {number}", ada, "complete", {"summary": SUMMARY, "metadata": {"n": number}}
    yield "10 MB of metadata", ada, "complete", {"summary": SUMMARY, "metadata": {"a": HUGE}}
    yield "a key of 10 MB", ada, "complete", {"summary": SUMMARY, "metadata": {HUGE: 1}}
    yield "bytes as metadata", ada, "complete", {"summary": SUMMARY, "metadata": {"a": b"b"}}
    for n in (2**63, 10**30):
        yield f"task {n}", plan, "comment", {"task_id": f"TASK-{n}", "body": "b"}
        yield f"max_attempts {n}", mia, "update", {"task_id": "TASK-007", "max_attempts": n}
        yield f"expect_s {n}", ada, "heartbeat", {"expect_s": n}
    for n in (101, 100_000):
        yield f"{n} parents", plan, "create", {"title": "T", "parents": ["TASK-001"] * n}
        yield f"{n} criteria", plan, "create", {"title": "T", "acceptance": ["Works"] * n}
        yield f"a plan of {n} tasks that wait for nothing there is", plan, "plan", {"tasks": _plan(n)}
    yield "a plan of 10 MB", plan, "plan", {"tasks": [{"ref": "a", "title": "T", "context": HUGE}]}
    yield "a plan with deep entries", plan, "plan", {"tasks": [{"ref": "a", "title": "T", "context": nested(100_000)}]}
    yield "11 options", ada, "block", {"reason": "Which of the two schemas is it?", "options": ["o"] * 11}
    yield "100 evidence entries of 1 MB", ada, "complete", {"summary": SUMMARY, "evidence": _evidence(100, 1_000_000)}
    yield "100,000 evidence entries", ada, "complete", {"summary": SUMMARY, "evidence": _evidence(100_000, 1)}
    for when in ("9" * 400 + "s", "999999999d", "9999-99-99", "0001-01-01T00:00:00+23:59"):
        yield f"until {when[:12]}", ada, "block", {"reason": "The service is away today", "until": when}


def _plan(tasks: int) -> list[dict[str, Any]]:
    return [{"ref": f"t{at}", "title": f"T {at}", "after": ["nowhere"]} for at in range(tasks)]


def _evidence(entries: int, size: int) -> list[dict[str, Any]]:
    return [{"kind": "file", "path": "p" * size} for _ in range(entries)]


async def odd(place: Place) -> Figures:
    """Every odd value in every place it could go."""
    path = copy_to(place.at("odd"))
    store = DirectStore(path)
    board = board_on(store)
    await board.list(orchestrator("planner"))
    before = dump(path)
    slowest, largest, refused = 0.0, 0, 0
    for what, who, verb, given in calls():
        took, memory, code = await _refused(board, who, verb, given, what)
        assert took <= MOST_S, f"{verb} with {what}: {took * 1000:.0f} ms"
        assert memory <= MOST_BYTES, f"{verb} with {what}: {memory >> 20} MiB"
        slowest, largest, refused = max(slowest, took), max(largest, memory), refused + 1
        assert code in CODES, f"{verb} with {what}: {code}"
    assert dump(path) == before, "a refused call changed the board"
    await store.close()
    return {"calls": refused, "slowest ms": round(slowest * 1000), "most MiB": largest >> 20, "changed": 0}


async def _refused(board: Board, who: Session, verb: str, given: dict[str, Any], what: str) -> tuple[float, int, str]:
    """Do the call; returns CPU seconds, peak memory and the code of the refusal."""
    since = time.thread_time()
    try:
        await getattr(board, verb)(who, **given)
    except BoardError as error:
        refusal = error
    else:
        raise AssertionError(f"{verb} accepted {what}")
    took = time.thread_time() - since
    assert len(str(refusal)) < 2_000, f"{verb} with {what}: the refusal repeats what it refuses"
    tracemalloc.start()
    with suppress(BoardError):
        await getattr(board, verb)(who, **given)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return took, peak, refusal.code


async def wide(place: Place) -> Figures:
    """10,000 subtasks of one parent: it cannot close early, the last one lets it, and every answer stays bounded."""
    count = place.times(suite=10_000, ci=10_000, night=10_000)
    path = place.at("wide") / "board.db"
    store = DirectStore(path)
    board = board_on(store)
    plan, ada = orchestrator("planner"), worker("ada")
    await board.create(plan, title="Wide")
    await _made(board, count, lambda at: {"part_of": ["TASK-001"]})
    slowest = 0.0
    for call in (
        lambda: board.create(plan, title="One more", parents=["TASK-001"], relation="part_of"),
        lambda: board.show(plan, task_id="TASK-001"),
        lambda: board.claim(ada),
        lambda: board.list(plan),
    ):
        since = time.thread_time()
        await call()
        slowest = max(slowest, time.thread_time() - since)
    await board.cancel(plan, task_id="TASK-001")
    counts = (await board.list(plan)).counts
    assert counts.get("cancelled") == count + 2, counts
    await store.close()
    assert slowest < 1.0, f"{slowest:.1f} s"
    return {"children": count, "slowest call ms": round(slowest * 1000)}


async def circle(place: Place) -> Figures:
    """A chain of 10,000 tasks and a link from its end to its beginning: refused, with a path that can be read."""
    count = place.times(suite=10_000, ci=10_000, night=10_000)
    store = DirectStore(place.at("circle") / "board.db")
    board, plan = board_on(store), orchestrator("planner")
    await board.create(plan, title="Link 0")
    await _made(board, count - 1, lambda at: {"after": [f"TASK-{at + 1:03d}"]})
    since = time.thread_time()
    try:
        await board.link(plan, task_id="TASK-001", parent=f"TASK-{count:03d}")
    except BoardError as error:
        refusal = error
    else:
        raise AssertionError("the circle was let in")
    took = time.thread_time() - since
    assert refusal.code == "cycle"
    assert len(str(refusal)) < 2_000
    await store.close()
    assert took < 5.0, f"{took:.1f} s"
    return {"links": count, "refused in ms": round(took * 1000), "text": len(str(refusal))}


async def _made(board: Board, count: int, links: Any) -> None:
    """Make tasks in plans of a hundred."""
    done = 0
    while done < count:
        size = min(100, count - done)
        tasks = []
        for at in range(done, done + size):
            linked = links(at)
            if at > done and "after" in linked:
                linked = {"after": [f"t{at - 1}"]}
            tasks.append({"ref": f"t{at}", "title": f"Task {at}", **linked})
        await board.plan(person("mia"), tasks=tasks)
        done += size


def _run(case: Any) -> Any:
    return lambda place: asyncio.run(case(place))


CASES = (
    Case("F17", "odd", "huge and odd values in every argument", _run(odd)),
    Case("F17", "wide", "ten thousand children of one parent", _run(wide)),
    Case("F17", "circle", "a circle of ten thousand tasks", _run(circle)),
)
