"""What the demo's workers do for each task. Scripted, but real: files are edited, committed and tested.

A part may be played twice, by another worker or after a refusal, so every step can be repeated.
"""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kanban_mcp.cli.demo import ground, plan, shop
from kanban_mcp.cli.demo.client import Client, Transcript
from kanban_mcp.cli.demo.desk import Desk, log_of

Task = dict[str, Any]
HOLD_S = 60.0


def implement_auth(desk: Desk, task: Task) -> None:
    """Build the login. The first attempt is killed half-way; the next one goes on from its commit."""
    desk.start_from(task)
    if task["attempt"] == 1:
        desk.work("Writing hash_password()", 2.5)
        desk.write("shop/auth.py", shop.AUTH_HASH)
        desk.commit("Hash passwords with a salt")
        desk.write("shop/auth.py", shop.AUTH_HALF_WRITTEN)
        desk.work(plan.LOGIN_HALF_WRITTEN, HOLD_S / desk.pace)
    desk.work("Reading what the last attempt left", 4)
    desk.work("Finishing login()", 4.5)
    desk.write("shop/auth.py", shop.AUTH_LOGIN)
    commit = desk.commit("Let users log in")
    if ground.python(desk.tree, "-c", shop.TYPE_PROBE).returncode != 0:
        commit = _have_types_fixed(desk, task["id"], commit)
    desk.complete("login() checks salted hashes in constant time; unknown users get False", commit, ["shop/auth.py"])


def _have_types_fixed(desk: Desk, task_id: str, commit: str) -> str:
    """Hand the defect to a subtask, learn that the parent cannot be done before it, and take over its result."""
    desk.work("login() returns None for unknown users", 3)
    made = desk.client.call(
        "kanban_create",
        title=plan.TYPES,
        assignee="implementer",
        parents=[task_id],
        context=f"shop/auth.py: login() returns None for an unknown user, not bool. Start from commit {commit}",
        idempotency_key=f"types of {task_id}",  # a repeated part makes no second one
    )
    subtask = made["task_id"]
    early = "login() checks salted hashes in constant time; the types are being fixed beside it"
    desk.is_refused("kanban_complete", summary=early, evidence=[{"kind": "commit", "sha": commit}])
    fixed = _wait_for_result(desk, subtask)
    desk.take_over(fixed)
    return ground.git(desk.tree, "rev-parse", "HEAD")


def _wait_for_result(desk: Desk, task_id: str) -> str:
    while True:
        desk.work(f"Waiting for {task_id}", BEAT_WAIT_S / desk.pace)
        shown = desk.client.call("kanban_show", task_id=task_id)
        if shown["state"] == "done":
            return str(shown["result"]["commit"])


BEAT_WAIT_S = 0.5


def fix_types(desk: Desk, task: Task) -> None:
    """Give login() the return value that it promises."""
    desk.take_over(task["context"].rpartition(" ")[2])
    desk.start_from(task)
    desk.work("Giving login() its last return", 3)
    desk.write("shop/auth.py", shop.AUTH_FIXED)
    commit = desk.commit("Return False for unknown users")
    probe = ground.python(desk.tree, "-c", shop.TYPE_PROBE)
    if probe.returncode != 0:
        desk.client.call("kanban_fail", reason=f"login() still does not return a bool: {probe.stderr[-300:]}")
        return
    desk.complete("login() returns False for an unknown user, as annotated; probed", commit, ["shop/auth.py"])


def write_tests(desk: Desk, task: Task) -> None:
    """Test the login on the implementer's result commit."""
    _tested_change(desk, task, "Writing tests/test_auth.py", {"tests/test_auth.py": shop.AUTH_TEST}, "Test the login")


def fix_prices(desk: Desk, task: Task) -> None:
    """Round totals, seeing the new test fail first."""
    desk.start_from(task)
    desk.work("Writing a test that fails", 2)
    desk.write("tests/test_prices.py", shop.PRICES_TEST)
    if desk.test().passed:
        desk.client.call("kanban_fail", reason="The new test passes without a change, so it proves nothing.")
        return
    _tested_change(desk, task, plan.ROUNDING, {"shop/prices.py": shop.PRICES_FIXED}, "Round totals to cents")


def _tested_change(desk: Desk, task: Task, note: str, files: dict[str, str], message: str) -> None:
    desk.start_from(task)
    desk.work(note, 2.5)
    for name, text in files.items():
        desk.write(name, text)
    tests = desk.test()
    if not tests.passed:
        desk.client.call("kanban_fail", reason=f"The tests do not pass: {tests.output[-500:]}")
        return
    desk.complete(f"{message}: {tests}", desk.commit(message), list(files))


def review_auth(desk: Desk, task: Task) -> None:
    """Read the code and run the tests on the very commit that the tester handed in; change nothing."""
    desk.start_from(task)
    desk.work("Reading shop/auth.py", 2.5)
    code = (desk.tree / "shop/auth.py").read_text(encoding="utf-8")
    tests = desk.test()
    commit = ground.git(desk.tree, "rev-parse", "--short", "HEAD")
    if "hmac.compare_digest" not in code or not tests.passed:
        desk.client.call("kanban_fail", reason=f"{commit} compares hashes with == or fails its tests.", retry=False)
        return
    summary = f"Reviewed {commit}: hashes are compared by hmac.compare_digest, salts are random; {tests}"
    desk.client.call("kanban_complete", summary=summary)


