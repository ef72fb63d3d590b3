"""Bad, odd and good frames of the handshake era, each with what has to come back. The same seed makes the same frames.

What the server does with each kind stands in docs/reference/frames.md; a test holds the two lists equal.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kanban_mcp.server.framing import FRAME_LIMIT, INVALID_REQUEST, PARSE_ERROR

INVALID_PARAMS, NO_METHOD = -32602, -32601
RESULT, REFUSED, MAYBE = "a result", "an error result", "anything or nothing"
BIG = 10 * FRAME_LIMIT

Owed = tuple[Any, int | str]  # the id of a reply (None: the null id) and its error code, RESULT, REFUSED or MAYBE


@dataclass(frozen=True)
class Frame:
    """What is sent, and the replies that it is owed. `changes` says whether the board may be changed by it."""

    kind: str
    data: bytes
    owed: list[Owed] = field(default_factory=list)
    changes: bool = False


def dumped(**message: Any) -> bytes:
    """Return a message as a client sends it, without its line end."""
    return json.dumps({"jsonrpc": "2.0", **message}).encode()


def call(request_id: Any, tool: str, **arguments: Any) -> bytes:
    """Return a tool call."""
    return dumped(id=request_id, method="tools/call", params={"name": tool, "arguments": arguments})


def nested(levels: int) -> bytes:
    """Return lists in lists."""
    return b"[" * levels + b"]" * levels


class Frames:
    """A stream of frames drawn from all kinds."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._count = 0
        self.big = 0

    def new_id(self) -> Any:
        """Return an id that was not used before: a number or a text."""
        self._count += 1
        return self.random.choice([self._count, f"id-{self._count}", f"é🙂\t{self._count}", 2**53 + self._count])

    def draw(self) -> Frame:
        """Return the next frame. Frames of many megabytes are rare."""
        kind = self.random.choice([*KINDS, *CHEAP])
        while kind in COSTLY and self.random.random() < 0.8:
            kind = self.random.choice([*KINDS, *CHEAP])
        return self.of(kind)

    def of(self, kind: str) -> Frame:
        """Return a frame of one kind."""
        frame = KINDS[kind](self)
        if isinstance(frame, Frame):
            return Frame(kind, frame.data, frame.owed, frame.changes)
        data, *owed = frame
        return Frame(kind, data + b"\n", list(owed))

    def valid(self) -> tuple[Any, bytes]:
        """Return a request that would be answered, with its id."""
        request_id = self.new_id()
        method = self.random.choice(["prompts/list", "resources/list", "tools/call"])
        if method == "tools/call":
            return request_id, call(request_id, "kanban_list")
        return request_id, dumped(id=request_id, method=method)

    def noise(self, length: int) -> bytes:
        """Return random bytes without a line end."""
        return bytes(self.random.randrange(256) for _ in range(length)).replace(b"\n", b".").replace(b"\r", b".")


Drawn = tuple[Any, ...] | Frame  # (data, *owed)
KINDS: dict[str, Callable[[Frames], Drawn]] = {}


def kind(name: str) -> Callable[[Callable[[Frames], Drawn]], Callable[[Frames], Drawn]]:
    """Register a kind of frame under the name it has in the documentation."""

    def register(make: Callable[[Frames], Drawn]) -> Callable[[Frames], Drawn]:
        KINDS[name] = make
        return make

    return register


# No JSON --------------------------------------------------------------------------------------------------------------


@kind("random bytes")
def _noise(f: Frames) -> Drawn:
    return b"\xfe" + f.noise(f.random.randrange(1, 200)), (None, PARSE_ERROR)


@kind("JSON cut short")
def _cut(f: Frames) -> Drawn:
    request_id, frame = f.valid()
    at = f.random.randrange(1, len(frame) - 1)
    head = json.dumps(request_id).encode() + b","
    has_id = head in frame[:at]
    return frame[:at], (request_id if has_id else None, PARSE_ERROR)


@kind("a slip in the JSON")
def _slip(f: Frames) -> Drawn:
    request_id = f.new_id()
    slips = [b'{"a":01}', b'{"a":1,}', b"{'a':1}", b'{"a":+1}', b'{"a" 1}', b'{"a":undefined}', b'{"a":"\t"}', b"{a:1}"]
    head = b'{"jsonrpc":"2.0","id":' + json.dumps(request_id).encode() + b',"method":"x","params":'
    return head + f.random.choice(slips) + b"}", (request_id, PARSE_ERROR)


