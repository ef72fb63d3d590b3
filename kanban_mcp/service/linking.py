"""Linking tasks that exist (`kanban_link`)."""

from kanban_mcp.domain.errors import Invalid, NotFound
from kanban_mcp.domain.ids import parse_task
from kanban_mcp.domain.inputs import choice
from kanban_mcp.domain.links import Relation
from kanban_mcp.domain.tasks import Task
from kanban_mcp.service.authority import require_no_self_dealing, require_orchestrator
from kanban_mcp.service.call import Call, record
from kanban_mcp.service.graph import add_links, require_acyclic, require_depth, require_link
from kanban_mcp.service.records import ensure_worker, task_of
from kanban_mcp.service.results import Done
from kanban_mcp.service.ripple import recount
from kanban_mcp.store.base import Tx


def link(tx: Tx, call: Call, task_id: str, parent_id: str, relation: str, remove: bool) -> Done:
    """Add or remove one link; linking twice changes nothing.

    Raises:
        Cycle, Limit, IllegalTransition, Forbidden, NotFound: the link is not possible; nothing was written.
    """
    child, parent = task_of(tx, parse_task(task_id)), task_of(tx, parse_task(parent_id, "parent"))
    wanted = Relation(choice(relation, tuple(Relation), "relation"))
    found = tx.value("link_relation", child_id=child.id, parent_id=parent.id)
    if remove and found is not None:
        wanted = Relation(found)  # there is one link at most; a subtask cut loose as "after" is still a change of both
    for task in (child, parent) if wanted is Relation.PART_OF else (child,):
        require_orchestrator(call, task, "change the links of")
        require_no_self_dealing(tx, call, task, "change the links of")
    ensure_worker(tx, call)
    changed = _remove(tx, call, child, parent, found) if remove else _add(tx, call, child, parent, wanted, found)
    if changed:
        recount(tx, call, child.id)
        recount(tx, call, parent.id)
        record(tx, call, "unlinked" if remove else "linked", child.id, parent=parent.name, relation=str(wanted))
    after = task_of(tx, child.id)
    text = f"{child.name} is {after.state}." if changed else "It was so already; nothing changed."
    return Done(next=text, task_id=child.name, state=str(after.state), kind=str(after.kind), changed=[], also=[])


def _remove(tx: Tx, call: Call, child: Task, parent: Task, found: str | None) -> bool:
    if found is None:
        raise NotFound(f"{child.name} has no link to {parent.name}.", hint="kanban_show lists parents and subtasks.")
    tx.run("delete_link", child_id=child.id, parent_id=parent.id)
    return True


def _add(tx: Tx, call: Call, child: Task, parent: Task, wanted: Relation, found: str | None) -> bool:
    if child.id == parent.id:
        raise Invalid(f"{child.name} cannot be its own parent.", hint="Name another task.")
    if found == wanted:
        return False
    if found is not None:
        raise Invalid(
            f"{child.name} is {found} {parent.name} already.",
            hint=f'Remove that link first: kanban_link("{child.name}", "{parent.name}", remove=true).',
        )
    require_link(child, parent, wanted)
    add_links(tx, child.id, [(parent.id, wanted)])
    require_acyclic(tx, child.id, parent.id)  # first: in a circle there is no depth to speak of
    if wanted is Relation.PART_OF:
        require_depth(tx, call.policy, child.id)
    return True
