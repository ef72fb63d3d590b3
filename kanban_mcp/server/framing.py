"""Newline-delimited JSON frames: cutting bytes into frames, and refusing the ones nobody should parse.

Stdlib only and light, since the session front uses it too. A refused frame costs its sender one error reply, never the
connection.
"""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FRAME_LIMIT = 1 << 20  # bytes
_BOM = b"\xef\xbb\xbf"  # some shells put it before what they pipe
_EDGE = 4096  # bytes of a refused frame kept at either end, to find its id

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INTERNAL_ERROR = -32603

_ID = rb'"id"\s*:\s*(-?[0-9]{1,16}|"(?:[^"\\\x00-\x1f]|\\.){0,200}")'
_SCALAR = rb'"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"'
_HEAD = re.compile(rb"\s*\{\s*(?:" + _SCALAR + rb"\s*,\s*)*" + _ID + rb"\s*[,}]")
_TAIL = re.compile(_ID + rb"(?:\s*,\s*" + _SCALAR + rb")*\s*\}\s*$")


class Oversize:
    """A frame over the limit, of which only the two ends were kept."""

    __slots__ = ("edges", "size")

    def __init__(self, head: bytes | bytearray) -> None:
        self.size = len(head)
        self.edges = (bytes(head[:_EDGE]), bytes(head[-_EDGE:]))

    def grow(self, more: bytes) -> None:
        """Count more bytes of the frame, keeping only its new end."""
        self.size += len(more)
        self.edges = (self.edges[0], (self.edges[1] + more)[-_EDGE:])

    def reply(self) -> bytes:
        """Return the error reply to the frame."""
        head, tail = self.edges
        match = _HEAD.match(head) or _TAIL.search(tail)
        text = f"a frame of {self.size:,} bytes is refused: at most {FRAME_LIMIT:,} fit; put large text into a file"
        return error_reply(_id_in(match), INVALID_REQUEST, text)


class Splitter:
    """Cuts a stream of bytes into frames; holds at most one frame of `limit` bytes."""

    def __init__(self, limit: int = FRAME_LIMIT) -> None:
        self._limit = limit
        self._held = bytearray()
        self._oversize: Oversize | None = None

    def feed(self, data: bytes) -> list[bytes | Oversize]:
        """Take more bytes; return the frames they complete, without line ends and blank lines."""
        frames: list[bytes | Oversize] = []
        *ends, rest = data.split(b"\n")
        for end in ends:
            self._append(end)
            frames.extend(self._take())
        self._append(rest)
        return frames

    def close(self) -> list[bytes | Oversize]:
        """Return what came after the last line end: some clients leave it out at the end of their input."""
        return self._take()

    def _append(self, data: bytes) -> None:
        if self._oversize is not None:
            self._oversize.grow(data)
            return
        self._held += data
        if len(self._held) > self._limit:
            self._oversize = Oversize(self._held)
            self._held = bytearray()

    def _take(self) -> list[bytes | Oversize]:
        oversize, self._oversize = self._oversize, None
        if oversize is not None:
            return [oversize]
        line, self._held = bytes(self._held).removeprefix(_BOM).strip(), bytearray()
        return [line] if line else []


def error_reply(request_id: Any, code: int, message: str) -> bytes:
    """Return a JSON-RPC error frame. The id is None when the request's own could not be read."""
    reply = {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}
    return encode(reply)


def encode(message: Any, errors: str = "backslashreplace") -> bytes:
    """Return a message as one frame, line end included. `errors` says how half a character is written."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", errors) + b"\n"


def frame_id(frame: bytes) -> Any:
    """Return the id of a frame that is not a valid message, None when it has none that can be read."""
    try:
        message = json.loads(frame.decode())
    except (ValueError, RecursionError):
        return _id_in(_HEAD.match(frame))
    found = message.get("id") if isinstance(message, dict) else None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


def has_member(frame: bytes, name: str) -> bool:
    """Say whether a frame that was read as a message has this member, too; True when that cannot be told."""
    if name.encode() not in frame and b"\\u" not in frame:
        return False
    try:
        return name in json.loads(frame)
    except (ValueError, RecursionError):
        return True


def _id_in(match: re.Match[bytes] | None) -> Any:
    """Return the id that was found among the first members of a frame, or as its last one.

    Anywhere else an `"id"` may belong to the arguments, and an error for somebody else's request is worse than none.
    """
    try:
        return json.loads(match[1]) if match else None
    except ValueError:
        return None