@kind("invalid UTF-8")
def _not_utf8(f: Frames) -> Drawn:
    request_id = f.new_id()
    bad = f.random.choice([b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"])
    return call(request_id, "kanban_comment", body="@").replace(b"@", bad), (request_id, PARSE_ERROR)


@kind("half a character")
def _surrogate(f: Frames) -> Drawn:
    request_id = f.new_id()
    half = f.random.choice([b"\\ud800", b"\\udfff", b"\\ud83d x"])
    return call(request_id, "kanban_create", title="@").replace(b"@", half), (request_id, PARSE_ERROR)


@kind("NUL bytes")
def _nul(f: Frames) -> Drawn:
    request_id, frame = f.valid()
    at = f.random.choice([0, len(frame)])
    return frame[:at] + b"\0" * f.random.randrange(1, 5) + frame[at:], (request_id if at else None, PARSE_ERROR)


@kind("another encoding")
def _utf16(f: Frames) -> Drawn:
    _, frame = f.valid()
    return frame.decode().encode("utf-16-be").replace(b"\n", b""), (None, PARSE_ERROR)


@kind("a number with 5,000 digits")
def _huge_number(f: Frames) -> Drawn:
    request_id = f.new_id()
    data = call(request_id, "kanban_list", limit=1).replace(b'"limit": 1', b'"limit": ' + b"9" * 5000)
    return data, (request_id, PARSE_ERROR)


# Too much -------------------------------------------------------------------------------------------------------------


@kind("a frame one byte over the limit")
def _one_over(f: Frames) -> Drawn:
    request_id = f.new_id()
    frame = call(request_id, "kanban_comment", task_id="TASK-001", body="@")
    return frame.replace(b"@", b"x" * (FRAME_LIMIT + 2 - len(frame))), (request_id, INVALID_REQUEST)


@kind("a frame at the limit")
def _at_limit(f: Frames) -> Drawn:
    request_id = f.new_id()
    frame = call(request_id, "kanban_comment", task_id="TASK-001", body="@")
    return frame.replace(b"@", b"x" * (FRAME_LIMIT + 1 - len(frame))), (request_id, REFUSED)


@kind("a frame of 10 MiB")
def _ten_mib(f: Frames) -> Drawn:
    request_id = f.new_id()
    data = call(request_id, "kanban_complete", summary="@").replace(b"@", b"x" * BIG)
    return data, (request_id, INVALID_REQUEST)


@kind("10 MiB without JSON")
def _ten_mib_noise(f: Frames) -> Drawn:
    return f.random.choice([b"x", b"[", b'"', b"{"]) * BIG, (None, INVALID_REQUEST)


@kind("nested 60 levels deep")
def _deep_60(f: Frames) -> Drawn:
    request_id = f.new_id()
    data = call(request_id, "kanban_complete", summary="@").replace(b'"@"', nested(60))
    return data, (request_id, INVALID_REQUEST)


@kind("nested 35 levels deep")
def _deep_35(f: Frames) -> Drawn:
    request_id = f.new_id()
    data = call(request_id, "kanban_complete", summary="S", metadata={"a": "@"}).replace(b'"@"', nested(34))
    return data, (request_id, REFUSED)


@kind("nested 200, 1,000 or 100,000 levels deep")
def _deep(f: Frames) -> Drawn:
    request_id, levels = f.new_id(), f.random.choice([200, 1_000, 100_000])
    data = call(request_id, "kanban_complete", summary="@").replace(b'"@"', nested(levels))
    return data, (request_id, PARSE_ERROR)


@kind("brackets that never close")
def _open_brackets(f: Frames) -> Drawn:
    return f.random.choice([b"[", b'{"a":']) * f.random.choice([200, 1_000, 100_000]), (None, PARSE_ERROR)


# JSON, no message -----------------------------------------------------------------------------------------------------


@kind("a value that is no object")
def _no_object(f: Frames) -> Drawn:
    return f.random.choice([b"17", b"null", b"true", b'"ping"', b"1e5", b"NaN"]), (None, INVALID_REQUEST)


@kind("a batch")
def _batch(f: Frames) -> Drawn:
    requests = [f.valid()[1] for _ in range(f.random.randrange(0, 4))]
    return b"[" + b",".join(requests) + b"]", (None, INVALID_REQUEST)


@kind("another version of JSON-RPC, or none")
def _no_rpc(f: Frames) -> Drawn:
    request_id, frame = f.valid()
    wrong = f.random.choice([b'"jsonrpc": "1.0"', b'"jsonrpc": 2.0', b'"jsonrpc": null', b'"rpc": "2.0"'])
    return frame.replace(b'"jsonrpc": "2.0"', wrong), (request_id, INVALID_REQUEST)


@kind("a method that is no text")
def _no_method(f: Frames) -> Drawn:
    request_id = f.new_id()
    return dumped(id=request_id, method=f.random.choice([None, 5, [], {}, True])), (request_id, INVALID_REQUEST)


@kind("parameters that are no object")
def _no_params(f: Frames) -> Drawn:
    request_id = f.new_id()
    frame = dumped(id=request_id, method="prompts/list", params=f.random.choice([[], [1], 5, "x", False]))
    return frame, (request_id, INVALID_REQUEST)


@kind("an id that is no text and no whole number")
def _no_id(f: Frames) -> Drawn:
    wrong = f.random.choice([b"null", b"1.5", b"1.0", b"true", b"{}", b"[1]", b"1e400", b"NaN"])
    return f.valid()[1].replace(b'"method"', b'"id": ' + wrong + b', "method"', 1), (None, INVALID_REQUEST)


@kind("a request and a response in one")
def _both(f: Frames) -> Drawn:
    request_id = f.new_id()
    frame = dumped(id=request_id, method="prompts/list", error={"code": 1, "message": "x"})
    return frame, (request_id, INVALID_REQUEST)


# Messages that lead nowhere -------------------------------------------------------------------------------------------


@kind("a response to a request that was never sent")
def _stray_response(f: Frames) -> Drawn:
    outcome = f.random.choice([{"result": {}}, {"result": {"roots": []}}, {"error": {"code": -1, "message": "no"}}])
    return (dumped(id=f.new_id(), **outcome),)


@kind("a notification nobody knows")
def _unknown_notification(f: Frames) -> Drawn:
    return (dumped(method=f.random.choice(["notifications/nothing", "tools/call", "x" * 1000, ""]), params={"a": 1}),)


@kind("a notification with an id")
def _notification_with_id(f: Frames) -> Drawn:
    request_id = f.new_id()
    return dumped(id=request_id, method="notifications/progress", params={}), (request_id, NO_METHOD)


@kind("progress nobody waits for")
def _progress(f: Frames) -> Drawn:
    token = f.random.choice([1, "x", None, [], True])
    return (dumped(method="notifications/progress", params={"progressToken": token, "progress": 1}),)


@kind("a cancel of an unknown request")
def _cancel_unknown(f: Frames) -> Drawn:
    params = f.random.choice([{"requestId": f.new_id()}, {"requestId": None}, {"requestId": {"a": 1}}, {}])
    return (dumped(method="notifications/cancelled", params=params),)


@kind("blank lines")
def _blank(f: Frames) -> Drawn:
    return (f.random.choice([b"", b"\r", b"   ", b"\t", b"\n\n\n"]),)


# Requests that are refused --------------------------------------------------------------------------------------------


@kind("an unknown method")
def _unknown_method(f: Frames) -> Drawn:
    request_id = f.new_id()
    name = f.random.choice(["tools/cal", "", "x" * 5000, "server/discover", "kanban_list"])
    return dumped(id=request_id, method=name), (request_id, NO_METHOD)


@kind("parameters of the wrong form")
def _wrong_params(f: Frames) -> Drawn:
    request_id = f.new_id()
    wrong: Any = [{}, {"name": 5}, {"name": "kanban_list", "arguments": []}, {"name": "kanban_list", "_meta": 5}]
    wrong += [{"name": "kanban_list", "_meta": {"progressToken": token}} for token in (None, 1.5, [], {})]
    return dumped(id=request_id, method="tools/call", params=f.random.choice(wrong)), (request_id, INVALID_PARAMS)


@kind("an unknown resource or prompt")
def _unknown_resource(f: Frames) -> Drawn:
    request_id, name = (
        f.new_id(),
        f.random.choice(["", "kanban://task/TASK-999", "file:///etc/passwd", "../x", "é" * 999]),
    )
    method, key = f.random.choice([("resources/read", "uri"), ("prompts/get", "name")])
    return dumped(id=request_id, method=method, params={key: name}), (request_id, INVALID_PARAMS)


@kind("an unknown tool")
def _unknown_tool(f: Frames) -> Drawn:
    request_id = f.new_id()
    name = f.random.choice(["", "kanban_sho", "kanban_approve", "__class__", "x" * 5000, "🙂", "a\0b", "\x1b[31m"])
    return call(request_id, name), (request_id, REFUSED)


@kind("wrong arguments")
def _wrong_arguments(f: Frames) -> Drawn:
    request_id = f.new_id()
    wrong: list[dict[str, Any]] = [{}, {"titel": "x"}, {"title": 5}, {"title": "a\0b"}, {"title": "\u202eevil"}]
    wrong += [{"title": "x", "actor": "mia"}, {"title": "x" * 201}, {"title": "x", "parents": ["TASK-999"]}]
    wrong += [{"title": "x", "priority": 2**63}, {"title": "x", "context": "\x1b]0;x\x07"}]
    return call(request_id, "kanban_create", **f.random.choice(wrong)), (request_id, REFUSED)


@kind("initialize without what it needs")
def _bad_hello(f: Frames) -> Drawn:
    request_id = f.new_id()
    params = f.random.choice([{}, {"protocolVersion": 5}, {"protocolVersion": "2025-11-25", "capabilities": {}}])
    return dumped(id=request_id, method="initialize", params=params), (request_id, INVALID_PARAMS)


@kind("a request of the other era")
def _other_era(f: Frames) -> Drawn:
    request_id = f.new_id()
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    return dumped(id=request_id, method="tools/list", params={"_meta": meta}), (request_id, INVALID_REQUEST)


# Odd and fine ---------------------------------------------------------------------------------------------------------


@kind("a good request")
def _good(f: Frames) -> Drawn:
    request_id, frame = f.valid()
    return frame, (request_id, RESULT)


@kind("a call that changes the board")
def _create(f: Frames) -> Drawn:
    request_id = f.new_id()
    title = f"Task {f.random.randrange(10**9)} 🙂"
    return Frame("", call(request_id, "kanban_create", title=title) + b"\n", [(request_id, RESULT)], changes=True)


@kind("a huge id")
def _huge_id(f: Frames) -> Drawn:
    request_id = f.random.choice([10**4000 + f._count, -(2**70) - f._count, "x" * 100_000 + str(f._count)])
    f._count += 1
    return dumped(id=request_id, method="prompts/list"), (request_id, RESULT)


@kind("a byte order mark")
def _bom(f: Frames) -> Drawn:
    request_id, frame = f.valid()
    return b"\xef\xbb\xbf" + frame, (request_id, RESULT)


@kind("another line end, or blanks around")
def _crlf(f: Frames) -> Drawn:
    request_id, frame = f.valid()
    return f.random.choice([frame + b"\r", b"  " + frame, frame + b"\t "]), (request_id, RESULT)


@kind("members nobody knows, or one twice")
def _members(f: Frames) -> Drawn:
    request_id, frame = f.valid()
    more = f.random.choice([b'{"more": [{}], ', b'{"method": "x", ', b'{"id": 5, ', b'{"jsonrpc": "2.0", '])
    return frame.replace(b"{", more, 1), (request_id, RESULT)


@kind("an id used twice at a time")
def _twice(f: Frames) -> Drawn:
    request_id = f.new_id()
    frames = [call(request_id, "kanban_list"), dumped(id=request_id, method="prompts/list")]
    return b"\n".join(frames), (request_id, RESULT), (request_id, RESULT)


@kind("a cancel before its request")
def _cancel_before(f: Frames) -> Drawn:
    request_id = f.new_id()
    cancel = dumped(method="notifications/cancelled", params={"requestId": request_id})
    return cancel + b"\n" + call(request_id, "kanban_list"), (request_id, RESULT)


@kind("a cancel right after its request")
def _cancel_race(f: Frames) -> Drawn:
    request_id = f.new_id()
    cancel = dumped(method="notifications/cancelled", params={"requestId": request_id})
    create = call(request_id, "kanban_create", title=f"Raced {f.random.randrange(10**9)}")
    return Frame("", create + b"\n" + cancel + b"\n" + cancel + b"\n", [(request_id, MAYBE)], changes=True)


@kind("a cancelled wait")
def _cancel_wait(f: Frames) -> Drawn:
    request_id = f.new_id()
    cancel = dumped(method="notifications/cancelled", params={"requestId": request_id, "reason": "enough"})
    return (call(request_id, "kanban_wait", task_ids=["TASK-001"], until="terminal") + b"\n" + cancel,)


COSTLY = {"a frame of 10 MiB", "10 MiB without JSON", "a frame at the limit", "a frame one byte over the limit"}
CHEAP = [
    "JSON cut short",
    "a slip in the JSON",
    "wrong arguments",
    "a good request",
    "a cancel right after its request",
]
"""Kinds with much inside, drawn more often."""
