"""Evidence: what a worker hands in so that the board can look for itself (DESIGN §8)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kanban_mcp.domain.errors import Invalid
from kanban_mcp.domain.inputs import LIST_LIMIT, choice, only_known, text
from kanban_mcp.domain.texts import shorten

SUBJECT_LIMIT = 4096  # characters: the longest path there is
SHOWN = 200  # characters of a name in an answer: a hundred of them still fit one
_HEX = re.compile(r"[0-9a-f]{1,64}")

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "file": ("path", "sha256"),
    "commit": ("sha",),
    "url": ("url", "status"),
    "command": ("run", "exit_code"),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One handle. `command` is a claim of the worker: recorded, and alone it satisfies nothing."""

    kind: str
    subject: str
    sha256: str | None = None
    number: int | None = None  # the status or exit code claimed


@dataclass(frozen=True, slots=True)
class Check:
    """What the board found. `passed` is None where it could not look: never a pass, never a failure of the work."""

    kind: str
    name: str
    passed: bool | None
    detail: str

    @property
    def failure(self) -> str:
        """Return the line that a refusal shows."""
        return f"{self.kind} {shorten(self.name, SHOWN)}: {shorten(self.detail, 4 * SHOWN)}"


def read_evidence(items: Sequence[Any]) -> tuple[Evidence, ...]:
    """Read the `evidence` argument.

    Raises:
        Invalid, UnknownArgument: an entry has another form than `{kind: file, path, sha256?}`, `{kind: commit, sha}`,
            `{kind: url, url, status?}` or `{kind: command, run, exit_code}`.
    """
    if len(items) > LIST_LIMIT:
        raise Invalid(
            f"evidence has {len(items)} entries, at most {LIST_LIMIT} fit.", hint="Hand in what proves the work."
        )
    return tuple(_read(item, at) for at, item in enumerate(items))


def _read(item: Any, at: int) -> Evidence:
    where = f"evidence[{at}]"
    if not isinstance(item, Mapping) or not isinstance(item.get("kind"), str):
        raise Invalid(f"{where} has no kind.", hint='Write for example {"kind": "file", "path": "report.md"}.')
    kind = choice(item["kind"], tuple(_FIELDS), f"{where}.kind")
    only_known(item, ("kind", *_FIELDS[kind]), where)
    main, *rest = _FIELDS[kind]
    subject = item.get(main)
    if not isinstance(subject, str) or not subject.strip():
        raise Invalid(f"{where} has no {main}.", hint=f'Write {{"kind": "{kind}", "{main}": "…"}}.')
    if len(subject) > SUBJECT_LIMIT:
        raise Invalid(
            f"{where}.{main} has {len(subject):,} characters, at most {SUBJECT_LIMIT:,} fit.", hint="Shorten it."
        )
    return Evidence(kind, text(subject, f"{where}.{main}"), *_extra(item, rest, where))


def _extra(item: Mapping[str, Any], rest: list[str], where: str) -> tuple[str | None, int | None]:
    sha256, number = None, None
    for name in rest:
        value = item.get(name)
        if value is None:
            continue
        if name == "sha256" and isinstance(value, str):
            sha256 = _hash(value, where)
        elif name != "sha256" and isinstance(value, int) and not isinstance(value, bool):
            number = value
        else:
            raise Invalid(
                f"{where}.{name} has the wrong type.", hint="sha256 is a text, status and exit_code are numbers."
            )
    return sha256, number


def _hash(value: str, where: str) -> str:
    value = value.lower()
    if not _HEX.fullmatch(value):
        raise Invalid(f"{where}.sha256 is no hexadecimal hash.", hint="sha256sum FILE prints it.")
    return value
