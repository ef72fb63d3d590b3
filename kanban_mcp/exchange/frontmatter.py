"""YAML as task files use it: one level of names with texts or lists of texts. Everything else of YAML is refused.

Read from the parser's events, so that nothing is ever built from a tag, and an alias, with which a few lines can stand
for gigabytes, never comes to be followed.
"""

import re
from collections.abc import Iterator
from typing import Any

from kanban_mcp.exchange.values import refuse

HEAD_LIMIT = 64 * 1024  # characters
DEPTH_LIMIT = 16
_FENCE = re.compile(r"---[ \t]*")
_PERSON = re.compile(r"^(\s*(?:assignee|reporter):\s*)(.*)$")
_AT = re.compile(r"(?<![\w\"'])@[\w.+/-]+(?![\"'])")


def split(text: str, name: str) -> tuple[str, str, int]:
    """Return the YAML and the markdown of a task file, and how many lines stand before the YAML.

    Raises:
        Invalid: the file does not begin with fields between two `---` lines.
    """
    lines = text.splitlines(keepends=True)
    if not lines or not _FENCE.fullmatch(lines[0].rstrip("\r\n")):
        raise refuse(f"{name}, line 1", "no fields between two --- lines, so this is no task of Backlog.md")
    for number, line in enumerate(lines[1:], 1):
        if _FENCE.fullmatch(line.rstrip("\r\n")):
            return "".join(lines[1:number]), "".join(lines[number + 1 :]), 1
    raise refuse(f"{name}, line 1", "the fields that begin here never end: the second --- line is missing")


def values(text: str, name: str, before: int) -> dict[str, Any]:
    """Return the fields: name to text, or to a list of texts; deeper ones are passed over.

    Args:
        text: the YAML.
        name: the file, for messages.
        before: how many lines of the file stand before it.

    Raises:
        Invalid: it is no YAML, or uses tags, anchors or aliases; the text names the line.
    """
    import yaml  # only who imports markdown files pays for it

    if len(text) > HEAD_LIMIT:
        raise refuse(name, f"its fields have {len(text):,} characters, at most {HEAD_LIMIT:,} are read")
    try:
        return _mapping(_safe(yaml.parse(_quoted(text), Loader=yaml.SafeLoader), yaml, name, before), yaml, name)
    except yaml.MarkedYAMLError as why:
        mark = why.problem_mark or why.context_mark
        line = before + (mark.line + 1 if mark else 1)
        raise refuse(f"{name}, line {line}", f"this is no YAML ({why.problem or why.context})") from None
    except yaml.YAMLError as why:  # a character that YAML does not allow
        raise refuse(name, f"this is no YAML ({' '.join(str(why).split())[:120]})") from None


def _quoted(text: str) -> str:
    """Quote `@name` in the two fields where Backlog.md writes it bare, which YAML does not allow."""
    return "\n".join(_quoted_line(line) for line in text.split("\n"))


def _quoted_line(line: str) -> str:
    found = _PERSON.match(line)
    return found[1] + _AT.sub(lambda at: f'"{at[0]}"', found[2]) if found else line


def _safe(events: Iterator[Any], yaml: Any, name: str, before: int) -> Iterator[Any]:
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:  # the parser's time grows with the square of it
            raise refuse(f"{name}, line {before + event.start_mark.line + 1}", "values are nested too deep for a task")
        tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
        if tag or anchor:
            what = "a tag" if tag else "an alias" if isinstance(event, yaml.AliasEvent) else "an anchor"
            line = before + event.start_mark.line + 1
            raise refuse(f"{name}, line {line}", f"{what} of YAML, which no task needs", "Write the value out.")
        yield event


def _mapping(events: Iterator[Any], yaml: Any, name: str) -> dict[str, Any]:
    """Read the one mapping of the document, names and plain values; a value of another shape is passed over."""
    found: dict[str, Any] = {}
    body = (event for event in events if not isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent)))
    first = next(body)
    if isinstance(first, (yaml.StreamEndEvent, yaml.DocumentEndEvent)):
        return found
    if not isinstance(first, yaml.MappingStartEvent):
        raise refuse(name, "names with values are expected between the --- lines")
    for key in body:
        if isinstance(key, yaml.MappingEndEvent):
            break
        word = _value(key, body, yaml)
        value = _value(next(body), body, yaml)
        if isinstance(word, str):
            found[word] = value
    for _ in body:  # to the end, so that what follows is checked too
        pass
    return found


def _value(event: Any, body: Iterator[Any], yaml: Any) -> Any:
    if isinstance(event, yaml.ScalarEvent):
        return None if event.style is None and event.value in ("", "~", "null") else event.value
    items: list[Any] = []
    depth, flat = 1, isinstance(event, yaml.SequenceStartEvent)
    while depth:
        event = next(body)
        if isinstance(event, yaml.CollectionStartEvent):
            depth, flat = depth + 1, False
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif depth == 1:
            items.append(event.value)
    return items if flat else None
