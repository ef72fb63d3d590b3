"""`serve_connection`: the only way a server is run, whatever brought the bytes (a session front today, a hub later)."""

import logging
from collections import Counter
from typing import Protocol

import anyio
import mcp.types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from kanban_mcp.domain.inputs import DEPTH_LIMIT, depth
from kanban_mcp.server.framing import (
    INVALID_REQUEST,
    PARSE_ERROR,
    Oversize,
    Splitter,
    encode,
    error_reply,
    frame_id,
    has_member,
)
from kanban_mcp.server.mcp_server import build_server
from kanban_mcp.server.session import ClientSession

logger = logging.getLogger(__name__)

DRAIN_S = 1.5
"""How long calls may go on after the client closed its side: pipelined input ends before the answers are out."""

MOST_OPEN = 256
"""How many requests of a connection run at a time; more are not read until one is answered.

Each takes some 10 kB while it runs: a client that pipelines tiny requests could take the memory of the machine.
"""

_CHUNK = 64 * 1024
_ENVELOPE = 8  # levels around an argument, with room to spare: deeper arguments get the tool's own refusal


class Reader(Protocol):
    """What a connection reads from; `asyncio.StreamReader` is one."""

    async def read(self, n: int, /) -> bytes:
        """Return at most `n` bytes, b"" at the end."""
        ...


class Writer(Protocol):
    """What a connection writes to; `asyncio.StreamWriter` is one."""

    def write(self, data: bytes, /) -> None:
        """Queue bytes."""
        ...

    async def drain(self) -> None:
        """Wait until the peer has taken enough of them."""
        ...


async def serve_connection(reader: Reader, writer: Writer, session: ClientSession) -> None:
    """Serve one client until it closes its side and its last calls are answered, or `DRAIN_S` later.

    Each message is one line of JSON. A frame that cannot be a message gets an error reply and nothing else happens.
    """
    inward, messages = anyio.create_memory_object_stream[SessionMessage | Exception](16)
    outward, replies = anyio.create_memory_object_stream[SessionMessage]()
    open_calls = OpenCalls()
    server = build_server(session)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_receive, reader, writer, inward, open_calls)
        tasks.start_soon(_send, replies, writer, open_calls, tasks.cancel_scope)
        await server.run(messages, outward, server.create_initialization_options())


class OpenCalls:
    """The requests that were read and not yet answered."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._one_closed = anyio.Event()

    async def wait_for_room(self) -> None:
        """Wait until fewer than `MOST_OPEN` requests are open."""
        while self._open.total() >= MOST_OPEN:
            self._one_closed = anyio.Event()
            await self._one_closed.wait()

    def opened(self, request_id: types.RequestId) -> None:
        """Count a request."""
        self._open[str(request_id)] += 1

    def closed(self, request_id: object) -> None:
        """Forget a request that was answered, or cancelled: a cancelled one gets no answer."""
        key = str(request_id)
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]
        self._one_closed.set()

    async def wait_until_answered(self, timeout_s: float) -> None:
        """Wait until no request is open, at most `timeout_s` seconds."""
        with anyio.move_on_after(timeout_s):
            while self._open:
                self._one_closed = anyio.Event()
                await self._one_closed.wait()


async def _receive(
    reader: Reader, writer: Writer, inward: MemoryObjectSendStream[SessionMessage | Exception], open_calls: OpenCalls
) -> None:
    """Turn bytes into messages until the client closes its side."""
    frames = Splitter()
    async with inward:
        while data := await _read(reader):
            for frame in frames.feed(data):
                await _accept(frame, writer, inward, open_calls)
        for frame in frames.close():
            await _accept(frame, writer, inward, open_calls)
        await open_calls.wait_until_answered(DRAIN_S)


async def _read(reader: Reader) -> bytes:
    try:
        return await reader.read(_CHUNK)
    except ConnectionError:
        return b""


async def _accept(
    frame: bytes | Oversize,
    writer: Writer,
    inward: MemoryObjectSendStream[SessionMessage | Exception],
    open_calls: OpenCalls,
) -> None:
    """Pass a frame on as a message, or refuse it."""
    message = _read_message(frame)
    if isinstance(message, bytes):
        writer.write(message)
        await writer.drain()  # or refusals pile up for a client that writes nonsense and reads nothing
        return
    if isinstance(message, types.JSONRPCRequest):
        await open_calls.wait_for_room()
        open_calls.opened(message.id)
    elif isinstance(message, types.JSONRPCNotification) and message.method == "notifications/cancelled":
        open_calls.closed((message.params or {}).get("requestId"))
    await inward.send(SessionMessage(message))


def _read_message(frame: bytes | Oversize) -> types.JSONRPCMessage | bytes:
    """Return the message in a frame, or the reply that refuses it."""
    if isinstance(frame, Oversize):
        return frame.reply()
    try:
        message = types.jsonrpc_message_adapter.validate_json(frame, by_name=False)
    except ValidationError as error:
        return _refusal(frame, error)
    if _is_too_deep(frame, message):
        return error_reply(frame_id(frame), INVALID_REQUEST, f"refused: nested deeper than {DEPTH_LIMIT} levels")
    if isinstance(message, types.JSONRPCNotification) and has_member(frame, "id"):
        return error_reply(None, INVALID_REQUEST, "the id of a request must be a text or a whole number")
    if isinstance(message, types.JSONRPCResponse | types.JSONRPCError) and has_member(frame, "method"):
        return error_reply(message.id, INVALID_REQUEST, "a message is a request or a response, not both")
    return message


def _refusal(frame: bytes, error: ValidationError) -> bytes:
    """Say whether a frame is no JSON or no message, without the validator's own words."""
    if error.errors(include_url=False, include_context=False, include_input=False)[0]["type"] == "json_invalid":
        return error_reply(frame_id(frame), PARSE_ERROR, "the frame is not valid JSON; write one message per line")
    return error_reply(frame_id(frame), INVALID_REQUEST, "the frame is not a JSON-RPC 2.0 request or notification")


def _is_too_deep(frame: bytes, message: types.JSONRPCMessage) -> bool:
    if frame.count(b"{") + frame.count(b"[") <= DEPTH_LIMIT:
        return False  # cannot be, whatever the brackets stand for
    limit = DEPTH_LIMIT + _ENVELOPE
    content = getattr(message, "params", None) or getattr(message, "result", None)
    return depth(content, limit + 1) > limit


async def _send(
    replies: MemoryObjectReceiveStream[SessionMessage], writer: Writer, open_calls: OpenCalls, scope: anyio.CancelScope
) -> None:
    """Write messages until the server is done; when the client is gone, end its calls too."""
    async with replies:
        async for item in replies:
            try:
                writer.write(_encoded(item.message))
                await writer.drain()
            except ConnectionError:
                scope.cancel()
                return
            if isinstance(item.message, types.JSONRPCResponse | types.JSONRPCError):
                open_calls.closed(item.message.id)


def _encoded(message: types.JSONRPCMessage) -> bytes:
    """Return a message as one frame. A path in a text may hold bytes that are no text: they are shown as `?`."""
    try:
        return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
    except PydanticSerializationError:
        return encode(message.model_dump(by_alias=True, exclude_unset=True), errors="replace")
