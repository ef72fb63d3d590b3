"""What the protocol requires of a server, asked of the real process over stdio in both eras.

The official suite speaks HTTP only; these are its subjects, and more, over the transport that the product has.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kanban_mcp.service import results
from tests.protocol.frames import call, dumped
from tests.protocol.wire import Wire
from tests.server.conftest import RecordingBoard, a_session
from tests.server.conftest import call as in_memory_call

HANDSHAKE = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
VERSION, CAPABILITIES = "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities"
META = {VERSION: "2026-07-28", CAPABILITIES: {}}
INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32600, -32601, -32602
NO_VERSION = -32022
ERAS = ["legacy", "modern"]

Start = Callable[..., Wire]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a server on the board of this test."""
    started: list[Wire] = []

    def begin(*arguments: str) -> Wire:
        started.append(Wire(tmp_path, *arguments))
        return started[-1]

    yield begin
    for wire in started:
        wire.kill()


class Peer:
    """A client of one era: the same requests, with an envelope where the era wants one."""

    def __init__(self, wire: Wire, era: str) -> None:
        self.wire, self.era, self._number = wire, era, 0
        self.passed_over: list[Any] = []  # what came while a reply was waited for
        if era == "legacy":
            wire.shake_hands()

    def params(self, meta: dict[str, Any] | None = None, **params: Any) -> Any:
        """Return parameters with what the era adds."""
        merged = {**(META if self.era == "modern" else {}), **(meta or {})}
        return params | ({"_meta": merged} if merged else {}) or None

    def ask(self, method: str, meta: dict[str, Any] | None = None, **params: Any) -> Any:
        """Send a request; returns the whole reply."""
        self._number += 1
        self.send(self._number, method, meta, **params)
        while not same((reply := self.wire.receive()).get("id"), self._number):
            self.passed_over.append(reply)
        return reply

    def send(self, request_id: Any, method: str, meta: dict[str, Any] | None = None, **params: Any) -> None:
        """Send a request without waiting."""
        self.wire.send(dumped(id=request_id, method=method, params=self.params(meta, **params)) + b"\n")

    def call(self, tool: str, **arguments: Any) -> Any:
        """Call a tool; returns its result."""
        return self.ask("tools/call", name=tool, arguments=arguments)["result"]


