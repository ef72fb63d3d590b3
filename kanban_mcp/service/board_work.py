"""The verbs of a worker, as one call each."""

from collections.abc import Mapping, Sequence
from typing import Any

import anyio

from kanban_mcp.domain import inputs
from kanban_mcp.domain.checks import CheckJob
from kanban_mcp.domain.evidence import read_evidence
from kanban_mcp.domain.ids import parse_task
from kanban_mcp.service import (
    asking,
    claims,
    completing,
    ending,
    working,
)
from kanban_mcp.service.feed import Progress, Ticker
from kanban_mcp.service.plumbing import Plumbing, required
from kanban_mcp.service.results import (
    Approval,
    Beat,
    Claimed,
    Completed,
    Done,
    Ended,
)
from kanban_mcp.service.session import Session

WAIT_STEP_S = 1.0  # how long a waiting claim trusts the change signal before it looks at the clock again


class Work(Plumbing):
    """Claim, heartbeat, comment, block, fail, complete, request approval."""

    async def claim(
        self,
        s: Session,
        *,
        assignee: str | None = None,
        task_id: str | None = None,
        wait_s: float = 0,
        progress: Progress | None = None,
    ) -> Claimed:
        """Take the next ready task of a role, or the one named; waits up to `wait_s` (at most 45) for work."""
        named, my_role = inputs.role(assignee), self._role(s, assignee)
        task = parse_task(task_id) if task_id else None
        await self._take_handed(s)
        deadline = anyio.current_time() + min(wait_s, self.policy.wait_cap_s)
        ticker = Ticker(progress, "waiting for work")
        while True:
            mark = await self._feed.mark() if wait_s > 0 else None
            # Not `_write`: a claim that got nothing has nothing to tell, and would wake itself for ever.
            taken = await self._store.write(claims.claim_shown, self._call(s), my_role, named, task)
            if taken.claimed:
                self._feed.wake()
            left = deadline - anyio.current_time()
            if taken.claimed or mark is None or left <= 0:
                s.role = s.role or (my_role if taken.claimed else None)
                return taken
            while left > 0:
                await ticker.tick()
                is_news = await self._feed.changed(mark, min(left, WAIT_STEP_S))
                left = deadline - anyio.current_time()
                if is_news or await self._read(s, claims.is_worth_a_try, my_role, task):
                    break

    async def heartbeat(
        self,
        s: Session,
        *,
        note: str | None = None,
        expect_s: int = 0,
        task_id: str | None = None,
        run_id: str | None = None,
    ) -> Beat:
        """Extend the lease of the addressed run; `expect_s` announces a command of that many seconds."""
        words, expect_ms = working.beat_terms(self.policy, note, expect_s)
        await self._take_handed(s)
        call = self._call(s)
        beat = await self._store.write_soon(working.heartbeat, call, task_id, run_id, words, expect_ms)
        self._feed.wake()
        return beat

    async def comment(self, s: Session, *, task_id: str, body: str, run_id: str | None = None) -> Done:
        """Leave a note on any task; it reaches the task's worker."""
        words = required(inputs.text(body, "body"), "body")
        return await self._write(s, working.comment, task_id, words, run_id)

    async def block(
        self,
        s: Session,
        *,
        reason: str,
        kind: str | None = None,
        options: Sequence[str] | None = None,
        default: str | None = None,
        until: str | None = None,
        task_id: str | None = None,
        run_id: str | None = None,
    ) -> Ended:
        """End the run and keep the work, until someone answers or the cause clears."""
        said = ending.Block(
            reason=inputs.text(reason, "reason"),
            kind=kind or None,
            options=inputs.texts(options or (), "options", 10),
            default=inputs.text(default or "", "default"),
            until=until or None,
        )
        await self._take_handed(s)
        return await self._write(s, ending.block, task_id, run_id, said)

    async def fail(
        self, s: Session, *, reason: str, retry: bool = True, task_id: str | None = None, run_id: str | None = None
    ) -> Ended:
        """Give up this attempt; with `retry=False` the task itself."""
        await self._take_handed(s)
        return await self._write(s, ending.fail, task_id, run_id, inputs.text(reason, "reason"), retry)

    async def complete(
        self,
        s: Session,
        *,
        summary: str,
        metadata: Mapping[str, Any] | None = None,
        evidence: Sequence[Any] = (),
        wait_s: float = 45,
        task_id: str | None = None,
        run_id: str | None = None,
    ) -> Completed:
        """Finish the task. The board checks first; a refusal lists every failure and changes nothing."""
        report = completing.Report(
            summary=inputs.text(summary, "summary"),
            metadata=inputs.json_text(metadata, "metadata") if metadata else None,
            evidence=read_evidence(evidence),
        )
        await self._take_handed(s)
        done = await self._write(s, completing.complete, task_id, run_id, report, None)
        deadline = anyio.current_time() + min(wait_s, self.policy.wait_cap_s)
        while isinstance(done, CheckJob):  # again, should the task be edited while its checks run
            checked = await self._checks.within(done, deadline - anyio.current_time())
            if checked is None:
                return await self._write(s, completing.still_checking, done.run.name)
            done = await self._write(s, completing.complete, done.task.name, done.run.name, report, checked)
        return done

    async def request_approval(
        self,
        s: Session,
        *,
        summary: str,
        context: str = "",
        irreversible: bool = False,
        wait_s: float = 45,
        task_id: str | None = None,
        run_id: str | None = None,
        progress: Progress | None = None,
    ) -> Approval:
        """Ask a person before a risky step and wait up to `wait_s` seconds for the decision."""
        ask = asking.Ask(inputs.text(summary, "summary").strip(), inputs.text(context, "context"), irreversible)
        await self._take_handed(s)
        asked = await self._write(s, asking.request, task_id, run_id, ask)
        deadline = anyio.current_time() + min(wait_s, self.policy.wait_cap_s)
        ticker = Ticker(progress, "waiting for a person's decision")
        while True:
            mark = await self._feed.mark()
            left = deadline - anyio.current_time()
            if left <= 0 or not await self._store.read(asking.is_pending, asked.request):
                return await self._write(s, asking.standing, asked)
            if await self._read(s, asking.is_lease_low, asked.request):
                await self._store.write_soon(asking.keep_lease, self._call(s), asked.request)
            await ticker.tick()
            await self._feed.changed(mark, min(left, 5.0, self.policy.lease_for_ms / 3000))
