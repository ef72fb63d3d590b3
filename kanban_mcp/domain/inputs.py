"""What callers may write: lengths, characters, closed lists. Enforced below every surface, MCP or not.

Limits (reference F17): title 200 characters, any text 64 KiB, metadata 64 KiB and 32 levels, lists 100 entries.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from kanban_mcp.domain.errors import BoardError, ConfigError, Invalid, UnknownArgument
from kanban_mcp.domain.texts import has_control_characters

TITLE_LIMIT = 200
NAME_LIMIT = 64
TEXT_LIMIT = 64 * 1024  # bytes as UTF-8
DEPTH_LIMIT = 32
LIST_LIMIT = 100


class Priority(IntEnum):
    """Claim order: the smaller number goes first."""

    URGENT = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


PRIORITIES = tuple(p.name.lower() for p in Priority)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean "x"?` for the nearest known word, or an empty text."""
    from difflib import get_close_matches  # only who mistyped pays for it

    found = get_close_matches(word[:NAME_LIMIT], list(known), n=1)
    return f'Did you mean "{found[0]}"? ' if found else ""


def choice(value: str, known: Sequence[str], argument: str) -> str:
    """Return the value if it is one of the known words.

    Raises:
        Invalid: it is not; the text lists the words and suggests the nearest.
    """
    if value not in known:
        words = ", ".join(word or '""' for word in known)
        raise Invalid(f"{argument} {shown(value)} is not known.", hint=f"{nearest(value, known)}Use {words}.")
    return value


def priority(value: str) -> Priority:
    """Read a priority word."""
    return Priority[choice(value, PRIORITIES, "priority").upper()]


def shown(value: str, limit: int = 60) -> str:
    """Quote somebody's text for an error message: shortened, control characters escaped."""
    cut = value if len(value) <= limit else value[:limit] + "…"
    return json.dumps(cut, ensure_ascii=has_control_characters(cut))


def title(value: str, argument: str = "title") -> str:
    """Return a title without surrounding blanks: one line, 1 to 200 characters."""
    value = line(value, argument, TITLE_LIMIT)
    if not value:
        raise Invalid(
            f"{argument} is empty.", hint=f"Say in one line what is to be done, at most {TITLE_LIMIT} characters."
        )
    return value


def line(value: str, argument: str, limit: int = NAME_LIMIT) -> str:
    """Return one line of text without surrounding blanks, at most `limit` characters."""
    value = value.strip()
    if len(value) > limit:
        raise Invalid(f"{argument} has {len(value):,} characters, at most {limit} fit.", hint="Shorten it.")
    if has_control_characters(value, one_line=True):
        raise Invalid(f"{argument} {shown(value)} has control characters or line breaks.", hint="Write one plain line.")
    return value


_ROLE = re.compile(r"[\w][\w.+/-]{0,63}", re.UNICODE)


def role(value: str | None) -> str:
    """Return a role name, '' for none: a word of letters, digits and `-_.+/`, at most 64 characters."""
    value = line(value or "", "assignee")
    if value and not _ROLE.fullmatch(value):
        raise Invalid(f"assignee {shown(value)} is not a role name.", hint='Write one word, for example "implementer".')
    return value.lower()