def write_docs(desk: Desk, task: Task) -> None:
    """Write a page. The first attempt is frozen past its lease; the next one first claims to be done when it is not."""
    desk.start_from(task)
    if task["attempt"] == 1:
        desk.work("Reading shop/*.py", 7)
        _hold_still(desk, plan.WRITING_DOCS)
        time.sleep(2 * desk.pace)  # it finishes its page, and calls nobody
    else:
        desk.work("Reading shop/*.py", 1.5)
        desk.work(plan.WRITING_DOCS, 4)
    desk.write("docs/api.md", shop.API_PAGE)
    if task["attempt"] > 1:
        desk.is_refused("kanban_complete", summary="Done", evidence=[{"kind": "file", "path": "CHANGELOG.md"}])
        desk.work("Doing what the board found missing", 2.5)
    desk.write("CHANGELOG.md", shop.CHANGELOG)
    commit = desk.commit("Document the API")
    desk.complete(
        "docs/api.md describes prices and users; the changelog says so", commit, ["docs/api.md", "CHANGELOG.md"]
    )


def _hold_still(desk: Desk, note: str) -> None:
    """Say a note, then make no call until this process was stopped and continued.

    Silent, so that the server is not stopped in the middle of a write, which would hold up the whole board.
    """
    continued: list[int] = []
    before = signal.signal(signal.SIGCONT, lambda number, _frame: continued.append(number))
    desk.client.call("kanban_heartbeat", note=note)
    ends = time.monotonic() + HOLD_S
    while not continued and time.monotonic() < ends:
        time.sleep(0.05)
    signal.signal(signal.SIGCONT, before)


def migrate(desk: Desk, task: Task) -> None:
    """Write a migration, ask a person before it runs, and do what they decide."""
    desk.start_from(task)
    desk.work("Writing shop/migrate.py", 2.5)
    desk.write("shop/migrate.py", shop.MIGRATE)
    desk.write("tests/test_migrate.py", shop.MIGRATE_TEST)
    tests = desk.test()
    commit = desk.commit("Replace typed passwords by hashes")
    ask = {
        "summary": plan.MIGRATION_STEP,
        "context": f"Tried on a copy: 3 users converted, {tests}. Commit {commit[:12]}.",
        "irreversible": True,
    }
    answer = desk.client.call("kanban_request_approval", **ask, wait_s=0)
    if answer["status"] == "pending":
        _try_to_approve(desk, task["id"])
        desk.client.call("kanban_heartbeat", note=plan.WAITING_FOR_A_PERSON)
    while answer["status"] == "pending":  # short waits: each call renews the demo's short lease
        answer = desk.client.call("kanban_request_approval", **ask, wait_s=1)
    _heed(desk, answer, commit)


def _try_to_approve(desk: Desk, task_id: str) -> None:
    """Try to grant one's own request: by a tool that is not offered, then with an operator's server but no key."""
    desk.is_refused("kanban_approve", task_id=task_id)
    command = [sys.executable, "-m", "kanban_mcp", "serve", "--toolset", "operator"]
    transcript = Transcript(transcript_of(desk.place, desk.who), desk.who)
    log = log_of(desk.place, desk.who)
    env = ground.environment()
    with Client(command, cwd=desk.tree, env=env, name=desk.who, transcript=transcript, log=log) as sly:
        sly_desk = Desk(sly, desk.who, desk.role, desk.place, desk.pace)
        sly_desk.is_refused("kanban_approve", task_id=task_id, note="I approve myself")


def _heed(desk: Desk, answer: dict[str, Any], commit: str) -> None:
    if answer["status"] == "parked":
        return  # the run has ended; the decision makes the task ready again
    if answer["status"] != "approved":
        note = answer.get("note") or "no reason given"
        reason = f"The migration of live/shop.db was {answer['status']}: {note}. What should be done instead?"
        desk.client.call("kanban_block", reason=reason)
        return
    done = ground.python(desk.tree, "-m", "shop.migrate", str(desk.place.live))
    if done.returncode != 0:
        desk.client.call("kanban_fail", reason=f"The migration failed: {done.stderr[-500:]}", retry=False)
        return
    files = ["shop/migrate.py", "tests/test_migrate.py"]
    desk.complete(f"live/shop.db is migrated, {done.stdout.strip()} users converted, as approved", commit, files)


def transcript_of(place: ground.Ground, who: str) -> Path:
    """Return where the calls of a worker are written."""
    return place.transcripts / f"{who}.jsonl"


PARTS: dict[str, Callable[[Desk, Task], None]] = {
    plan.AUTH: implement_auth,
    plan.TYPES: fix_types,
    plan.TESTS: write_tests,
    plan.REVIEW: review_auth,
    plan.DOCS: write_docs,
    plan.PRICES: fix_prices,
    plan.MIGRATION: migrate,
}
