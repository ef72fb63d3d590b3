"""The page of benchmarks shows the figures that were kept, and every group has a title there."""

import json

from benchmarks import page
from benchmarks.__main__ import BESIDE, GROUPS


def test_the_tables_are_the_rows_that_were_kept() -> None:
    kept = json.loads(page.ROWS.read_text(encoding="utf-8"))
    written = page.PAGE.read_text(encoding="utf-8")
    assert page.with_tables(written, kept) == written
    assert set(kept["groups"]) == set(GROUPS) | set(BESIDE)


def test_every_group_has_its_place_on_the_page() -> None:
    assert set(page.TITLES) == set(GROUPS) | set(BESIDE)


def test_a_missed_target_is_said_in_the_table() -> None:
    row = {"what": "a call", "figure": "9x", "target": "<= 2x", "met": False}
    kept = {"conditions": {"cpus": 2}, "groups": {"facade": [row]}}
    assert "| a call | 9x | <= 2x | **missed** |" in page.with_tables("", kept)
