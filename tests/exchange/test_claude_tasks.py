"""Claude Code's own lists: a folder of the user's configuration, one small JSON file per task."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.exchange.records import Reading, Standing
from kanban_mcp.exchange.sources import Around, read_source
from tests.exchange.conftest import Bring


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def write(home: Path, list_: str, *tasks: dict[str, Any]) -> Path:
    folder = home / ".claude" / "tasks" / list_
    folder.mkdir(parents=True, exist_ok=True)
    for task in tasks:
        whole = {"subject": f"Task {task['id']}", "description": "", "status": "pending", "blocks": [], "blockedBy": []}
        (folder / f"{task['id']}.json").write_text(json.dumps(whole | task), encoding="utf-8")
    (folder / ".lock").touch()
    (folder / ".highwatermark").write_text("7", encoding="utf-8")
    return folder


def read(home: Path, what: str | None = None, **environ: str) -> Reading:
    return read_source("claude-tasks", what, Around(home, {"HOME": str(home)} | environ, io.BytesIO))


async def test_a_list_becomes_tasks_that_wait_for_each_other(home: Path, bring: Bring) -> None:
    write(
        home,
        "shop",
        {"id": "1", "status": "completed", "subject": "Read the code"},
        {"id": "2", "status": "in_progress", "blockedBy": ["1"], "owner": "ada", "description": "As agreed"},
        {"id": "10", "blockedBy": ["2"], "activeForm": "Shipping"},
        {"id": "3", "blocks": ["10"]},
        {"id": "4", "status": "deleted"},
    )
    reading = read(home)
    assert [task.id for task in reading.tasks] == ["shop/1", "shop/2", "shop/3", "shop/10"]
    assert [link.parent for link in reading.tasks[3].links] == ["shop/2", "shop/3"], "a link is kept on either end"
    assert reading.tasks[1].context == "As agreed\n\nImported from Claude Code: shop/2 · owner ada"
    got = await bring(reading)
    assert got.states == {"done": 1, "ready": 2, "pending": 1}
    assert [(row["id"], row["why"]) for row in got.skipped] == [("shop/4", "it was deleted there")]


def test_the_list_is_the_one_named_or_that_of_the_session_or_the_only_one(home: Path) -> None:
    folder = write(home, "shop", {"id": "1"})
    assert len(read(home).tasks) == 1
    write(home, "other", {"id": "1"}, {"id": "2"})
    assert len(read(home, "other").tasks) == 2
    assert len(read(home, str(folder)).tasks) == 1
    assert len(read(home, CLAUDE_CODE_TASK_LIST_ID="other").tasks) == 2
    with pytest.raises(Invalid, match=r'There are 2 task lists .*"other", "shop"'):
        read(home)
    with pytest.raises(Invalid, match=r'no task list "shopp" .*Did you mean "shop"'):
        read(home, "shopp")
    elsewhere = home / "config"
    (home / ".claude").rename(elsewhere)
    assert len(read(home, "other", CLAUDE_CONFIG_DIR=str(elsewhere)).tasks) == 2
    with pytest.raises(Invalid, match="There is no task list"):
        read(home)


def test_a_list_given_as_a_path_out_of_the_folder_is_only_that_folder(home: Path) -> None:
    write(home, "shop", {"id": "1"})
    with pytest.raises(Invalid, match="holds no tasks"):
        read(home, ".claude")


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"id": "1", "blockedBy": "2"}, "1.json: blockedBy is no list but a text"),
        ({"id": "1", "subject": ["x"]}, "1.json: subject is no text but a list"),
    ],
)
def test_a_file_that_is_not_what_claude_code_writes_is_refused_by_name(
    home: Path, task: dict[str, Any], said: str
) -> None:
    write(home, "shop", task)
    with pytest.raises(Invalid) as refused:
        read(home)
    assert said in str(refused.value)


def test_half_a_file_is_refused_by_name(home: Path) -> None:
    (write(home, "shop", {"id": "1"}) / "1.json").write_text('{"id": "1",\n', encoding="utf-8")
    with pytest.raises(Invalid, match=r"1\.json, line 2, column 1: this is not JSON"):
        read(home)


def test_an_unknown_status_goes_to_triage_and_a_missing_subject_is_the_id(home: Path) -> None:
    write(home, "shop", {"id": "1", "status": "paused", "subject": ""})
    reading = read(home)
    assert (reading.tasks[0].standing, reading.tasks[0].title) == (Standing.IDEA, "shop/1")
    assert len(reading.remarks.notes) == 2
