"""Folders of Backlog.md: one markdown file per task; its fields are YAML, of which only the plainest part is read."""

import io
import os
import time
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.exchange.frontmatter import values
from kanban_mcp.exchange.records import Reading, Standing
from kanban_mcp.exchange.sources import Around, read_source
from tests.exchange.conftest import Bring

FIRST = """---
id: task-1
title: 'Set up: the parser'
status: Done
assignee: [@MrLesk, "@ada"]
reporter: @MrLesk
created_date: '2025-06-03 14:30'
updated_date: 2025-06-05
labels: ["setup", meta]
dependencies: []
priority: high
---

## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
Write the parser.
<!-- SECTION:DESCRIPTION:END -->

## Acceptance Criteria
<!-- AC:BEGIN -->
- [x] #1 cmd: pytest -q
<!-- AC:END -->
"""


def task(id_: str, *, status: str = "To Do", title: str = "A task", **fields: str) -> str:
    more = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"---\nid: {id_}\ntitle: {title}\nstatus: {status}\n{more}---\nWhat is to be done.\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def read(folder: Path, what: str | None = None) -> Reading:
    return read_source("backlog", what, Around(folder, {}, io.BytesIO))


def standings(reading: Reading) -> dict[str, Standing]:
    return {each.id: each.standing for each in reading.tasks}


def test_a_task_file_is_read_whole(folder: Path) -> None:
    write(folder, {"backlog/tasks/task-1 - Set-up.md": FIRST})
    found = read(folder).tasks[0]
    assert (found.id, found.title, found.standing) == ("task-1", "Set up: the parser", Standing.DONE)
    assert found.context == (
        "## Description\n\nWrite the parser.\n\n## Acceptance Criteria\n- [x] #1 cmd: pytest -q\n\n"
        "Imported from Backlog.md: task-1 · assignee @MrLesk, @ada · labels setup, meta"
    )
    assert found.created_at_ms == 1748961000000
    assert found.ended_at_ms == found.updated_at_ms == 1749081600000


@pytest.mark.parametrize("what", [None, ".", "backlog", "backlog/tasks"])
def test_the_folder_is_found_from_the_project_itself_or_its_tasks(folder: Path, what: str | None) -> None:
    write(folder, {"backlog/tasks/task-1 - a.md": task("task-1"), "backlog/tasks/readme.md": "# Tasks"})
    assert [each.id for each in read(folder, what).tasks] == ["task-1"]


async def test_folders_say_what_statuses_do_not(folder: Path, bring: Bring) -> None:
    write(
        folder,
        {
            "backlog/tasks/t1.md": task("task-1", status="In Progress"),
            "backlog/completed/t2.md": task("task-2", status="To Do"),
            "backlog/drafts/t3.md": task("task-3"),
            "backlog/archive/tasks/t4.md": task("task-1"),
            "backlog/tasks/t5.md": task("task-5", status="Someday"),
        },
    )
    reading = read(folder)
    assert standings(reading) == {
        "task-1": Standing.OPEN,
        "task-5": Standing.IDEA,
        "task-2": Standing.DONE,
        "task-3": Standing.IDEA,
    }
    got = await bring(reading)
    assert got.states == {"ready": 1, "done": 1, "triage": 2}
    assert [row["id"] for row in got.skipped] == ["archive"]
    assert {row["id"] for row in got.notes} == {"task-1", "task-5"}


def test_the_columns_of_the_project_are_its_own(folder: Path) -> None:
    columns = ["Inbox", "Doing", "Review", "Shipped"]
    files = {f"backlog/tasks/t{n}.md": task(f"task-{n}", status=name) for n, name in enumerate(columns)}
    write(folder, files | {"backlog/config.yml": f"project_name: x\nstatuses: {columns}\nnested:\n  a: [1]\n"})
    assert list(standings(read(folder)).values()) == [Standing.OPEN, Standing.OPEN, Standing.OPEN, Standing.DONE]


async def test_parents_and_dependencies_become_links_however_ids_are_written(folder: Path, bring: Bring) -> None:
    write(
        folder,
        {
            "backlog/tasks/t1.md": task("TASK-1"),
            "backlog/tasks/t2.md": task("task-2", dependencies="\n  - Task-1\n  - 3"),
            "backlog/tasks/t3.md": task("task-3", parent_task_id="TASK-1"),
            "backlog/tasks/t4.md": task("task-1.1"),
            "backlog/tasks/t5.md": task("task-9.1", dependencies="[task-404]"),
        },
    )
    reading = read(folder)
    assert {each.id: [(str(link.relation), link.parent) for link in each.links] for each in reading.tasks} == {
        "task-1": [],
        "task-2": [("after", "task-1"), ("after", "task-3")],
        "task-3": [("part_of", "task-1")],
        "task-1.1": [("part_of", "task-1")],
        "task-9.1": [("after", "task-404")],
    }
    got = await bring(reading)
    assert (got.links, [row["why"] for row in got.skipped]) == (
        4,
        ["the link after task-404: no such task in the source"],
    )


