"""Schemas as small as they can be: every character of them is in every session's bill (DESIGN §6)."""

from collections.abc import Mapping
from typing import Any

_DROPPED = frozenset({"title", "examples", "$defs"})
LISTED_FIELDS = 4
_TYPES = {str: "string", int: "integer", bool: "boolean", list: "array", dict: "object"}


def compact(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return an input schema without titles, null branches, empty defaults and references; closed at every object."""
    return _object(schema, schema.get("$defs", {}))


def _object(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    small: dict[str, Any] = {"type": "object"}
    if "properties" in schema:
        small["properties"] = {name: _value(value, defs) for name, value in schema["properties"].items()}
    if required := schema.get("required"):
        small["required"] = required
    if schema.get("additionalProperties") is False:
        small["additionalProperties"] = False
    return small


def _value(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    schema = _without_null(schema)
    if reference := schema.get("$ref"):
        schema = {**defs[reference.rpartition("/")[2]], **{k: v for k, v in schema.items() if k != "$ref"}}
    if schema.get("type") == "object":
        small = _object(schema, defs)
    else:
        small = {k: v for k, v in schema.items() if k not in _DROPPED and not _is_obvious(k, v)}
    if "items" in small:
        small["items"] = _value(small["items"], defs)
    if description := schema.get("description"):
        small["description"] = description
    return small


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the one real branch of `X | None`: a null stands for an argument left out, which needs no words."""
    if "anyOf" not in schema:
        return schema
    (branch,) = (option for option in schema["anyOf"] if option.get("type") != "null")
    return {**branch, **{key: value for key, value in schema.items() if key != "anyOf"}}


def _is_obvious(key: str, value: Any) -> bool:
    """Say whether a keyword only states the obvious: an empty default, or that a number is not negative."""
    return (key == "default" and not value) or (key in ("minimum", "minItems") and value in (0, 1))


def shape(**fields: type) -> dict[str, Any]:
    """Return an output schema: the names and types of the answer, none of them required.

    An empty field is left out of an answer, so nothing may be required; clients validate against this.
    """
    return {"type": "object", "properties": {name: {"type": _TYPES[kind]} for name, kind in fields.items()}}


def listed(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an output schema that the listing shows: its first fields.

    Clients check answers against it and models do not read it, so the rest would only cost. A field without a type is
    no way out: the protocol's inspector warns of each.
    """
    return {**answer, "properties": dict(list(answer["properties"].items())[:LISTED_FIELDS])}
