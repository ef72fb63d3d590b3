"""Issues as `bd` writes them, made from a seed, and what a board must make of them, worked out without the board.

The shapes are those of a real tracker of 434 issues: long chains of `blocks`, epics with nested children, one child of
two epics, closed epics with open children, links to issues that are gone, links that mean nothing for readiness.
"""

import json
import random
from collections import Counter
from functools import cache
from typing import Any

Issue = dict[str, Any]
GONE = "bd-gone"


def make_issues(seed: int = 7, count: int = 160) -> list[Issue]:
    """Return issues without circles: a link always leads to an older issue, a child to an older epic."""
    chance = random.Random(seed)
    issues: list[Issue] = []
    for number in range(count):
        older = [issue["id"] for issue in issues]
        links: dict[str, str] = {}
        if older and chance.random() < 0.35:
            links[chance.choice(older[-30:])] = "parent-child"
        for _ in range(chance.choice((0, 0, 0, 1, 1, 2))):
            if older:
                links.setdefault(chance.choice(older[-40:]), chance.choice(("blocks", "blocks", "discovered-from")))
        if chance.random() < 0.03:
            links[GONE] = chance.choice(("blocks", "parent-child", "discovered-from"))
        closed = chance.random() < 0.6
        issues.append(_issue(number, links, closed, chance))
    _add_rarities(issues)
    return _without_circles(issues)


def _issue(number: int, links: dict[str, str], closed: bool, chance: random.Random) -> Issue:
    id_ = f"bd-{number:04x}"
    issue: Issue = {
        "id": id_,
        "title": f"Issue number {number}",
        "description": f"What issue {number} is about.\nIn two lines.",
        "status": "closed" if closed else chance.choice(("open", "open", "open", "hooked", "in_progress", "blocked")),
        "priority": chance.randrange(5),
        "issue_type": chance.choice(("task", "bug", "epic", "feature", "chore")),
        "created_at": f"2025-10-{1 + number % 28:02d}T09:23:23.582009-07:00",
        "updated_at": "2026-01-10T23:21:04.682474-08:00",
        "dependencies": [{"issue_id": id_, "depends_on_id": p, "type": kind} for p, kind in links.items()],
    }
    if closed:
        issue["closed_at"] = "2026-01-05T14:26:17.967073-08:00"
    if chance.random() < 0.2:
        del issue["description"]
    return issue


def _add_rarities(issues: list[Issue]) -> None:
    """Put in what a seed may miss: a closed epic with an open child, and one child of two epics."""
    epic, other, child = issues[0], issues[1], issues[2]
    epic.update(status="closed", closed_at="2026-01-05T14:26:17Z")
    other.update(status="open")
    other.pop("closed_at", None)
    child.update(status="open")
    child.pop("closed_at", None)
    for issue in (epic, other):
        issue["dependencies"] = []
    child["dependencies"] = [
        {"issue_id": child["id"], "depends_on_id": parent["id"], "type": "parent-child"} for parent in (epic, other)
    ]


def _without_circles(issues: list[Issue]) -> list[Issue]:
    """Keep only those `blocks` links that lead to issues older than all of the waiting one's family.

    Each step of waiting then leads to an older family, so there is no circle, not even one over parents and children.
    """
    oldest: dict[str, int] = {}
    for number, issue in enumerate(issues):
        epics = [d["depends_on_id"] for d in issue["dependencies"] if d["type"] == "parent-child"]
        oldest[issue["id"]] = min([number, *(oldest[epic] for epic in epics if epic in oldest)])
        issue["dependencies"] = [
            d
            for d in issue["dependencies"]
            if d["type"] != "blocks" or d["depends_on_id"] == GONE or _number(d) < oldest[issue["id"]]
        ]
    return issues


def _number(dependency: dict[str, str]) -> int:
    return int(dependency["depends_on_id"].removeprefix("bd-"), 16)


def as_lines(issues: list[Issue]) -> bytes:
    """Return the issues as `bd` writes them."""
    return "".join(json.dumps(issue) + "\n" for issue in issues).encode()


def counts(issues: list[Issue]) -> Counter[str]:
    """Work out how many issues are done, pending and ready, from the file and the words of the design alone.

    An open issue is pending while an issue that blocks it is open, while a child of it is open, or while all its epics
    are themselves held back: blocked by an open issue, or below such an epic.
    """
    by_id = {issue["id"]: issue for issue in issues}
    is_open = {id_: issue["status"] != "closed" for id_, issue in by_id.items()}

    def parents(id_: str, kind: str) -> list[str]:
        links = by_id[id_]["dependencies"]
        return [d["depends_on_id"] for d in links if d["type"] == kind and d["depends_on_id"] in by_id]

    children: dict[str, list[str]] = {id_: [] for id_ in by_id}
    for id_ in by_id:
        for epic in parents(id_, "parent-child"):
            children[epic].append(id_)

    def is_blocked(id_: str) -> bool:
        return any(is_open[parent] for parent in parents(id_, "blocks"))

    @cache
    def is_held(id_: str) -> bool:
        epics = parents(id_, "parent-child")
        return bool(epics) and all(is_blocked(epic) or is_held(epic) for epic in epics)

    def state(id_: str) -> str:
        if not is_open[id_]:
            return "done"
        waits = is_blocked(id_) or any(is_open[child] for child in children[id_]) or is_held(id_)
        return "pending" if waits else "ready"

    return Counter(map(state, by_id))
