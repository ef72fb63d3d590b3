"""A small pure model of the board, written from DESIGN §3-§5 and §9, not from the code.

It keeps nothing that can be computed: waits are counted from the links each time, so a counter that drifts on the real
board shows. A verb raises `Refused` with the codes that would be true (the order in which a board looks is its own
business), `Repeated` when the call only repeats the one that ended its run, or changes the model.
"""

from dataclasses import dataclass, field, replace

LEASE = 300_000
PARK_AFTER = 300_000
APPROVAL_FOR = 7 * 86_400_000
SNOOZE_FOR = 900_000
RETRY_BASE, RETRY_CAP = 5_000, 900_000
CLOCK_STEP = 60_000
MAX_ATTEMPTS, MAX_SNOOZES, AGENT_RETRIES, AGENT_ANSWERS = 3, 2, 2, 3
MAX_DEPTH, MAX_CHILDREN, MAX_DESCENDANTS = 3, 3, 6
READ_ONLY = "reviewer"
TERMINAL = ("done", "failed", "cancelled")
COUNTED = ("failed", "reclaimed")


class Refused(Exception):
    """The call must be refused with one of these codes, and change nothing."""

    def __init__(self, *codes: str) -> None:
        super().__init__(", ".join(codes))
        self.codes = set(codes)


class Repeated(Exception):
    """The call must be answered as the first time, and change nothing."""


@dataclass(frozen=True)
class Who:
    """A connection: `key` is the worker, `pid` its server process."""

    key: str
    pid: int
    level: str  # worker, orchestrator, person
    role: str = ""


@dataclass
class Task:
    id: int
    role: str
    priority: int
    maker: str
    state: str = "ready"
    kind: str = ""
    run: int | None = None
    after: set[int] = field(default_factory=set)
    part_of: set[int] = field(default_factory=set)
    due: tuple[int, int] | None = None  # between these moments, None: at once
    since: int | None = None  # when that wait began; None for a date that somebody named
    counted: int = 0
    allowed: int = MAX_ATTEMPTS
    round: int = MAX_ATTEMPTS
    snoozes: int = 0
    blocks: int = 0
    person_only: bool = False
    agent_retries: int = 0
    made_subtasks: int = 0
    made_tasks: int = 0
    review: bool = False
    revision: int = 1
    said: list[str] = field(default_factory=list)  # answers, decisions, findings: bind every later run

    @property
    def open(self) -> bool:
        return self.state not in ("done", "cancelled")


@dataclass
class Run:
    id: int
    task: int
    worker: str
    pid: int
    attempt: int
    until: int
    boot: str
    ended: str = ""
    by_self: bool = False
    verb: str = ""
    counted: bool = False
    heard: int | None = None  # the request whose decision its last call was told
    unsure: bool = False  # something happened since that the board may take for a call of this run


@dataclass
class Ask:
    id: int
    task: int
    run: int
    text: str
    revision: int
    park_at: int
    expires: int
    state: str = "pending"
    used_by: int | None = None


