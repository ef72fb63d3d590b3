"""What the machine says about itself and its processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kanban_mcp import machine

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[str]]:
    """A process of ours that waits until its input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def test_both_clocks_are_read_in_milliseconds_and_the_monotonic_one_is_the_systems() -> None:
    first, second = machine.read_clock(), machine.read_clock()
    assert abs(first.wall_ms / 1000 - time.time()) < 5
    assert second.mono_ms >= first.mono_ms
    assert first.boot_id == second.boot_id == machine.boot_id() != ""
    code = "from kanban_mcp.machine import read_clock; t = read_clock(); print(t.mono_ms, t.boot_id)"
    mono, boot = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split(
        maxsplit=1
    )
    assert first.mono_ms <= int(mono) <= machine.read_clock().mono_ms, "another process reads the same clock"
    assert boot.strip() == first.boot_id


def test_a_machine_that_names_no_boot_gets_a_stable_derived_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_BOOT_ID", Path("/nowhere"))
    monkeypatch.setattr(machine, "_output", lambda *_: "")
    derived = {machine.boot_id.__wrapped__() for _ in range(3)}
    assert len(derived) == 1
    assert derived.pop().startswith(machine.host())


def test_a_running_process_is_alive_and_a_reaped_one_is_not(sleeper: subprocess.Popen[str]) -> None:
    identity = machine.process_id(sleeper.pid)
    assert identity is not None
    assert machine.is_alive(identity)
    sleeper.kill()
    sleeper.wait()
    assert machine.process_id(sleeper.pid) is None
    assert not machine.is_alive(identity)


@pytest.mark.proves("hermes-22")
def test_a_zombie_counts_as_gone(sleeper: subprocess.Popen[str]) -> None:
    identity = machine.process_id(sleeper.pid)
    assert identity is not None
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet reaped
    assert machine.process_id(sleeper.pid) is None
    assert not machine.is_alive(identity)


@pytest.mark.proves("hermes-21")
def test_a_number_that_was_used_again_is_another_process() -> None:
    own = machine.this_process()
    assert machine.is_alive(own)
    assert not machine.is_alive(replace(own, started=own.started + "0"))


def test_what_ran_before_a_restart_is_gone_and_what_runs_elsewhere_may_live() -> None:
    own = machine.this_process()
    assert not machine.is_alive(replace(own, boot_id="another"))
    assert machine.is_alive(replace(own, host="elsewhere", boot_id="another"))
    assert machine.is_alive(replace(own, host="elsewhere", pid=2**22 + 1))


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1, 2**40])
def test_a_number_no_process_has_is_none(pid: int) -> None:
    assert machine.process_id(pid) is None
    assert machine.ancestors(pid) == []
    assert machine.terminal_leader(pid) is None


def test_the_ancestors_of_a_child_begin_with_us(sleeper: subprocess.Popen[str]) -> None:
    line = machine.ancestors(sleeper.pid)
    assert line[0] == machine.this_process()
    assert line[1].pid == os.getppid()
    assert len({process.pid for process in line}) == len(line)


@pytest.mark.parametrize("name", ["python", "a b", "x) S 1 (y", ")", "(((", "tmux: server"])
def test_a_commands_name_cannot_confuse_the_reading_of_its_facts(name: str) -> None:
    line = f"4711 ({name}) S 42 4711 4711 34816 4711 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 1 0\n"
    facts = machine.parse_stat(line)
    assert (facts.started, facts.parent, facts.has_terminal, facts.is_gone) == ("987654", 42, True, False)
    assert machine.parse_stat(line.replace(") S 42", ") Z 42").replace(" 34816 ", " 0 ")).is_gone
    assert not machine.parse_stat(line.replace(" 34816 ", " 0 ")).has_terminal


@linux
def test_a_process_that_gave_itself_a_hostile_name_is_still_recognised() -> None:
    """Its own name is all it can change; the child tells whether it still finds itself alive."""
    code = (
        "from kanban_mcp import machine; from pathlib import Path; before = machine.this_process();"
        " Path('/proc/self/comm').write_text(') Z 1 (');"
        " print(machine.this_process() == before, machine.is_alive(before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_what_ps_says_is_read_the_same_way() -> None:
    facts = machine.parse_ps("    1 Ss   ttys001  Sat Nov 21 01:50:00 2026\n")
    assert facts is not None
    assert (facts.started, facts.parent) == ("Sat Nov 21 01:50:00 2026", 1)
    assert (facts.has_terminal, facts.is_gone) == (True, False)
    for terminal in ("?", "??", "-"):
        background = machine.parse_ps(f"7 Z {terminal} Sat Nov 21 01:50:00 2026")
        assert background is not None
        assert (background.has_terminal, background.is_gone) == (False, True)
    assert machine.parse_ps("") is None


def test_ps_and_proc_agree_on_a_live_process(sleeper: subprocess.Popen[str]) -> None:
    by_ps = machine._facts_from_ps(sleeper.pid)
    if by_ps is None:
        pytest.skip("no ps here")
    assert by_ps.parent == os.getpid()
    assert not by_ps.is_gone


@linux
def test_the_terminals_leader_is_the_process_that_opened_it() -> None:
    leader, terminal = os.forkpty()
    if leader == 0:
        os.execv(sys.executable, [sys.executable, "-c", TWO_GENERATIONS])
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        child = int(screen.read(64).split()[0])
        found = machine.terminal_leader(child)
        assert found is not None
        assert found.pid == leader
        os.kill(leader, 9)
        os.kill(child, 9)
    os.waitpid(leader, 0)


TWO_GENERATIONS = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
child.wait()
"""
