"""The board: every verb as one call, one transaction, one hop (DESIGN §13).

A method reads its arguments into values, sends one transaction function to the store and wakes those who wait. It holds
no rule: the rules are in `domain/`, what is written in the transaction functions beside this module.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Concatenate, ParamSpec, TypeVar

import anyio

from kanban_mcp.domain import inputs
from kanban_mcp.domain.checks import CheckJob
from kanban_mcp.domain.clock import BoardTime
from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.evidence import read_evidence
from kanban_mcp.domain.ids import TaskId, parse_task
from kanban_mcp.domain.links import RELATION_WORDS
from kanban_mcp.domain.policy import Policy
from kanban_mcp.domain.principals import Authority, Caller, ProcessId
from kanban_mcp.service import (
    asking,
    boarding,
    claims,
    completing,
    creating,
    deciding,
    editing,
    ending,
    founding,
    linking,
    planning,
    presence,
    reading,
    reaping,
    waiting,
    working,
)
from kanban_mcp.service.call import Call
from kanban_mcp.service.checking import NoVerifier, Verifier
from kanban_mcp.service.feed import Feed, Progress, Ticker
from kanban_mcp.service.results import (
    Approval,
    Beat,
    BoardView,
    Claimed,
    Completed,
    Created,
    Done,
    Ended,
    Event,
    Listing,
    Overview,
    Planned,
    TaskView,
    Waited,
)
from kanban_mcp.service.session import Session
from kanban_mcp.service.views import view
from kanban_mcp.store.base import Store, Tx

P = ParamSpec("P")
T = TypeVar("T")
FOLLOW_STEP_S = 60.0  # how often a follower looks even though no change was signalled
WAIT_STEP_S = 1.0  # how long a waiting claim trusts the change signal before it looks at the clock again


class Board:
    """Async facade of one board.

    Args:
        store: where the board is kept.
        clock: reads the clocks; injected so that tests move time.
        is_gone: says whether a process has ended.
        verifier: looks at files and git for the completion gates.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], BoardTime],
        is_gone: Callable[[ProcessId], bool],
        policy: Policy | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        self.policy = policy or Policy()
        self._store = store
        self._clock = clock
        self._is_gone = is_gone
        self._verifier: Verifier = verifier or NoVerifier()
        self._feed = Feed(store.data_version)
        here = clock()
        process = ProcessId(0, "board", "", here.boot_id)
        self._own = Session(Caller(key="board", name="board", authority=Authority.BOARD, process=process))

    # Reads ------------------------------------------------------------------------------------------------------

    async def show(self, s: Session, *, task_id: str | None = None, run_id: str | None = None) -> TaskView | Overview:
        """Return the caller's task, any task, or what a caller that holds nothing should do."""
        await self._take_handed(s)
        return await self._read(s, reading.show, task_id, run_id, self._role(s, None))

    async def list(
        self, s: Session, *, state: str | None = None, assignee: str | None = None, limit: int = 50
    ) -> Listing:
        """Return counts per state and one short row per task."""
        return await self._read(s, reading.listing, state, assignee, limit)

    async def view(self, s: Session, *, per_column: int = 20) -> BoardView:
        """Return the whole board: what waits for people, and the columns with at most `per_column` cards each."""
        return await self._read(s, boarding.board_view, per_column)

    async def events(self, *, after: int | None = 0, limit: int = 500, task_id: str | None = None) -> Sequence[Event]:
        """Return the change feed above an event id, oldest first; its newest `limit` lines when `after` is None."""
        task = parse_task(task_id) if task_id else None
        return await self._store.read(reading.events, after, limit, task)

    async def follow(self, *, after: int, task_id: str | None = None) -> AsyncIterator[Event]:
        """Yield the events above an id as they are committed, by any process; ends only when the caller stops."""
        task = parse_task(task_id) if task_id else None
        while True:
            mark = await self._feed.mark()  # before the read: what is committed in between must wake us
            batch = await self._store.read(reading.events, after, 500, task)
            for event in batch:
                after = event.id
                yield event
            if not batch:
                await self._feed.changed(mark, FOLLOW_STEP_S)

    # Work -------------------------------------------------------------------------------------------------------

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
            taken = await self._store.write(_claim, self._call(s), my_role, named, task)
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
        words = _required(inputs.text(body, "body"), "body")
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
        if isinstance(done, CheckJob):
            findings = await self._verifier.check(done)
            done = await self._write(s, completing.complete, done.task.name, done.run.name, report, findings)
        if isinstance(done, CheckJob):  # the second pass has findings, so it never asks for a third
            raise RuntimeError("completion asked for checks twice")
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
        found = await self._write(s, asking.request, task_id, run_id, ask)
        deadline = anyio.current_time() + min(wait_s, self.policy.wait_cap_s)
        ticker = Ticker(progress, "waiting for a person's decision")
        while True:
            mark = await self._feed.mark()
            left = deadline - anyio.current_time()
            if left <= 0 or not await self._store.read(asking.is_pending, found.id):
                return await self._write(s, asking.standing, found.id)
            await ticker.tick()
            await self._feed.changed(mark, min(left, 5.0))

    # Planning ---------------------------------------------------------------------------------------------------

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
            acceptance=inputs.texts(acceptance, "acceptance"),
            triage=triage,
        )
        word = inputs.choice(relation, RELATION_WORDS, "relation")
        wanted = creating.Wanted(draft, _few(parents), word, run_id, inputs.key(idempotency_key))
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
            acceptance=None if acceptance is None else inputs.texts(acceptance, "acceptance"),
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

    async def answer(self, s: Session, *, task_id: str, answer: str) -> Done:
        """Answer what a blocked task asks."""
        return await self._write(s, deciding.answer, task_id, _required(inputs.text(answer, "answer"), "answer"))

    async def cancel(self, s: Session, *, task_id: str, reason: str = "", subtree: bool = False) -> Done:
        """Withdraw a task and what hangs on it alone."""
        return await self._write(s, deciding.cancel, task_id, inputs.text(reason, "reason"), subtree)

    async def stop(self, s: Session, *, task_id: str, reason: str = "") -> Done:
        """End the run of a task; only a person releases the task again. Refused without the operator key."""
        return await self._write(s, deciding.stop, task_id, inputs.text(reason, "reason"))

    async def retry(self, s: Session, *, task_id: str, note: str = "") -> Done:
        """Bring an ended task back with a further round of attempts."""
        return await self._write(s, deciding.retry, task_id, inputs.text(note, "note"))

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
        ids = tuple(parse_task(task, "task_ids") for task in _few(task_ids, 500))
        deadline = anyio.current_time() + max(0.0, timeout_s)
        ticker = Ticker(progress, "waiting for tasks")
        while True:
            mark = await self._feed.mark()
            seen = await self._read(s, waiting.look, ids, word, s.seen_event)
            left = deadline - anyio.current_time()
            if seen.is_due or left <= 0:
                s.seen_event = seen.newest_event
                return seen.answer
            await ticker.tick()
            await self._feed.changed(mark, min(left, 5.0))

    # Decisions --------------------------------------------------------------------------------------------------

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

    # The board's own --------------------------------------------------------------------------------------------

    async def standing(self) -> presence.Standing:
        """Return which board this is and which processes work on it now; who calls is judged from it."""
        return await self._store.read(presence.standing, self._clock().boot_id)

    async def identity(self) -> founding.Identity:
        """Return which board this is."""
        return await self._store.read(founding.identity)

    async def found(self, operator_hash: str) -> founding.Identity:
        """Create the board if the store may, keep the hash of its operator key, return its identity."""
        await self._write(self._own, founding.set_operator_hash, operator_hash)
        return await self.identity()

    async def create_if_missing(self) -> founding.Identity:
        """Create the board if there is none and the store may; return its identity."""
        return await self._store.write(founding.identity)

    async def reap(self) -> dict[str, int]:
        """Do one reaper pass; returns counts by what was done, empty when there was nothing to do."""
        if not await self._read(self._own, reaping.is_reap_due):
            return {}
        return await self._write(self._own, reaping.reap)

    async def close(self) -> None:
        """Finish what was sent before, then close the store."""
        await self._store.close()

    # Plumbing ---------------------------------------------------------------------------------------------------

    def _call(self, s: Session) -> Call:
        now = self._clock()
        s.since_ms = s.since_ms or now.wall_ms
        return Call(s, now, self.policy, self._is_gone)

    async def _write(
        self, s: Session, fn: Callable[Concatenate[Tx, Call, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        result = await self._store.write(fn, self._call(s), *args, **kwargs)
        self._feed.wake()
        return result

    async def _read(
        self, s: Session, fn: Callable[Concatenate[Tx, Call, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._store.read(fn, self._call(s), *args, **kwargs)

    async def _take_handed(self, s: Session) -> None:
        if s.caller.handed_run is not None and not s.has_taken_handed:
            await self._write(s, claims.take_handed_run)
            s.has_taken_handed = True

    def _role(self, s: Session, assignee: str | None) -> str:
        return inputs.role(assignee) or inputs.role(s.caller.role) or s.role or ""


def _claim(tx: Tx, call: Call, role: str, named: str, task: TaskId | None) -> Claimed:
    taken = claims.claim(tx, call, role, named, task)
    if taken.task is None:
        return Claimed(_NOTHING[taken.reason], False, taken.reason, taken.detail, None)
    shown = view(tx, call, taken.task.id)
    return Claimed(shown.next, True, "", "", replace(shown, next=""))


_NOTHING = {
    "none_ready": "Nothing to do for you now. kanban_claim(wait_s=45) waits for work, or end this session.",
    "waiting_on_tasks": "Nothing is ready yet. kanban_claim(wait_s=45) waits.",
    "waiting_on_you": "A person has to act first; tell them. kanban_list shows what waits.",
    "not_due": "It starts later. kanban_claim(wait_s=45) waits.",
    "paused": "The board is paused. Tell the person: kanban-mcp resume.",
    "limit": "The limit of running tasks is reached. kanban_claim(wait_s=45) waits.",
    "no_role": 'Name your role: kanban_claim(assignee="…").',
}


def _decide(tx: Tx, call: Call, task_id: str, note: str, grant: bool) -> Done:
    return deciding.decide(tx, call, task_id, note, grant=grant)


def _required(value: str, argument: str) -> str:
    if not value.strip():
        raise Invalid(f"{argument} is empty.", hint="Say what you mean in a sentence.")
    return value


def _few(values: Sequence[str], most: int = inputs.LIST_LIMIT) -> tuple[str, ...]:
    given = (values,) if isinstance(values, str) else tuple(values)
    if len(given) > most:
        raise Invalid(f"{len(given)} ids given, at most {most} fit in one call.", hint="Split the call.")
    return given
