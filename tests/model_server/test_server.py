"""The provider as a server: failures, gates, probes, odd bodies, and several clients at once."""

import gzip
import json
import threading
from http.client import RemoteDisconnected

import pytest

from tests.model_server.conftest import Post, send
from tests.model_server.script import Failure, Found, Step, call, say, script
from tests.model_server.server import ModelServer

TOOLS = [{"type": "function", "function": {"name": "kanban_show"}}]
PATH = "/v1/chat/completions"
WORK = [{"role": "user", "content": "Work."}]


def said(answer: dict[str, object]) -> object:
    return answer["choices"][0]["message"]["content"]  # type: ignore[index]  # JSON of a known form


def test_failures_come_first_and_the_step_after_them(post: Post) -> None:
    limit = Failure(429, "rate_limit_error", "slow down", {"retry-after": "0"})
    with ModelServer(script(Step("at last", failures=(limit, Failure(500))))) as model:
        answers = [post(model, PATH, tools=TOOLS, messages=WORK) for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 500, 200]
    assert answers[0].headers["retry-after"] == "0"
    assert answers[0].json["error"]["message"] == "slow down"
    assert said(answers[2].json) == "at last"
    assert [asked.failure for asked in model.asked] == [limit, Failure(500), None]


def test_a_step_that_always_fails_never_answers(post: Post) -> None:
    with ModelServer(script(Step("never", always=Failure(401, "authentication_error")))) as model:
        assert {post(model, PATH, tools=TOOLS, messages=WORK).status for _ in range(3)} == {401}


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/v1/messages", "type"), ("/v1/responses", "type"), ("/v1beta/models/m:generateContent", "status")],
)
def test_each_dialect_has_its_own_form_of_an_error(path: str, kind: str, post: Post) -> None:
    with ModelServer(script(Step(always=Failure(529, "overloaded_error")))) as model:
        body = post(model, path, tools=[{"name": "x", "functionDeclarations": [{"name": "x"}]}]).json
    assert body["error"][kind] == "overloaded_error"


def test_a_dropped_connection_ends_without_an_answer(post: Post) -> None:
    with ModelServer(script(Step("then", failures=(Failure(drop=True),)))) as model:
        with pytest.raises((RemoteDisconnected, ConnectionError)):
            post(model, PATH, tools=TOOLS, messages=WORK)
        assert said(post(model, PATH, tools=TOOLS, messages=WORK).json) == "then"


def test_a_gate_holds_the_answer_until_the_test_opens_it(post: Post) -> None:
    answers: list[int] = []
    with ModelServer(script(Step("opened", gate="now"))) as model:
        asking = threading.Thread(target=lambda: answers.append(post(model, PATH, tools=TOOLS, messages=WORK).status))
        asking.start()
        model.gate("now").wait_until_reached()
        assert answers == []
        model.gate("now").open()
        asking.join(30)
    assert answers == [200]


def test_a_gate_that_nobody_reaches_is_an_error_and_no_hang() -> None:
    with ModelServer(script(say("x"))) as model, pytest.raises(TimeoutError, match="0 of 1 requests"):
        model.gate("never").wait_until_reached(patience_s=0.01)


def test_a_script_that_is_wrong_fails_the_request_and_says_why(post: Post) -> None:
    with ModelServer(script(call("kanban_show", task_id=Found("task_id")))) as model:
        answer = post(model, PATH, tools=TOOLS, messages=WORK)
    assert answer.status == 400
    assert "the script is wrong" in answer.json["error"]["message"]


def test_side_questions_are_answered_and_not_counted(post: Post) -> None:
    with ModelServer(script(say("one"))) as model:
        assert said(post(model, PATH, messages=WORK).json) == "ok"
        assert said(post(model, PATH, tools=TOOLS, messages=WORK).json) == "one"
    assert len(model.asked) == 1


def test_probes_of_a_client_are_noted_and_answered() -> None:
    with ModelServer(script(say("x"))) as model:
        answers = [
            send(model, method, path).status
            for method, path in [("HEAD", "/"), ("GET", "/v1/models?x=1"), ("POST", "/v1/messages/count_tokens")]
        ]
        assert answers == [404, 200, 200]
        assert send(model, "POST", "/v1/telemetry", b"{}").status == 404
    assert model.other == ["HEAD /", "GET /v1/models", "POST /v1/telemetry"]


def test_a_packed_body_is_unpacked() -> None:
    body = gzip.compress(json.dumps({"tools": TOOLS, "messages": WORK}).encode())
    with ModelServer(script(say("x"))) as model:
        assert send(model, "POST", PATH, body, {"content-encoding": "gzip"}).status == 200
    assert model.first.users == ("Work.",)


def test_a_chunked_body_is_put_together() -> None:
    text = json.dumps({"tools": TOOLS, "messages": WORK}).encode()
    chunks = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (text[:9], text[9:])) + b"0\r\n\r\n"
    with ModelServer(script(say("x"))) as model:
        assert send(model, "POST", PATH, chunks, {"transfer-encoding": "chunked"}).status == 200
    assert model.first.users == ("Work.",)


def test_two_sessions_at_once_do_not_disturb_each_other(post: Post) -> None:
    texts: list[object] = []
    spoken = [*WORK, {"role": "assistant", "content": "one"}]

    def ask(messages: list[dict[str, str]]) -> None:
        texts.append(said(post(model, PATH, tools=TOOLS, messages=messages).json))

    with ModelServer(script(say("one"), say("two"))) as model:
        threads = [threading.Thread(target=ask, args=(messages,)) for messages in (WORK, spoken) * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert sorted(map(str, texts)) == ["one"] * 4 + ["two"] * 4
