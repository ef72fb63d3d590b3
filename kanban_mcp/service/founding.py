"""The board itself: its identity and the hash of its operator key."""

from dataclasses import dataclass

from kanban_mcp.service.call import Call, record
from kanban_mcp.store.base import Tx


@dataclass(frozen=True, slots=True)
class Identity:
    """Which board this is, and what opens it for a person (None: no key was made yet)."""

    board_key: str
    operator_hash: str | None
    paused: bool


def identity(tx: Tx) -> Identity:
    """Return the board's identity."""
    row = tx.one("board")
    if row is None:
        raise LookupError("the board has no identity row")  # the schema makes it; only damage removes it
    return Identity(row["board_key"], row["operator_hash"], bool(row["paused"]))


def set_operator_hash(tx: Tx, call: Call, operator_hash: str) -> bool:
    """Store the hash of the operator key if the board has none yet. Says whether it did."""
    changed = tx.run("set_operator_hash", operator_hash=operator_hash) == 1
    if changed:
        record(tx, call, "operator_key_made")
    return changed
