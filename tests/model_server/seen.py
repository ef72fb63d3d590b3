"""What a model was asked: one provider's request, reduced to what scripts and tests look at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool that the request offers; `namespace` is the group some providers put tools into.

    `description` is what the model reads about it, with what it reads about its group.
    """

    name: str
    description: str = ""
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The answer of a tool, as the client shows it to the model; `is_error` is None where a provider does not say."""

    text: str
    is_error: bool | None = None


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One request. `results` are all tool results of the conversation, `fresh` those since the last assistant turn."""

    dialect: str
    model: str
    stream: bool
    system: str
    tools: tuple[OfferedTool, ...]
    users: tuple[str, ...]
    results: tuple[ToolResult, ...]
    fresh: tuple[ToolResult, ...]
    turns: int

    @property
    def prompt_text(self) -> str:
        """Return what a person and the client said: system and user texts, no tool results."""
        return "\n".join((self.system, *self.users))

    @property
    def everything(self) -> str:
        """Return all text that the model reads before it acts: also the descriptions of the tools."""
        return "\n".join((self.prompt_text, *(tool.description for tool in self.tools)))

    def offered(self, bare: str) -> OfferedTool | None:
        """Return the tool called `bare`, with whatever prefix the client gave it; None when it is not offered."""
        exact = (tool for tool in self.tools if tool.name == bare)
        ending = (tool for tool in self.tools if re.search(rf"[_\-./:]{re.escape(bare)}$", tool.name))
        return next(exact, None) or next(ending, None)

    def skills(self, names: Sequence[str]) -> set[str]:
        """Return which of the named skills the request lists with a description: `- name: …` or `<name>name</name>`."""
        return {name for name in names if re.search(_LISTED.format(re.escape(name)), self.everything)}


_LISTED = r"(?m)^\s*[-*]\s+`?\**{0}\**`?(?:\s*[:(]|\s+-\s)|<name>\s*{0}\s*</name>"


@dataclass(slots=True)
class Hearing:
    """Collects a request while a dialect reads it, message by message."""

    system: list[str] = field(default_factory=list)
    tools: list[OfferedTool] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    results: list[ToolResult] = field(default_factory=list)
    turns: int = 0
    _told: int = 0  # results that an assistant turn has already followed

    def assistant(self) -> None:
        """Count an assistant turn."""
        self.turns += 1
        self._told = len(self.results)

    def request(self, dialect: str, model: str, stream: bool) -> ModelRequest:
        """Return what was heard."""
        return ModelRequest(
            dialect=dialect,
            model=model,
            stream=stream,
            system="\n".join(self.system),
            tools=tuple(self.tools),
            users=tuple(self.users),
            results=tuple(self.results),
            fresh=tuple(self.results[self._told :]),
            turns=self.turns,
        )


def text_of(content: object) -> str:
    """Return the text of a message's content in whatever form it comes: a string, a part, or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return str(content.get("text") or "")
    if isinstance(content, list):
        return "\n".join(text_of(part) for part in content)
    return ""
