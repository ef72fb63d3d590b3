"""Taking out what init wrote, and nothing else."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kanban_mcp.clients import files, splices
from kanban_mcp.clients.parts import Unusable, from_record, is_empty
from kanban_mcp.clients.record import Record, Records, Written
from kanban_mcp.domain.errors import ConfigError

Outcome = Literal["removed", "as it was", "our part removed", "nothing of ours left", "changed by you, left"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What undo makes of a file. `after` is None where the file goes."""

    name: str
    path: Path
    before: str | None
    after: str | None
    outcome: Outcome


def plan_undo(root: Path, record: Record) -> list[Taken]:
    """Return what would become of every file that init wrote; nothing is written.

    Raises:
        ConfigError: a file cannot be read or may not be written; the text names it.
    """
    root = root.resolve()
    return [_taken(root, name, written) for name, written in record.written.items()]


def undo(root: Path, records: Records, record: Record, taken: list[Taken]) -> None:
    """Take everything out, drop the folders that init made and that are empty now, and forget the record.

    Raises:
        ConfigError: a file cannot be written; run again, it goes on from there.
    """
    root = root.resolve()
    for file in taken:
        try:
            _write(file)
        except OSError as why:
            raise ConfigError(f"{file.path} cannot be written: {why.strerror}.", hint="try again.") from None
    for folder in sorted(record.folders, key=len, reverse=True):
        real = (root / folder).resolve()
        if real.is_relative_to(root) and real != root and not files.is_gits(root, real):
            with suppress(OSError):  # not empty: somebody's files are in it
                real.rmdir()
    records.keep(root, Record())


def _write(file: Taken) -> None:
    files.draft_of(file.path).unlink(missing_ok=True)
    if file.after == file.before:
        return
    if file.after is None:
        file.path.unlink(missing_ok=True)
    else:
        files.write(file.path, file.after)


def _taken(root: Path, name: str, written: Written) -> Taken:
    found = files.read(root, root / name)
    written.settle(files.digest(found.text))
    if found.text is None or not written.layers:
        return Taken(name, found.path, found.text, found.text, "nothing of ours left")
    text, depth = _unwound(found.text, written)
    if depth == 0:
        after = None if written.was_made else text
        return Taken(name, found.path, found.text, after, "as it was" if after is not None else "removed")
    return _cut(name, found, text, written)


def _unwound(text: str, written: Written) -> tuple[str, int]:
    """Take back one writing after the other while the text is what it led to. Returns how many could not be."""
    depth = len(written.layers)
    while depth and written.layers[depth - 1].after == files.digest(text):
        layer = written.layers[depth - 1]
        before = splices.undone(text, layer.splices)
        if before is None or (layer.before is not None and files.digest(before) != layer.before):
            break
        text, depth = before, depth - 1
    return text, depth


def _cut(name: str, found: files.Before, text: str, written: Written) -> Taken:
    """Take our parts out of a file that others changed since."""
    parts = [from_record(part) for part in written.parts]
    if None in parts:
        return Taken(name, found.path, found.text, found.text, "changed by you, left")
    try:
        for part, remembered in zip(reversed(parts), reversed(written.parts), strict=True):
            if part is not None:
                text = part.take(text, remembered.get("made", []))
    except Unusable:
        return Taken(name, found.path, found.text, found.text, "changed by you, left")
    if written.was_made and is_empty(text):
        return Taken(name, found.path, found.text, None, "removed")
    outcome: Outcome = "nothing of ours left" if text == found.text else "our part removed"
    return Taken(name, found.path, found.text, text, outcome)
