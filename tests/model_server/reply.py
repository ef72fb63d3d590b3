"""What the scripted model answers, before a dialect puts it into a provider's words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tests.model_server.script import Failure, Place, filled
from tests.model_server.seen import ModelRequest, OfferedTool

Json = dict[str, Any]
Event = tuple[str | None, Json | str]
"""One server-sent event: its name where the provider names events, and its data."""


@dataclass(frozen=True, slots=True)
class ReplyCall:
    """A call with the name under which the client offered the tool, and an id that is the same on every retry."""

    id: str
    tool: OfferedTool
    arguments: Json

    @property
    def arguments_text(self) -> str:
        return json.dumps(self.arguments)


@dataclass(frozen=True, slots=True)
class Reply:
    """One assistant turn, resolved against the request it answers."""

    id: str
    model: str
    text: str
    calls: tuple[ReplyCall, ...]
    input_tokens: int
    output_tokens: int


def reply_to(request: ModelRequest, place: Place) -> Reply:
    """Return the turn for a request. A tool that is not offered is called by its bare name, as a model would guess it.

    Raises:
        LookupError: the script names a result that the conversation does not have.
    """
    step = place.step
    calls = tuple(
        ReplyCall(
            id=f"{place.conversation}_{place.turn}_{number}",
            tool=request.offered(call.tool) or OfferedTool(call.tool),
            arguments=filled(call.arguments, request),
        )
        for number, call in enumerate(step.calls)
    )
    name = f"scripted_{place.conversation}_{place.turn}"
    return Reply(name, request.model, step.text, calls, step.input_tokens, step.output_tokens)


class Dialect(Protocol):
    """One provider's protocol: reads its requests, writes its answers."""

    name: str

    def serves(self, path: str) -> bool:
        """Say whether requests to the path are in this dialect."""
        ...

    def read(self, path: str, body: Json) -> ModelRequest:
        """Return what the request asks."""
        ...

    def whole(self, reply: Reply) -> Json:
        """Return the answer as one object."""
        ...

    def events(self, reply: Reply) -> Sequence[Event]:
        """Return the answer as a stream."""
        ...

    def error(self, failure: Failure) -> Json:
        """Return the body of an error."""
        ...
