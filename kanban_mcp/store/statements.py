"""The SQL files by name, read when first used.

Nothing in the program builds SQL: a statement is a file under `queries/`, or, where one engine needs another wording,
a file of the same name under `queries/<engine>/`.
"""

from pathlib import Path

from kanban_mcp.store.base import UnknownQuery

QUERIES = Path(__file__).parent / "queries"


class Statements(dict[str, str]):
    """Query name to SQL text. A missing entry is read from its file and kept."""

    def __init__(self, engine: str, folder: Path = QUERIES) -> None:
        super().__init__()
        self.engine = engine
        self.folder = folder

    def __missing__(self, name: str) -> str:
        if not name.isidentifier():  # a name, never a path: keeps ../ and absolute names out
            raise UnknownQuery(f"{name!r} is no query name")
        text = _read(self.folder / self.engine / f"{name}.sql") or _read(self.folder / f"{name}.sql")
        if text is None:
            raise UnknownQuery(f"no query is named {name!r} in {self.folder}{self._nearest(name)}")
        self[name] = text
        return text

    def names(self) -> list[str]:
        """Return the name of every query this engine can run, sorted."""
        files = [*self.folder.glob("*.sql"), *(self.folder / self.engine).glob("*.sql")]
        return sorted({file.stem for file in files})

    def _nearest(self, name: str) -> str:
        from difflib import get_close_matches  # a mistake in the program: not worth importing before it happens

        near = get_close_matches(name, self.names(), n=1)
        return f"; did you mean {near[0]!r}?" if near else ""


def _read(file: Path) -> str | None:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return _without_heading(text)


def _without_heading(text: str) -> str:
    """Drop the comment lines before the statement: they are for readers of the file, not for the engine."""
    lines = text.splitlines()
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith("--")):
        del lines[0]
    return "\n".join(lines).strip()