@pytest.fixture(params=ERAS, scope="module")
def peer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A client of one era on a board with one task, for all tests that leave the connection as it was."""
    wire = Wire(tmp_path_factory.mktemp("board"))
    peer = Peer(wire, request.param)
    peer.call("kanban_create", title="Write the parser")
    yield peer
    wire.kill()


def same(one: Any, other: Any) -> bool:
    """Say whether two ids or tokens are the same: 1 is not true, and not "1"."""
    return type(one) is type(other) and bool(one == other)


def code(reply: Any) -> int:
    return int(reply["error"]["code"])


# Opening --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", HANDSHAKE)
def test_initialize_names_the_server_its_version_and_what_it_can_do(start: Start, version: str) -> None:
    hello = start().shake_hands(version)
    assert hello["protocolVersion"] == version
    assert hello["serverInfo"]["name"] == "kanban"
    assert hello["serverInfo"]["version"]
    assert hello["capabilities"].keys() == {"tools", "resources", "prompts"}
    assert hello["instructions"]


@pytest.mark.parametrize("version", ["1999-01-01", "2026-07-28", "2031-12-31"])
def test_a_version_that_is_not_served_by_handshake_is_answered_with_the_newest_that_is(
    start: Start, version: str
) -> None:
    wire = start()
    assert wire.shake_hands(version)["protocolVersion"] == "2025-11-25"
    assert wire.ask("ping")["result"] == {}


def test_discover_names_the_versions_served_and_the_server(start: Start) -> None:
    result = Peer(start(), "modern").ask("server/discover")["result"]
    assert result["supportedVersions"] == ["2026-07-28"]
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "kanban"
    assert result["capabilities"].keys() == {"tools", "resources", "prompts"}


def test_a_modern_request_of_a_version_not_served_is_told_which_are(start: Start) -> None:
    wire = start()
    for version in ("1999-01-01", "2025-11-25", "2031-12-31"):
        reply = wire.ask("tools/list", {"_meta": {**META, VERSION: version}})
        assert code(reply) == NO_VERSION
        assert reply["error"]["data"] == {"supported": ["2026-07-28"], "requested": version}
    assert "tools" in wire.ask("tools/list", {"_meta": META})["result"]  # and may go on with one of them


def test_a_modern_connection_refuses_a_request_without_its_envelope(start: Start) -> None:
    peer = Peer(start(), "modern")
    assert "tools" in peer.ask("tools/list")["result"]
    for missing in META:
        kept = {key: value for key, value in META.items() if key != missing}
        assert code(peer.wire.ask("tools/list", {"_meta": kept})) == INVALID_PARAMS


def test_before_the_handshake_only_a_ping_is_answered(start: Start) -> None:
    wire = start()
    assert wire.ask("ping")["result"] == {}
    for method, params in (
        ("tools/list", None),
        ("tools/call", {"name": "kanban_create", "arguments": {"title": "x"}}),
    ):
        assert code(wire.ask(method, params)) == INVALID_PARAMS
    wire.shake_hands()
    assert wire.call("kanban_list")["isError"] is True  # nothing was created: there is no board yet


def test_the_eras_do_not_mix_on_a_connection(start: Start) -> None:
    legacy, modern = Peer(start(), "legacy"), Peer(start(), "modern")
    assert code(legacy.wire.ask("tools/list", {"_meta": META})) == INVALID_REQUEST
    assert "tools" in modern.ask("tools/list")["result"]
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    reply = modern.wire.ask("initialize", hello)
    assert code(reply) == NO_VERSION
    assert "2026-07-28" in reply["error"]["data"]["supported"]


def test_ping_is_answered_by_handshake_and_unknown_to_the_newer_era(start: Start) -> None:
    legacy, modern = Peer(start(), "legacy"), Peer(start(), "modern")
    assert legacy.ask("ping")["result"] == {}
    assert code(modern.ask("ping")) == NO_METHOD


# Lists ----------------------------------------------------------------------------------------------------------------


def test_every_list_and_every_read_says_how_long_it_may_be_kept(start: Start) -> None:
    peer = Peer(start(), "modern")
    for method in ("tools/list", "prompts/list", "resources/list", "resources/templates/list", "server/discover"):
        result = peer.ask(method)["result"]
        assert (result["ttlMs"], result["cacheScope"]) == (3_600_000, "private"), method
    peer.call("kanban_create", title="Write the parser")
    read = peer.ask("resources/read", uri="kanban://board")["result"]
    assert (read["ttlMs"], read["cacheScope"]) == (0, "private")


def test_an_older_client_gets_no_words_of_the_newer_era(start: Start) -> None:
    peer = Peer(start(), "legacy")
    for method in ("tools/list", "prompts/list", "resources/list"):
        result = peer.ask(method)["result"]
        assert not {"ttlMs", "cacheScope", "resultType", "_meta"} & result.keys(), method


def test_tools_resources_templates_and_prompts_are_listed(peer: Peer) -> None:
    assert len(peer.ask("tools/list")["result"]["tools"]) == 17
    assert [one["uri"] for one in peer.ask("resources/list")["result"]["resources"]] == ["kanban://board"]
    templates = peer.ask("resources/templates/list")["result"]["resourceTemplates"]
    assert [one["uriTemplate"] for one in templates] == ["kanban://task/{id}"]
    assert [one["name"] for one in peer.ask("prompts/list")["result"]["prompts"]] == ["work", "orchestrate"]


# What is not there ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["tools/nothing", "logging/setLevel", "completion/complete", "resources/subscribe"])
def test_a_method_that_is_not_offered_is_unknown(peer: Peer, method: str) -> None:
    full = {
        "logging/setLevel": {"level": "info"},
        "completion/complete": {
            "ref": {"type": "ref/prompt", "name": "work"},
            "argument": {"name": "role", "value": ""},
        },
        "resources/subscribe": {"uri": "kanban://board"},
    }
    assert code(peer.ask(method, **full.get(method, {}))) == NO_METHOD


@pytest.mark.parametrize("uri", ["kanban://nothing", "kanban://task/TASK-999", "file:///etc/passwd"])
def test_a_resource_that_is_not_there_is_an_error_and_names_the_next_step(peer: Peer, uri: str) -> None:
    reply = peer.ask("resources/read", uri=uri)
    assert code(reply) == INVALID_PARAMS
    assert "Next: " in reply["error"]["message"]


def test_an_unknown_tool_is_an_error_result_and_an_unknown_prompt_an_error(peer: Peer) -> None:
    result = peer.call("kanban_sho")
    assert result["isError"] is True
    assert "Did you mean kanban_show?" in result["content"][0]["text"]
    reply = peer.ask("prompts/get", name="wrok", arguments={})
    assert code(reply) == INVALID_PARAMS
    assert "work" in reply["error"]["message"]


# Calls ----------------------------------------------------------------------------------------------------------------


def test_a_call_is_answered_with_structured_content_and_the_same_as_text(peer: Peer) -> None:
    result = peer.call("kanban_create", title="Write the parser")
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
    assert result.get("isError", False) is False
    assert result["structuredContent"]["state"] == "ready"


def test_a_prompt_is_filled_in_and_a_resource_read(peer: Peer) -> None:
    text = peer.ask("prompts/get", name="work", arguments={"role": "tester"})["result"]["messages"][0]["content"][
        "text"
    ]
    assert 'kanban_claim(assignee="tester")' in text
    content = peer.ask("resources/read", uri="kanban://task/TASK-001")["result"]["contents"][0]
    assert (content["uri"], json.loads(content["text"])["id"]) == ("kanban://task/TASK-001", "TASK-001")


@pytest.mark.parametrize("token", [7, 0, "tok", "7", "é🙂"])
async def test_progress_carries_the_token_of_its_request_and_only_rises(raw: Any, token: Any) -> None:
    async def wait(_session: Any, *, progress: Any, **_arguments: Any) -> Any:
        for value in (1, 5, 3, 10):
            await progress(value, "still waiting")
        return results.Waited(next="Go on.", done=True, changed=[], attention=[])

    client = await raw(a_session(RecordingBoard(wait=wait)))
    await client.shake_hands()
    client.send(in_memory_call("wait", "kanban_wait", {"progressToken": token}))
    told = [(await client.receive())["params"] for _ in range(3)]
    assert all(same(params["progressToken"], token) for params in told)
    assert [params["progress"] for params in told] == [1, 5, 10]
    assert (await client.receive())["id"] == "wait"


def test_without_a_token_there_is_no_progress(peer: Peer) -> None:
    arguments = {"task_ids": ["TASK-001"], "until": "terminal", "timeout_s": 1}
    peer.send("wait", "tools/call", name="kanban_wait", arguments=arguments)
    assert peer.wire.receive()["id"] == "wait"


def test_what_a_client_puts_into_meta_does_not_come_back(peer: Peer) -> None:
    meta = {"io.example/secret": "s3cret", "progressToken": "tok"}
    reply = peer.ask("tools/call", meta, name="kanban_create", arguments={"title": "Write the parser"})
    assert "s3cret" not in json.dumps(reply)
    assert reply["result"].get("_meta", {}).keys() <= {"io.modelcontextprotocol/serverInfo"}


def test_a_cancelled_call_is_never_answered_and_others_go_on(peer: Peer) -> None:
    peer.send("wait", "tools/call", name="kanban_wait", arguments={"task_ids": ["TASK-001"], "until": "terminal"})
    assert "counts" in peer.call("kanban_list")["structuredContent"]
    peer.wire.send(dumped(method="notifications/cancelled", params={"requestId": "wait", "reason": "enough"}) + b"\n")
    for _ in range(3):
        assert "counts" in peer.call("kanban_list")["structuredContent"]
    assert peer.passed_over == []


@pytest.mark.parametrize("request_id", [0, -1, 2**53, 2**70, "", "7", "é🙂\t", "x" * 10_000])
def test_an_id_comes_back_as_it_was_sent(peer: Peer, request_id: Any) -> None:
    reply = peer.wire.ask("prompts/list", peer.params(), request_id)
    assert same(reply["id"], request_id)


@pytest.mark.parametrize(("toolset", "count"), [("worker", 10), ("orchestrator", 17), ("operator", 19)])
def test_each_toolset_has_a_listing_of_its_own(start: Start, toolset: str, count: int) -> None:
    assert len(Peer(start("--toolset", toolset), "modern").ask("tools/list")["result"]["tools"]) == count


def test_a_call_before_the_listing_is_served_as_any_other(start: Start) -> None:
    wire = start()
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    wire.send(dumped(id=0, method="initialize", params=hello) + b"\n" + call(1, "kanban_create", title="x") + b"\n")
    assert [wire.receive()["id"], wire.receive()["id"]] == [0, 1]
