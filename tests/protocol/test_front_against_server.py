"""What the front answers by itself is what the server would have answered, and the server never notices.

Frames are generated around the opening of a connection, valid ones and ones with something wrong, and given to the
server alone and to the front with the server behind it. Every request must get the same reply from both.
"""

import asyncio
import itertools
import json
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pytest

from kanban_mcp.server.boot import Boot
from kanban_mcp.server.connection import serve_connection
from kanban_mcp.server.framing import Splitter
from kanban_mcp.server.front import Front
from kanban_mcp.server.identity import Origin
from kanban_mcp.server.listing import CAPABILITIES_KEY, CLIENT_KEY, VERSION_KEY, Listing
from kanban_mcp.server.session import ClientSession, LazyBoard, OpenBoard
from kanban_mcp.server.snapshot import Sink

OPENINGS = 60  # of each seed
CLIENT = {"name": "fuzz", "version": "1"}
JUNK = [None, True, 0, -1, 1.5, 2**70, "", "x", "\ud800", [], [1], {}, {"a": 1}, {"a": {}}, float("nan")]
VERSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "2031-01-01", "1999-01-01"]
CAPABILITIES = [
    {},
    {"roots": {"listChanged": True}, "elicitation": {"form": {}, "url": {}}, "sampling": {"tools": {}}},
    {"roots": {"listChanged": 5}},
    {"experimental": {"a": {}}, "extensions": {"io.example/x": {"mimeTypes": ["text/html"]}}},
    {"experimental": {"a": 1}},
    {"tasks": {"list": {}, "requests": {"elicitation": {"create": {}}}}},
    {"tasks": {"requests": 5}},
    {"unheard": 1},
]
CLIENTS = [
    CLIENT,
    {**CLIENT, "title": "Fuzz", "websiteUrl": "https://example.org", "icons": [{"src": "data:,"}]},
    {**CLIENT, "title": 5},
    {**CLIENT, "icons": [{}]},
    {"name": "fuzz"},
    {**CLIENT, "name": "fu\ud83dzz"},
]


def hello(version: Any = "2025-11-25", capabilities: Any = None, client: Any = None, **more: Any) -> dict[str, Any]:
    params = {"protocolVersion": version, "capabilities": capabilities or {}, "clientInfo": client or CLIENT, **more}
    return {"jsonrpc": "2.0", "method": "initialize", "params": params}


def modern(method: str = "tools/list", version: Any = "2026-07-28", capabilities: Any = None, **more: Any) -> Any:
    meta = {VERSION_KEY: version, CAPABILITIES_KEY: capabilities or {}, CLIENT_KEY: CLIENT, **more}
    return {"jsonrpc": "2.0", "method": method, "params": {"_meta": meta}}


def plain(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method} | ({"params": params} if params else {})


METHODS = ["tools/list", "server/discover", "ping", "prompts/list", "tools/nothing", "initialize"]
META = {
    "progressToken": [1, "t", *JUNK],
    "io.modelcontextprotocol/logLevel": ["debug", "loud", 5],
    "io.example/other": JUNK,
}


