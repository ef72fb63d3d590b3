"""How long the state machine runs: `ci` is the same each time, `deep` (TESTS_DEPTH=deep) looks for news at night."""

import os

from hypothesis import HealthCheck, Phase, settings

ALL_CHECKS = tuple(HealthCheck)
CI = settings(
    max_examples=300,
    stateful_step_count=15,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=ALL_CHECKS,
)
DEEP = settings(CI, max_examples=5_000, stateful_step_count=40, derandomize=False)
HUNT = settings(CI, max_examples=300, phases=(Phase.generate,))  # enough to meet a seeded mutant; nothing to shrink


def in_force() -> settings:
    """Return the settings of this run."""
    return DEEP if os.environ.get("TESTS_DEPTH") == "deep" else CI
