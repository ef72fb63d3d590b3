"""Random verbs on a real board, each judged by the model: accepted or refused alike, equal tables after each step."""

import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from kanban_mcp.domain.inputs import PRIORITIES
from tests.stateful import verbs
from tests.stateful.base import WORKERS, TwoSides, pick
from tests.stateful.chances import (
    CHANGES,
    DECIDERS,
    EDITS,
    JUMPS,
    MANAGERS,
    MOST_TASKS,
    ODD,
    ROLES,
    SHAPES,
    STEPS,
    WALL_JUMPS,
    WORK,
    always,
    has,
    someone_worked,
    someone_works,
    something_is_due,
    something_lapsed,
)
from tests.stateful.checks import compare
from tests.stateful.model import TERMINAL, Model

n = st.integers(0, 60)
step = st.sampled_from(STEPS)
seeds = st.integers(0, 2**24)
counts = st.sampled_from((0, 3, 10, 20, 40))
manager = st.sampled_from(MANAGERS)


class BoardMachine(TwoSides):
    """One board, its workers, one orchestrator, one person, and time."""

    # Making tasks ---------------------------------------------------------------------------------------------

    @initialize(shape=st.integers(0, len(SHAPES) - 1), seed=seeds, count=counts)
    def a_few_tasks(self, shape: int, seed: int, count: int) -> None:
        """Start with something to work on; an empty board hides every bug but a few."""
        self._create(4, "implementer", [], "after", 2, triage=False)
        for parents, relation in SHAPES[shape]:
            self._create(4, "implementer" if relation == "after" else "", parents, relation, 2, triage=False)
        self.a_busy_while(seed, count)

    @precondition(lambda self: len(self.model.tasks) < MOST_TASKS)
    @rule(
        who=n,
        role=st.sampled_from(ROLES),
        parents=st.lists(n, max_size=2),
        relation=st.sampled_from(("auto", "auto", "after", "part_of")),
        priority=st.integers(0, 3),
        how=st.sampled_from(("task", "task", "task", "triage", "after", "part_of")),
    )
    def create(self, who: int, role: str, parents: list[int], relation: str, priority: int, how: str) -> None:
        ids = [self.task(p).id for p in parents]
        if how in ("after", "part_of"):
            self._plan(who, (ids or [1])[0], "after" if relation == "auto" else relation, how)
        else:
            self._create(who, role, ids, relation, priority, triage=how == "triage")

    def _create(self, who: int, role: str, ids: list[int], relation: str, priority: int, *, triage: bool) -> None:
        by = self.anyone(who)
        made, got = self.do(
            lambda m: verbs.create(m, by.who, role, priority, ids, relation, triage),
            lambda: self.board.create(
                by.session,
                title=self.text("Task"),
                assignee=role,
                parents=[f"TASK-{p:03d}" for p in ids],
                relation=relation,
                priority=PRIORITIES[priority],
                triage=triage,
            ),
            by,
        )
        assert made is None or (got.task_id, got.state) == (f"TASK-{made.id:03d}", made.state)

    def _plan(self, who: int, parent: int, first: str, second: str) -> None:
        """Plan two tasks: one that hangs on `parent`, one that hangs on the first."""
        by = self.anyone(who)
        self.do(
            lambda m: verbs.plan(m, by.who, [("", 2, [(parent, first)]), ("", 1, [(-1, second)])]),
            lambda: self.board.plan(
                by.session,
                tasks=[
                    {"ref": "a", "title": self.text("Plan"), first: [f"TASK-{parent:03d}"]},
                    {"ref": "b", "title": self.text("Plan"), second: ["a"], "priority": "high"},
                ],
            ),
            by,
        )

    def _link(self, who: str, child: int, parent: int, relation: str, *, remove: bool) -> None:
        by, low, high = self.at[who][-1], self.task(child), self.task(parent)
        linked = sorted(low.after | low.part_of)
        if remove and linked:
            high = self.model.tasks[pick(linked, parent)]
        self.do(
            lambda m: verbs.link(m, by.who, m.tasks[low.id], m.tasks[high.id], relation, remove),
            lambda: self.board.link(
                by.session, task_id=str(low.id), parent=str(high.id), relation=relation, remove=remove
            ),
        )

    # Work -----------------------------------------------------------------------------------------------------

    @precondition(something_is_due)
    @rule(who=n)
    def claim(self, who: int) -> None:
        self.claims(pick(self.workers(), who), None, None)

    @precondition(has(lambda t: t.state == "ready"))
    @rule(who=n, task=n, named=st.booleans())
    def claim_by_id(self, who: int, task: int, named: bool) -> None:
        chosen = self.task_where(task, lambda t: t.state == "ready")
        fits = [c for c in self.workers() if c.who.role == chosen.role or not chosen.role]
        by = pick(fits if who % 5 != 4 else self.workers(), who)
        names = named and by.who.role != ""  # a role once named stays with a session that has none of its own
        self.claims(by, chosen.id, chosen.role if names else None)

    @precondition(someone_works)
    @rule(number=n, what=st.sampled_from(WORK), step=step)
    def work(self, number: int, what: str, step: str) -> None:
        self.works(*self.speaking(number), what, step)

    @precondition(someone_worked)
    @rule(number=n, what=st.sampled_from((*WORK, "claim", "claim")), step=step)
    def write_with_an_ended_run(self, number: int, what: str, step: str) -> None:
        """Refused with the true reason, or the first answer to the same call; a claim may take the task up again."""
        by, run = self.speaking(number, stale=True)
        if run.ended == "parked" and number % 2:  # what has become of its request?
            asked = [ask.text for ask in self.model.asks if ask.run == run.id]
            self.works(by, run, "ask", asked[-1])
        elif what == "claim":
            self.claims(by, run.task, None)
        else:
            self.works(by, run, what, step)

    # Decisions ------------------------------------------------------------------------------------------------

    @precondition(has(lambda t: t.state == "awaiting_review"))
    @rule(who=st.sampled_from(DECIDERS), task=n, grant=st.booleans())
    def decide(self, who: str, task: int, grant: bool) -> None:
        by, chosen = self.at[who][-1], self.task_where(task, lambda t: t.state == "awaiting_review")
        words = self.text("Decision")
        verb = self.board.approve if grant else self.board.reject
        self.do(
            lambda m: verbs.decide(m, by.who, m.tasks[chosen.id], grant, words),
            lambda: verb(by.session, task_id=str(chosen.id), note=words),
        )

    @precondition(has(lambda t: t.state in ("blocked", "awaiting_review")))
    @rule(who=manager, task=n)
    def answer(self, who: str, task: int) -> None:
        waiting = ("blocked", "awaiting_review")
        by, chosen = self.at[who][-1], self.task_where(task, lambda t: t.state in waiting)
        words = self.text("Answer")
        self.do(
            lambda m: verbs.answer(m, by.who, m.tasks[chosen.id], words),
            lambda: self.board.answer(by.session, task_id=str(chosen.id), answer=words),
        )

    @precondition(has(lambda t: t.state in TERMINAL))
    @rule(who=manager, task=n)
    def retry(self, who: str, task: int) -> None:
        by, chosen = self.at[who][-1], self.task_where(task, lambda t: t.state in TERMINAL)
        self.do(
            lambda m: verbs.retry(m, by.who, m.tasks[chosen.id]),
            lambda: self.board.retry(by.session, task_id=str(chosen.id)),
        )

    def _edit(self, who: str, task: int, change: tuple[str, Any]) -> None:
        by, (field, value) = self.at[who][-1], change
        meant = {"triage": "triage", "title": "awaiting_review"}.get(field)
        chosen = self.task_where(task, lambda t: t.state == meant if meant else t.open)
        told = {
            "title": {"title": self.text("Task, renamed")},
            "review": {"review": "human" if value else ""},
            "role": {"assignee": value},
            "priority": {"priority": "urgent"},
            "round": {"max_attempts": value},
            "due": {"due_at": f"{value}ms"},
            "triage": {"triage": value},
        }[field]
        new = self.model.wall + value if field == "due" else value
        self.do(
            lambda m: verbs.edit(m, by.who, m.tasks[chosen.id], field, new),
            lambda: self.board.update(by.session, task_id=str(chosen.id), **told),
        )

    @rule(who=manager, task=n, other=n, what=st.sampled_from(CHANGES), edit=st.sampled_from(EDITS))
    def change(self, who: str, task: int, other: int, what: str, edit: tuple[str, Any]) -> None:
        """Do what others do to a task while somebody may be working on it."""
        if what == "edit":
            self._edit(who, task, edit)
        elif what == "comment":
            self._comment(task)
        elif what == "stop":
            self._stop("mia" if who in ("orc", "mia") else who, task)
        elif what.startswith("link"):
            self._link(who, task, other, what.split()[1], remove=what.endswith("remove"))
        else:
            self._cancel(who, task, subtree=what == "cancel subtree")

    def _comment(self, task: int) -> None:
        by, chosen = self.anyone(task // 2), self.task(task)
        self.do(
            lambda m: verbs.comment(m, by.who, m.tasks[chosen.id]),
            lambda: self.board.comment(by.session, task_id=str(chosen.id), body=self.text("Comment")),
            by,
        )

    def _stop(self, who: str, task: int) -> None:
        by, chosen = self.at[who][-1], self.task_where(task, lambda t: t.run is not None)
        self.do(
            lambda m: verbs.stop(m, by.who, m.tasks[chosen.id]),
            lambda: self.board.stop(by.session, task_id=str(chosen.id)),
        )

    def _cancel(self, who: str, task: int, *, subtree: bool) -> None:
        by, chosen = self.at[who][-1], self.task_where(task, lambda t: t.id > 2 and t.open)
        self.do(
            lambda m: verbs.cancel(m, by.who, m.tasks[chosen.id], subtree),
            lambda: self.board.cancel(by.session, task_id=str(chosen.id), subtree=subtree),
        )

    # Time and processes ---------------------------------------------------------------------------------------

    @precondition(something_lapsed)
    @rule()
    def reap(self) -> None:
        def expect(m: Model) -> bool:
            m.sweep()
            m.settle()
            return True

        _, counts = self.do(expect, self.board.reap)
        assert "repaired" not in counts, f"the audit found something to repair: {counts}"

    @rule(ms=st.sampled_from(JUMPS))
    def time_passes(self, ms: int) -> None:
        self.world.clock.advance(ms)
        self.read_clock()

    @precondition(someone_works)
    @rule(number=n, off=st.sampled_from((-1, 0, 1)))
    def until_a_lease_ends(self, number: int, off: int) -> None:
        """Go to just before, at, or just after the end of somebody's lease."""
        model = self.model
        left = [r.until - model.mono for r in model.runs.values() if not r.ended and r.boot == model.boot]
        if left and (ms := pick(left, number) + off) > 0:
            self.time_passes(ms)

    @precondition(has(lambda t: t.due is not None and t.state == "ready"))
    @rule(number=n, off=st.sampled_from((-1, 0, 0)))
    def until_a_task_is_due(self, number: int, off: int) -> None:
        waits = [t.due[0] - self.model.wall for t in self.model.tasks.values() if t.due and t.state == "ready"]
        if (ms := pick(waits, number) + off) > 0:
            self.time_passes(ms)

    @rule(
        what=st.sampled_from(ODD),
        name=st.sampled_from(WORKERS),
        ms=st.sampled_from(WALL_JUMPS),
    )
    def something_odd_happens(self, what: str, name: str, ms: int) -> None:
        """A client reconnects, its server dies, somebody sets the wall clock, the machine restarts."""
        if what == "clock":
            self.world.clock.wall(ms)
            self.read_clock()
            for run in self.model.runs.values():
                run.unsure = True
        elif what == "restart":
            self._restart()
        else:
            self._reconnect(name, former_dies=what == "dies")

    def _restart(self) -> None:
        for connection in (c for name in self.at for c in self.at[name]):
            self.end_process(connection)
        self.world.clock.reboot()
        self.read_clock()
        self.connect_all()

    def _reconnect(self, name: str, *, former_dies: bool) -> None:
        former = self.at[name]
        if former_dies or len(former) > 1:
            for connection in former:
                self.end_process(connection)
            former.clear()
        former.append(self.connect(name))

    # Many at once ---------------------------------------------------------------------------------------------

    @rule(seed=seeds, count=counts)
    def a_busy_while(self, seed: int, count: int) -> None:
        """Do a number of steps as they come in life: mostly workers at work, chances even among the rest.

        Single rules shrink well, but pick what they do so evenly that long stories (asked, parked, decided, claimed
        anew) are rare.
        """
        chance = random.Random(seed)
        for _ in range(count):
            can = [(weight, act) for weight, may, act in LIFE if may(self)]
            act = chance.choices([act for _, act in can], [weight for weight, _ in can])[0]
            act(self, chance)
            self.the_board_equals_the_model()

    # After every step -----------------------------------------------------------------------------------------

    @invariant()
    def the_board_equals_the_model(self) -> None:
        compare(self.model, self.world)
        if self.model.wall == self.last_wall:
            self.world.clock.advance(1)  # no two steps at the same moment
            self.read_clock()
        self.last_wall = self.model.wall


def _n(chance: random.Random) -> int:
    return chance.randrange(61)


def _role(chance: random.Random) -> str:
    return chance.choice(MANAGERS)


M = BoardMachine
is_ready = has(lambda t: t.state == "ready")
is_reviewed = has(lambda t: t.state == "awaiting_review")
is_stuck = has(lambda t: t.state in ("blocked", "awaiting_review"))
is_over = has(lambda t: t.state in TERMINAL)
is_waiting = has(lambda t: t.due is not None and t.state == "ready")
LIFE: tuple[tuple[int, Callable[[TwoSides], bool], Callable[[BoardMachine, random.Random], None]], ...] = (
    (5, something_is_due, lambda m, c: M.claim(m, _n(c))),
    (4, is_ready, lambda m, c: M.claim_by_id(m, _n(c), _n(c), c.random() < 0.5)),
    (12, someone_works, lambda m, c: M.work(m, _n(c), c.choice(WORK), c.choice(STEPS))),
    (3, someone_works, lambda m, c: M.work(m, _n(c), "complete", STEPS[0])),
    (2, someone_works, lambda m, c: M.work(m, _n(c), "subtask", STEPS[0])),
    (2, someone_works, lambda m, c: M.work(m, _n(c), "block transient 60000", STEPS[0])),
    (3, someone_worked, lambda m, c: M.write_with_an_ended_run(m, _n(c), c.choice(WORK), c.choice(STEPS))),
    (4, is_reviewed, lambda m, c: M.decide(m, c.choice(DECIDERS), _n(c), c.random() < 0.5)),
    (3, is_stuck, lambda m, c: M.answer(m, _role(c), _n(c))),
    (2, is_over, lambda m, c: M.retry(m, _role(c), _n(c))),
    (4, always, lambda m, c: M.change(m, _role(c), _n(c), _n(c), c.choice(CHANGES), c.choice(EDITS))),
    (2, something_lapsed, lambda m, c: M.reap(m)),
    (1, always, lambda m, c: M.time_passes(m, c.choice(JUMPS))),
    (3, someone_works, lambda m, c: M.until_a_lease_ends(m, _n(c), c.choice((-1, 0, 1)))),
    (3, is_waiting, lambda m, c: M.until_a_task_is_due(m, _n(c), 0)),
    (1, always, lambda m, c: M.something_odd_happens(m, c.choice(ODD), c.choice(WORKERS), c.choice(WALL_JUMPS))),
)
