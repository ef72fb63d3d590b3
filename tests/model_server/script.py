"""What a scripted model says: data, and pure functions from a request to the next step.

The step is chosen by the number of assistant turns that the request already holds, so the server remembers nothing
about a conversation: retries, parallel sessions, sub-agents and resumed sessions all get the same script.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.model_server.seen import ModelRequest

AFTER_THE_END = "script finished"


@dataclass(frozen=True, slots=True)
class Found:
    """A value inside an earlier tool result, for the arguments of a call: `Found("task_id")`, `Found("ready.0.id", 0)`.

    `result` counts the tool results of the conversation from the oldest (0) or back from the newest (-1).
    """

    path: str
    result: int = -1


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call. The tool is named without the prefix that each client puts before it."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error answer of the provider; `drop` closes the connection without one."""

    status: int = 529
    kind: str = "overloaded_error"
    message: str = "scripted failure"
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One assistant turn: text, then calls.

    `failures` are answered first, one per request that asks for this step. `always` is answered every time instead of
    the step. `gate` holds the answer back until the test opens the gate of that name.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    failures: tuple[Failure, ...] = ()
    always: Failure | None = None
    gate: str | None = None
    input_tokens: int = 1000
    output_tokens: int = 50


@dataclass(frozen=True, slots=True)
class Conversation:
    """The steps for every request whose system and user texts match a pattern; an empty pattern matches all."""

    steps: Sequence[Step]
    match: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """Conversations, of which the first that matches answers.

    A request that offers no tools is a side question of the client (a title, a summary) and gets `side_text`.
    """

    conversations: Sequence[Conversation]
    side_text: str = "ok"

    def next(self, request: ModelRequest) -> "Place":
        """Return where the request stands in the script, and the step that answers it."""
        if not request.tools:
            return Place(None, request.turns, Step(self.side_text))
        for number, conversation in enumerate(self.conversations):
            if re.search(conversation.match, request.prompt_text):
                steps = conversation.steps
                step = steps[request.turns] if request.turns < len(steps) else Step(AFTER_THE_END)
                return Place(number, request.turns, step)
        return Place(None, request.turns, Step("no conversation of the script matches"))


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a script: which conversation (None: a side question), how many turns were before, and the step."""

    conversation: int | None
    turn: int
    step: Step


def script(*steps: Step) -> Script:
    """Return a script of one conversation that answers everybody."""
    return Script([Conversation(steps)])


def say(text: str) -> Step:
    """Return a turn of text only: in most clients it ends the session."""
    return Step(text)


def call(tool: str, /, **arguments: Any) -> Step:
    """Return a turn with one tool call."""
    return Step(calls=(Call(tool, arguments),))


def filled(value: Any, request: ModelRequest) -> Any:
    """Return arguments with every `Found` replaced by what it names.

    Raises:
        LookupError: the conversation has no such result, or the result no such field.
    """
    if isinstance(value, Found):
        return _dug(json_in(request.results[value.result].text), value.path)
    if isinstance(value, Mapping):
        return {name: filled(inner, request) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [filled(inner, request) for inner in value]
    return value


def json_in(text: str) -> Any:
    """Return the first JSON object inside a text: some clients put lines of their own before or around it.

    Raises:
        LookupError: there is none.
    """
    for start in (found.start() for found in re.finditer(r"\{", text)):
        try:
            return json.JSONDecoder().raw_decode(text, start)[0]
        except ValueError:
            continue
    raise LookupError(f"no JSON object in {text[:200]!r}")


def _dug(node: Any, path: str) -> Any:
    for name in path.split("."):
        try:
            node = node[int(name)] if isinstance(node, list) else node[name]
        except (KeyError, IndexError, ValueError, TypeError):
            raise LookupError(f"{name!r} of {path!r} is not in the tool result") from None
    return node
