"""Follows the board and interferes at the marked moments: kills one worker, freezes another, asks the person."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from kanban_mcp.cli.demo import plan
from kanban_mcp.cli.demo.cast import Actor, Cast
from kanban_mcp.cli.demo.screen import Screen
from kanban_mcp.cli.demo.telling import Line, Refusal, Transcripts, line_of, line_of_refusal, who
from kanban_mcp.domain.errors import BoardError
from kanban_mcp.service.board import Board
from kanban_mcp.service.results import BoardView, Event
from kanban_mcp.service.session import Session

FIRST = (("implementer-1", "implementer"), ("documenter-1", "documenter"), ("implementer-2", "implementer"))
NEXT = (("documenter-2", "documenter"), ("tester-1", "tester"), ("reviewer-1", "reviewer"))
LOOK_S = 0.1
VIEW_S = 0.5  # how old the board may look: ages and silent workers change without an event
PATIENCE_S = 150.0
"""How long the demo may take on a slow machine; the time a person needs to decide does not count."""

_CHAPTERS = {
    (
        "reclaimed",
        plan.AUTH,
    ): "{task} is taken back: no heartbeat within its lease. Another worker goes on from the dead one's commit.",
    ("created", plan.TYPES): "{who} makes a subtask of its own task: {task}. Its task cannot be done before that is.",
    ("claimed", plan.TESTS): "{who} starts by itself: what it waited for is done. It begins with that commit.",
    ("claimed", plan.REVIEW): "{who} reads and runs the very commit that the tester handed in.",
    ("claimed", plan.MIGRATION): "{who} prepares a migration that cannot be undone.",
    ("approval_requested", plan.MIGRATION): "{who} asks a person before it touches live/shop.db. Meanwhile it tries to "
    "approve its own request.",
    ("approved", plan.MIGRATION): "Approved by {who}: the migration runs now, once, as it was worded.",
    ("rejected", plan.MIGRATION): "Rejected by {who}: the migration must not run.",
}
_REFUSALS = {
    ("kanban_complete", "lease_lost"): "hands in its work too late",
    ("kanban_complete", "gates_not_met"): "says it is done, and the board looks",
    ("kanban_approve", "forbidden"): "may not approve its own request",
}

Decide = Callable[[dict[str, Any]], Awaitable[tuple[bool, str]]]
"""Shows a request to a person and returns whether they grant it, and their note."""


@dataclass
class Strike:
    """What was done to a worker in the middle of its work; times are epoch milliseconds."""

    who: str
    task_id: str
    run_id: str
    at_ms: int
    ended_ms: int = 0  # when it could go on
    status: int | None = None  # how its process ended


@dataclass
class Seen:
    """What was seen while the demo ran."""

    events: list[Event] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    killed: Strike | None = None
    frozen: Strike | None = None
    decided: bool = False
    trouble: str = ""


class Director:
    """Runs the story to its end.

    Args:
        you: the session of the person who holds the demo's operator key.
        decide: asks that person.
    """

    def __init__(
        self,
        board: Board,
        you: Session,
        cast: Cast,
        transcripts: Transcripts,
        screen: Screen,
        decide: Decide,
        pace: float,
    ) -> None:
        self._board = board
        self._you = you
        self._cast = cast
        self._transcripts = transcripts
        self._screen = screen
        self._decide = decide
        self._pace = pace
        self._titles: dict[str, str] = {}
        self._view: BoardView | None = None
        self._viewed_at = 0.0
        self.seen = Seen()

    async def run(self) -> Seen:
        """Start the workers and follow the board until every task has ended or nothing can go on."""
        self.say(
            "Workers start: each an MCP client with a git worktree of its own. They take what is ready for their role."
        )
        self._cast.start_reaper()
        self._start(FIRST)
        deadline = time.monotonic() + PATIENCE_S
        while not self._is_over():
            await asyncio.sleep(LOOK_S)
            deadline += await self._look()
            if not self.seen.trouble:
                self.seen.trouble = self._trouble(time.monotonic() > deadline)
        return self.seen

    def say(self, text: str) -> None:
        """Tell the person what to look at now."""
        self._screen.tell(Line(_now_ms(), "", text, "told"))

    async def _look(self) -> float:
        """Take in what is new. Returns the seconds a person was waited for."""
        last = self.seen.events[-1].id if self.seen.events else 0
        events = await self._board.events(after=last)
        refusals = self._transcripts.new_refusals()
        self.seen.events += events
        self.seen.refusals += refusals
        lines = [line for event in events if (line := line_of(event))] + [line_of_refusal(each) for each in refusals]
        for line in sorted(lines, key=lambda line: line.at_ms):
            self._screen.tell(line)
        if events or time.monotonic() - self._viewed_at > VIEW_S:
            self._view = await self._board.view(self._you)
            self._viewed_at = time.monotonic()
            self._screen.show(self._view)
        waited_s = 0.0
        moments: list[Event | Refusal] = [*events, *refusals]
        for moment in sorted(moments, key=lambda moment: moment.at_ms):
            if isinstance(moment, Refusal):
                self._narrate_refusal(moment)
            else:
                self._narrate(moment)
                waited_s += await self._act(moment)
        return waited_s

    def _narrate(self, event: Event) -> None:
        """Say what to look at when an event deserves it."""
        if event.kind == "created":
            self._titles[event.task_id] = event.data["title"]
        told = _CHAPTERS.get((event.kind, self._titles.get(event.task_id, "")))
        if told is not None:
            self.say(told.format(task=event.task_id, who=who(event.actor)))

    def _narrate_refusal(self, refusal: Refusal) -> None:
        said = _REFUSALS.get((refusal.tool, refusal.code))
        if said is not None:
            self.say(f"{refusal.who} {said}: {refusal.text}")

    def _start(self, workers: tuple[tuple[str, str], ...]) -> None:
        for name, role in workers:
            if name not in self._cast.actors:
                self._cast.start_worker(name, role)

    async def _act(self, event: Event) -> float:
        """Interfere if this is the moment for it. Returns the seconds a person was waited for."""
        note = event.data.get("note") if event.kind == "note" else None
        if note == plan.LOGIN_HALF_WRITTEN and self.seen.killed is None:
            await self._kill(event)
        elif note == plan.ROUNDING:  # the first three are at work: now a slow machine has time for two more
            self._start(NEXT)
        elif note == plan.WRITING_DOCS and self.seen.frozen is None:
            self._freeze(event)
        elif note == plan.WRITING_DOCS:
            self._thaw(event)
        elif note == plan.WAITING_FOR_A_PERSON and not self.seen.decided:
            began = time.monotonic()
            await self._ask(event.task_id)
            return time.monotonic() - began
        return 0.0

    async def _kill(self, event: Event) -> None:
        actor = self._actor(event)
        self.say(f"{actor.name} gets killed (SIGKILL) in the middle of login(), and its server with it.")
        await asyncio.sleep(1.5 * self._pace)
        strike = Strike(actor.name, event.task_id, event.run_id, _now_ms())
        strike.status = await asyncio.to_thread(self._cast.kill, actor)
        self.seen.killed = strike
        self._start((("implementer-3", "implementer"),))

    def _freeze(self, event: Event) -> None:
        actor = self._actor(event)
        self.say(f"{actor.name} is frozen (SIGSTOP), as a laptop that is closed. Its lease goes on running.")
        self.seen.frozen = Strike(actor.name, event.task_id, event.run_id, _now_ms())
        actor.signal(signal.SIGSTOP)
        self._start(NEXT)  # a worker that can take over, should the others not have started yet

    def _thaw(self, event: Event) -> None:
        """Let the frozen worker go on once another run works on its task."""
        frozen = self.seen.frozen
        if frozen is None or frozen.ended_ms or event.run_id == frozen.run_id:
            return
        frozen.ended_ms = _now_ms()
        self.say(f"{frozen.who} wakes up and believes it still holds {event.task_id}. It is {who(event.actor)}'s now.")
        self._cast.actors[frozen.who].signal(signal.SIGCONT)

    async def _ask(self, task_id: str) -> None:
        """Stop for the person's decision and write it to the board."""
        shown = await self._board.view(self._you)
        request = next((item for item in shown.waiting if item["id"] == task_id), None)
        if request is None:
            return  # it was settled elsewhere, with the same key
        task = await self._board.show(self._you, task_id=task_id)
        granted, note = await self._decide({**request, "context": getattr(task, "approval", {}).get("context", "")})
        self.seen.decided = True
        verb = self._board.approve if granted else self._board.reject
        try:
            await verb(self._you, task_id=task_id, note=note)
        except BoardError as refusal:
            self.say(str(refusal))

    def _actor(self, event: Event) -> Actor:
        return self._cast.actors[who(event.actor)]

    def _trouble(self, is_late: bool) -> str:
        dead = self._cast.dead()
        if dead:
            names = ", ".join(f"{actor.name} (exit code {actor.process.returncode})" for actor in dead)
            return f"ended by themselves: {names}"
        return f"not finished after {PATIENCE_S:.0f} s" if is_late else ""

    def _is_over(self) -> bool:
        """Say whether nothing will happen any more: everything ended, or what is left waits for a person."""
        if self.seen.trouble or self._view is None:
            return bool(self.seen.trouble)
        count = {column["name"]: column["count"] for column in self._view.columns}
        moving = count["In progress"] + count["Ready"] + count["Review"]
        stuck = count["Blocked"] + count["Failed"]
        frozen = self.seen.frozen
        late_write = frozen is not None and any(
            (refusal.who, refusal.code) == (frozen.who, "lease_lost") for refusal in self.seen.refusals
        )
        return not moving and (stuck > 0 or not count["Pending"]) and count["Done"] > 0 and late_write


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
