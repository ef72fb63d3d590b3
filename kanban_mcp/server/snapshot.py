"""Write the listing snapshots of the session front: `python -m kanban_mcp.server.snapshot`.

Asks the live server, as a client would, for each toolset and each served protocol version. `--check` writes nothing and
says whether the files are true.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from kanban_mcp import __version__
from kanban_mcp.server.connection import serve_connection
from kanban_mcp.server.identity import Origin
from kanban_mcp.server.listing import CAPABILITIES_KEY, CLIENT_KEY, FOLDER, VERSION_KEY
from kanban_mcp.server.session import ClientSession, LazyBoard, OpenBoard
from kanban_mcp.server.toolsets import TOOLSETS

_CLIENT = {"name": "snapshot", "version": "1"}


class Sink:
    """A writer that keeps what is written."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes, /) -> None:
        """Keep bytes."""
        self.data += data

    async def drain(self) -> None:
        """Return at once: there is always room."""


async def snapshot(toolset: str) -> dict[str, Any]:
    """Return what a front of this toolset may answer by itself: the tools once, the rest of each reply by version."""
    replies: dict[str, dict[str, Any]] = {}
    for version in HANDSHAKE_PROTOCOL_VERSIONS:
        replies[version] = await ask(toolset, handshake(version))
    for version in MODERN_PROTOCOL_VERSIONS:
        replies[version] = await ask(toolset, envelope(version))
    listings = [methods["tools/list"] for methods in replies.values()]
    tools = listings[0]["tools"]
    if any(listing["tools"] != tools for listing in listings):
        raise RuntimeError("the tools differ between protocol versions: one list cannot stand for all")
    for listing in listings:
        listing["tools"] = None
    return {"version": __version__, "tools": tools, "replies": replies}


def handshake(version: str) -> list[tuple[str, Any]]:
    """Return the opening requests of a client that shakes hands."""
    hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": _CLIENT}
    return [("initialize", hello), ("ping", None), ("tools/list", None)]


def envelope(version: str) -> list[tuple[str, Any]]:
    """Return the opening requests of a client that sends an envelope with each."""
    meta = {"_meta": {VERSION_KEY: version, CAPABILITIES_KEY: {}, CLIENT_KEY: _CLIENT}}
    return [("server/discover", meta), ("tools/list", meta)]


async def ask(toolset: str, requests: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the live server's result for each request, on a connection of its own."""
    reader, sink = asyncio.StreamReader(), Sink()
    for number, (method, params) in enumerate(requests):
        message = {"jsonrpc": "2.0", "id": number, "method": method} | ({} if params is None else {"params": params})
        reader.feed_data(json.dumps(message).encode() + b"\n")
    reader.feed_eof()
    session = ClientSession(toolset, LazyBoard(_no_board), Origin.of_this_process(toolset))
    await serve_connection(reader, sink, session)
    by_id = {reply["id"]: reply["result"] for reply in map(json.loads, sink.data.splitlines())}
    return {method: by_id[number] for number, (method, _params) in enumerate(requests)}


async def _no_board() -> OpenBoard:
    raise RuntimeError("listing tools must not need a board")


def text_of(content: dict[str, Any]) -> str:
    """Return a snapshot as it is stored: a line for each tool and version, so that a change reads well in review."""

    def compact(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    tools = ",\n".join(map(compact, content["tools"]))
    replies = ",\n".join(f"{compact(version)}:{compact(methods)}" for version, methods in content["replies"].items())
    return f'{{"version":{compact(content["version"])},\n"tools":[\n{tools}\n],\n"replies":{{\n{replies}\n}}}}\n'


def path_of(toolset: str) -> Path:
    """Return the file of a toolset's snapshot."""
    return Path(FOLDER) / f"{toolset}.json"


def main(arguments: list[str]) -> int:
    """Write the snapshots, or compare them with `--check`. Returns the exit code."""
    stale = []
    for toolset in TOOLSETS:
        text, path = text_of(asyncio.run(snapshot(toolset))), path_of(toolset)
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    sys.stderr.write(f"changed: {', '.join(stale)}\n" if stale else "all snapshots are true\n")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
