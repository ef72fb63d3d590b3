"""Who works now, by process: an agent's shell must not pass for a person (DESIGN §9), and speaks for the agent's run.

Imported by the light path: no event loop, nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kanban_mcp.domain.ids import run_name, task_name
from kanban_mcp.domain.principals import ProcessId

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kanban_mcp.service.founding import Identity
    from kanban_mcp.store.base import Row, Tx


class OpenRun(NamedTuple):
    """An open run and the two processes that speak for it: the server, and the client that started the server."""

    run: str
    task: str
    worker_key: str
    worker_name: str
    process: ProcessId
    client: ProcessId | None


class Standing(NamedTuple):
    """Which board this is, and who works on it now."""

    identity: Identity
    runs: Sequence[OpenRun]


def standing(tx: Tx, boot_id: str) -> Standing:
    """Return the board's identity and its open runs of this boot."""
    from kanban_mcp.service.founding import identity  # not for hooks

    return Standing(identity(tx), open_runs(tx, boot_id))


def open_runs(tx: Tx, boot_id: str) -> list[OpenRun]:
    """Return the open runs whose processes belong to this boot; those of another boot are gone."""
    return [_open_run(row) for row in tx.all("open_runs", boot=boot_id)]


def is_known(tx: Tx, key: str) -> bool:
    """Say whether a worker of this key has ever done anything on the board."""
    return tx.value("worker_by_key", key=key) is not None


def _open_run(row: Row) -> OpenRun:
    host, boot = row["host"], row["boot_id"]
    client = row["client_pid"] and ProcessId(row["client_pid"], row["client_started"] or "", host, boot)
    return OpenRun(
        run=run_name(row["id"]),
        task=task_name(row["task_id"]),
        worker_key=row["worker_key"],
        worker_name=row["worker_name"],
        process=ProcessId(row["pid"], row["pid_started"], host, boot),
        client=client or None,
    )


def nearest_above(ancestors: Iterable[ProcessId], runs: Iterable[OpenRun]) -> OpenRun | None:
    """Return the newest open run of the nearest ancestor that speaks for one; None when none does.

    `ancestors` are the caller's, nearest first. Nearest, because an agent may have been started from a shell that
    holds a task of its own.
    """
    by_process: dict[ProcessId, OpenRun] = {}
    for run in runs:
        by_process[run.process] = run
        if run.client is not None:
            by_process[run.client] = run
    return next((by_process[process] for process in ancestors if process in by_process), None)
