"""The quickstart is walked through as it stands: a shell, an empty home folder, a new repository.

Installing is left out, since the package under test is installed already; the agents' part is played by commands of the
same session an agent would have.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent.parent / "docs" / "quickstart.md"
INSTALLS, AGENTS = ("pipx ",), ("claude ",)
SCREEN = 45  # lines


def sections() -> dict[str, list[str]]:
    """Return the lines of all shell blocks by the number of their section."""
    parts = re.split(r"^## (\d)\..*$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    blocks = {number: re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for number, text in zip(*[iter(parts[1:])] * 2)}  # noqa: B905 - pairs
    return {number: [line for block in found for line in block.splitlines()] for number, found in blocks.items()}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return the environment of somebody who has nothing but this program and git."""
    home = tmp_path / "home"
    home.mkdir()
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    who = {f"GIT_{who}_{what}": "mia@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {"HOME": str(home), "PATH": path, "LC_ALL": "C.UTF-8", "TMPDIR": os.environ.get("TMPDIR", "/tmp"), **who}


def run(folder: Path, lines: list[str], environment: Mapping[str, str]) -> str:
    """Run lines in one shell and return what they print; a line that fails fails the test."""
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, f"{lines}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def states(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    ids = ("TASK-001", "TASK-002")
    shown = [json.loads(run(folder, [f"kanban-mcp show {task} --json"], environment)) for task in ids]
    return {task["id"]: task["state"] for task in shown}


def test_it_is_two_screens_at_most() -> None:
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= 2 * SCREEN


@pytest.mark.timeout(300)
def test_every_line_works_in_an_empty_home(tmp_path: Path, environment: dict[str, str]) -> None:
    lines = sections()
    shop = tmp_path / "shop"
    run(tmp_path, ["git init -q -b main shop", "cd shop", "git commit -q --allow-empty -m Begin"], environment)

    installing = [line for line in lines["1"] if not line.startswith(INSTALLS)]
    assert "kanban-mcp 0." in run(shop, installing, environment)
    run(tmp_path, lines["2"], environment)
    assert run(shop, ["git status --porcelain"], environment) == ""
    assert ".mcp.json" in run(shop, ["git ls-files"], environment)
    assert "board.db" not in run(shop, ["git ls-files"], environment)
    assert "Rate-limit /login" in run(shop, lines["3"], environment)
    assert states(shop, environment) == {"TASK-001": "ready", "TASK-002": "pending"}

    prompts = [line for line in lines["4"] if line.startswith(AGENTS)]
    assert [prompt.split()[-1].strip('"') for prompt in prompts] == ["implementer", "tester"]
    run(shop, [line for line in lines["4"] if not line.startswith(AGENTS)], environment)
    tester = tmp_path / "shop-tester"
    assert (tester / ".claude" / "skills" / "kanban-worker" / "SKILL.md").is_file()
    work(shop, "implementer", environment)
    assert states(shop, environment) == {"TASK-001": "done", "TASK-002": "ready"}
    work(tester, "tester", environment)
    assert states(shop, environment) == {"TASK-001": "done", "TASK-002": "done"}
    assert "TASK-001" in run(shop, lines["5"], environment)

    run(shop, ["kanban-mcp uninstall"], environment)
    left = run(shop, ["git ls-files --deleted"], environment).split()
    assert ".mcp.json" in left
    assert ".claude/skills/kanban-worker/SKILL.md" in left


def work(folder: Path, role: str, environment: Mapping[str, str]) -> None:
    """Play an agent's part in a session of its own."""
    session = {**environment, "KANBAN_SESSION_ID": role}
    run(
        folder,
        [f"kanban-mcp claim --role {role}", 'kanban-mcp complete -m "Limiter answers 429, 5 tests pass"'],
        session,
    )


def test_only_a_person_settles_what_waits(tmp_path: Path, environment: dict[str, str]) -> None:
    run(tmp_path, ["git init -q -b main shop", "cd shop", "kanban-mcp init"], environment)
    shop = tmp_path / "shop"
    run(shop, ['kanban-mcp create "Rate-limit /login" --role implementer'], environment)
    agent = {**environment, "KANBAN_SESSION_ID": "implementer"}
    run(shop, ["kanban-mcp claim --role implementer", 'kanban-mcp block -m "How many tries a minute?"'], agent)
    assert "kanban-mcp answer TASK-001" in run(shop, ["kanban-mcp inbox"], environment)
    run(shop, ['kanban-mcp answer TASK-001 -m "Five"'], environment)
    assert json.loads(run(shop, ["kanban-mcp show TASK-001 --json"], environment))["state"] == "ready"
