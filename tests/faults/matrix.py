"""The fault matrix: every case that is met, and the faults that cannot be, with the reason."""

from tests.faults import f02_boundaries, f07_nth_call

CASES = (*f02_boundaries.CASES, *f07_nth_call.CASES)
DEFERRED = {
    "F18": "PostgreSQL is not part of this version (DESIGN §7): there is no server to restart",
}
