"""Waits between attempts: exponential, with a jitter that depends only on the task and the attempt.

Deterministic jitter keeps replays and tests exact, and still spreads tasks that failed together: the same outage
would otherwise bring all of them back in the same second.
"""

import hashlib

from kanban_mcp.domain.runs import Outcome


def retry_wait_ms(task_id: int, counted: int, base_ms: int, cap_ms: int) -> int:
    """Return the wait before the next attempt, in ms, after `counted` counted attempts (1 or more).

    The full wait is `base * 2^(counted-1)`, at most `cap`; the result lies between half of it and all of it.
    """
    full = min(cap_ms, base_ms << min(max(counted, 1) - 1, 30))
    half = full // 2
    digest = hashlib.blake2b(f"{task_id}:{counted}".encode(), digest_size=8).digest()
    return half + int.from_bytes(digest) % (full - half + 1)


def wait_after_ms(outcome: Outcome, task_id: int, counted: int, base_ms: int, cap_ms: int, *, reclaims: int) -> int:
    """Return how long a task waits after a counted run; `reclaims` counts its counted reclaims, this one included.

    A first reclaim waits for nothing: the worker died, the work did not fail (DESIGN §3).
    """
    if outcome is Outcome.RECLAIMED and reclaims <= 1:
        return 0
    return retry_wait_ms(task_id, counted, base_ms, cap_ms)
