"""The verbs that decide about tasks, by orchestrators and people, as one call each."""

from collections.abc import Callable, Sequence

from kanban_mcp.domain import inputs
from kanban_mcp.domain.states import TERMINAL, TaskState
from kanban_mcp.service import (
    deciding,
)
from kanban_mcp.service.call import Call
from kanban_mcp.service.plumbing import Plumbing, required
from kanban_mcp.service.results import (
    Archived,
    Done,
)
from kanban_mcp.service.session import Session
from kanban_mcp.store.base import Tx

ENDED = tuple(sorted(map(str, TERMINAL)))
ARCHIVE_BATCH = 200  # tasks per transaction: workers get their turn in between


class Deciding(Plumbing):
    """Answer, cancel, stop, retry, approve, reject, archive."""

    async def answer(self, s: Session, *, task_id: str, answer: str) -> Done:
        """Answer what a blocked task asks."""
        return await self._write(s, deciding.answer, task_id, required(inputs.text(answer, "answer"), "answer"))

    async def cancel(self, s: Session, *, task_id: str, reason: str = "", subtree: bool = False) -> Done:
        """Withdraw a task and what hangs on it alone."""
        return await self._write(s, deciding.cancel, task_id, inputs.text(reason, "reason"), subtree)

    async def stop(self, s: Session, *, task_id: str, reason: str = "") -> Done:
        """End the run of a task; only a person releases the task again. Refused without the operator key."""
        return await self._write(s, deciding.stop, task_id, inputs.text(reason, "reason"))

    async def retry(self, s: Session, *, task_id: str, note: str = "") -> Done:
        """Bring an ended task back with a further round of attempts."""
        return await self._write(s, deciding.retry, task_id, inputs.text(note, "note"))

    async def approve(self, s: Session, *, task_id: str, note: str = "") -> Done:
        """Grant what waits for a person. Refused without the operator key."""
        return await self._write(s, _decide, task_id, inputs.text(note, "note"), True)

    async def reject(self, s: Session, *, task_id: str, note: str = "") -> Done:
        """Refuse a request, or send submitted work back with the note as its finding."""
        return await self._write(s, _decide, task_id, inputs.text(note, "note"), False)

    async def archive(self, s: Session, *, task_id: str) -> Done:
        """Hide an ended task from the board."""
        return await self._write(s, deciding.archive, task_id)

    async def archive_ended(
        self,
        s: Session,
        *,
        states: Sequence[str],
        older_than_ms: int,
        progress: Callable[[int], None] | None = None,
    ) -> Archived:
        """Hide every task that ended in one of these states at least so long ago, a few hundred per transaction."""
        before = self._clock().wall_ms - older_than_ms
        count = 0
        for state in (TaskState(inputs.choice(word, ENDED, "state")) for word in dict.fromkeys(states)):
            after, batch = 0, 1
            while batch:
                hidden = await self._write(s, deciding.archive_ended, state, before, after, ARCHIVE_BATCH)
                batch, count = len(hidden), count + len(hidden)
                after = hidden[-1] if hidden else after
                if progress is not None:
                    progress(count)
        text = f"{count} tasks are off the board; kanban-mcp show and the history still have them."
        return Archived(text if count else "Nothing ended that long ago and is still shown.", count)


def _decide(tx: Tx, call: Call, task_id: str, note: str, grant: bool) -> Done:
    return deciding.decide(tx, call, task_id, note, grant=grant)
