"""What the rules of the machine share: picking whom and what, doing one call on both sides, running workers' calls."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine

from kanban_mcp.domain.errors import BoardError
from tests.stateful import verbs
from tests.stateful.checks import resolve_dues
from tests.stateful.model import Model, Refused, Repeated, Run, Task
from tests.stateful.world import Connection, World

T = TypeVar("T")
Call = Callable[[], Coroutine[Any, Any, Any]]

PEOPLE = {
    "ada": ("worker", "implementer"),
    "bob": ("orchestrator", "implementer"),  # the default toolset: a worker that may also orchestrate
    "cyd": ("orchestrator", ""),
    "rev": ("worker", "reviewer"),
    "orc": ("orchestrator", ""),
    "mia": ("person", ""),
}
WORKERS = ("ada", "bob", "cyd", "rev")


def pick(items: Sequence[T], number: int) -> T:
    """Return one of the items; the same number, the same item."""
    return items[number % len(items)]


class TwoSides(RuleBasedStateMachine):
    """A board and its model, the connections to it, and the calls workers make."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        now = self.world.clock.now
        self.model = Model(now.wall_ms, now.mono_ms, now.boot_id)
        self.last_wall = now.wall_ms
        self.pids = iter(range(100, 10_000))
        self.texts = iter(range(1, 10_000))
        self.at: dict[str, list[Connection]] = {}
        self.connect_all()

    def teardown(self) -> None:
        self.world.close()

    @property
    def board(self) -> Any:
        return self.world.board

    # Whom and what --------------------------------------------------------------------------------------------

    def connect(self, name: str) -> Connection:
        level, role = PEOPLE[name]
        return self.world.connect(name, next(self.pids), level, role)

    def connect_all(self) -> None:
        self.at = {name: [self.connect(name)] for name in PEOPLE}

    def end_process(self, connection: Connection) -> None:
        self.world.gone.add(connection.session.caller.process)
        self.model.gone.add(connection.who.pid)

    def read_clock(self) -> None:
        now = self.world.clock.now
        self.model.wall, self.model.mono, self.model.boot = now.wall_ms, now.mono_ms, now.boot_id

    def anyone(self, number: int) -> Connection:
        return pick([c for name in PEOPLE for c in self.at[name]], number)

    def workers(self) -> list[Connection]:
        return [c for name in WORKERS for c in self.at[name]]

    def task(self, number: int) -> Task:
        return pick(list(self.model.tasks.values()), number)

    def task_where(self, number: int, wanted: Callable[[Task], bool]) -> Task:
        """Return a task the verb is meant for, mostly; any task else."""
        meant = [t for t in self.model.tasks.values() if wanted(t)]
        return pick(meant, number) if meant and number % 7 != 6 else self.task(number)

    def speaking(self, number: int, *, stale: bool = False) -> tuple[Connection, Run]:
        """Return a connection and the run it names: an open one, or an ended one; seldom another worker's."""
        chosen = pick([r for r in self.model.runs.values() if bool(r.ended) == stale][-5:], number)
        own = [c for c in self.workers() if c.who.key == chosen.worker]
        return (pick(own, number // 3), chosen) if own and number % 13 != 12 else (pick(self.workers(), number), chosen)

    def text(self, word: str) -> str:
        return f"{word} number {next(self.texts)}"

    # One call on both sides -----------------------------------------------------------------------------------

    def do(self, expect: Callable[[Model], Any], call: Call, by: Connection | None = None) -> tuple[Any, Any]:
        """Do one call on both sides; return (what the model says, what the board answered) where it was accepted.

        `by`: whose call it is, where a call that names no run may first be told of a loss.
        """
        before = self.model.copy()
        wanted: Any
        try:
            wanted = expect(self.model)
        except (Refused, Repeated) as refusal:
            self.model, wanted = before, refusal
        version = self.world.version()
        got = self._answer(call)
        while by is not None and self._is_news_of_a_loss(by, got):
            got = self._answer(call)
        note(f"  -> {got if isinstance(got, BoardError) else type(got).__name__}")
        if isinstance(wanted, Refused):
            assert isinstance(got, BoardError), f"accepted, but must be refused as {wanted}"
            assert got.code in wanted.codes, f"must be refused as {wanted}, not: {got}"
        else:
            assert not isinstance(got, BoardError), f"must be accepted: {got}"
        if isinstance(wanted, (Refused, Repeated)):
            assert self.world.version() == version, "a refused or repeated call wrote something"
            return None, None
        resolve_dues(self.model, self.world)
        return wanted, got

    def _answer(self, call: Call) -> Any:
        try:
            return self.world.run(call())
        except BoardError as error:
            return error

    def _is_news_of_a_loss(self, by: Connection, got: Any) -> bool:
        """Say whether a call without a run was refused only to tell this connection, once, what it has lost."""
        if not isinstance(got, BoardError) or got.code not in ("lease_lost", "cancelled"):
            return False
        words = {r.id: (f"run-{r.id} ", f"TASK-{r.task:03d} was cancelled") for r in self.model.runs.values()}
        lost = [r for r in self.model.runs.values() if r.worker == by.who.key and r.ended and not r.by_self]
        named = [r.id for r in lost if any(word in got.message for word in words[r.id])]
        fresh = set(named[-1:]) - by.heard
        by.heard |= fresh
        return bool(fresh)

    # What workers do ------------------------------------------------------------------------------------------

    def claims(self, by: Connection, task: int | None, named: str | None) -> None:
        run, got = self.do(
            lambda m: verbs.claim(m, by.who, task, named or ""),
            lambda: self.board.claim(by.session, task_id=None if task is None else str(task), assignee=named),
        )
        if got is None:
            return
        assert got.claimed == (run is not None), f"claimed: {got.claimed}, the model says {run}"
        if run is not None:
            assert got.task.run["run_id"] == f"run-{run.id}"
            shown = " ".join(message["text"] for message in got.task.messages)
            lost = [text for text in self.model.tasks[run.task].said[-8:] if text not in shown]
            assert not lost, f"run-{run.id} starts without {lost}"

    def works(self, by: Connection, run: Run, what: str, step: str) -> None:
        """Do what the words say: a verb and its terms, of the list `WORK`."""
        verb, *terms = what.split()
        if verb == "heartbeat":
            self._heartbeat(by, run, int(terms[0]))
        elif verb == "block":
            self._block(by, run, terms[0], int(terms[1]) if len(terms) > 1 else None)
        elif verb == "fail":
            self._fail(by, run, terms)
        elif verb == "complete":
            self._complete(by, run, weak=terms == ["weakly"])
        elif verb == "subtask":
            self._subtask(by, run)
        else:
            self._ask(by, run, step)

    def _heartbeat(self, by: Connection, run: Run, expect_s: int) -> None:
        self.do(
            lambda m: verbs.heartbeat(m, by.who, m.runs[run.id], expect_s),
            lambda: self.board.heartbeat(by.session, run_id=f"run-{run.id}", expect_s=expect_s),
        )

    def _block(self, by: Connection, run: Run, kind: str, until: int | None) -> None:
        weak = kind == "weakly"
        moment = None if until is None else self.model.wall + until
        self.do(
            lambda m: verbs.block(m, by.who, m.runs[run.id], kind, moment, weak),
            lambda: self.board.block(
                by.session,
                reason="stuck" if weak else "Which of the two schemas is the real one?",
                kind=None if weak else kind,
                until=None if until is None else f"{until}ms",
                run_id=f"run-{run.id}",
            ),
        )

    def _fail(self, by: Connection, run: Run, terms: list[str]) -> None:
        retry, weak = terms != ["for-good"], terms == ["weakly"]
        reason = "failed" if weak else "The schema was dropped upstream; nothing left to migrate"
        self.do(
            lambda m: verbs.fail(m, by.who, m.runs[run.id], retry, weak),
            lambda: self.board.fail(by.session, reason=reason, retry=retry, run_id=f"run-{run.id}"),
        )

    def _complete(self, by: Connection, run: Run, *, weak: bool) -> None:
        summary = "done" if weak else "Parser rewritten with a lookahead; 14 tests pass"
        self.do(
            lambda m: verbs.complete(m, by.who, m.runs[run.id], weak),
            lambda: self.board.complete(by.session, summary=summary, run_id=f"run-{run.id}", wait_s=0),
        )

    def _subtask(self, by: Connection, run: Run) -> None:
        """Make a task under the one worked on, the relation left to the board."""
        if len(self.model.tasks) > 8:
            return
        self.do(
            lambda m: verbs.create(m, by.who, "", 2, [run.task], "auto", False),
            lambda: self.board.create(by.session, title=self.text("Subtask"), parents=[f"TASK-{run.task:03d}"]),
            by,
        )

    def _ask(self, by: Connection, run: Run, step: str) -> None:
        statuses, got = self.do(
            lambda m: verbs.request_approval(m, by.who, m.runs[run.id], step),
            lambda: self.board.request_approval(by.session, summary=step, run_id=f"run-{run.id}", wait_s=0),
        )
        if got is None:
            return
        assert got.status in statuses, f"the worker reads {got.status}, the model says {statuses}"
        if got.status == "pending" and self.model.asking(self.model.tasks[run.task]) is None:
            verbs.ask_anew(self.model, self.model.runs[run.id], step)
