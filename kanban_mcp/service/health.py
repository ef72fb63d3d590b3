"""What is wrong with what the board holds: silent workers, waits that nobody ends, roles nobody serves, clocks.

One read of a board that is only looked at: it goes through live tasks and open runs, never through history.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from kanban_mcp.domain.clock import BoardTime, age
from kanban_mcp.domain.diagnostics import Finding, note, ok, problem, warning
from kanban_mcp.domain.ids import run_name, task_name
from kanban_mcp.domain.principals import ProcessId
from kanban_mcp.service.call import Call
from kanban_mcp.service.reaping import dead_dependencies
from kanban_mcp.store.base import Row, Tx

WORK = "work"
_MOST = 200  # rows of a kind that are looked at
_NAMED = 5  # ids that a line names
_HOUR_MS = 3_600_000
_JUMP_MS = 60_000
_AUDITS = ("orphan_runs", "tasks_with_ended_run", "requests_without_ask", "asks_without_request", "wrong_waits")
_REAP = "kanban-mcp reaper --once"


def diagnose(tx: Tx, call: Call) -> list[Finding]:
    """Return what there is to say about the work on the board."""
    return [
        *_pause(tx),
        *_runs(tx, call),
        *_dead(tx),
        *_roles(tx, call),
        *_planner(tx, call),
        *_waiting(tx),
        *_clock(tx, call.now),
        *_agreement(tx),
    ]


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _pause(tx: Tx) -> Iterator[Finding]:
    if tx.value("is_paused"):
        yield warning(WORK, "pause", "The board is paused.", "Nobody can claim anything.", "kanban-mcp resume")


def _runs(tx: Tx, call: Call) -> Iterator[Finding]:
    rows = tx.all("open_run_facts", limit=_MOST)
    stale = [row for row in rows if call.now.lease_over(row["lease_until_ms"], row["lease_boot"])]
    alive = [row for row in rows if row not in stale]
    if stale:
        yield _stale(stale, call)
    gone = [row for row in alive if row["pid"] and call.is_gone(_process(row))]
    if gone:
        yield note(
            WORK, "workers", f"The process of {_named([_run(row) for row in gone])} has ended; its lease has not.",
            "A session that comes back takes its run up again; otherwise the lease ends within minutes.",
            f"{_REAP}, once the lease is over",
        )  # fmt: skip
    if not stale and not gone:
        yield ok(WORK, "runs", f"{len(rows)} open, all of them alive" if rows else "nothing is worked on")


def _process(row: Row) -> ProcessId:
    return ProcessId(row["pid"], row["pid_started"], row["host"], row["boot_id"])


def _run(row: Row) -> str:
    return f"{run_name(row['id'])} of {task_name(row['task_id'])} ({row['worker_name']})"


def _stale(rows: Sequence[Row], call: Call) -> Finding:
    """Tell of leases that are over. Nobody reaped them for several periods: then nobody reaps this board at all."""
    over = [_over_ms(row, call.now) for row in rows]
    is_unreaped = any(ms is None or ms > 3 * call.policy.reap_every_ms for ms in over)
    who = " Nobody has taken them back: no reaper runs, and nobody claims." if is_unreaped else ""
    return warning(
        WORK, "runs", f"Stale: {_named([_run(row) for row in rows])}.{who}",
        "Their workers fell silent; nobody else can take these tasks until they are taken back.",
        f"{_REAP}, or leave kanban-mcp reaper running",
    )  # fmt: skip


def _over_ms(row: Row, now: BoardTime) -> int | None:
    """Return for how long a lease has been over; None when it is of another boot."""
    return now.mono_ms - row["lease_until_ms"] if row["lease_boot"] == now.boot_id else None


def _dead(tx: Tx) -> Iterator[Finding]:
    rows = dead_dependencies(tx, _MOST)
    waiting = list(dict.fromkeys(f"{row['id']} (for {row['because']}, {row['state']})" for row in rows))
    if waiting:
        first = rows[0]
        yield warning(
            WORK, "dead dependencies", f"Waiting for what will not happen by itself: {_named(waiting)}.",
            "They stay pending for ever unless somebody decides.",
            f"kanban-mcp retry {first['because']}, or kanban-mcp cancel {first['id']}; kanban-mcp inbox lists all",
        )  # fmt: skip


def _roles(tx: Tx, call: Call) -> Iterator[Finding]:
    now = call.now.wall_ms
    served = {row["role"]: row["beat_at_ms"] for row in tx.all("lately_served")}
    for row in tx.all("ready_by_role", wall_ms=now):
        role = row["assignee"]
        beats = [at for name, at in served.items() if name == role or not role]
        if any(now - at < _HOUR_MS for at in beats) or now - row["since_ms"] < _HOUR_MS:
            continue
        yield _unserved(role, row, age(max(beats), now) if beats else "")


def _unserved(role: str, row: Row, last: str) -> Finding:
    what = f"{row['n']} ready for {role}" if role else f"{row['n']} ready for any role"
    seen = f"nobody has worked in it for {last}" if last else "nobody has ever worked in it"
    say = f'"Work the kanban board as {role}"' if role else '"Work the kanban board"'
    return warning(
        WORK, "roles", f"{what}, and {seen if role else seen.replace('in it', 'here')}.",
        "Ready tasks wait until an agent of that role asks for them.",
        f"claude, then say {say}; or kanban-mcp update TASK --role OTHER",
    )  # fmt: skip


def _planner(tx: Tx, call: Call) -> Iterator[Finding]:
    rows = tx.all("waits_for_a_planner", before_ms=call.now.wall_ms - _HOUR_MS, limit=_MOST)
    if rows:
        yield note(
            WORK, "orchestrator", f"For over an hour nobody has planned or answered "
            f"{_named([task_name(row['id']) for row in rows])}.",
            "Rough ideas and questions that agents may answer wait for an orchestrator, or for you.",
            'claude, then say "Orchestrate the board"; or kanban-mcp inbox',
        )  # fmt: skip


def _waiting(tx: Tx) -> Iterator[Finding]:
    count = len(tx.all("waiting_on_people", limit=_MOST))
    if count:
        many = f"{count}{'+' if count == _MOST else ''}"
        yield note(WORK, "inbox", f"{many} wait for you.", "Nobody else may decide them.", "kanban-mcp inbox")


def _clock(tx: Tx, now: BoardTime) -> Iterator[Finding]:
    """Look for a wall clock that was set back: in the newest events, and against the present."""
    rows = tx.all("newest_events", limit=500)
    ahead = max((row["at_ms"] for row in rows), default=0) - now.wall_ms
    if ahead > _JUMP_MS:
        yield warning(
            WORK, "clock", f"The newest events are {age(0, ahead)} ahead of this machine's clock.",
            "Leases are safe (they run on another clock), but dates, expiries and ages are wrong until it is set.",
            "timedatectl status, and let the machine keep its time by NTP",
        )  # fmt: skip
        return
    jumps = [(before, after) for before, after in pairwise(rows) if before["at_ms"] - after["at_ms"] > _JUMP_MS]
    if jumps:
        before, after = jumps[-1]
        yield note(
            WORK, "clock", f"The wall clock was set back by {age(after['at_ms'], before['at_ms'])} at event "
            f"{after['id']}.", "Ages and the digest of that time are off by as much; nothing else is.",
        )  # fmt: skip


def _agreement(tx: Tx) -> Iterator[Finding]:
    wrong = [query.replace("_", " ") for query in _AUDITS if tx.all(query, limit=1)]
    if wrong:
        yield problem(
            WORK, "agreement", f"Cards disagree with their runs or links: {', '.join(wrong)}.",
            "Our own writes cannot cause that: another program has edited the file.",
            f"{_REAP} repairs it and says what it did in kanban-mcp log",
        )  # fmt: skip
