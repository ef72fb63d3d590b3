"""One key, one request, one result, however often and from wherever it is sent (S14)."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from kanban_mcp.domain.compact import compact
from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.inputs import shown
from kanban_mcp.service.call import Call
from kanban_mcp.store.base import Tx


def earlier_answer(tx: Tx, key: str | None, request: Any) -> dict[str, Any] | None:
    """Return the answer given to the same request under this key, None if there was none.

    Raises:
        Invalid: the key was used for another request.
    """
    row = None if key is None else tx.one("idempotent_answer", key=key)
    if row is None or key is None:
        return None
    if row["digest"] != _digest(request):
        raise Invalid(f"idempotency_key {shown(key)} was used for another request.", hint="Use a new key for new work.")
    answer: dict[str, Any] = json.loads(row["answer"])
    return answer


def keep_answer(tx: Tx, call: Call, key: str | None, request: Any, answer: Any) -> None:
    """Keep an answer (a result dataclass) under its key, in the transaction of the work itself."""
    if key is not None:
        text = compact(asdict(answer))
        tx.run("keep_idempotent", key=key, digest=_digest(request), answer=text, at_ms=call.now.wall_ms)


def _digest(request: Any) -> str:
    return hashlib.sha256(repr(request).encode("utf-8", "surrogatepass")).hexdigest()