def test_a_link_to_another_place_is_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text(task("task-7"), encoding="utf-8")
    write(folder, {"backlog/tasks/t1.md": task("task-1")})
    (folder / "backlog/tasks/t7.md").symlink_to(secret)
    reading = read(folder)
    assert [each.id for each in reading.tasks] == ["task-1"]
    assert [each.text for each in reading.remarks.skipped] == ["it is a link to another place, so it is not read"]


def test_a_pipe_among_the_files_is_refused_and_nobody_waits_for_it(folder: Path) -> None:
    write(folder, {"backlog/tasks/t1.md": task("task-1")})
    os.mkfifo(folder / "backlog/tasks/t2.md")
    began = time.monotonic()
    with pytest.raises(Invalid, match=r"t2\.md.*no regular file"):
        read(folder)
    assert time.monotonic() - began < 30


BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(12))


@pytest.mark.proves("T20")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# No fields", "t1.md, line 1: no fields between two --- lines"),
        ("---\nid: task-1\n", "t1.md, line 1: the fields that begin here never end"),
        ("---\nid: [task-1\n---\n", "this is no YAML"),
        ("---\nid: task-1\ntitle: a: b: c\n---\n", "t1.md, line 3: this is no YAML"),
        ("---\n- id\n---\n", "names with values are expected"),
        ("---\n---\n", "id is no id"),
        ("---\nid: task-1\ntitle: !!python/object/apply:os.system [id]\n---\n", "line 3: a tag of YAML"),
        (f"---\nid: task-1\n{BOMB}---\n", "line 3: an anchor of YAML"),
        ("---\nid: task-1\ntitle: *x\n---\n", "line 3: an alias of YAML"),
        (f"---\nid: task-1\ntitle: {'[' * 50_000}\n---\n", "line 3: values are nested too deep"),
        (f"---\nid: task-1\ntitle:\n  {'- ' * 30_000}\n---\n", "line 4: values are nested too deep"),
        (f"---\nid: task-1\ntitle: {'{a: ' * 15_000}\n---\n", "line 3: values are nested too deep"),
        (f"---\nid: task-1\nassignee: {'@' * 60_000}\n---\n", "this is no YAML"),
        (f"---\nid: task-1\ntitle: {'x' * 70_000}\n---\n", "at most 65,536 are read"),
        ("---\nid: task-1\ntitle:\n  deep: {er: x}\n---\n", None),
        (f"---\nid: task-1\n---\n{'x' * 70_000}", "is 70,000 bytes, at most 65,536 fit"),
        ("---\nid: task-1\x00\n---\n", "t1.md, line 2: it holds NUL bytes"),
        ("---\nid: task-1\ntitle: a\x07b\n---\n", "this is no YAML"),
    ],
    ids=range(18),
)
def test_a_hostile_file_is_refused_by_name_and_line_and_soon(folder: Path, text: str, said: str | None) -> None:
    write(folder, {"backlog/tasks/t1.md": text})
    if said is None:
        assert read(folder).tasks[0].title == "task-1", "a value of another shape is as good as none"
        return
    with pytest.raises(Invalid) as refused:
        read(folder)
    assert said in str(refused.value)


def test_a_file_in_another_encoding_is_refused_by_line(folder: Path) -> None:
    write(folder, {"backlog/tasks/t1.md": ""})
    (folder / "backlog/tasks/t1.md").write_bytes("---\nid: task-1\ntitle: caf\u00e9\n---\n".encode("latin-1"))
    with pytest.raises(Invalid, match=r"t1\.md, line 3: byte 26 is not UTF-8"):
        read(folder)


def test_a_folder_without_tasks_is_no_backlog(folder: Path) -> None:
    with pytest.raises(Invalid, match="no backlog source here"):
        read(folder)
    with pytest.raises(Invalid, match="holds no task files"):
        read(folder, ".")
    write(folder, {"file": "x"})
    with pytest.raises(Invalid, match="it is no folder"):
        read(folder, "file")


def test_yaml_is_loaded_only_where_a_markdown_file_is_read() -> None:
    import subprocess
    import sys

    code = "import sys, kanban_mcp.exchange.sources, kanban_mcp.cli.app; assert 'yaml' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert values("a: 1\nb: [x, y]\nc:\nd: {e: f}\n", "x.md", 0) == {"a": "1", "b": ["x", "y"], "c": None, "d": None}