def text(value: str, argument: str) -> str:
    """Return a text of at most 64 KiB without control characters other than newline and tab."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise Invalid(f"{argument} holds half of a character (a lone surrogate).", hint="Send valid Unicode.") from None
    if size > TEXT_LIMIT:
        raise Invalid(
            f"{argument} is {size:,} bytes, at most {TEXT_LIMIT:,} fit.", hint="Put it into a file and name the file."
        )
    if has_control_characters(value):
        raise Invalid(f"{argument} has control characters.", hint="Send plain text; escape sequences are not stored.")
    return value


def key(value: str | None, argument: str = "idempotency_key") -> str | None:
    """Return an idempotency key: one line of at most 200 characters, or None."""
    if value is None:
        return None
    return line(value, argument, TITLE_LIMIT) or None


def texts(values: Iterable[str], argument: str, limit: int = LIST_LIMIT) -> tuple[str, ...]:
    """Return a list of non-empty texts, at most `limit` of them."""
    given = tuple(values)
    if len(given) > limit:  # before a hundred thousand of them are looked at
        raise Invalid(f"{argument} has {len(given):,} entries, at most {limit} fit.", hint="Split the work.")
    result = tuple(text(value, argument).strip() for value in given)
    if not all(result):
        raise Invalid(f"{argument} has an empty entry.", hint="Leave it out.")
    return result


def json_text(value: Any, argument: str) -> str:
    """Return a value as compact JSON of at most 64 KiB and 32 levels, with every number finite."""
    if depth(value) > DEPTH_LIMIT:
        raise Invalid(f"{argument} is nested deeper than {DEPTH_LIMIT} levels.", hint="Flatten it.")
    try:
        dumped = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as why:
        raise Invalid(f"{argument} is not plain JSON: {why}.", hint="Send numbers, texts, lists and objects.") from None
    try:
        size = len(dumped.encode())
    except UnicodeEncodeError:
        raise Invalid(f"{argument} holds half of a character (a lone surrogate).", hint="Send valid Unicode.") from None
    if size > TEXT_LIMIT:
        raise Invalid(f"{argument} is {size:,} bytes, at most {TEXT_LIMIT:,} fit.", hint="Put it into a file.")
    if "\\u0000" in dumped or has_control_characters(dumped):
        raise Invalid(f"{argument} has control characters.", hint="Send plain text.")
    return dumped


def depth(value: Any, limit: int = DEPTH_LIMIT + 1) -> int:
    """Return how deep lists and objects are nested, without recursion; stops counting past `limit`."""
    level, found = [value], 0
    while level and found < limit:
        containers = [v for v in level if isinstance(v, (Mapping, list, tuple))]
        if not containers:
            break
        found += 1
        level = [item for v in containers for item in (v.values() if isinstance(v, Mapping) else v)]
    return found


_DURATION = re.compile(r"([0-9]{1,9})\s*(ms|s|m|h|d)")
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def duration_ms(value: str, argument: str, error: type[BoardError] = Invalid) -> int:
    """Read a duration like `90s`, `5m`, `1h`, `7d` as milliseconds.

    Raises:
        Invalid: (or `error`) it is none.
    """
    match = _DURATION.fullmatch(value.strip().lower())
    if match is None:
        hint = 'Write for example "5m" or "90s".'
        if error is ConfigError:
            raise ConfigError(f"{argument} = {shown(value)} is not a duration.", hint=hint)
        raise error(f"{argument} {shown(value)} is not a duration.", hint=hint)
    return int(match[1]) * _UNIT_MS[match[2]]


def moment_ms(value: str, argument: str, now_ms: int) -> int:
    """Read a moment: an ISO time with zone, or a duration from now (`30m`). Returns epoch ms.

    A time without a zone is taken as UTC: agents and the board may sit in different zones, and a guess would differ.
    """
    value = line(value, argument)
    if _DURATION.fullmatch(value.lower()):
        return now_ms + duration_ms(value, argument)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        hint = 'Write an ISO time like "2026-05-01T14:05:00Z", or a duration like "30m".'
        raise Invalid(f"{argument} {shown(value)} is not a time.", hint=hint) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (moment - epoch) // timedelta(milliseconds=1)


def only_known(given: Iterable[str], known: Sequence[str], where: str) -> None:
    """Refuse names that are not known; silently dropped ones lose what the caller meant.

    Raises:
        UnknownArgument: the text names the first unknown one and suggests the nearest.
    """
    for name in given:
        if name not in known:
            hint = f"{nearest(str(name), known)}Arguments: {', '.join(known)}."
            raise UnknownArgument(f"{where} has no argument {shown(str(name))}.", hint=hint)
