"""Whether an opening request is so plain that the server is sure to take it.

The front answers before the server has seen the request. An answer to something that the server then refuses would
leave the two with different ideas of the connection, and every later call would fail for no reason that anybody could
see. So whatever is not plainly in order is left to the server; a test compares the two on generated requests.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BRACKETS = 40  # so few cannot be nested too deep, whatever they stand for

_MEMBERS = {"jsonrpc", "id", "method", "params"}
_MAP = "an object of objects"
_CAPABILITIES: dict[str, Any] = {
    "experimental": _MAP,
    "extensions": _MAP,
    "sampling": {"context": {}, "tools": {}},
    "elicitation": {"form": {}, "url": {}},
    "roots": {"listChanged": bool},
    "tasks": {
        "list": {},
        "cancel": {},
        "requests": {"sampling": {"createMessage": {}}, "elicitation": {"create": {}}},
    },
}
_CLIENT: dict[str, Any] = {
    "name": str,
    "version": str,
    "title": str,
    "description": str,
    "websiteUrl": str,
    "icons": [{"src": str, "mimeType": str, "sizes": [str]}],
}
_NO_LEVEL = "io.modelcontextprotocol/logLevel"  # its values are a closed list, and nothing here logs to the client


def message_in(frame: bytes) -> dict[str, Any]:
    """Return the message in a frame, {} for what is none: the server refuses it in its own words."""
    try:
        message = json.loads(frame.decode())
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def is_request(message: dict[str, Any]) -> bool:
    """Say whether a message expects an answer that names its id."""
    return is_id(message.get("id")) and isinstance(message.get("method"), str)


def is_id(value: Any) -> bool:
    """Say whether a value can be the id of a request."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def is_plain_frame(frame: bytes, message: dict[str, Any]) -> bool:
    """Say whether nothing about the frame itself could make the server refuse the request in it."""
    few = frame.count(b"{") + frame.count(b"[") <= BRACKETS
    halves = b"\\ud" in frame.lower()  # an escaped character beyond 16 bits, or half of one
    return few and not halves and message.keys() <= _MEMBERS and message.get("jsonrpc") == "2.0"


def is_plain_client(info: Any) -> bool:
    """Say whether a client names itself as the protocol wants it."""
    return (
        _fits(info, _CLIENT) and "name" in info and "version" in info and all("src" in i for i in info.get("icons", ()))
    )


def are_plain_capabilities(capabilities: Any) -> bool:
    """Say whether what a client says it can do has the shapes that the protocol gives the names it knows."""
    return _fits(capabilities, _CAPABILITIES)


def is_plain_meta(meta: Any) -> bool:
    """Say whether a request's `_meta` is in order; other people's keys in it may hold anything."""
    return isinstance(meta, dict) and is_id(meta.get("progressToken", 0)) and _NO_LEVEL not in meta


def _fits(value: Any, shape: Any) -> bool:
    """Say whether a value has a shape: a type, a list of one shape, or an object whose known fields have theirs."""
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(_fits(value[key], inner) for key, inner in shape.items() if key in value)
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(item, shape[0]) for item in value)
    if shape is _MAP:
        return isinstance(value, dict) and all(isinstance(inner, dict) for inner in value.values())
    return type(value) is shape
