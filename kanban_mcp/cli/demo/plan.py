"""The demo's plan: the auth example of a board shared by implementer, tester and reviewer, and what stands beside it.

The notes named here are said by workers in heartbeats; the director waits for them before it interferes.
"""

from typing import Any

AUTH = "Implement user auth"
TESTS = "Write auth tests"
REVIEW = "Auth code review"
DOCS = "Document the API"
PRICES = "Round totals to whole cents"
MIGRATION = "Migrate the user table"
TYPES = "Fix type errors in auth module"

LOGIN_HALF_WRITTEN = "Writing login()"
ROUNDING = "Rounding to whole cents"
WRITING_DOCS = "Writing docs/api.md"
WAITING_FOR_A_PERSON = "Ready to migrate, waiting for a person"

MIGRATION_STEP = "Apply migration 1 to live/shop.db: typed passwords are replaced by hashes, for good"


def tasks() -> list[tuple[str, dict[str, Any]]]:
    """Return the `kanban_create` calls, each with the title of its parent or ''."""
    return [
        ("", {"title": AUTH, "assignee": "implementer", "context": "shop/auth.py: hash_password, verify, login."}),
        (AUTH, {"title": TESTS, "assignee": "tester", "context": "tests/test_auth.py, with unittest."}),
        (TESTS, {"title": REVIEW, "assignee": "reviewer", "context": "Is every comparison in constant time?"}),
        ("", {"title": DOCS, "assignee": "documenter", "context": "docs/api.md; say so in CHANGELOG.md."}),
        ("", {"title": PRICES, "assignee": "implementer", "context": "total([0.1, 0.2]) is 0.30000000000000004."}),
        (REVIEW, {"title": MIGRATION, "assignee": "implementer", "context": "live/shop.db. Ask a person first."}),
    ]
