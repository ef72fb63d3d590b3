"""What the tests of the clients' files stand on: a project, and a look at every byte of it."""

import stat
from pathlib import Path

import pytest

from kanban_mcp.clients import applying, planning, registry, undoing
from kanban_mcp.clients.client import Wanted
from kanban_mcp.clients.planning import Plan
from kanban_mcp.clients.record import Records
from kanban_mcp.clients.undoing import Taken

COMMAND = ("/opt/kanban/bin/kanban-mcp", "serve")


class Project:
    """A project folder beside a board folder, with init and undo in short."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.board = root / ".kanban"
        self.board.mkdir(parents=True)
        self.records = Records(self.board)
        self.command = COMMAND

    def plan(self, *names: str, hooks: bool = False, shared: bool = False, db: Path | None = None) -> Plan:
        wanted = Wanted(self.root, self.command, db=db, is_shared=shared, with_hooks=hooks)
        return planning.plan(wanted, registry.chosen(names or ("all",)), self.records.of(self.root))

    def init(self, *names: str, hooks: bool = False, shared: bool = False) -> Plan:
        plan = self.plan(*names, hooks=hooks, shared=shared)
        applying.apply(plan, self.records, self.records.of(self.root))
        return plan

    def undo(self) -> dict[str, Taken]:
        record = self.records.of(self.root)
        taken = undoing.plan_undo(self.root, record)
        undoing.undo(self.root, self.records, record, taken)
        return {file.name: file for file in taken}

    def put(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name: str) -> str:
        return (self.root / name).read_bytes().decode()

    def tree(self) -> dict[str, tuple[str, bytes]]:
        """Return kind, mode and content of everything in the project, links not followed."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            mode = stat.filemode(path.lstat().st_mode)
            is_file = path.is_file() and not path.is_symlink()
            content = path.read_bytes() if is_file else str(path.readlink()).encode() if path.is_symlink() else b""
            found[str(path.relative_to(self.root))] = (mode, content)
        return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "shop")
