"""The process that a client starts: it lists the tools at once, while the server is still being loaded behind it.

Loading the SDK takes half a second, and clients race the start: some send their first request to the model before a
slow server has listed its tools. So a small front (stdlib only) answers the opening requests from a snapshot, and
relays everything else to the SDK server, which boots in a thread of this process behind a socketpair.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time

try:
    import _socket as socket  # the C module alone: the full one costs 5 ms of the start
except ImportError:
    import socket  # type: ignore[no-redef]  # the same names, on an interpreter without the C module's name

from kanban_mcp.server.boot import Boot
from kanban_mcp.server.framing import INTERNAL_ERROR, Oversize, encode, error_reply
from kanban_mcp.server.listing import Listing
from kanban_mcp.server.options import parse, toolset_of
from kanban_mcp.server.owed import Owed
from kanban_mcp.server.plain import is_id, is_plain_frame, is_request, message_in
from kanban_mcp.server.relay import Relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kanban_mcp.server.boot import Compose

QUIET_S = 0.03  # how long the opening requests may keep the boot waiting: it slows them, they do not slow it
EXIT_S = 2.0  # after the client's input ended, or a signal
BOOT_S = 10.0  # the same while requests wait for a server that is still being loaded

_REPLY = re.compile(rb'\{"jsonrpc":"2\.0","id":(-?[0-9]+|"(?:[^"\\]|\\.)*"),"(?:result|error)"')
_OWN_ID = f"kanban-front-{os.urandom(8).hex()}-"
"""Requests that were answered here reach the server under an id of ours: its reply can be told from every other, even
when the client uses an id twice. No client can know it, so none can have its own requests taken for ours."""


def main(argv: list[str], compose: Compose) -> int | None:
    """Serve one client on stdin and stdout. Returns the exit code, None when the arguments are for the full CLI.

    `compose` imports what opens boards and returns it; it runs in the boot thread.
    """
    options = parse(argv)
    if options is None:
        return None
    try:
        client_in, client_out = take_stdio()
    except OSError as error:
        print(f"kanban-mcp: no client to serve on stdin and stdout: {error}", file=sys.stderr)  # noqa: T201
        return 1
    toolset = toolset_of(options, os.environ, os.getcwd())  # noqa: PTH109  pathlib costs 3 ms of the start
    front = Front(client_in, client_out, Listing.load(toolset), Boot(options, toolset, compose))
    code = front.run()
    if not front.boot.is_over():
        os._exit(code)  # a thread that does not end must not keep an orphan alive
    return code


def take_stdio() -> tuple[int, int]:
    """Take the client's two pipes for ourselves: fd 0 becomes the null device, fd 1 stderr.

    A stray print, or a child process that inherits them, could otherwise write into the protocol or eat from it.
    """
    client_in, client_out = _duplicate(0), _duplicate(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    try:
        os.dup2(2, 1)
    except OSError:
        os.dup2(null, 1)  # no stderr
    os.close(null)
    return client_in, client_out


def _duplicate(fd: int) -> int:
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)


class Front:
    """One client, one server: answers what the snapshot covers, relays the rest, ends in bounded time."""

    def __init__(self, client_in: int, client_out: int, listing: Listing | None, boot: Boot) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._socket, self._theirs = ours, theirs
        self._listing = listing
        self.boot = boot
        self._owed = Owed()  # by the server, to the client
        self._own_ids = 0
        self._relay = Relay(client_in, client_out, ours.fileno(), self._client_frame, self._server_frame)
        self._stopping_since: float | None = None
        self._told_server = False

    def run(self) -> int:
        """Relay until the client's input has ended and its requests are answered. Returns the exit code."""
        self._catch_signals()
        boot_at = time.monotonic() + QUIET_S
        while not self._is_done():
            if not self.boot.started and (time.monotonic() >= boot_at or self._server_is_needed()):
                self.boot.start(self._theirs)
            self._relay.turn(self._timeout(boot_at))
            self._after_turn()
        self._socket.close()
        if self.boot.loaded_at is not None:
            self.boot.is_over(max(0.0, self._time_left()))
        return 0

    def _server_is_needed(self) -> bool:
        """Say whether a frame waits that the snapshot did not answer, or all that it can answer has been asked."""
        return bool(self._owed) or self._listing is None or self._listing.listed

    def _timeout(self, boot_at: float) -> float | None:
        if self._stopping_since is not None:
            return max(0.0, self._time_left())
        return None if self.boot.started else max(0.0, boot_at - time.monotonic())

    def _after_turn(self) -> None:
        if self._stopping_since is None and (self._relay.client_ended or self._relay.client_gone):
            self._stopping_since = time.monotonic()
        if self._stopping_since is not None and not self._told_server and self._relay.server_has_all:
            self._told_server = True
            _half_close(self._socket)
        if self._relay.server_ended:
            for request_id, method in self._owed.take_all():
                self._reply_failure(request_id, method)

    def _time_left(self) -> float:
        """Return the seconds until we leave for good, once the client has gone."""
        if self._stopping_since is None:
            return EXIT_S
        loaded_at = self.boot.loaded_at
        if loaded_at is None and self._owed:
            return self._stopping_since + BOOT_S - time.monotonic()
        # A server that was still being loaded when the input ended has had no time for its requests before.
        return max(self._stopping_since, loaded_at or 0.0) + EXIT_S - time.monotonic()

    def _is_done(self) -> bool:
        if self._stopping_since is None:
            return False
        if self._relay.client_gone or self._time_left() <= 0:
            return True
        unserved = self._relay.server_ended or not self.boot.started or not self._owed
        return unserved and self._relay.server_has_all and self._relay.client_has_all

    def _catch_signals(self) -> None:
        """Let SIGTERM and SIGINT end the input, as if the client had closed it: open calls get their answers."""
        reader, writer = os.pipe()
        self._relay.watch(reader)

        def stop(_number: int, _frame: object) -> None:
            self._relay.client_ended = True
            os.write(writer, b"x")

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)

    def _client_frame(self, frame: bytes | Oversize) -> None:
        if isinstance(frame, Oversize):
            self._relay.to_client(frame.reply())
            return
        message = message_in(frame)
        if is_request(message):
            self._client_request(frame, message)
            return
        if message.get("method") == "notifications/cancelled" and isinstance(message.get("params"), dict):
            self._forget(message["params"].get("requestId"))
        self._forward(frame)

    def _client_request(self, frame: bytes, message: dict[str, Any]) -> None:
        request_id, method = message["id"], message["method"]
        found = self._answer(frame, message)
        if found is not None:
            result, server_too = found
            self._relay.to_client(encode({"jsonrpc": "2.0", "id": request_id, "result": result}))
            if server_too:
                self._own_ids += 1
                self._forward(encode({**message, "id": f"{_OWN_ID}{self._own_ids}"})[:-1])
        elif self._relay.server_ended:
            self._reply_failure(request_id, method)
        else:
            self._owed.add(request_id, method)
            self._forward(frame)

    def _answer(self, frame: bytes, message: dict[str, Any]) -> tuple[Any, bool] | None:
        """Return what the snapshot says to a request, and whether the server has to see it too; None to pass it on."""
        if self._listing is None:
            return None
        if not is_plain_frame(frame, message):
            self._listing.leave()
            return None
        return self._listing.answer(message["method"], message.get("params"))

    def _forward(self, frame: bytes) -> None:
        if not self._relay.server_ended:
            self._relay.to_server(frame + b"\n")

    def _server_frame(self, frame: bytes) -> None:
        reply = _REPLY.match(frame)
        if reply is not None:
            request_id = json.loads(reply[1])
            if isinstance(request_id, str) and request_id.startswith(_OWN_ID):
                return
            self._forget(request_id)
        self._relay.to_client(frame + b"\n")

    def _forget(self, request_id: Any) -> None:
        if is_id(request_id):
            self._owed.settle(request_id)

    def _reply_failure(self, request_id: Any, method: str) -> None:
        """Answer in the server's place: a call gets an error result, since only that reaches the model."""
        code = "config" if self.boot.failure.startswith("ConfigError") else "board_unavailable"
        why = self.boot.failure or "it ended"
        text = f"[{code}] The kanban server is not running: {why}. Next: tell the person; its stderr has the details."
        if method != "tools/call":
            self._relay.to_client(error_reply(request_id, INTERNAL_ERROR, text))
            return
        result = {"content": [{"type": "text", "text": text}], "isError": True}
        self._relay.to_client(encode({"jsonrpc": "2.0", "id": request_id, "result": result}))


def _half_close(ours: Any) -> None:
    try:
        ours.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the server has closed it already
