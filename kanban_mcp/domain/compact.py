"""Compact JSON, as the board stores and sends it: no blanks, real characters. One encoder: making one is slow."""

import json
from typing import Any

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def compact(value: Any) -> str:
    """Return `value` as compact JSON text."""
    return _ENCODER.encode(value)
