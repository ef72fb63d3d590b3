"""The verbs of an orchestrator that shape the graph and watch it, as one call each."""

from collections.abc import Sequence
from typing import Any

import anyio

from kanban_mcp.domain import inputs
from kanban_mcp.domain.ids import parse_task
from kanban_mcp.domain.links import RELATION_WORDS
from kanban_mcp.domain.tasks import read_acceptance
from kanban_mcp.service import (
    creating,
    editing,
    linking,
    planning,
    waiting,
)
from kanban_mcp.service.feed import Progress, Ticker
from kanban_mcp.service.plumbing import Plumbing, few
from kanban_mcp.service.results import (
    Created,
    Done,
    Planned,
    Waited,
)
from kanban_mcp.service.session import Session


class Planning(Plumbing):
    """Create, plan, update, link, wait."""

    async def create(
        self,
        s: Session,
        *,
        title: str,
        assignee: str | None = None,
        parents: Sequence[str] = (),
        context: str = "",
        priority: str = "normal",
        relation: str = "auto",
        acceptance: Sequence[str] = (),
        idempotency_key: str | None = None,
        triage: bool = False,
        run_id: str | None = None,
    ) -> Created:
        """Add a task, or a subtask of the caller's own."""
        draft = creating.Draft(
            title=inputs.title(title),
            assignee=inputs.role(assignee),
            context=inputs.text(context, "context"),
            priority=inputs.priority(priority),
            acceptance=read_acceptance(acceptance),
            triage=triage,
        )
        word = inputs.choice(relation, RELATION_WORDS, "relation")
        wanted = creating.Wanted(draft, few(parents), word, run_id, inputs.key(idempotency_key))
        await self._take_handed(s)
        return await self._write(s, creating.create, wanted)

    async def plan(
        self, s: Session, *, tasks: Sequence[Any], dry_run: bool = False, idempotency_key: str | None = None
    ) -> Planned:
        """Create a whole graph, all or nothing; parents by ref within the plan."""
        items = planning.read_plan(tasks)
        try:
            return await self._write(s, planning.plan, items, dry_run, inputs.key(idempotency_key))
        except planning.DryRun as tried:
            return tried.result

    async def update(
        self,
        s: Session,
        *,
        task_id: str,
        title: str | None = None,
        assignee: str | None = None,
        priority: str | None = None,
        context: str | None = None,
        acceptance: Sequence[str] | None = None,
        verify: str | None = None,
        review: str | None = None,
        due_at: str | None = None,
        max_attempts: int | None = None,
        triage: bool | None = None,
    ) -> Done:
        """Change fields of a task that has not ended."""
        edit = editing.Edit(
            title=None if title is None else inputs.title(title),
            assignee=None if assignee is None else inputs.role(assignee),
            priority=None if priority is None else inputs.priority(priority),
            context=None if context is None else inputs.text(context, "context"),
            acceptance=None if acceptance is None else read_acceptance(acceptance),
            verify=None if verify is None else inputs.choice(verify, editing.VERIFY_WORDS, "verify"),
            review=None if review is None else inputs.choice(review, editing.REVIEW_WORDS, "review"),
            due_at=due_at,
            max_attempts=max_attempts,
            triage=triage,
        )
        return await self._write(s, editing.update, task_id, edit)

    async def link(
        self, s: Session, *, task_id: str, parent: str, relation: str = "after", remove: bool = False
    ) -> Done:
        """Add or remove a link between two tasks."""
        return await self._write(s, linking.link, task_id, parent, relation, remove)

    async def wait(
        self,
        s: Session,
        *,
        task_ids: Sequence[str] = (),
        until: str = "attention",
        timeout_s: float = 45,
        progress: Progress | None = None,
    ) -> Waited:
        """Wait until a watched task needs somebody or all have ended; tells only what changed since the last wait."""
        word = inputs.choice(until, waiting.UNTIL_WORDS, "until")
        ids = tuple(parse_task(task, "task_ids") for task in few(task_ids, 500))
        deadline = anyio.current_time() + max(0.0, timeout_s)
        ticker = Ticker(progress, "waiting for tasks")
        while True:
            mark = await self._feed.mark()
            seen = await self._read(s, waiting.look, ids, word)
            left = deadline - anyio.current_time()
            if seen.is_due or left <= 0:
                s.seen.update(seen.seen)
                s.seen_event = seen.newest_event
                return seen.answer
            await ticker.tick()
            await self._feed.changed(mark, min(left, 5.0))
