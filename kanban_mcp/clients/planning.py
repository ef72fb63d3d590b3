"""From the chosen clients to what every file would say; nothing is written here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kanban_mcp.clients import entries, files, guide, skills, splices
from kanban_mcp.clients.client import Client, Piece, Wanted
from kanban_mcp.clients.parts import (
    Change,
    Items,
    Member,
    Part,
    Put,
    Section,
    Setting,
    Table,
    Unusable,
    Whole,
    entry_of,
    to_record,
)
from kanban_mcp.clients.record import Layer, Record

_LOUDEST: Sequence[Change] = ("not ours", "changed by you", "added", "updated", "there already")


@dataclass(slots=True)
class FilePlan:
    """A file as it is and as it would be. `name` is its path in the project; `titles` the clients that read it."""

    name: str
    path: Path
    before: str | None
    after: str
    titles: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    layer: Layer | None = None
    records: list[dict[str, object]] = field(default_factory=list)

    @property
    def change(self) -> Change:
        """Return what is to be said of the whole file."""
        return next(change for change in _LOUDEST if change in self.changes)

    @property
    def is_news(self) -> bool:
        """Say whether the file has to be written."""
        return self.layer is not None


@dataclass(slots=True)
class Plan:
    """What init would write into a project for some clients."""

    root: Path
    clients: Sequence[Client]
    files: list[FilePlan]

    @property
    def news(self) -> list[FilePlan]:
        """Return the files to write."""
        return [file for file in self.files if file.is_news]


def plan(wanted: Wanted, clients: Sequence[Client], record: Record) -> Plan:
    """Return what every file would say.

    Raises:
        ConfigError: a file cannot be used as it is; the text names it. Nothing is to be written then.
    """
    root = wanted.folder.resolve()
    by_path: dict[Path, FilePlan] = {}
    for client in clients:
        is_foreign = False
        for piece in pieces_of(client, wanted):
            if is_foreign and isinstance(piece.part, Items | Setting):
                continue  # nothing is allowed to, or called on, a server that somebody else wrote
            found = files.read(root, root / piece.path)
            file = by_path.setdefault(found.path, _fresh(root, found))
            if client.title not in file.titles:
                file.titles.append(client.title)
            if piece.part not in file.parts:
                _put(file, piece.part, record, root)
            is_foreign = is_foreign or _is_foreign(file, piece.part)
    return Plan(root, clients, list(by_path.values()))


def pieces_of(client: Client, wanted: Wanted) -> Iterator[Piece]:
    """Yield everything a client needs: its server entry first, then its instructions and skills."""
    yield from client.pieces(wanted)
    yield Piece(guide.file_for(wanted.folder, client.guide), Section(guide.TEXT))
    for path, text in skills.files().items():
        yield Piece(f"{client.skills}/{path}", Whole(text))


def snippets(client: Client, wanted: Wanted) -> dict[str, str]:
    """Return each file of a client as it would be if nothing else stood in it: what to add by hand."""
    texts: dict[str, str] = {}
    for path, part in pieces_of(client, wanted):
        texts[path] = part.put(texts.get(path, "")).text
    return texts


def _fresh(root: Path, found: files.Before) -> FilePlan:
    return FilePlan(str(found.path.relative_to(root)), found.path, found.text, found.text or "")


def _is_foreign(file: FilePlan, part: Part) -> bool:
    """Say whether the place of our server entry is taken by another server."""
    return isinstance(part, Member | Table) and file.changes[file.parts.index(part)] == "not ours"


def _is_trusted(put: Put, part: Member | Table, root: Path) -> bool:
    there = entry_of(put.text, part)
    return put.change != "not ours" and there is not None and entries.is_trusted(there, part.value, root)


def _put(file: FilePlan, part: Part, record: Record, root: Path) -> None:
    try:
        put = _replaced(file, part, record) or part.put(file.after)
    except Unusable as why:
        raise files.unusable(file.path, str(why)) from None
    if isinstance(part, Member | Table) and not _is_trusted(put, part, root):
        put = Put(file.after, "not ours")
    file.parts.append(part)
    file.changes.append(put.change)
    if put.change not in ("added", "updated"):
        return
    layer = file.layer or Layer(files.digest(file.before), "")
    layer.splices.append(splices.between(file.after, put.text))
    layer.after = files.digest(put.text) or ""
    file.layer, file.after = layer, put.text
    file.records.append(to_record(part, put.made))


def _replaced(file: FilePlan, part: Part, record: Record) -> Put | None:
    """Return the new text of a file that is ours from end to end, where nobody but init ever wrote it."""
    if not isinstance(part, Whole) or file.after == part.content:
        return None
    if file.before is None:
        return Put(part.content, "added")
    written = record.written.get(file.name)
    is_untouched = (
        written is not None and bool(written.layers) and written.layers[-1].after == files.digest(file.before)
    )
    return Put(part.content, "updated") if is_untouched else None
