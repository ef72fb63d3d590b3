"""The skills that come with this program: in the package of an installation, or at the top of a checkout."""

from collections.abc import Iterator, Mapping
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_CHECKOUT = _PACKAGE.parent


def folder() -> Path | None:
    """Return where the skills are; None if this installation came without."""
    places = [_PACKAGE / "skills"]
    if (_CHECKOUT / "pyproject.toml").is_file():  # beside an installed package, a folder of that name is a stranger's
        places.append(_CHECKOUT / "skills")
    return next((place for place in places if any(place.glob("*/SKILL.md"))), None)


def files() -> Mapping[str, str]:
    """Return the text of every file of every skill, by its path below the skills' folder, in order."""
    base = folder()
    return {} if base is None else dict(_texts(base))


def names() -> list[str]:
    """Return the names of the skills."""
    return sorted({path.partition("/")[0] for path in files()})


def _texts(base: Path) -> Iterator[tuple[str, str]]:
    for skill in sorted(base.glob("*/SKILL.md")):
        for file in sorted(skill.parent.rglob("*")):
            if file.is_file() and not any(part.startswith((".", "__")) for part in file.relative_to(base).parts):
                yield file.relative_to(base).as_posix(), file.read_bytes().decode()
