"""The answers that depend on nothing but the package: who we are and which tools there are.

They ship as files, one per toolset, written by `python -m kanban_mcp.server.snapshot` from the live server; a test
keeps them equal to it. Whatever a snapshot does not cover exactly is left to the server.
"""

from __future__ import annotations

import json
import os

from kanban_mcp import __version__
from kanban_mcp.server.plain import are_plain_capabilities, is_plain_client, is_plain_meta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = os.path.join(os.path.dirname(__file__), "snapshot")  # noqa: PTH118, PTH120  pathlib costs 3 ms of the start

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"


class Listing:
    """Answers the opening requests of one connection. `answer` is to be asked for every request, in order."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self._tools = snapshot["tools"]
        self._replies = snapshot["replies"]
        self._version: str | None = None  # of a handshake connection, once its initialize was answered
        self._modern = False
        self._left = False
        self.listed = False

    @classmethod
    def load(cls, toolset: str, folder: str = FOLDER) -> Listing | None:
        """Load the snapshot of a toolset, None when there is none for this very version of the package."""
        try:
            with open(f"{folder}/{toolset}.json", encoding="utf-8") as file:  # noqa: PTH123  as above
                snapshot = json.load(file)
            return cls(snapshot) if snapshot["version"] == __version__ else None
        except (OSError, ValueError, KeyError):
            return None

    def answer(self, method: str, params: Any) -> tuple[Any, bool] | None:
        """Return the result of a request and whether the server has to see the request too; None to leave it alone.

        The server must see the request that opens a connection, since it decides the era that both speak.
        """
        opens = not self._modern and self._version is None
        version = None if self._left else self._version_for(method, params, opens)
        result = self._replies.get(version, {}).get(method)
        if result is None:
            self._left = self._left or opens
            return None
        if method == "tools/list":
            self.listed = True
            result = {key: self._tools if key == "tools" else value for key, value in result.items()}
        return result, opens

    def leave(self) -> None:
        """Leave a connection alone whose era the server may decide by something that was not asked here.

        Answers of ours could be of the other era from then on.
        """
        self._left = self._left or (not self._modern and self._version is None)

    def _version_for(self, method: str, params: Any, opens: bool) -> str | None:
        """Return the version to answer in and note the era, None when the request is not plainly of one."""
        if method == "initialize":
            return self._open_handshake(params) if opens else None
        if _is_modern(params):
            return self._in_modern_era(params) if opens or self._modern else None
        return self._version if params is None or _is_only_meta(params) else None

    def _open_handshake(self, params: Any) -> str | None:
        if not isinstance(params, dict) or not are_plain_capabilities(params.get("capabilities")):
            return None
        if not is_plain_client(params.get("clientInfo")) or not is_plain_meta(params.get("_meta", {})):
            return None
        version = params.get("protocolVersion")
        if not isinstance(version, str) or "initialize" not in self._replies.get(version, {}):
            return None
        self._version = version
        return version

    def _in_modern_era(self, params: Any) -> str | None:
        meta = params["_meta"]
        version = meta[VERSION_KEY]
        if not _is_only_meta(params) or not are_plain_capabilities(meta.get(CAPABILITIES_KEY)):
            return None
        if CLIENT_KEY in meta and not is_plain_client(meta[CLIENT_KEY]):
            return None
        if not isinstance(version, str) or "server/discover" not in self._replies.get(version, {}):
            return None
        self._modern = True
        return version


def _is_modern(params: Any) -> bool:
    return isinstance(params, dict) and isinstance(params.get("_meta"), dict) and VERSION_KEY in params["_meta"]


def _is_only_meta(params: Any) -> bool:
    return isinstance(params, dict) and params.keys() <= {"_meta"} and is_plain_meta(params.get("_meta", {}))
