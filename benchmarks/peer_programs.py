"""How to start and use the boards of other projects over MCP; measured as published, with their own defaults.

`BENCH_PEERS` names the folder they are installed in; `python -m benchmarks.peer_programs FOLDER` fills it, by npm and
pip.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.wire import Wire, kanban

NODE_PACKAGES = ("task-master-ai@0.43.1", "backlog.md@1.52.0", "mcp-shrimp-task-manager@1.0.21")
PYTHON_PACKAGES = {"hermes": ("hermes-agent==0.19.0", "mcp<2"), "pypi": ("kanban-mcp==0.2.0",)}
Answer = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """One program: its command and what a worker does with it. `claim` returns whether it was granted."""

    name: str
    command: Callable[[Path], list[str]]
    create: Callable[[Wire, Path, str], str]
    claim: Callable[[Wire, Path, str], bool] | None
    complete: Callable[[Wire, Path, str], bool]
    listing: Callable[[Wire, Path], str]
    env: Callable[[Path], Mapping[str, str]] = lambda folder: {"HOME": str(folder)}
    prepare: Callable[[Path], object] = lambda folder: None
    enter: Callable[[Wire, Path], object] = lambda wire, folder: None
    needs: tuple[str, ...] = field(default=())

    def session(self, folder: Path) -> Wire:
        """Start a server process on a folder that was prepared."""
        return Wire(self.command(folder), cwd=folder, env=self.env(folder))

    def missing(self) -> str:
        """Return the first file of its installation that is not there, "" when all are."""
        return next((each for each in self.needs if not (installed() / each).exists()), "")


def installed() -> Path:
    """Return the folder that the peers are installed in."""
    return Path(os.environ.get("BENCH_PEERS", "/nowhere"))


def _bin(name: str) -> str:
    return str(installed() / "node_modules/.bin" / name)


def text(result: Answer) -> str:
    """Return what a tool said."""
    return "".join(str(part.get("text", "")) for part in result.get("content", []))


def _ok(result: Answer) -> bool:
    return not result.get("isError") and "error" not in text(result)[:80].lower()


def _ours() -> Peer:
    return Peer(
        "this project",
        command=lambda folder: kanban(folder / "board.db"),
        create=lambda w, _, title: json.loads(text(w.call("kanban_create", title=title, assignee="bench")))["task_id"],
        claim=lambda w, _, task: '"claimed":true' in text(w.call("kanban_claim", task_id=task, assignee="bench")),
        complete=lambda w, _, task: _ok(
            w.call("kanban_complete", task_id=task, summary="Parser written, 14 tests pass")
        ),
        listing=lambda w, _: text(w.call("kanban_list", limit=200)),
    )


def _hermes() -> Peer:
    return Peer(
        "hermes-agent 0.19.0",
        command=lambda _: [str(installed() / "hermes/bin/python"), "-m", "agent.transports.hermes_tools_mcp_server"],
        env=lambda folder: {"HOME": str(folder), "HERMES_HOME": str(folder)},
        prepare=lambda folder: (folder / "config.yaml").write_text("toolsets:\n  - kanban\n"),
        create=lambda w, _, title: json.loads(text(w.call("kanban_create", title=title, assignee="bench")))["task_id"],
        claim=None,
        complete=lambda w, _, task: '"ok": true' in text(w.call("kanban_complete", task_id=task, summary="Written")),
        listing=lambda w, _: text(w.call("kanban_list", limit=200)),
        needs=("hermes/bin/python",),
    )


def _pypi() -> Peer:
    def status(w: Wire, task: str, to: str) -> bool:
        return '"success": true' in text(w.call("set_status", item_id=int(task), status=to))

    def create(w: Wire, _: Path, title: str) -> str:
        return str(json.loads(text(w.call("new_item", item_type="issue", title=title)))["item"]["id"])

    return Peer(
        "kanban-mcp 0.2.0 (another project)",
        command=lambda _: [str(installed() / "pypi/bin/kanban-mcp")],
        enter=lambda w, folder: w.call("set_current_project", project_dir=str(folder)),
        create=lambda w, _, title: str(
            json.loads(text(w.call("new_item", item_type="issue", title=title)))["item"]["id"]
        ),
        claim=lambda w, _, task: status(w, task, "in_progress"),
        complete=lambda w, _, task: status(w, task, "done"),
        listing=lambda w, _: text(w.call("list_items", limit=1000)),
        needs=("pypi/bin/kanban-mcp",),
    )


def _task_master() -> Peer:
    def status(w: Wire, folder: Path, task: str, to: str) -> bool:
        return _ok(w.call("set_task_status", projectRoot=str(folder), id=task, status=to))

    def create(w: Wire, folder: Path, title: str) -> str:
        answer = text(w.call("add_task", projectRoot=str(folder), title=title, description="As it says"))
        return str(json.loads(answer)["data"]["taskId"])

    return Peer(
        "task-master-ai 0.43.1",
        command=lambda _: [_bin("task-master-mcp")],
        env=lambda folder: {"HOME": str(folder), "TASK_MASTER_TOOLS": "all"},
        create=create,
        claim=lambda w, folder, task: status(w, folder, task, "in-progress"),
        complete=lambda w, folder, task: status(w, folder, task, "done"),
        listing=lambda w, folder: text(w.call("get_tasks", projectRoot=str(folder))),
        needs=("node_modules/.bin/task-master-mcp",),
    )


def _backlog() -> Peer:
    def prepare(folder: Path) -> None:
        for command in (["git", "init", "-q"], [_bin("backlog"), "init", "bench", "--defaults"]):
            subprocess.run(
                command, cwd=folder, env={**os.environ, "HOME": str(folder)}, capture_output=True, check=True
            )

    def create(w: Wire, _: Path, title: str) -> str:
        found = re.search(r"Task (TASK-\d+)", text(w.call("task_create", title=title)))
        return found.group(1) if found else ""

    def claim(w: Wire, _: Path, task: str) -> bool:
        return _ok(w.call("task_edit", id=task, status="In Progress", assignee=[f"w{w.pid}"]))

    return Peer(
        "backlog.md 1.52.0",
        command=lambda _: [_bin("backlog"), "mcp", "start"],
        prepare=prepare,
        create=create,
        claim=claim,
        complete=lambda w, _, task: _ok(w.call("task_edit", id=task, status="Done")),
        listing=lambda w, _: text(w.call("task_list", limit=1000)),
        needs=("node_modules/.bin/backlog",),
    )


def _shrimp() -> Peer:
    def create(w: Wire, _: Path, title: str) -> str:
        task = {"name": title, "description": "As the name of the task says", "implementationGuide": "x", "notes": ""}
        said = text(w.call("split_tasks", updateMode="append", globalAnalysisResult="", tasksRaw=json.dumps([task])))
        found = re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{18,22}", said)
        return found[-1] if found else ""

    done = "Written and tested as the description of the task asks for"
    return Peer(
        "mcp-shrimp-task-manager 1.0.21",
        command=lambda _: [_bin("mcp-shrimp-task-manager")],
        env=lambda folder: {"HOME": str(folder), "DATA_DIR": str(folder), "TEMPLATES_USE": "en"},
        create=create,
        claim=lambda w, _, task: "Task Execution" in text(w.call("execute_task", taskId=task))[:200],
        complete=lambda w, _, task: _ok(w.call("verify_task", taskId=task, summary=done, score=90)),
        listing=lambda w, _: text(w.call("list_tasks", status="all")),
        needs=("node_modules/.bin/mcp-shrimp-task-manager",),
    )


def programs() -> list[Peer]:
    """Return this project's server and those it is measured beside."""
    return [_ours(), _pypi(), _hermes(), _task_master(), _backlog(), _shrimp()]


def install(folder: Path) -> None:
    """Install the peers that are measured, at the versions named here."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--no-fund", "--no-audit", *NODE_PACKAGES], cwd=folder, check=True)
    for name, packages in PYTHON_PACKAGES.items():
        subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        subprocess.run([str(folder / name / "bin/pip"), "install", "-q", *packages], check=True)


if __name__ == "__main__":
    install(Path(sys.argv[1]))