@dataclass
class Model:
    wall: int
    mono: int
    boot: str
    gone: set[int] = field(default_factory=set)  # pids of ended server processes
    tasks: dict[int, Task] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    asks: list[Ask] = field(default_factory=list)

    # The queue rule -------------------------------------------------------------------------------------------

    def unmet(self, task: Task) -> int:
        after = sum(self.tasks[p].state != "done" for p in task.after)
        return after + sum(s.open for s in self.subtasks(task)) + self.held(task)

    def held(self, task: Task) -> bool:
        return bool(task.part_of) and all(self.holds_back(self.tasks[p]) for p in task.part_of)

    def holds_back(self, task: Task) -> bool:
        waits = any(self.tasks[p].state != "done" for p in task.after)
        return task.state in ("failed", "cancelled") or waits or self.held(task)

    def subtasks(self, task: Task) -> list[Task]:
        return [t for t in self.tasks.values() if task.id in t.part_of]

    def settle(self) -> None:
        """Apply the queue rule to every task that waits."""
        for task in self.tasks.values():
            if task.state in ("pending", "ready"):
                task.state = "pending" if self.unmet(task) else "ready"

    def queue(self, task: Task, due: tuple[int, int] | None = None, since: int | None = None) -> None:
        task.state, task.kind, task.run, task.due, task.since = "ready", "", None, due, since
        task.person_only = False

    # Runs -----------------------------------------------------------------------------------------------------

    def over(self, run: Run) -> bool:
        return run.boot != self.boot or self.mono >= run.until

    def extend(self, run: Run, for_ms: int = 0) -> None:
        until = self.mono + max(for_ms, LEASE)
        run.until = max(until, run.until) if run.boot == self.boot else until
        run.boot, run.heard = self.boot, None

    def speaks(self, who: Who, run: Run, verb: str) -> Task:
        """Return the task that a call with this run's id speaks for: the fence."""
        if run.worker != who.key:
            raise Refused("not_yours")
        if run.ended:
            if run.by_self and run.verb == verb:
                raise Repeated
            kept = run.by_self and run.ended != "parked"
            raise Refused("finished" if kept else "cancelled" if run.ended == "cancelled" else "lease_lost")
        if run.pid != who.pid:
            if run.pid not in self.gone:
                raise Refused("held_by")
            run.pid, run.unsure = who.pid, True
        return self.tasks[run.task]

    def newest(self, task: int, key: str | None = None) -> Run | None:
        runs = [r for r in self.runs.values() if r.task == task and key in (None, r.worker)]
        return runs[-1] if runs else None

    def dealt(self, who: Who, task: Task) -> bool:
        """Say whether the caller holds or held the task or one below it; its own never-held subtasks excepted."""
        below = {task.id}
        while more := {t.id for t in self.tasks.values() if t.part_of & below} - below:
            below |= more
        mine = {r.task for r in self.runs.values() if r.worker == who.key}
        own = task.maker == who.key and bool(task.part_of) and task.id not in mine
        return who.level != "person" and bool(mine & below) and not own

    def end(self, task: Task, outcome: str, verb: str, *, by_self: bool) -> None:
        run = self.runs[task.run or 0]
        run.ended, run.verb, run.by_self = outcome, verb, by_self
        run.counted = outcome in COUNTED
        task.counted += run.counted
        task.run = None

    def requeue(self, task: Task, outcome: str, verb: str, *, by_self: bool) -> None:
        """End a run by a counted outcome: backoff with jitter, or the dead letter."""
        self.end(task, outcome, verb, by_self=by_self)
        full = min(RETRY_CAP, RETRY_BASE * 2 ** (task.counted - 1))
        self.queue(task, (self.wall + full // 2, self.wall + full), self.wall)
        reclaims = sum(r.task == task.id and r.ended == "reclaimed" and r.counted for r in self.runs.values())
        if outcome == "reclaimed" and reclaims <= 1:
            task.due = None
        if task.counted >= task.allowed:
            task.state, task.due = "failed", None

    # The clock ------------------------------------------------------------------------------------------------

    def sweep(self) -> None:
        for run in [r for r in self.runs.values() if not r.ended and self.over(r)]:
            task = self.tasks[run.task]
            if task.kind == "asking":
                self.park(task, by_self=False, verb="park")
            else:
                self.requeue(task, "reclaimed", "reclaim", by_self=False)
        for ask in [a for a in self.asks if a.state == "pending"]:
            task = self.tasks[ask.task]
            if task.kind == "asking" and self.mono >= ask.park_at:
                self.park(task, by_self=False, verb="park")
            if self.wall >= ask.expires:
                self.unask(ask)

    def park(self, task: Task, *, by_self: bool, verb: str) -> None:
        self.end(task, "parked", verb, by_self=by_self)
        task.kind = "parked"

    def unask(self, ask: Ask) -> None:
        """Close a request without a decision: never a grant, and only a person goes on with a parked one."""
        ask.state = "expired"
        task = self.tasks[ask.task]
        if task.kind == "asking":
            task.state, task.kind = "in_progress", ""
        else:
            task.state, task.kind, task.person_only = "blocked", "needs_input", True

    def asking(self, task: Task) -> Ask | None:
        return next((a for a in self.asks if a.task == task.id and a.state == "pending"), None)

    def void(self, task: Task) -> None:
        if ask := self.asking(task):
            ask.state = "voided"

    def is_due(self, task: Task) -> bool:
        was_set_back = task.since is not None and self.wall < task.since - CLOCK_STEP
        return task.due is None or task.due[0] <= self.wall or was_set_back

    # Links ----------------------------------------------------------------------------------------------------

    def waits_for(self) -> dict[int, set[int]]:
        """Return the wait edges of DESIGN §4: after, parent to subtask, subtask to what its ancestors come after."""
        edges: dict[int, set[int]] = {t: set() for t in self.tasks}
        for task in self.tasks.values():
            edges[task.id] |= task.after
            above, todo = set(), [task.id]
            while todo:
                for parent in self.tasks[todo.pop()].part_of - above:
                    above.add(parent)
                    todo.append(parent)
            for parent in above:
                edges[task.id] |= self.tasks[parent].after
            for parent in task.part_of:
                edges[parent].add(task.id)
        return edges

    def has_cycle(self) -> bool:
        edges = self.waits_for()
        while free := [t for t, waits in edges.items() if not waits & edges.keys()]:
            for t in free:
                del edges[t]
        return bool(edges)

    def level(self, task: int, down: bool) -> int:
        near = [s.id for s in self.subtasks(self.tasks[task])] if down else self.tasks[task].part_of
        return max((1 + self.level(t, down) for t in near), default=0)

    def hang(self, child: Task, parent: Task, relation: str) -> None:
        """Add a link, or say why it cannot be."""
        started = child.state in ("in_progress", "awaiting_review", *TERMINAL)
        codes = set()
        if relation == "after":
            if started and parent.state != "done":
                codes.add("illegal_transition")
            child.after.add(parent.id)
        else:
            if parent.state in TERMINAL or parent.kind == "review":
                codes.add("illegal_transition")
            child.part_of.add(parent.id)
            if not self.is_above_itself(child) and self.level(child.id, False) + self.level(child.id, True) > MAX_DEPTH:
                codes.add("limit")
        if self.has_cycle():
            codes.add("cycle")
        if codes:
            raise Refused(*codes)

    def is_above_itself(self, task: Task) -> bool:
        """Say whether subtasks alone form a circle, in which there is no depth to speak of."""
        above, todo = set[int](), [task.id]
        while todo:
            for parent in self.tasks[todo.pop()].part_of - above:
                above.add(parent)
                todo.append(parent)
        return task.id in above

    def copy(self) -> "Model":
        """Return an independent copy, to go back to when a call is refused."""
        return Model(
            self.wall,
            self.mono,
            self.boot,
            set(self.gone),
            {
                k: replace(t, after=set(t.after), part_of=set(t.part_of), said=list(t.said))
                for k, t in self.tasks.items()
            },
            {k: replace(r) for k, r in self.runs.items()},
            [replace(a) for a in self.asks],
        )


def refuse(**codes: bool) -> None:
    """Refuse with every code that is true."""
    true = [code for code, holds in codes.items() if holds]
    if true:
        raise Refused(*true)
