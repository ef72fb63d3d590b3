"""A tool is a value: name, text, toolset, hints, handler, the shape of its answer.

The handler's signature is the input schema. Its pydantic model is built at the first call of the tool: building all of
them at start would delay the first answer of every session by about 20 ms for tools that it never calls.
"""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mcp.types as types
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from kanban_mcp.domain.inputs import only_known
from kanban_mcp.server import schema
from kanban_mcp.server.arguments import check_limits, refusal

Handler = Callable[..., Awaitable[Any]]

ALWAYS_LOAD = {"anthropic/alwaysLoad": True}
"""Claude Code defers tools behind a search unless told not to; a board that has to be searched for is not used."""


@dataclass(frozen=True)
class Hints:
    """What clients may assume about a tool; every one is set on purpose, since unset means the worst case.

    `idempotent`: repeating the call with the same arguments changes nothing more. No tool reaches beyond the board.
    """

    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False

    def annotations(self) -> types.ToolAnnotations:
        """Return the wire form without the fields that only repeat the protocol's default."""
        if self.read_only:
            return types.ToolAnnotations(read_only_hint=True, open_world_hint=False)
        return types.ToolAnnotations(
            destructive_hint=self.destructive, idempotent_hint=self.idempotent or None, open_world_hint=False
        )


READS = Hints(read_only=True)
WRITES = Hints()
REPEATABLE = Hints(idempotent=True)
DESTROYS = Hints(destructive=True, idempotent=True)


@dataclass(frozen=True)
class Tool:
    """One tool of the server. `answer` is the whole output schema: shape only, nothing required."""

    name: str
    description: str
    toolset: str
    hints: Hints
    handler: Handler
    answer: Mapping[str, Any]

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """Return the arguments by name, in schema order; the first parameter of a handler is the call itself."""
        _, *rest = inspect.signature(self.handler).parameters.values()
        return {parameter.name: parameter for parameter in rest}

    @cached_property
    def model(self) -> type[BaseModel]:
        """Build the model of the arguments."""
        fields: dict[str, Any] = {
            name: (p.annotation, ... if p.default is p.empty else p.default) for name, p in self.parameters.items()
        }
        return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)

    def read(self, given: Mapping[str, Any] | None) -> dict[str, Any]:
        """Turn what a client sent into the handler's arguments.

        A null for an argument that may be left out means that it is left out: several clients fill every field.

        Raises:
            UnknownArgument: a name that no schema has.
            Invalid: a missing, mistyped or oversize value; the text names it and shows an example.
        """
        present = {k: v for k, v in (given or {}).items() if v is not None or not self._may_be_left_out(k)}
        only_known(present, tuple(self.parameters), self.name)
        try:
            model = self.model.model_validate(present)
        except ValidationError as error:
            raise refusal(self.name, self.model, error) from None
        read = {name: plain(getattr(model, name)) for name in self.parameters}
        check_limits(read)  # after reading: what came as JSON text counts like what came as JSON
        return read

    def _may_be_left_out(self, name: str) -> bool:
        return name in self.parameters and self.parameters[name].default is not inspect.Parameter.empty

    def listed(self) -> types.Tool:
        """Return the tool as tools/list shows it."""
        return types.Tool(
            name=self.name,
            description=self.description,
            input_schema=schema.compact(self.model.model_json_schema()),
            output_schema=schema.listed(self.answer),
            annotations=self.hints.annotations(),
            _meta=ALWAYS_LOAD,
        )


def tool(toolset: str, hints: Hints, answer: Mapping[str, Any]) -> Callable[[Handler], Tool]:
    """Make a tool of a handler: its name is the tool's name, its docstring the description."""

    def make(handler: Handler) -> Tool:
        description = " ".join((handler.__doc__ or "").split())
        return Tool(getattr(handler, "__name__", ""), description, toolset, hints, handler, answer)

    return make


def plain(value: Any) -> Any:
    """Return models inside a value as the dicts that the board takes, without the fields nobody set."""
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_unset=True, exclude_none=True)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def compact_json(value: Any) -> str:
    """Return JSON without blanks and with characters as they are: what is counted against the budgets."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
