"""The official conformance suite finds what we expect, at both revisions, with and without its fixture names."""

import pytest

from tests.protocol import conformance
from tests.protocol.programs import needs_npm

pytestmark = pytest.mark.timeout(600)  # the first run installs the suite

MUST_PASS = {
    "2025-11-25": {
        "dns-rebinding-protection", "ping", "prompts-list", "resources-list", "server-initialize",
        "server-session-lifecycle", "server-sse-multiple-streams", "tools-call-error", "tools-call-simple-text",
        "tools-list",
    },
    "2026-07-28": {
        "caching", "dns-rebinding-protection", "http-header-validation", "input-required-result-ignore-extra-params",
        "input-required-result-missing-input-response", "input-required-result-unsupported-methods",
        "input-required-result-validate-input", "prompts-list", "resources-list", "sep-2164-resource-not-found",
        "server-sse-multiple-streams", "tools-call-error", "tools-call-simple-text", "tools-list",
    },
}  # fmt: skip
"""What a server without the suite's fixtures can pass: the bar, whatever the file of reasons says."""


@pytest.mark.parametrize("with_fixtures", [False, True], ids=["bare", "fixtures"])
@pytest.mark.parametrize("revision", conformance.REVISIONS)
def test_the_official_suite_finds_what_we_expect(revision: str, with_fixtures: bool) -> None:
    needs_npm(conformance.PACKAGE)
    verdict = conformance.check(revision, with_fixtures=with_fixtures)
    assert verdict.is_as_expected, conformance.told(revision, verdict)
    assert set(verdict.passed) >= MUST_PASS[revision]


def test_no_scenario_of_the_bar_may_be_excused() -> None:
    for revision in conformance.REVISIONS:
        assert not MUST_PASS[revision] & conformance.reasons(revision).keys()
        assert all(len(reason) > 20 for reason in conformance.reasons(revision).values())
