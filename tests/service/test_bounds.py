"""Answers stay small whatever others wrote: tokens are money, and a context that bursts is no context."""

import json
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.service.board import Board
from kanban_mcp.service.brief import to_json
from tests.conftest import Clock, MakeBoard, orchestrator, person, worker
from tests.service.helpers import MINUTE, Eyes, ask, damage, done, ready, take

LONG = '"\n' * 32_000  # each character takes two in JSON
TITLE = '"' * 200


def size(result: Any) -> int:
    return len(json.dumps(to_json(result), ensure_ascii=False, separators=(",", ":")))


async def test_fifty_finished_parents_with_the_longest_summaries_fit(board: Board) -> None:
    parents = []
    for n in range(50):
        parents.append(await ready(board, f"{n:02}" + '"' * 198))
        s = worker("p")
        await take(board, s, parents[-1])
        files = ["src/" + "x" * 300] * 50
        await board.complete(s, summary=f"Result {n} " + LONG[:60_000], metadata={"files_changed": files})
    task = await ready(board, TITLE, parents=parents, context=LONG, acceptance=[LONG[:600]] * 100)
    s = worker("w")
    taken = await board.claim(s, task_id=task)
    assert size(taken) <= 24_000
    shown = await board.show(s)
    assert size(shown) <= 24_000
    assert len(shown.parents) >= 3  # type: ignore[union-attr]
    assert "more parents" in shown.left_out  # type: ignore[union-attr]
    assert "more criteria" in shown.left_out  # type: ignore[union-attr]


async def test_twelve_ordinary_parents_are_all_there_whole(board: Board) -> None:
    parents = [await ready(board, f"Parent {n}") for n in range(12)]
    for parent in parents:
        await done(board, parent)
    task = await ready(board, parents=parents)
    shown = await board.show(orchestrator(), task_id=task)
    assert sorted(p["id"] for p in shown.parents) == sorted(parents)  # type: ignore[union-attr]
    assert not shown.left_out  # type: ignore[union-attr]


async def test_a_task_that_has_everything_at_its_longest_fits(make_board: MakeBoard, clock: Clock) -> None:
    board = make_board(verifier=Eyes())
    top = await ready(board, TITLE)
    task = await ready(board, TITLE, context=LONG, acceptance=[LONG[:600]] * 100, assignee="x" * 64)
    await board.link(orchestrator(), task_id=task, parent=top, relation="part_of")
    for n in range(6):
        sibling = (await board.create(person(), title=TITLE, parents=[top], relation="part_of")).task_id
        await take(board, worker(f"sib{n}"), sibling)
        await board.heartbeat(worker(f"sib{n}"), note=LONG)
    for _ in range(20):
        await board.create(person(), title=TITLE, parents=[task], relation="part_of")
        await board.comment(person(), task_id=task, body=LONG[:60_000])
    with_subtasks = await board.show(orchestrator(), task_id=task)
    assert size(with_subtasks) <= 24_000
    for row in (await board.show(orchestrator(), task_id=task)).subtasks:  # type: ignore[union-attr]
        await board.cancel(person(), task_id=row["id"])
    for n in range(5):
        for child in await children(board, task):
            await board.cancel(person(), task_id=child)
        s = worker(f"w{n}" + "n" * 500)
        taken = await board.claim(s, task_id=task, assignee="x" * 64)
        assert taken.claimed
        assert size(taken) <= 24_000
        await board.heartbeat(s, note=LONG)
        await board.block(s, reason="Which redirect URI? " + LONG[:60_000], options=[LONG[:60_000]] * 10, default=LONG)
        blocked = await board.show(orchestrator(), task_id=task)
        assert size(blocked) <= 24_000
        assert len(blocked.blocked["options"]) == 10  # type: ignore[union-attr]
        await board.answer(person(), task_id=task, answer="This one " + LONG[:60_000])
    s = worker("last")
    await board.claim(s, task_id=task, assignee="x" * 64)
    await board.request_approval(s, summary="Drop the users table " + LONG[:60_000], context=LONG, wait_s=0)
    assert size(await board.show(s)) <= 24_000


async def children(board: Board, task: str) -> list[str]:
    shown = await board.show(orchestrator(), task_id=task)
    open_ones = ("ready", "pending", "in_progress")
    return [row["id"] for row in shown.subtasks if row["state"] in open_ones]  # type: ignore[union-attr]


