"""The first field of every view: one short sentence that names the call to make now."""

from kanban_mcp.domain.states import Kind, TaskState
from kanban_mcp.domain.tasks import Run, Task
from kanban_mcp.service.call import Call


def next_step(call: Call, task: Task, own: Run | None, *, has_messages: bool, holder: Run | None) -> str:
    """Say what the reader should do about a task; `own` is its open run if that is the caller's."""
    if own is not None:
        return _own(task, own, has_messages)
    if holder is not None and call.now.lease_over(holder.lease_until_ms, holder.lease_boot):
        return f'{holder.worker_name} has gone silent on it: kanban_claim(task_id="{task.name}") takes it back first.'
    if holder is not None:
        return f"{holder.worker_name} works on it ({holder.name}). kanban_comment reaches them."
    return _WITHOUT_RUN.get((task.state, task.kind), "").replace("$ID", task.name) or "Nothing to do."


def _own(task: Task, own: Run, has_messages: bool) -> str:
    if task.kind is Kind.ASKING:
        return "A person has to decide. kanban_request_approval with the same text waits; kanban_block parks it."
    place = f" in {own.workdir}" if own.isolated and own.workdir else ""
    read = " Read messages first." if has_messages else ""
    checks = " When the acceptance checks pass:" if task.acceptance != "[]" else " When it is done:"
    beat = "kanban_heartbeat(note) every 2-3 tool calls."
    return f"Work on it{place}.{read} {beat}{checks} kanban_complete(summary, evidence)."


_WITHOUT_RUN = {
    (TaskState.TRIAGE, Kind.NONE): 'A rough idea: kanban_update("$ID", triage=false) once it can be worked on.',
    (TaskState.PENDING, Kind.NONE): "It waits for other tasks and becomes ready by itself.",
    (TaskState.READY, Kind.NONE): 'Ready: kanban_claim(task_id="$ID") takes it.',
    (TaskState.AWAITING_REVIEW, Kind.PARKED): 'It waits for a person: kanban-mcp approve $ID -m "…" (or reject).',
    (TaskState.AWAITING_REVIEW, Kind.REVIEW): 'Submitted; a person decides: kanban-mcp approve $ID -m "…" (or reject).',
    (TaskState.BLOCKED, Kind.NEEDS_INPUT): 'It waits for an answer: kanban_answer("$ID", …), or kanban-mcp answer $ID.',
    (TaskState.BLOCKED, Kind.CAPABILITY): 'It waits for a person: kanban-mcp answer $ID -m "…".',
    (TaskState.DONE, Kind.NONE): "Done.",
    (TaskState.FAILED, Kind.NONE): 'Attempts are used up: kanban_retry("$ID") or kanban_cancel("$ID").',
    (TaskState.CANCELLED, Kind.NONE): "Withdrawn.",
}
