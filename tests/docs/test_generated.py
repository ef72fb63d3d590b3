"""What the documentation says is what the code does."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_generated_pages_are_true() -> None:
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_ci_runs_the_two_commands_of_the_readme_and_nothing_else() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)[:2]
    commands = [block.strip() for block in blocks]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    ran = [line for line in script if line and not line.startswith(("#", "set ", "cd "))]
    assert ran == commands


def test_every_link_between_the_pages_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]
    dead = []
    for page in pages:
        targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
        dead += [f"{page.relative_to(ROOT)} → {target}" for target in targets if not (page.parent / target).exists()]
    assert dead == []


def test_no_page_tells_people_to_run_the_package_of_somebody_else() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "kanban_mcp").rglob("*.py")]
    assert [str(page) for page in pages if "uvx kanban-mcp" in page.read_text(encoding="utf-8")] == []
