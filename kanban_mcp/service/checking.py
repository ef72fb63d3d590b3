"""The seam to what looks at files and git: the service says what to check, `verify/` looks, the gates decide."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import anyio

from kanban_mcp.domain.checks import CheckJob, Findings
from kanban_mcp.domain.evidence import Check

FRESH_FOR_S = 60.0  # how long findings that nobody waited for are still what the workdir holds


class Verifier(Protocol):
    """Looks at evidence and acceptance. Runs outside every transaction and may take long."""

    async def check(self, job: CheckJob) -> Findings:
        """Return one check per criterion and handle, in order; a check that could not look has `passed=None`."""
        ...


class NoVerifier:
    """A board without eyes: everything stays unverified, so a person has to look."""

    async def check(self, job: CheckJob) -> Findings:
        """Return every criterion and handle as unverified."""
        asked = [(c.kind, c.text) for c in job.acceptance] + [(e.kind, e.subject) for e in job.evidence]
        return Findings(tuple(Check(kind, name, None, "not checked by this board") for kind, name in asked))


@dataclass(frozen=True, slots=True)
class Checked:
    """A job and what was found; findings of another job prove nothing."""

    job: CheckJob
    findings: Findings


@dataclass(slots=True)
class _Running:
    job: CheckJob
    task: asyncio.Task[Findings]
    ended_at: float | None = None

    def end(self, task: asyncio.Task[Findings]) -> None:
        self.ended_at = anyio.current_time()
        if not task.cancelled():
            task.exception()  # read here, or it is complained about when nobody waits any more

    def serves(self, job: CheckJob) -> bool:
        """Say whether this is about the same job, and not so old that the files may have changed since."""
        is_stale = self.ended_at is not None and anyio.current_time() > self.ended_at + FRESH_FOR_S
        return self.job.asks_as(job) and not is_stale


class Checks:
    """Checks that go on while nobody waits, one per run: a client that cuts a call short must not start them anew."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._running: dict[int, _Running] = {}

    async def within(self, job: CheckJob, seconds: float) -> Checked | None:
        """Return what was found, None when the checks take longer than `seconds`; the next call resumes them."""
        running = self._running.get(job.run.id)
        if running is None or not running.serves(job):
            if running is not None:
                running.task.cancel()
            running = self._start(job)
        await asyncio.wait({running.task}, timeout=max(0.0, seconds))
        if not running.task.done():
            return None
        self._running.pop(job.run.id, None)
        return Checked(running.job, running.task.result())

    def _start(self, job: CheckJob) -> _Running:
        running = _Running(job, asyncio.create_task(self._verifier.check(job)))
        running.task.add_done_callback(running.end)
        self._running[job.run.id] = running
        return running

    def close(self) -> None:
        """Give up what still runs."""
        for running in self._running.values():
            running.task.cancel()
        self._running.clear()
