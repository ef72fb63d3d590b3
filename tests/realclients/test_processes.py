"""The harness itself: a client that hangs fails its test with what it printed, and a process left behind is noticed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realclients import processes
from tests.realclients.session import Session

HANGS = "import sys, time; print('{\"type\": \"started\"}', flush=True); print('oops', file=sys.stderr); time.sleep(60)"
LEAVES_ONE = "import subprocess, sys; subprocess.Popen(['sleep', '60'], start_new_session=True)"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    folder.mkdir()
    yield folder
    processes.kill_all_of(folder)


def start(home: Path, program: str) -> Session:
    return Session([sys.executable, "-c", program], {"HOME": str(home), "PATH": "/usr/bin:/bin"}, home, home / "logs")


def test_a_client_that_hangs_is_ended_and_its_output_shown(home: Path) -> None:
    session = start(home, HANGS)
    while not session.events:
        assert session.is_running
    with pytest.raises(pytest.fail.Exception, match="did not end within 0 s") as failed:
        session.finish(deadline_s=0.2)
    assert "oops" in str(failed.value)
    assert processes.of_home(home) == []
    assert not session.is_running


def test_a_process_that_outlives_its_client_is_named(home: Path) -> None:
    start(home, LEAVES_ONE).finish()
    assert processes.left_over(home, patience_s=0.1) == ["sleep 60"]


def test_processes_of_another_home_are_left_alone(home: Path, tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "60"], env={"HOME": str(tmp_path / "homes"), "PATH": "/usr/bin:/bin"})
    try:
        processes.kill_all_of(home)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
