"""What the board tells a person who was away: what waits, what happened, how long it took."""

import pytest

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.service.board import Board
from kanban_mcp.service.history import percentile
from kanban_mcp.service.results import to_json
from tests.conftest import Clock, orchestrator, person, worker
from tests.service.helpers import MINUTE, SUMMARY, failed, ready, take

HOUR = 60 * MINUTE
EVER = 0


async def _blocks(board: Board, task: str, name: str, reason: str = "Which encoding should files have?") -> None:
    s = worker(name)
    await take(board, s, task)
    await board.block(s, reason=reason, task_id=task)


async def _does(board: Board, clock: Clock, task: str, name: str, ms: int, role: str | None = None) -> None:
    s = worker(name, role=role)
    await take(board, s, task, assignee=role)
    clock.advance(ms)
    await board.complete(s, task_id=task, summary=SUMMARY)


# Inbox -----------------------------------------------------------------------------------------------------------


async def test_what_most_tasks_wait_for_near_or_far_comes_first(board: Board) -> None:
    lonely, busy, far = [await ready(board, title) for title in ("Lonely", "Busy", "Far")]
    near = await ready(board, "After busy", parents=[busy])
    await ready(board, "After that", parents=[near])
    await ready(board, "After far", parents=[far])
    for at, task in enumerate((lonely, busy, far)):
        await _blocks(board, task, f"w{at}")
    items = (await board.inbox(person())).waiting
    assert [(item["id"], item["behind"]) for item in items] == [(busy, 2), (far, 1), (lonely, 0)]
    assert items[0]["do"] == f'kanban-mcp answer {busy} -m "…"'


async def test_a_parent_waits_behind_its_subtask_and_what_has_ended_waits_no_more(board: Board) -> None:
    parent = await ready(board, "Parent")
    part = await ready(board, "Part", parents=[parent], relation="part_of")
    after = await ready(board, "After the parent", parents=[parent])
    gone = await ready(board, "Withdrawn", parents=[part])
    await board.cancel(orchestrator(), task_id=gone)
    await _blocks(board, part, "w1")
    [item] = (await board.inbox(person())).waiting
    assert (item["id"], item["behind"]) == (part, 2), f"{parent} and {after}, not {gone}"


async def test_a_circle_of_relations_is_counted_once(board: Board) -> None:
    """A task may wait for another by two ways; both count it once."""
    first = await ready(board, "First")
    second = await ready(board, "Second", parents=[first])
    await ready(board, "Both", parents=[first, second])
    await _blocks(board, first, "w1")
    [item] = (await board.inbox(person())).waiting
    assert item["behind"] == 2


async def test_a_dead_dependency_is_listed_unless_its_cause_is(board: Board) -> None:
    dead, gone = await ready(board, "Dead"), await ready(board, "Gone")
    await ready(board, "Behind the dead", parents=[dead])
    behind_gone = await ready(board, "Behind the gone", parents=[gone])
    await failed(board, dead)
    await board.cancel(orchestrator(), task_id=gone)
    items = (await board.inbox(person())).waiting
    assert [item["id"] for item in items] == [dead, behind_gone]
    assert items[1]["what"] == f"waits for {gone}, which is cancelled"
    assert (items[1]["do"], items[1]["or"]) == (f"kanban-mcp retry {gone}", f"kanban-mcp cancel {behind_gone}")


async def test_more_than_fits_is_said_and_nothing_is_said_plainly(board: Board) -> None:
    await board.create_if_missing()
    assert (await board.inbox(person())).next == "Nothing waits for you."
    for at in range(3):
        await _blocks(board, await ready(board, f"Task {at}"), f"w{at}")
    two = await board.inbox(person(), limit=2)
    assert (len(two.waiting), two.next.startswith("over 2 wait")) == (2, True)
    assert two.truncated != ""
    three = await board.inbox(person(), limit=3)
    assert (len(three.waiting), three.truncated) == (3, "")


