"""An answer that cannot be written ends in one line and an exit code of its own, never in a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kanban_mcp.cli import exits, lost

PROGRAM = [sys.executable, "-m", "kanban_mcp"]
FULL = Path("/dev/full")
needs_full_device = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def _environment(project: Path) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(project), "KANBAN_CONFIG_HOME": str(project / "keys")}


def _run(project: Path, *words: str, into: Path | None = None) -> subprocess.CompletedProcess[str]:
    with (into or Path(os.devnull)).open("w") as out:
        return subprocess.run(
            [*PROGRAM, *words],
            cwd=project,
            env=_environment(project),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    assert _run(tmp_path, "init").returncode == 0
    return tmp_path


@needs_full_device
@pytest.mark.parametrize(
    "words", [["list"], ["list", "--json"], ["board"], ["log"], ["config"], ["--help"], ["--version"]], ids=" ".join
)
def test_a_full_device_is_said_in_one_line(shop: Path, words: list[str]) -> None:
    ran = _run(shop, *words, into=FULL)
    assert ran.returncode == exits.UNPRINTED
    assert ran.stderr.startswith("The answer could not be written: no space left on device.")
    assert len(ran.stderr.splitlines()) == 1


@needs_full_device
def test_what_was_written_to_the_board_stays_and_the_line_says_so(shop: Path) -> None:
    ran = _run(shop, "create", "Write the parser", into=FULL)
    assert ran.returncode == exits.UNPRINTED
    assert "that is done" in ran.stderr
    seen = shop / "seen"
    assert _run(shop, "list", into=seen).returncode == 0
    assert "Write the parser" in seen.read_text()


@needs_full_device
def test_the_light_path_says_it_too(shop: Path) -> None:
    _run(shop, "create", "Write the parser")
    environment = {**_environment(shop), "KANBAN_SESSION_ID": "s"}
    subprocess.run([*PROGRAM, "claim"], cwd=shop, env=environment, check=True, capture_output=True)
    with FULL.open("w") as full:
        command = [*PROGRAM, "heartbeat"]
        ran = subprocess.run(command, cwd=shop, env=environment, stdout=full, stderr=subprocess.PIPE, text=True)
    assert ran.returncode == exits.UNPRINTED
    assert "Traceback" not in ran.stderr


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(shop: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [*PROGRAM, "list", "--json"]
    ran = subprocess.run(command, cwd=shop, env=_environment(shop), stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert ran.returncode == exits.UNPRINTED
    assert ran.stderr == ""


def test_a_command_started_without_a_stdout_still_runs(shop: Path) -> None:
    command = " ".join([*PROGRAM, "create", "Quiet", ">&-"])
    ran = subprocess.run(command, shell=True, cwd=shop, env=_environment(shop), stderr=subprocess.PIPE, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert _run(shop, "show", "1").returncode == 0


def test_the_stream_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sys.stdout
    assert lost.guarded(lambda: 7) == 7
    assert sys.stdout is before
