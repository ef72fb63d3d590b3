"""What a client may send as arguments, and the texts that refuse it: argument, limit, example, nothing internal."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kanban_mcp.domain.errors import BoardError, Invalid, UnknownArgument
from kanban_mcp.domain.inputs import DEPTH_LIMIT, TEXT_LIMIT, depth, nearest, shown

KINDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
"""How values are named in refusals."""

_WANTED = {
    "string": "text",
    "int": "a whole number",
    "finite": "a whole number",  # finite_number: NaN and infinity
    "bool": "true or false",
    "list": "a list",
    "dict": "an object",
    "model": "an object",
    "sequence": "a list",
    "is": "a list",  # is_instance_of: the one type that pydantic names so here is Sequence
}
_BOUNDS = {"less_than_equal": ("at most", "le"), "greater_than_equal": ("at least", "ge")}


def check_limits(arguments: Mapping[str, Any]) -> None:
    """Refuse texts over 64 KiB, nesting over 32 levels and numbers that JSON cannot carry, wherever they stand.

    Raises:
        Invalid: names the argument and the limit.
    """
    for name, value in arguments.items():
        if depth(value) > DEPTH_LIMIT:
            raise Invalid(f"{name} is nested deeper than {DEPTH_LIMIT} levels.", hint="Flatten it.")
        for leaf in _leaves(value):
            _check_leaf(name, leaf)


def _check_leaf(name: str, leaf: Any) -> None:
    if isinstance(leaf, str) and len(leaf) * 4 > TEXT_LIMIT and len(leaf.encode(errors="replace")) > TEXT_LIMIT:
        hint = "Put it into a file and name the file."
        raise Invalid(f"{name} holds {len(leaf):,} characters, at most {TEXT_LIMIT:,} bytes fit.", hint=hint)
    if isinstance(leaf, float) and not math.isfinite(leaf):
        raise Invalid(f"{name} holds a number that is not finite.", hint="Send a plain number or text.")


def _leaves(value: Any) -> Iterator[Any]:
    """Yield every text and number inside a value, keys included, without recursion."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        else:
            yield item


def refusal(tool: str, model: type[BaseModel], error: ValidationError) -> BoardError:
    """Turn a validation error into the one refusal a model can act on."""
    found = error.errors(include_url=False, include_context=True)
    first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])
    if first["type"] == "extra_forbidden":
        return _unknown(tool, model, first)
    return Invalid(f"{tool}: {_place(first)} {_complaint(first)}.", hint=_example(model, first))


def _unknown(tool: str, model: type[BaseModel], error: ErrorDetails) -> UnknownArgument:
    *_, name = error["loc"]
    known = _fields_at(model, error["loc"][:-1])
    hint = f"{nearest(str(name), known)}Arguments: {', '.join(known)}."
    return UnknownArgument(f"{tool} has no argument {shown(_place(error))}.", hint=hint)


def _fields_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the field names of the object at `path`: the arguments, or those of a list's items."""
    for field in model.model_fields.values() if path else ():
        item = _item_model(field.annotation)
        if item is not None:
            return list(item.model_fields)
    return list(model.model_fields)


def _item_model(annotation: Any) -> type[BaseModel] | None:
    for inner in getattr(annotation, "__args__", ()):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner
        if (found := _item_model(inner)) is not None:
            return found
    return None


def _place(error: ErrorDetails) -> str:
    """Return where the value stands, as people write it: `tasks[2].title`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]]
    return "".join(parts).lstrip(".")


def _complaint(error: ErrorDetails) -> str:
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    if kind == "missing":
        return "is missing"
    if kind == "too_short":
        return "is empty"
    if kind == "literal_error":
        words = context["expected"].replace(" or ", ", ").replace("'", "")
        return f"must be one of {words}; {_named(given)} is none of them"
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"must be {words} {context[bound]}; {_named(given)} is not"
    wanted = _WANTED.get(kind.partition("_")[0], "of another form")
    return f"must be {wanted}, not {_named(given)}"


def _named(value: Any) -> str:
    """Return a value for a refusal: short scalars as they are, anything else by its kind."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and abs(value) < 10**15:
        return str(value)
    return next((name for kind, name in KINDS.items() if isinstance(value, kind)), "that value")


def _example(model: type[BaseModel], error: ErrorDetails) -> str:
    """Return `For example title="Write the parser".` for the argument that failed."""
    name = str(next((part for part in reversed(error["loc"]) if isinstance(part, str)), ""))
    owner = (
        model if name in model.model_fields else next(filter(None, map(_item_of, model.model_fields.values())), model)
    )
    field = owner.model_fields.get(name)
    if field is None or not field.examples:
        return "Call again with that corrected; nothing was changed."
    return f"For example {name}={field.examples[0]}."


def _item_of(field: Any) -> type[BaseModel] | None:
    return _item_model(field.annotation)
