"""The map of requirements, and which tests claim to prove which of them, read from the files without running any."""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAP = Path(__file__).parent / "requirements.toml"
FAMILIES: Mapping[str, int] = {"hermes-": 53, "trap-": 17, "S": 19, "L": 7, "T": 25}
MARKER = "proves"


@dataclass(frozen=True)
class Property:
    """One property. `deferred`: why no test shows any of it yet. `missing`: which part none shows, though others do."""

    id: str
    holds: str
    deferred: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Proof:
    """A test that claims to show a property. `file` is relative to the root, `line` where the test begins."""

    id: str
    file: str
    test: str
    line: int


def properties(path: Path = MAP) -> dict[str, Property]:
    """Return the map, in its order."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return {id_: Property(id_, **fields) for id_, fields in raw.items()}


def known_ids() -> list[str]:
    """Return every id there has to be."""
    return [f"{family}{number}" for family, count in FAMILIES.items() for number in range(1, count + 1)]


def proofs(folder: Path = ROOT / "tests") -> list[Proof]:
    """Return every claim of every test below a folder, in the order of files and lines."""
    return [proof for file in sorted(folder.rglob("*.py")) for proof in claims(file)]


def claims(file: Path) -> Iterator[Proof]:
    """Yield the claims in one file.

    Raises:
        AssertionError: a claim is not on a test, or does not name its properties as plain texts.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    name = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.name
    of_all = [id_ for node in tree.body if _is_pytestmark(node) for id_ in _ids(node, name)]
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        own = [id_ for decorator in node.decorator_list for id_ in _ids(decorator, name)]
        is_test = not isinstance(node, ast.ClassDef) and node.name.startswith("test_")
        assert not own or (is_test and Path(name).name.startswith("test_")), f"{name}:{node.lineno} is no test"
        if is_test:
            yield from (Proof(id_, name, node.name, node.lineno) for id_ in [*of_all, *own])


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets)


def _ids(node: ast.AST, name: str) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == MARKER:
            plain = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            assert plain, f"{name}:{call.lineno} proves nothing"
            assert len(plain) == len(call.args) + len(call.keywords), f"{name}:{call.lineno} is not plain text"
            yield from plain


def page() -> str:
    """Return the page of the documentation: every property with the tests that show it, or why none does."""
    held = properties()
    shown: dict[str, list[Proof]] = {id_: [] for id_ in held}
    for proof in proofs():
        shown[proof.id].append(proof)
    whole = sum(not each.deferred and not each.missing for each in held.values())
    part, later = (sum(bool(getattr(each, word)) for each in held.values()) for word in ("missing", "deferred"))
    lines = ["# Requirements and their tests", ""]
    lines += [
        "Generated from `tests/requirements.toml` and the tests, which name what they show",
        "(`@pytest.mark.proves`).",
    ]
    lines += [f"Of {len(held)} properties {whole} are shown by tests, {part} in part, and {later} are deferred.", ""]
    for family, title in _TITLES.items():
        lines += [f"## {title}", "", "| | what holds | shown by | not yet |", "|---|---|---|---|"]
        lines += [_row(held[f"{family}{n}"], shown[f"{family}{n}"]) for n in range(1, FAMILIES[family] + 1)]
        lines.append("")
    return "\n".join(lines)


_TITLES: Mapping[str, str] = {
    "S": "Safety",
    "L": "Liveness",
    "T": "Threats",
    "hermes-": "Faults of the nearest tool, turned into properties",
    "trap-": "Traps of client programs",
}


def _row(what: Property, tests: list[Proof]) -> str:
    by_file: dict[str, int] = {}
    for proof in tests:
        by_file[proof.file] = by_file.get(proof.file, 0) + 1
    links = ", ".join(
        f"[{Path(file).stem}](../../{file})" + (f" ({n})" if n > 1 else "") for file, n in by_file.items()
    )
    cells = (what.id, what.holds, links, what.deferred or what.missing)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |".replace("|  |", "| |")
