"""Chaos tests: real processes. All carry the marker `chaos`; CHAOS_SEED repeats a run."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.arena import Arena, arena_in

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.chaos)


@pytest.fixture
def arena(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Arena]:
    with arena_in(tmp_path) as opened:
        sys.stdout.write(f"To repeat: CHAOS_SEED={opened.seed} python -m pytest '{request.node.nodeid}'\n")
        yield opened
