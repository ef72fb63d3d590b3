"""What init and uninstall say: a few lines for people."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from kanban_mcp.cli.output import said
from kanban_mcp.clients import planning
from kanban_mcp.clients.parts import Whole

if TYPE_CHECKING:
    from kanban_mcp.clients.client import Client, Wanted
    from kanban_mcp.clients.planning import FilePlan, Plan
    from kanban_mcp.clients.undoing import Taken


def snippets(wanted: "Wanted", clients: Sequence["Client"]) -> dict[str, dict[str, str]]:
    """Return what belongs into the files of each client, by file; never what else stands in them."""
    return {client.name: planning.snippets(client, wanted) for client in clients}


def printed(pages: Mapping[str, Mapping[str, str]]) -> Iterator[Text]:
    """Return what to add by hand; of skills, which are whole files, only the names."""
    for name, files in pages.items():
        for path, text in files.items():
            yield said(f"# {name}: {path}", "bold")
            if "/skills/" not in path:
                yield from (said_as_is(line) for line in text.splitlines())
        yield Text("")


def said_as_is(line: str) -> Text:
    """Return one line with its blanks; the text is ours, paths in it are not."""
    blanks = line[: len(line) - len(line.lstrip(" "))]
    return Text(blanks).append(said(line))


def changes(plan: "Plan") -> dict[str, str]:
    """Return what would become of each file."""
    return {file.name: file.change for file in plan.files}


def planned(plan: "Plan") -> Iterator[Text]:
    """Return a line per file."""
    for file in plan.files:
        yield Text(f"{_verb(file):<15}").append(said(f"{file.name} ({', '.join(file.titles)})"))


def _verb(file: "FilePlan") -> str:
    if not file.is_news:
        return f"{file.change}"
    return "write" if file.before is None else "change"


def summary(plan: "Plan") -> str:
    """Return which files were written, skills counted."""
    news = plan.news
    if not news:
        return "nothing: all of it was there already"
    skills = sorted({_skill(file) for file in news if _is_skill(file)})
    names = [file.name for file in news if not _is_skill(file)]
    names += [f"{folder} ({sum(_skill(f) == folder for f in news if _is_entry(f))} skills)" for folder in skills]
    return ", ".join(names)


def _is_skill(file: "FilePlan") -> bool:
    return any(isinstance(part, Whole) for part in file.parts)


def _is_entry(file: "FilePlan") -> bool:
    return _is_skill(file) and file.path.name == "SKILL.md"


def _skill(file: "FilePlan") -> str:
    head, _, _ = file.name.rpartition("/skills/")
    return f"{head}/skills"


def notes(plan: "Plan", wanted: "Wanted") -> Iterator[str]:
    """Return what a person has to know or do: what was left alone, and what a client asks once."""
    for file in plan.files:
        if file.change == "not ours":
            yield f'{file.name}: another server is called "kanban"; left as it is. kanban-mcp init --print shows ours'
        elif file.change == "changed by you":
            yield f"{file.name} is not as this version has it; left as it is. Delete it and run init again to get it"
    for client in plan.clients:
        said_if = {client.note: True, client.hooks_note: wanted.with_hooks, client.shared_note: wanted.is_shared}
        yield from (f"{client.title}: {note}" for note, is_due in said_if.items() if note and is_due)


def taken_out(taken: Sequence["Taken"], board: Path | None, *, is_deleted: bool, is_plan: bool) -> Iterator[Text]:
    """Return what became of each file, and of the board if there was one."""
    if not taken:
        yield said("There is no record of anything that init wrote here.")
    for file in taken:
        yield Text(f"{file.outcome:<22}").append(said(file.name))
    if board is not None and is_deleted:
        yield said(f"{'Would delete' if is_plan else 'Deleted'}: {board}, its backups and its operator key.")
    elif board is not None:
        yield said(f"The board stays: {board}. kanban-mcp uninstall --data deletes it and its operator key.")
    if is_plan:
        yield said("Nothing was changed (--dry-run).")
