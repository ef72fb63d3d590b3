"""The verbs that decide about tasks, by orchestrators and people, as one call each."""

from kanban_mcp.domain import inputs
from kanban_mcp.service import (
    deciding,
)
from kanban_mcp.service.call import Call
from kanban_mcp.service.plumbing import Plumbing, required
from kanban_mcp.service.results import (
    Done,
)
from kanban_mcp.service.session import Session
from kanban_mcp.store.base import Tx


class Deciding(Plumbing):
    """Answer, cancel, stop, retry, approve, reject, archive, pause."""

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

    async def pause(self, s: Session, *, paused: bool) -> None:
        """Stop or allow claims on the whole board."""
        await self._write(s, deciding.pause, paused)


def _decide(tx: Tx, call: Call, task_id: str, note: str, grant: bool) -> Done:
    return deciding.decide(tx, call, task_id, note, grant=grant)
