"""Files of task-master, in the old form and by tags: subtasks become subtasks, dependencies waits."""

import json
from typing import Any

import pytest

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.inputs import Priority
from kanban_mcp.domain.links import Relation
from kanban_mcp.exchange import taskmaster
from kanban_mcp.exchange.records import Reading, SourceLink, Standing
from tests.exchange.conftest import Bring

TASKS = [
    {
        "id": 1,
        "title": "Initialize repo",
        "description": "Create it",
        "details": "Use the template",
        "testStrategy": "It builds",
        "status": "done",
        "priority": "high",
        "dependencies": [],
        "subtasks": [],
    },
    {
        "id": 2,
        "title": "Log in",
        "description": "",
        "status": "in-progress",
        "priority": "medium",
        "dependencies": [1],
        "subtasks": [
            {"id": 1, "title": "Configure OAuth", "status": "done", "dependencies": []},
            {"id": 2, "title": "Callback", "status": "pending", "dependencies": [1, "1"]},
            {"id": 3, "title": "Session", "status": "pending", "dependencies": ["2.2"]},
        ],
    },
    {"id": "3", "title": "Ship it", "status": "pending", "dependencies": ["2"], "priority": "critical"},
]


def read(value: Any) -> Reading:
    return taskmaster.read(json.dumps(value).encode(), "tasks.json")


def links(reading: Reading) -> dict[str, list[tuple[str, str]]]:
    return {task.id: [(str(link.relation), link.parent) for link in task.links] for task in reading.tasks}


def test_subtasks_are_part_of_their_task_and_dependencies_come_before() -> None:
    assert links(read({"master": {"tasks": TASKS, "metadata": {"created": "2025-01-01"}}})) == {
        "master/1": [],
        "master/2": [("after", "master/1")],
        "master/2.1": [("part_of", "master/2")],
        "master/2.2": [("part_of", "master/2"), ("after", "master/2.1")],
        "master/2.3": [("part_of", "master/2"), ("after", "master/2.2")],
        "master/3": [("after", "master/2")],
    }


def test_a_bare_number_below_a_task_means_the_subtask_beside_it_and_else_a_task() -> None:
    value = {
        "tasks": [
            {"id": 7, "title": "x"},
            {
                "id": 8,
                "title": "y",
                "subtasks": [{"id": 1, "title": "z", "dependencies": [7, 2]}, {"id": 2, "title": "w"}],
            },
        ]
    }
    assert links(read(value))["master/8.1"] == [("part_of", "master/8"), ("after", "master/7"), ("after", "master/8.2")]


def test_the_old_form_and_the_tag_it_turns_into_are_the_same_tasks() -> None:
    """task-master rewrites an old file by itself; a second import must not bring everything again."""
    old, new = read({"tasks": TASKS}), read({"master": {"tasks": TASKS}})
    assert [(task.id, task.digest) for task in old.tasks] == [(task.id, task.digest) for task in new.tasks]


def test_each_tag_counts_its_tasks_for_itself() -> None:
    reading = read({"master": {"tasks": TASKS[:1]}, "login": {"tasks": TASKS[:1]}, "notes": "x", "metadata": {}})
    assert [task.id for task in reading.tasks] == ["master/1", "login/1"]
    assert [(each.id, each.text) for each in reading.remarks.skipped] == [
        ("notes", "it is no tag: it has no list of tasks")
    ]


async def test_the_board_has_states_priorities_and_texts(bring: Bring) -> None:
    got = await bring(read({"tasks": TASKS}), assignee="implementer")
    assert got.states == {"done": 2, "ready": 1, "pending": 3}
    assert [row["why"] for row in got.notes] == [
        "it was in progress there; no run is open here, so it waits to be claimed"
    ]
    first, last = read({"tasks": TASKS}).tasks[0], read({"tasks": TASKS}).tasks[-1]
    assert (first.priority, last.priority) == (Priority.HIGH, Priority.URGENT)
    assert first.context.startswith(
        "Create it\n\n## Details\nUse the template\n\n## Test strategy\nIt builds\n\nImported"
    )


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("completed", Standing.DONE),
        ("cancelled", Standing.CANCELLED),
        ("deferred", Standing.IDEA),
        ("review", Standing.OPEN),
        ("in_progress", Standing.OPEN),
        ("odd", Standing.IDEA),
        (None, Standing.OPEN),
    ],
)
def test_every_status_has_a_place(status: str | None, standing: Standing) -> None:
    reading = read({"tasks": [{"id": 1, "title": "x", "status": status}]})
    assert reading.tasks[0].standing is standing
    assert bool(reading.remarks.notes) == (status not in (None, "completed", "cancelled"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[]", "an object is expected"),
        (b'{"master": {}}', "it has neither tasks nor tags with tasks"),
        (b'{"tasks": [7]}', 'tag "master", task 1: an object is expected here, not a number'),
        (b'{"tasks": [{"title": "x"}]}', "task 1: id is no id"),
        (
            b'{"tasks": [{"id": 1, "title": "x", "subtasks": [{"id": [], "title": "y"}]}]}',
            "task 1, subtask 1: id is no",
        ),
        (b'{"tasks": [{"id": 1, "title": "x"}, {"id": "1", "title": "y"}]}', "stands for two tasks"),
        (b'{"tasks": [{"id": 1, "dependencies": [{"id": 2}]}]}', "dependencies holds something that is no id"),
        (b'{\n"tasks": [\n{"id": }]}', "tasks.json, line 3, column 8: this is not JSON"),
        (b'{"tasks": ' + b'[{"id":1,"subtasks":' * 40 + b"[]" + b"}]" * 40 + b"}", "nested deeper than 32 levels"),
        (b'{"tasks": ' * 5000, "nested too deep"),
    ],
    ids=range(10),
)
def test_a_file_that_is_not_what_task_master_writes_is_refused_by_place(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=r"tasks\.json") as refused:
        taskmaster.read(data, "tasks.json")
    assert said in str(refused.value)


async def test_a_subtask_that_depends_on_its_own_task_is_only_part_of_it(bring: Bring) -> None:
    """It would wait for its task, which cannot complete before it."""
    subtasks = [{"id": "1.1", "title": "y", "dependencies": ["1"]}, {"id": 2, "title": "z", "dependencies": [1]}]
    got = await bring(read({"tasks": [{"id": 1, "title": "x", "subtasks": subtasks}, {"id": 3, "title": "w"}]}))
    assert [(row["id"], row["why"]) for row in got.skipped] == [("master/1.1", "the link after itself")]
    below = read({"tasks": [{"id": 5, "title": "x", "subtasks": [{"id": 1, "title": "y", "dependencies": [5]}]}]})
    assert below.tasks[1].links == (SourceLink("master/5", Relation.PART_OF), SourceLink("master/5", Relation.AFTER))
    assert [row["why"] for row in (await bring(below)).skipped] == [
        "the link after master/5: it is part_of master/5 already, and there is one link per pair"
    ]