async def test_a_request_near_its_end_says_when(board: Board, clock: Clock) -> None:
    s = worker()
    await take(board, s)
    await board.request_approval(s, summary="DROP TABLE sessions", wait_s=0)
    assert (await board.inbox(person())).waiting[0]["expires"] == ""
    clock.advance(board.policy.approval_for_ms - 2 * HOUR)
    assert (await board.inbox(person())).waiting[0]["expires"] == "expires in 2h"


# Stats -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, 0), ([7], 50, 7), ([7], 90, 7), ([1, 2], 50, 1), ([3, 1, 2], 50, 2), (range(1, 11), 90, 9),
     (range(1, 12), 90, 10), (range(1, 101), 90, 90), (range(1, 101), 50, 50)],
)  # fmt: skip
def test_a_percentile_is_the_smallest_value_that_covers_its_share(
    values: list[int], percent: int, expected: int
) -> None:
    assert percentile(values, percent) == expected


async def test_cycle_counts_from_the_first_claim_and_lead_from_the_making(board: Board, clock: Clock) -> None:
    task = await ready(board)
    clock.advance(HOUR)
    s = worker("first")
    await take(board, s, task)
    clock.advance(10 * MINUTE)
    await board.fail(s, task_id=task, reason="The sample files are missing")
    clock.advance(HOUR)
    await _does(board, clock, task, "second", 20 * MINUTE)
    found = await board.stats(person(), since_ms=clock().wall_ms - 24 * HOUR)
    assert found.times["cycle"] == {"n": 1, "median_s": 90 * 60, "p90_s": 90 * 60}
    assert found.times["lead"] == {"n": 1, "median_s": 150 * 60, "p90_s": 150 * 60}
    assert found.attempts == {"2": 1}
    assert found.tasks == {"created": 1, "done": 1, "failed": 0, "cancelled": 0, "retried": 0, "done_per_day": 1.0}


async def test_outcomes_stand_per_role_and_per_worker(board: Board, clock: Clock) -> None:
    for title in ("One", "Two", "Three"):
        await ready(board, title, assignee="implementer")
    await _does(board, clock, "1", "anna", MINUTE, role="implementer")
    await _does(board, clock, "2", "anna", 3 * MINUTE, role="implementer")
    silent = worker("ben", role="implementer")
    await take(board, silent, "3", assignee="implementer")
    clock.advance(board.policy.lease_for_ms)
    await board.reap()
    found = await board.stats(person(), since_ms=EVER)
    assert found.roles == [
        {"role": "implementer", "runs": 3, "done": 2, "reclaimed": 1, "lost_percent": 33, "median_s": 180}
    ]
    assert [(row["worker"], row["runs"], row["lost_percent"]) for row in found.workers] == [
        ("anna", 2, 0), ("ben", 1, 100)
    ]  # fmt: skip


async def test_waits_for_a_decision_have_their_whole_length_even_if_they_began_before(
    board: Board, clock: Clock
) -> None:
    asked = await ready(board, "Asks")
    await _blocks(board, asked, "w1")
    clock.advance(5 * HOUR)
    await board.answer(person(), task_id=asked, answer="utf-8")
    found = await board.stats(person(), since_ms=clock().wall_ms - HOUR)
    assert found.waits["questions"] == {"n": 1, "median_s": 5 * 3600, "p90_s": 5 * 3600}
    assert (found.waits["n"], found.waits["total_s"]) == (1, 5 * 3600)
    assert "approvals_and_reviews" not in found.waits
    assert (await board.stats(person(), since_ms=EVER)).waits["total_s"] == 5 * 3600


async def test_the_oldest_waits_name_what_settles_them(board: Board, clock: Clock) -> None:
    for at in range(6):
        await _blocks(board, await ready(board, f"Task {at}"), f"w{at}")
        clock.advance(MINUTE)
    oldest = (await board.stats(person(), since_ms=EVER)).oldest_waits
    assert [row["id"] for row in oldest] == [f"TASK-{n:03d}" for n in range(1, 6)]
    assert oldest[0] == {"id": "TASK-001", "title": "Task 0", "state": "blocked", "waits_s": 360,
                         "do": 'kanban-mcp answer TASK-001 -m "…"'}  # fmt: skip


