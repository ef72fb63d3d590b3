"""A model provider on loopback that says what a script tells it. Standard library only.

with ModelServer(script(call("kanban_show"), say("bye"))) as model:
    ...                                  # point a client at model.url, or at model.url + "/v1"
    assert model.asked[0].request.offered("kanban_show")
"""

import gzip
import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.model_server.anthropic import Anthropic
from tests.model_server.gemini import Gemini
from tests.model_server.openai_chat import Chat
from tests.model_server.openai_responses import Responses
from tests.model_server.reply import Dialect, Event, Reply, reply_to
from tests.model_server.script import Failure, Place, Script
from tests.model_server.seen import ModelRequest

DIALECTS: tuple[Dialect, ...] = (Anthropic(), Responses(), Chat(), Gemini())
GATE_PATIENCE_S = 60.0
MODELS = {
    "object": "list",
    "data": [{"id": "scripted", "object": "model", "type": "model"}],
    "models": [],
    "has_more": False,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to the model and what it was answered: a reply, or a failure."""

    request: ModelRequest
    place: Place
    reply: Reply | None = None
    failure: Failure | None = None


class Gate:
    """A point of a script at which the model waits until the test has done something."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._reached = 0
        self._opened = threading.Event()

    def wait_until_reached(self, times: int = 1, patience_s: float = GATE_PATIENCE_S) -> None:
        """Return once so many requests have come here.

        Raises:
            TimeoutError: they did not come in time.
        """
        with self._change:
            if not self._change.wait_for(lambda: self._reached >= times, patience_s):
                raise TimeoutError(f"{self._reached} of {times} requests reached this gate within {patience_s} s")

    def open(self) -> None:
        """Let the waiting request, and every later one, have its answer."""
        self._opened.set()

    def pass_through(self) -> None:
        """Wait here, as the model."""
        with self._change:
            self._reached += 1
            self._change.notify_all()
        self._opened.wait(GATE_PATIENCE_S)


class ModelServer:
    """The provider. Use it as a context; `asked` is its log."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.other: list[str] = []  # requests that are no question to the model: "HEAD /"
        self._asked: list[Asked] = []
        self._gates: dict[str, Gate] = {}
        self._served: Counter[tuple[int | None, int]] = Counter()
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.model = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for gate in self._gates.values():
            gate.open()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        """Return the address without a path."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def asked(self) -> list[Asked]:
        """Return the questions so far, oldest first; side questions (no tools offered) are left out."""
        with self._lock:
            return [asked for asked in self._asked if asked.request.tools]

    @property
    def first(self) -> ModelRequest:
        """Return the first request of the first session."""
        return self.asked[0].request

    def conversation(self, number: int) -> list[Asked]:
        """Return the questions that one conversation of the script answered."""
        return [asked for asked in self.asked if asked.place.conversation == number]

    def gate(self, name: str) -> Gate:
        """Return the gate of a name; the script and the test get the same one."""
        with self._lock:
            return self._gates.setdefault(name, Gate())

    def answer(self, request: ModelRequest) -> Asked:
        """Answer one request and log it."""
        place = self.script.next(request)
        failure = place.step.always or self._failure(place)
        if place.step.gate:
            self.gate(place.step.gate).pass_through()
        asked = Asked(request, place, failure=failure) if failure else self._replied(request, place)
        with self._lock:
            self._asked.append(asked)
        return asked

    def _failure(self, place: Place) -> Failure | None:
        """Return the failure that this request gets: each of a step's failures is served once."""
        with self._lock:
            number = self._served[place.conversation, place.turn]
            self._served[place.conversation, place.turn] += 1
        return place.step.failures[number] if number < len(place.step.failures) else None

    def _replied(self, request: ModelRequest, place: Place) -> Asked:
        try:
            return Asked(request, place, reply=reply_to(request, place))
        except LookupError as why:
            return Asked(request, place, failure=Failure(400, "invalid_request_error", f"the script is wrong: {why}"))


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    model: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over clients that went away in the middle; show everything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        self.server.model.other.append(f"{self.command} {self._route}")
        self._send(MODELS, 200 if self._route.endswith("/models") else 404)

    do_HEAD = do_GET  # noqa: N815  # the base class looks for this name

    def do_POST(self) -> None:
        body = self._body()
        dialect = next((dialect for dialect in DIALECTS if dialect.serves(self._route)), None)
        if dialect is not None:
            self._answer(dialect, json.loads(body))
        elif self._route.endswith(("/count_tokens", ":countTokens")):
            self._send({"input_tokens": 1000, "totalTokens": 1000})
        else:
            self.server.model.other.append(f"POST {self._route}")
            self._send({"error": {"type": "not_found_error", "message": "no such path"}}, 404)

    @property
    def _route(self) -> str:
        return self.path.partition("?")[0]

    def _answer(self, dialect: Dialect, body: dict[str, Any]) -> None:
        request = dialect.read(self._route, body)
        asked = self.server.model.answer(request)
        if asked.failure is not None:
            self._fail(dialect, asked.failure)
        elif asked.reply is not None and request.stream:
            self._stream(dialect.events(asked.reply))
        elif asked.reply is not None:
            self._send(dialect.whole(asked.reply))

    def _fail(self, dialect: Dialect, failure: Failure) -> None:
        if failure.drop:
            self.close_connection = True
        else:
            self._send(dialect.error(failure), failure.status, failure.headers)

    def _stream(self, events: Sequence[Event]) -> None:
        text = "".join(_server_sent(name, data) for name, data in events)
        self._write(text.encode(), 200, {"content-type": "text/event-stream", "cache-control": "no-cache"})

    def _send(self, content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self._write(json.dumps(content).encode(), status, {"content-type": "application/json", **(headers or {})})

    def _write(self, data: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _body(self) -> bytes:
        """Read the request's body, plain or chunked, and unpack it."""
        if "chunked" in self.headers.get("transfer-encoding", ""):
            data = b"".join(self._chunks())
        else:
            data = self.rfile.read(int(self.headers.get("content-length") or 0))
        return gzip.decompress(data) if self.headers.get("content-encoding") == "gzip" else data

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()


def _server_sent(name: str | None, data: dict[str, Any] | str) -> str:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n"
