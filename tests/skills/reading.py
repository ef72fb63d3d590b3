"""Read a SKILL.md as an agent's client and its model do: frontmatter, code blocks, and the calls written in them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kanban_mcp.server.tools import BY_NAME

FOLDER = Path(__file__).parent.parent.parent / "skills"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)
_INLINE = re.compile(r"`([a-z_]+\([^`]*\))`")


@dataclass(frozen=True)
class Call:
    """A tool call as written: by keyword, or by position as the first arguments of the tool."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Block:
    """An example: a fenced block, or a call in the running text, which is of the language `inline`.

    `heading` is the one above it, `at` its place among those of its language below that heading.
    """

    skill: str
    heading: str
    at: int
    language: str
    text: str

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.skill, self.heading, self.language, self.at

    @property
    def calls(self) -> list[Call]:
        """Return the calls of the block, in order; a block with anything but calls is no example."""
        return [_call(statement) for statement in ast.parse(self.text).body]


@dataclass(frozen=True)
class Skill:
    """A skill's file, split at its frontmatter."""

    path: Path
    header: str
    body: str

    @property
    def name(self) -> str:
        return self.path.parent.name

    @property
    def frontmatter(self) -> dict[str, Any]:
        """Return the fields of the frontmatter, with `metadata` as a map."""
        return frontmatter(self.header)

    @property
    def blocks(self) -> list[Block]:
        """Return every fenced block, in order."""
        return self._found(_FENCE.finditer(self.body))

    @property
    def inline(self) -> list[Block]:
        """Return every call that stands in the running text or in a table, in order."""
        blank = _FENCE.sub(lambda fence: " " * len(fence[0]), self.body)
        return self._found(_INLINE.finditer(blank))

    @property
    def examples(self) -> list[Block]:
        """Return everything that a reader may copy as a call."""
        return [block for block in self.blocks if block.language == "python"] + self.inline

    def _found(self, matches: Iterator[re.Match[str]]) -> list[Block]:
        found: list[Block] = []
        headings = list(_headings(self.body))
        for match in matches:
            heading = max(((start, text) for start, text in headings if start < match.start()), default=(0, ""))[1]
            language, code = match.groups() if match.re is _FENCE else ("inline", match[1])
            at = sum(block.heading == heading and block.language == language for block in found)
            found.append(Block(self.name, heading, at, language, code))
        return found


def skills() -> list[Skill]:
    """Return every skill of the package."""
    return [read(path) for path in sorted(FOLDER.glob("*/SKILL.md"))]


def read(path: Path) -> Skill:
    opening, header, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert opening == "", f"{path} does not begin with its frontmatter"
    return Skill(path, header, body)


def frontmatter(header: str) -> dict[str, Any]:
    """Read the little YAML a skill needs: plain or double-quoted values, and one level of maps.

    A plain value that YAML itself would read as something else (a map, a comment, a number) is refused.
    """
    fields: dict[str, Any] = {}
    inner: dict[str, str] | None = None
    for line in header.splitlines():
        indent, name, value = re.fullmatch(r"( *)([A-Za-z-]+):(.*)", line).groups()  # type: ignore[union-attr]  # fails the test
        if indent:
            assert inner is not None, line
            inner[name] = _value(value)
        elif value.strip():
            fields[name], inner = _value(value), None
        else:
            fields[name] = inner = {}
    return fields


def _value(text: str) -> str:
    value = text.strip()
    if value.startswith('"'):
        return str(ast.literal_eval(value))
    assert not re.search(r": |:$| #|^[\[\]{}&*!|>%@`'-]|^[\d.+-]+$", value), f"quote this value: {value}"
    assert value.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "~"), value
    return value


def _headings(body: str) -> Iterator[tuple[int, str]]:
    """Yield place and text of every heading; a comment of a code block is none."""
    fenced = [fence.span() for fence in _FENCE.finditer(body)]
    for heading in _HEADING.finditer(body):
        if not any(start < heading.start() < end for start, end in fenced):
            yield heading.start(), heading[1]


def _call(node: ast.stmt) -> Call:
    assert isinstance(node, ast.Expr), ast.unparse(node)
    call = node.value
    assert isinstance(call, ast.Call), ast.unparse(node)
    assert isinstance(call.func, ast.Name), ast.unparse(node)
    names = list(BY_NAME[call.func.id].parameters) if call.func.id in BY_NAME else []
    given = {name: ast.literal_eval(value) for name, value in zip(names, call.args, strict=False)}
    return Call(call.func.id, given | {str(word.arg): ast.literal_eval(word.value) for word in call.keywords})