async def test_an_empty_board_and_a_moment_ahead(board: Board, clock: Clock) -> None:
    await board.create_if_missing()
    empty = await board.stats(person(), since_ms=EVER)
    assert (empty.times, empty.roles, empty.waits, empty.oldest_waits) == ({}, [], {}, [])
    for tell in (board.stats, board.digest):
        with pytest.raises(Invalid, match="lies ahead"):
            await tell(person(), since_ms=clock().wall_ms + 1)


async def test_a_window_is_cut_at_its_newest_events_and_says_so(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    from kanban_mcp.service import history

    for title in ("One", "Two", "Three"):
        await ready(board, title)
    cut = await board._store.read(history.window, EVER, 2)
    assert (cut.is_cut, [event.task_id for event in cut.events]) == (True, [2, 3])
    whole = await board._store.read(history.window, EVER, 3)
    assert (whole.is_cut, len(whole.events)) == (False, 3)


# Digest ----------------------------------------------------------------------------------------------------------


async def test_a_digest_shows_only_what_happened_since(board: Board, clock: Clock) -> None:
    for title in ("Early", "Late", "Hopeless"):
        await ready(board, title)
    await _does(board, clock, "1", "anna", MINUTE)
    clock.advance(HOUR)
    since = clock().wall_ms
    await _does(board, clock, "2", "anna", MINUTE)
    await failed(board, "3")
    found = await board.digest(person(), since_ms=since)
    assert [row["id"] for row in found.done] == ["TASK-002"]
    assert (found.done[0]["summary"], found.done[0]["worker"]) == (SUMMARY, "anna")
    assert [(row["id"], row["attempts"]) for row in found.failed] == [("TASK-003", 1)]
    assert found.counts["created"] == 0
    assert {row["worker"]: (row["done"], row["runs"]) for row in found.workers} == {"anna": (1, 1), "quitter": (0, 1)}


async def test_what_came_back_is_no_longer_told_as_ended(board: Board, clock: Clock) -> None:
    await failed(board, await ready(board, "Hopeless"))
    await board.retry(person(), task_id="1", note="It is installed now")
    found = await board.digest(person(), since_ms=EVER)
    assert (found.failed, found.counts["failed"]) == ([], 0)
    await _does(board, clock, "1", "anna", MINUTE)
    found = await board.digest(person(), since_ms=EVER)
    assert ([row["id"] for row in found.done], found.failed) == (["TASK-001"], [])


async def test_surprises_are_told_once_per_task_with_how_often(board: Board, clock: Clock) -> None:
    await ready(board)
    for name in ("one", "two"):
        await take(board, worker(name), "1")
        clock.advance(board.policy.lease_for_ms)
        await board.reap()
        clock.advance(HOUR)
    [odd] = (await board.digest(person(), since_ms=EVER)).odd
    assert (odd["id"], odd["what"], odd["times"], odd["run"]) == ("TASK-001", "reclaimed", 2, "run-2")
    assert "without a call" in odd["why"]


async def test_lists_are_cut_to_a_screen_and_the_rest_is_counted(board: Board, clock: Clock) -> None:
    for at in range(13):
        await _does(board, clock, await ready(board, f"Task {at}"), "anna", 1)
    found = await board.digest(person(), since_ms=EVER)
    assert (len(found.done), found.more, found.counts["done"]) == (10, {"done": 3}, 13)
    assert found.done[0]["id"] == "TASK-013", "newest first"


async def test_telling_writes_nothing(board: Board) -> None:
    await _blocks(board, await ready(board), "w1")
    before = await board.events(limit=100)
    for tell in (board.inbox(person()), board.digest(person(), since_ms=EVER), board.stats(person(), since_ms=EVER)):
        assert to_json(await tell)
    assert await board.events(limit=100) == before