async def test_done_work_with_long_checks_fits(board: Board, board_path: Path) -> None:
    task = await ready(board)
    await done(board, task)
    checks = json.dumps([{"kind": "file", "name": LONG, "passed": True, "detail": LONG}] * 100)
    damage(board_path, "UPDATE runs SET checks = ?, metadata = ?", checks, json.dumps({"a": LONG}))
    assert size(await board.show(orchestrator(), task_id=task)) <= 24_000


async def test_a_list_of_five_hundred_hostile_tasks_fits_and_says_that_it_was_cut(board: Board) -> None:
    for n in range(0, 500, 100):
        await board.plan(person(), tasks=[{"ref": f"t{m}", "title": TITLE} for m in range(n, n + 100)])
    listed = await board.list(orchestrator(), limit=500)
    assert size(listed) <= 10_000
    assert listed.counts["ready"] == 500
    assert "shown" in listed.truncated
    assert len(listed.tasks) > 20


async def test_a_worker_with_an_endless_name_hides_no_task_from_the_list(board: Board) -> None:
    await take(board, worker("n" * 20_000))
    await ready(board, "second")
    listed = await board.list(orchestrator())
    assert len(listed.tasks) == 2
    assert size(listed) <= 10_000


@pytest.mark.parametrize("relation", ["after", "part_of"])
async def test_the_answer_to_create_is_short_with_three_parents(board: Board, board_path: Path, relation: str) -> None:
    await ready(board)
    damage(board_path, "UPDATE sqlite_sequence SET seq = 123456 WHERE name = 'tasks'")
    parents = [await ready(board, TITLE) for _ in range(3)]
    made = await board.create(person(), title=TITLE, assignee="documenter", parents=parents, relation=relation)
    assert len(made.parents) == 3
    assert size(made) <= 400


async def test_the_answer_to_a_holders_create_is_short(board: Board) -> None:
    s = worker("w")
    mine = await take(board, s)
    others = [await ready(board, TITLE) for _ in range(2)]
    made = await board.create(s, title=TITLE, assignee="documenter", parents=[mine, *others])
    assert "kanban_claim(" in made.next
    assert size(made) <= 400


async def test_heartbeats_are_short_with_no_news_a_little_and_a_flood(board: Board, clock: Clock) -> None:
    s = worker("w")
    task = await take(board, s)
    assert size(await board.heartbeat(s, note=LONG)) <= 400
    await board.comment(person(), task_id=task, body="Leave the logout route for TASK-016.")
    beat = await board.heartbeat(s)
    assert size(beat) <= 400
    assert beat.messages == [
        {"from": "mia (person)", "age": "0s", "re": "", "text": "Leave the logout route for TASK-016."}
    ]
    for n in range(30):
        await board.comment(orchestrator("o" * 200 + str(n)), task_id=task, body=LONG[:60_000])
    beat = await board.heartbeat(s)
    assert size(beat) <= 400
    assert beat.messages
    assert "30, whole in kanban_show" in beat.next
    assert not (await board.heartbeat(s)).messages


async def test_a_flood_of_comments_does_not_hide_what_binds(board: Board) -> None:
    s = worker("w")
    task = await take(board, s)
    await board.update(orchestrator(), task_id=task, context="Only the login route")
    for _ in range(20):
        await board.comment(person(), task_id=task, body=LONG[:1_000])
    beat = await board.heartbeat(s)
    assert beat.messages[0]["text"].startswith("Changed while you work on it: context")


@pytest.mark.parametrize("kind", ["needs_input", "capability", "transient"])
async def test_the_answer_to_a_block_is_short_even_on_a_long_branch(board: Board, board_path: Path, kind: str) -> None:
    s = worker("w")
    await take(board, s)
    damage(board_path, "UPDATE runs SET branch = ?", "b" * 250)
    answer = await board.block(s, reason="Which redirect URI? " + LONG[:60_000], kind=kind, options=[LONG] * 10)
    assert size(answer) <= 400
    assert ask(board_path, "SELECT COUNT(*) FROM runs WHERE ended_at_ms IS NOT NULL") == 1


async def test_a_wait_over_hundreds_of_tasks_is_bounded_and_loses_nothing(board: Board) -> None:
    for n in range(0, 300, 100):
        await board.plan(person(), tasks=[{"ref": f"t{m}", "title": TITLE} for m in range(n, n + 100)])
    s = orchestrator("watcher")
    told: list[str] = []
    for _ in range(20):
        waited = await board.wait(s, timeout_s=0)
        assert size(waited) <= 12_000
        if not waited.changed:
            break
        told += [row["id"] for row in waited.changed]
    assert len(told) == len(set(told)) == 300
    assert MINUTE