def put(frame: dict[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """Return a frame with one value put at a path."""
    head, *rest = path
    inner = frame.get(head)
    return {**frame, head: put(inner if isinstance(inner, dict) else {}, rest, value) if rest else value}


def paths(value: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every field in a frame."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*before, key)
            yield from paths(inner, (*before, key))


class Openings:
    """Draws the first frames of connections; the same seed draws the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __iter__(self) -> Iterator[list[bytes]]:
        while True:
            yield [self._raw(number) for number in range(self._random.choice((1, 1, 2, 2, 3, 4)))]

    def _mostly(self, usual: Any, others: Sequence[Any]) -> Any:
        return usual if self._random.random() < 0.85 else self._random.choice(others)

    def _raw(self, number: int) -> bytes:
        frame = self._frame(self._random.randrange(2 if number == 0 else 4))
        if self._random.random() < 0.15:
            frame = put(frame, self._random.choice(list(paths(frame))), self._random.choice(JUNK))
        frame = {**frame, "id": self._mostly(number, [f"r{number}", number + 0.0, True])}
        if self._random.random() < 0.05:
            del frame[self._random.choice(list(frame))]
        raw = json.dumps(frame).encode()
        return self._random.choice([raw] * 12 + [b"\xef\xbb\xbf" + raw, raw[:-1], raw + b"\r"])

    def _frame(self, kind: int) -> dict[str, Any]:
        capabilities = self._mostly({}, CAPABILITIES)
        if kind == 0:
            more = {"_meta": self._meta()} if self._random.random() < 0.3 else {}
            return hello(self._mostly("2025-11-25", VERSIONS), capabilities, self._mostly(CLIENT, CLIENTS), **more)
        if kind == 1:
            version = self._mostly("2026-07-28", VERSIONS)
            return modern(self._random.choice(METHODS), version, capabilities, **self._meta())
        method = self._mostly("tools/list", METHODS)
        return plain(method) if kind == 2 else plain(method, _meta=self._mostly(self._meta(), JUNK))

    def _meta(self) -> dict[str, Any]:
        return {key: self._random.choice(values) for key, values in META.items() if self._random.random() < 0.1}


class Recorder:
    """Stands where the relay is and keeps what the front sends either way."""

    server_ended = False

    def __init__(self) -> None:
        self.client, self.server = b"", b""

    def to_client(self, frame: bytes) -> None:
        self.client += frame

    def to_server(self, frame: bytes) -> None:
        self.server += frame


@contextmanager
def a_front(toolset: str) -> Iterator[tuple[Front, Recorder]]:
    ends = os.pipe()
    front = Front(*ends, Listing.load(toolset), cast(Boot, None))
    recorder = Recorder()
    front._relay = cast(Any, recorder)
    try:
        yield front, recorder
    finally:
        front._socket.close()
        front._theirs.close()
        os.close(ends[0])
        os.close(ends[1])


def feed(front: Front, data: bytes) -> None:
    """Let the front see what a client sent."""
    splitter = Splitter()
    for frame in (*splitter.feed(data), *splitter.close()):
        front._client_frame(frame)


async def served(data: bytes, toolset: str) -> list[Any]:
    """Return the replies of the server itself to what a client sent."""
    reader, sink = asyncio.StreamReader(), Sink()
    reader.feed_data(data)
    reader.feed_eof()
    session = ClientSession(toolset, LazyBoard(_no_board), Origin.of_this_process(toolset))
    await serve_connection(reader, sink, session)
    return sink.data.splitlines()


async def fronted(data: bytes, toolset: str) -> list[Any]:
    """Return the replies to the same, by the front and the server behind it."""
    with a_front(toolset) as (front, recorder):
        feed(front, data)
        for reply in await served(recorder.server, toolset):
            front._server_frame(reply)
        return recorder.client.splitlines()


async def _no_board() -> OpenBoard:
    raise AssertionError("opening a connection needs no board")


def by_id(replies: list[bytes]) -> list[str]:
    """Return replies in an order that does not depend on which of several was ready first."""
    return sorted(json.dumps(json.loads(reply), sort_keys=True) for reply in replies)


def lines(*frames: Any) -> bytes:
    """Return frames as a client sends them; what is no bytes is dumped, with its place as its id unless it has one."""
    raw = [
        frame if isinstance(frame, bytes) else json.dumps({"id": number, **frame}).encode()
        for number, frame in enumerate(frames)
    ]
    return b"".join(frame + b"\n" for frame in raw)


@pytest.mark.parametrize("seed", range(4))
async def test_a_client_cannot_tell_the_front_from_the_server(seed: int) -> None:
    answered = 0
    for number, frames in enumerate(itertools.islice(Openings(seed), OPENINGS)):
        data = lines(*frames)
        with a_front("worker") as (front, recorder):
            feed(front, data)
            answered += bool(recorder.client)
        assert by_id(await fronted(data, "worker")) == by_id(await served(data, "worker")), (seed, number, frames)
    assert answered > OPENINGS / 4  # or nothing was compared


@pytest.mark.parametrize(
    "frames",
    [
        [{**hello(), "jsonrpc": "1.0"}, plain("ping")],
        [{**hello(), "error": {"code": 1, "message": "x"}}, plain("ping")],
        [{**plain("ping"), "more": 1}, modern()],
        [{**hello(), "more": [[[0]]]}, plain("ping")],
        [{**hello(), "id": True}, modern()],
        [{**hello(), "id": None}, modern()],
        [hello(), hello("2024-11-05"), plain("tools/list")],
        [modern(version="2031-01-01"), hello()],
        [plain("ping"), modern()],
        [b"nonsense", hello(), plain("ping")],
        [b'{"jsonrpc":"2.0","id":1.0,"method":"ping"}', modern()],
        [json.dumps({**hello(), "id": 0}).encode().replace(b"fuzz", b"fu\\ud83dzz"), plain("ping")],
        [hello(capabilities={"a": [[[[[]]]]] * 8}), plain("ping")],
        [put(hello(), ("params", "capabilities", "a"), json.loads("[" * 45 + "]" * 45)), plain("ping")],
        *[[hello(capabilities=capabilities), plain("tools/list")] for capabilities in CAPABILITIES],
        *[[hello(client=client), plain("tools/list")] for client in CLIENTS],
        *[[modern(capabilities=capabilities), modern("server/discover")] for capabilities in CAPABILITIES],
        *[[modern(progressToken=value), modern()] for value in JUNK],
        *[[hello(_meta={"progressToken": value}), plain("ping")] for value in JUNK],
        *[[hello(), plain("tools/list", _meta={"progressToken": value})] for value in JUNK],
        *[[modern(**{"io.modelcontextprotocol/logLevel": level}), modern()] for level in ("debug", "loud")],
    ],
)
async def test_an_opening_with_something_odd_is_answered_as_the_server_would(frames: list[Any]) -> None:
    assert by_id(await fronted(lines(*frames), "worker")) == by_id(await served(lines(*frames), "worker"))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
async def test_only_utf_8_is_read(encoding: str) -> None:
    data = json.dumps({**hello(), "id": 1}).encode(encoding) + b"\n"
    replies = [json.loads(reply) for reply in await fronted(data, "worker")]
    assert [reply["error"]["code"] for reply in replies] == [-32700]


async def test_an_id_like_those_of_the_front_is_answered_like_any_other() -> None:
    frames = [{**hello(), "id": "kanban-front-1"}, {**plain("prompts/list"), "id": "kanban-front-2"}]
    assert len(await fronted(lines(*frames), "worker")) == 2
