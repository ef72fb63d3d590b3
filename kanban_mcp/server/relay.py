"""Moves frames between a client's pipes and a server's socket, in one thread, without ever blocking on a write.

A client that does not read must not stop the server's other traffic, and a pipe that fills must not lose bytes: writes
go out in pieces that `poll` promised room for, and a side whose peer is not read stops being read itself.
"""

from __future__ import annotations

import os
import select

from kanban_mcp.server.framing import Oversize, Splitter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HIGH_WATER = 1 << 20  # bytes waiting for a side before the other is no longer read
REPLY_LIMIT = 1 << 26  # bytes of one reply; far above anything the board says
_CHUNK = 1 << 16
_PIECE = select.PIPE_BUF  # what a pipe takes without blocking once poll says that it is writable
_BROKEN = select.POLLERR | select.POLLHUP | select.POLLNVAL


class Relay:
    """The three ends: what the client writes, what it reads, and the server.

    `on_client` and `on_server` get every frame and decide what becomes of it, with `to_client` and `to_server`.
    """

    def __init__(
        self,
        client_in: int,
        client_out: int,
        server: int,
        on_client: Callable[[bytes | Oversize], None],
        on_server: Callable[[bytes], None],
    ) -> None:
        self._in, self._out, self._server = client_in, client_out, server
        self._on_client, self._on_server = on_client, on_server
        self._from_client, self._from_server = Splitter(), Splitter(REPLY_LIMIT)
        self._for_client, self._for_server = bytearray(), bytearray()
        self._poll = select.poll()
        self._watched: dict[int, int] = {}
        self.client_ended = False  # its input is over
        self.client_gone = False  # nobody reads our output
        self.server_ended = False

    def to_client(self, frame: bytes) -> None:
        """Queue a frame, line end included."""
        self._for_client += frame

    def to_server(self, frame: bytes) -> None:
        """Queue a frame, line end included."""
        self._for_server += frame

    @property
    def server_has_all(self) -> bool:
        """Say whether everything meant for the server was written to it."""
        return self.server_ended or not self._for_server

    @property
    def client_has_all(self) -> bool:
        """Say whether everything meant for the client was written to it."""
        return self.client_gone or not self._for_client

    def watch(self, fd: int) -> None:
        """Let `turn` return when `fd` becomes readable, too."""
        self._poll.register(fd, select.POLLIN)

    def turn(self, timeout_s: float | None) -> None:
        """Wait until something can be moved, at most `timeout_s` seconds, and move it."""
        self._watch_ends()
        timeout = None if timeout_s is None else max(0, int(timeout_s * 1000) + 1)
        for fd, event in self._poll.poll(timeout):
            if fd == self._server:
                self._server_event(event)
            elif fd == self._out:
                self._client_out_event(event)
            elif fd == self._in:
                self._client_in_event()
            else:
                os.read(fd, _CHUNK)  # a wake-up: it has done its work by arriving

    def _watch_ends(self) -> None:
        room = len(self._for_client) < HIGH_WATER
        reads_client = not self.client_ended and room and len(self._for_server) < HIGH_WATER
        self._watch(self._in, select.POLLIN if reads_client else None)
        self._watch(self._out, None if self.client_gone else select.POLLOUT if self._for_client else 0)
        server = (select.POLLIN if room else 0) | (select.POLLOUT if self._for_server else 0)
        self._watch(self._server, None if self.server_ended else server)

    def _watch(self, fd: int, mask: int | None) -> None:
        if self._watched.get(fd) == mask:
            return
        if mask is None:
            self._poll.unregister(fd)
            del self._watched[fd]
        else:
            self._poll.register(fd, mask)
            self._watched[fd] = mask

    def _client_in_event(self) -> None:
        data = _read(self._in)
        frames = self._from_client.feed(data) if data else self._from_client.close()
        self.client_ended = not data
        for frame in frames:
            self._on_client(frame)

    def _client_out_event(self, event: int) -> None:
        if event & _BROKEN and not event & select.POLLOUT:
            self.client_gone = True
            return
        try:
            del self._for_client[: os.write(self._out, self._for_client[:_PIECE])]
        except BlockingIOError:
            return
        except OSError:
            self.client_gone = True

    def _server_event(self, event: int) -> None:
        if event & select.POLLOUT and self._for_server:
            try:
                del self._for_server[: os.write(self._server, self._for_server[:_CHUNK])]
            except BlockingIOError:
                return
            except OSError:
                self._for_server.clear()
        if event & (select.POLLIN | _BROKEN):
            self._read_server()

    def _read_server(self) -> None:
        data = _read(self._server)
        self.server_ended = not data
        for frame in self._from_server.feed(data) if data else ():
            if not isinstance(frame, Oversize):
                self._on_server(frame)


def _read(fd: int) -> bytes:
    """Return what is there to read, b"" at the end or when the other side is gone."""
    try:
        return os.read(fd, _CHUNK)
    except OSError:
        return b""
