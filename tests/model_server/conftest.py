"""A caller of the model server: plain HTTP requests, as the clients send them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.model_server.server import ModelServer

TIMEOUT_S = 30


@dataclass(frozen=True)
class Heard:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[tuple[str | None, Any]]:
        """Return the server-sent events: name, and data as JSON where it is JSON."""
        return [_event(block) for block in self.body.decode().split("\n\n") if block]


def _event(block: str) -> tuple[str | None, Any]:
    fields = dict(line.split(": ", 1) for line in block.splitlines())
    data = fields["data"]
    return fields.get("event"), json.loads(data) if data.startswith("{") else data


Post = Callable[..., Heard]


def send(model: ModelServer, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Heard:
    """Send one request on a connection of its own."""
    connection = HTTPConnection(urlsplit(model.url).netloc, timeout=TIMEOUT_S)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Heard(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


@pytest.fixture
def post() -> Post:
    """Return a function that posts JSON to a model server."""

    def ask(model: ModelServer, path: str, /, **body: Any) -> Heard:
        return send(model, "POST", path, json.dumps(body).encode(), {"content-type": "application/json"})

    return ask
