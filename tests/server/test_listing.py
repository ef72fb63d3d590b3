"""The snapshots equal the live server, the front's rules about when they may answer, and how a toolset is chosen."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.server.listing import CAPABILITIES_KEY, CLIENT_KEY, VERSION_KEY, Listing
from kanban_mcp.server.options import parse, policy_file, toolset_of
from kanban_mcp.server.snapshot import path_of, snapshot, text_of
from kanban_mcp.server.toolsets import TOOLSETS
from kanban_mcp.store.location import find_board
from tests.server.conftest import initialize

HELLO = initialize()["params"]
MODERN = {"_meta": {VERSION_KEY: "2026-07-28", CAPABILITIES_KEY: {}}}


def listing(toolset: str = "worker") -> Listing:
    loaded = Listing.load(toolset)
    assert loaded is not None
    return loaded


@pytest.mark.proves("T25")
@pytest.mark.parametrize("toolset", TOOLSETS)
async def test_the_shipped_snapshot_is_what_the_live_server_says(toolset: str) -> None:
    live = text_of(await snapshot(toolset))
    assert path_of(toolset).read_text() == live, "run: python -m kanban_mcp.server.snapshot"


def test_a_snapshot_covers_every_served_version() -> None:
    replies = json.loads(path_of("worker").read_text())["replies"]
    assert list(replies) == ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]


def test_a_handshake_is_answered_and_shown_to_the_server_and_the_rest_is_not() -> None:
    front = listing()
    hello, server_too = front.answer("initialize", HELLO)
    assert (hello["protocolVersion"], server_too) == ("2025-11-25", True)
    assert front.answer("ping", None) == ({}, False)
    tools, server_too = front.answer("tools/list", None)
    assert (len(tools["tools"]), server_too) == (10, False)
    assert front.listed


def test_a_modern_connection_shows_the_server_its_first_request_only() -> None:
    front = listing()
    assert front.answer("tools/list", MODERN)[1] is True
    assert front.answer("server/discover", MODERN)[1] is False


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("initialize", {**HELLO, "protocolVersion": "2031-01-01"}),
        ("initialize", {**HELLO, "protocolVersion": "2026-07-28"}),
        ("initialize", {**HELLO, "clientInfo": None}),
        ("initialize", {"protocolVersion": "2025-11-25"}),
        ("initialize", None),
        ("initialize", []),
        ("tools/list", None),
        ("ping", None),
        ("server/discover", None),
        ("server/discover", {"_meta": {VERSION_KEY: "2026-07-28"}}),
        ("server/discover", {"_meta": {VERSION_KEY: "2031-01-01", CAPABILITIES_KEY: {}}}),
        ("server/discover", {"_meta": {VERSION_KEY: 5, CAPABILITIES_KEY: {}}}),
        ("server/discover", {"_meta": {**MODERN["_meta"], CLIENT_KEY: {"name": "x"}}}),
        ("tools/list", {**MODERN, "cursor": "x"}),
        ("ping", MODERN),
        ("tools/call", MODERN),
    ],
)
def test_what_is_not_plainly_covered_is_left_to_the_server(method: str, params: Any) -> None:
    assert listing().answer(method, params) is None


def test_requests_of_the_other_era_are_left_to_the_server() -> None:
    handshake, modern = listing(), listing()
    handshake.answer("initialize", HELLO)
    modern.answer("server/discover", MODERN)
    assert handshake.answer("tools/list", MODERN) is None
    assert handshake.answer("initialize", HELLO) is None
    assert handshake.answer("tools/list", {"cursor": "x"}) is None
    assert modern.answer("initialize", HELLO) is None
    assert modern.answer("tools/list", None) is None


def test_a_snapshot_of_another_version_of_the_package_is_not_used(tmp_path: Path) -> None:
    content = json.loads(path_of("worker").read_text())
    (tmp_path / "worker.json").write_text(json.dumps({**content, "version": "0.0.0"}))
    assert Listing.load("worker", str(tmp_path)) is None
    assert Listing.load("orchestrator", str(tmp_path)) is None
    (tmp_path / "operator.json").write_text("{")
    assert Listing.load("operator", str(tmp_path)) is None


# Options --------------------------------------------------------------------------------------------------------


def test_the_light_path_reads_its_three_flags_and_leaves_the_rest_to_the_cli() -> None:
    read = parse(["--db", "x.db", "--toolset=worker", "--role", "tester"])
    assert read is not None
    assert (read.db, read.toolset, read.role) == ("x.db", "worker", "tester")
    for argv in (["--help"], ["--toolset", "all"], ["--db"], ["--role", "a", "--role", "b"], ["x"], ["--rol", "a"]):
        assert parse(argv) is None


@pytest.mark.parametrize(
    ("flags", "env", "file", "toolset"),
    [
        ([], {}, None, "orchestrator"),
        ([], {}, 'toolset = "worker"', "worker"),
        ([], {}, 'lease_for = "5m"', "orchestrator"),
        ([], {}, "toolset = [", "orchestrator"),
        ([], {"KANBAN_TOOLSET": "operator"}, 'toolset = "worker"', "operator"),
        ([], {"KANBAN_TOOLSET": "nonsense"}, None, "orchestrator"),
        (["--toolset", "worker"], {"KANBAN_TOOLSET": "operator"}, None, "worker"),
        (["--toolset", "operator"], {"KANBAN_TASK_ID": "TASK-1", "KANBAN_RUN_ID": "run-1"}, None, "worker"),
    ],
)
def test_the_toolset_is_flag_then_environment_then_file(
    tmp_path: Path, flags: list[str], env: dict[str, str], file: str | None, toolset: str
) -> None:
    (tmp_path / ".kanban").mkdir()
    if file is not None:
        (tmp_path / ".kanban" / "kanban.toml").write_text(file)
    options = parse(flags)
    assert options is not None
    assert toolset_of(options, env, str(tmp_path)) == toolset


def test_the_front_looks_for_its_policy_where_the_board_is(tmp_path: Path) -> None:
    main, linked, plain = tmp_path / "main", tmp_path / "linked", tmp_path / "plain" / "deep"
    for folder in (main / "src", plain, tmp_path / "plain" / ".kanban"):
        folder.mkdir(parents=True)
    for command in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
        ["worktree", "add", "-q", str(linked)],
    ):
        subprocess.run(["git", *command], cwd=main, check=True, capture_output=True)
    (linked / ".kanban").mkdir()
    for folder in (main, main / "src", linked, plain, tmp_path):
        assert Path(policy_file(None, str(folder))).parent == find_board(folder).folder
    assert Path(policy_file("there/board.db", str(main))) == Path.cwd() / "there" / "kanban.toml"


@pytest.mark.proves("trap-12")
def test_loading_the_front_imports_nothing_heavy() -> None:
    heavy = (
        "import sys, kanban_mcp.__main__, kanban_mcp.server.front\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", heavy], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert not loaded & {
        "mcp",
        "mcp_types",
        "pydantic",
        "asyncio",
        "anyio",
        "typing",
        "dataclasses",
        "typer",
        "sqlite3",
    }
    assert not loaded & {"argparse", "subprocess", "pathlib", "logging", "tomllib", "inspect"}


def test_the_server_is_loaded_without_the_parts_of_the_sdk_it_never_uses() -> None:
    code = (
        "import sys; from kanban_mcp.server import lean; assert lean.defer()\n"
        "from kanban_mcp.server import host\n"
        "assert not {'mcp.client', 'mcp.server.mcpserver'} & sys.modules.keys()\n"
        "import mcp; from mcp.server import MCPServer\n"  # whoever asks for them still gets them
        "assert mcp.Client and 'mcp.client' in sys.modules and not lean.defer()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_sdk_that_cannot_be_loaded_in_parts_is_loaded_whole() -> None:
    code = (
        "import sys; from kanban_mcp.server import boot, lean\n"
        "sys.modules['mcp.server.lowlevel'] = None\n"  # its import fails until the deferred packages are undone
        "thread = boot.Boot(None, 'worker', lambda: None)\n"
        "host, _ = thread._load()\n"
        "assert 'mcp.client' in sys.modules and thread.loaded_at"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
