"""Fixtures for tests with real client programs: a place per test, and the reason when a program is not installed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realclients.drivers.base import Driver
from tests.realclients.drivers.claude import Claude
from tests.realclients.drivers.codex import Codex
from tests.realclients.drivers.gemini import Gemini
from tests.realclients.drivers.opencode import OpenCode
from tests.realclients.packages import CLAUDE_NEW, CLAUDE_OLD
from tests.realclients.places import Place, place_in

DRIVERS: tuple[Driver, ...] = (Claude(CLAUDE_OLD), Claude(CLAUDE_NEW), Codex(), Gemini(), OpenCode())
HERE = Path(__file__).parent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that wants a driver with each client, or with those that its marker `clients` names.

    `nightly` of that marker names a package that needs this test on demand only, for it differs from its newer self in
    nothing that the test looks at.
    """
    if "driver" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("clients")
        chosen = [each for each in DRIVERS if only is None or each.init_name in only.args]
        rare = only.kwargs.get("nightly") if only else None
        metafunc.parametrize("driver", [_param(each, rare) for each in chosen])


def _param(driver: Driver, rare: str | None) -> object:
    package = driver.package
    marks = [pytest.mark.realclient, pytest.mark.skipif(not package.is_installed, reason=package.missing)]
    nightly = [pytest.mark.nightly] if package.is_nightly or package.name == rare else []
    return pytest.param(driver, id=package.name, marks=[*marks, *nightly])


@pytest.fixture
def place(driver: Driver, tmp_path: Path) -> Iterator[Place]:
    """Return a project with a home; what its client printed is shown if the test fails."""
    with place_in(tmp_path, driver) as opened:
        yield opened
        sys.stdout.write(opened.told)


@pytest.fixture
def hooked(place: Place) -> Place:
    """Return a place in which `kanban-mcp init --hooks` has run for the client."""
    place.init("--hooks")
    return place


@pytest.fixture
def ready(place: Place) -> Place:
    """Return a place in which `kanban-mcp init` has run for the client."""
    place.init()
    return place
