"""Numbers of a while: how much got done, how long it took, who did it, and how long people were waited for."""

from collections import Counter
from collections.abc import Iterable, Sequence

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.ids import RunId, TaskId, task_name
from kanban_mcp.domain.runs import COUNTED, Outcome
from kanban_mcp.domain.states import TaskState
from kanban_mcp.service.call import Call
from kanban_mcp.service.history import EVENTS_MOST, Window, ended_waits, percentile, window
from kanban_mcp.service.inbox import waiting_items
from kanban_mcp.service.results import Json, Stats
from kanban_mcp.store.base import Row, Tx

TASKS_MOST = 5_000  # done tasks whose times are taken, and runs that are told by role and worker: the newest
ROWS_MOST = 20
OLDEST_MOST = 5
_DAY_MS = 86_400_000


def stats(tx: Tx, call: Call, since_ms: int) -> Stats:
    """Return the numbers since a moment (epoch ms).

    Raises:
        Invalid: the moment lies ahead.
    """
    now = call.now.wall_ms
    require_past(since_ms, now)
    seen = window(tx, since_ms)
    done, runs, moved = _done(tx, seen), _runs(tx, seen), _moved(seen)
    days = max((now - seen.since_ms) / _DAY_MS, 1 / 24)
    return Stats(
        next=_next(moved["done"]),
        since_ms=seen.since_ms,
        until_ms=now,
        cut=_cut(seen, max(len(done), len(runs))),
        tasks={**moved, "done_per_day": round(moved["done"] / days, 1)},
        times=_times(done),
        attempts={str(n): count for n, count in sorted(Counter(int(row["runs"]) for row in done).items())},
        roles=_by(runs, "role", "role", "any role"),
        workers=_by(runs, "worker_name", "worker", ""),
        waits=_waits(tx, seen),
        oldest_waits=_oldest(tx, call),
    )


def _cut(seen: Window, rows: int) -> str:
    """Say what was left out of the numbers, so that nobody takes a part for the whole."""
    events = f"Only the newest {EVENTS_MOST:,} events were read. " if seen.is_cut else ""
    times = f"Times, roles and workers are those of the newest {TASKS_MOST:,}." if rows >= TASKS_MOST else ""
    return (events + times).strip()


def require_past(since_ms: int, now_ms: int) -> None:
    """Refuse a moment that has not come.

    Raises:
        Invalid: it lies ahead.
    """
    if since_ms > now_ms:
        raise Invalid("since lies ahead.", hint='Write how far back, for example "24h" or "7d".')


def _next(done: int) -> str:
    return "kanban-mcp digest says what it was." if done else "Nothing was finished in this while."


def _moved(seen: Window) -> Json:
    """Return how many tasks were made, and how many came to each end, each once."""
    ends: dict[str, set[TaskId]] = {"done": set(), "failed": set(), "cancelled": set()}
    for event in seen.events:
        if event.became in ends:
            ends[event.became].add(event.task_id)
    made = sum(event.kind == "created" for event in seen.events)
    reopened = sum(event.kind == "retried" for event in seen.events)
    return {"created": made, **{state: len(tasks) for state, tasks in ends.items()}, "retried": reopened}


def _done(tx: Tx, seen: Window) -> list[Row]:
    """Return the newest tasks that were done in the window and still are."""
    ids = dict.fromkeys(event.task_id for event in reversed(seen.events) if event.became == TaskState.DONE)
    rows = [tx.one("task_times", id=task) for task in list(ids)[:TASKS_MOST]]
    return [row for row in rows if row is not None and row["state"] == TaskState.DONE]


def _times(done: Sequence[Row]) -> Json:
    """Return cycle time (first claim to done) and lead time (made to done), in seconds."""
    cycle = [row["ended_at_ms"] - row["begun_at_ms"] for row in done if row["begun_at_ms"]]
    lead = [row["ended_at_ms"] - row["created_at_ms"] for row in done]
    return {name: spread(values) for name, values in (("cycle", cycle), ("lead", lead)) if values}


def spread(values_ms: Sequence[int]) -> Json:
    """Return how many values there are, their median and what nine of ten do not exceed, in seconds."""
    return {
        "n": len(values_ms),
        "median_s": percentile(values_ms, 50) // 1000,
        "p90_s": percentile(values_ms, 90) // 1000,
    }


def _runs(tx: Tx, seen: Window) -> list[Row]:
    """Return the newest runs that ended in the window."""
    ids: dict[RunId, None] = {}
    for event in reversed(seen.events):
        if event.run_id is not None and event.run_id not in ids:
            ids[event.run_id] = None
            if len(ids) >= TASKS_MOST:
                break
    rows = [tx.one("run_facts", id=run) for run in ids]
    return [row for row in rows if row is not None and (row["ended_at_ms"] or 0) >= seen.since_ms]


def _by(runs: Iterable[Row], column: str, name: str, unnamed: str) -> list[Json]:
    """Return per role or worker what its runs came to, those with most runs first."""
    groups: dict[str, list[Row]] = {}
    for run in runs:
        groups.setdefault(run[column] or unnamed, []).append(run)
    rows = [{name: who, **_outcomes(group)} for who, group in groups.items()]
    return sorted(rows, key=lambda row: (-row["runs"], row[name]))[:ROWS_MOST]


def _outcomes(runs: Sequence[Row]) -> Json:
    counts = Counter(str(run["outcome"]) for run in runs)
    lost = sum(counts[outcome] for outcome in COUNTED)
    return {
        "runs": len(runs),
        **{str(outcome): counts[outcome] for outcome in Outcome if counts[outcome]},
        "lost_percent": round(100 * lost / len(runs)),
        "median_s": percentile((run["ended_at_ms"] - run["started_at_ms"] for run in runs), 50) // 1000,
    }


def _waits(tx: Tx, seen: Window) -> Json:
    waits = ended_waits(tx, seen)
    if not waits:
        return {}
    kinds = {"approvals_and_reviews": TaskState.AWAITING_REVIEW, "questions": TaskState.BLOCKED}
    split = {name: [wait.ms for wait in waits if wait.state == state] for name, state in kinds.items()}
    total = {"total_s": sum(wait.ms for wait in waits) // 1000}
    return {**spread([wait.ms for wait in waits]), **total, **{name: spread(of) for name, of in split.items() if of}}


def _oldest(tx: Tx, call: Call) -> list[Json]:
    rows = tx.all("oldest_waits", limit=OLDEST_MOST)
    commands = {item["id"]: item["do"] for item in waiting_items(tx, call, 500)} if rows else {}
    return [
        {
            "id": (name := task_name(row["id"])),
            "title": row["title"],
            "state": row["state"],
            "waits_s": max(0, call.now.wall_ms - row["since_ms"]) // 1000,
            "do": commands.get(name, f"kanban-mcp show {name}"),
        }
        for row in rows
    ]
