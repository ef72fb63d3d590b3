"""What init wrote, kept beside the board in `clients.json` (ignored by git, mode 0600): what undo goes by.

Of a file that was there, only the few characters that changed are kept, never the file: it may hold secrets. The record
is written before the files, so that whatever a killed init leaves can be taken back.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kanban_mcp.clients import files
from kanban_mcp.clients.splices import Splice
from kanban_mcp.domain.errors import ConfigError

FILE = "clients.json"
VERSION = 1


@dataclass(slots=True)
class Layer:
    """One writing of a file: what told its text from others before and after, and how to come back."""

    before: str | None
    after: str
    splices: list[Splice] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it for the file."""
        return {"before": self.before, "after": self.after, "splices": [list(splice) for splice in self.splices]}


@dataclass(slots=True)
class Written:
    """What was written into one file, oldest first, and the parts to look for when others changed it since."""

    layers: list[Layer] = field(default_factory=list)
    parts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def was_made(self) -> bool:
        """Say whether there was no file before."""
        return bool(self.layers) and self.layers[0].before is None

    def settle(self, digest: str | None) -> None:
        """Forget writings that never happened: init was killed before it came to this file."""
        while self.layers and self.layers[-1].after != digest and self.layers[-1].before == digest:
            self.layers.pop()

    def add(self, layer: Layer, parts: list[dict[str, Any]]) -> None:
        """Remember one more writing."""
        self.layers.append(layer)
        for part in parts:
            same = next((old for old in self.parts if _same(old, part)), None)
            if same is None:
                self.parts.append(part)
            else:  # containers made by an earlier init stay ours
                part = {**part, "made": same.get("made", []) or part.get("made", [])}
                self.parts[self.parts.index(same)] = {key: value for key, value in part.items() if value != []}


@dataclass(slots=True)
class Record:
    """What was written into one project: files by their path in it, and the folders that were made."""

    written: dict[str, Written] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it for the file."""
        return {
            "folders": self.folders,
            "files": {
                path: {"layers": [layer.to_json() for layer in written.layers], "parts": written.parts}
                for path, written in self.written.items()
            },
        }


class Records:
    """The file of records: one board may serve several projects, each told by its path from here."""

    def __init__(self, board_folder: Path) -> None:
        self.path = board_folder / FILE
        self._folder = board_folder

    def of(self, root: Path) -> Record:
        """Return what was written into a project.

        Raises:
            ConfigError: the file is not as init writes it.
        """
        found = self._all().get(self._key(root))
        if found is None:
            return Record()
        try:
            written = {path: _written(value) for path, value in found["files"].items()}
            return Record(written, [str(folder) for folder in found["folders"]])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._broken("it is not as init writes it") from None

    def keep(self, root: Path, record: Record) -> None:
        """Write what was written into a project; an empty record is dropped, and the file with the last one."""
        everything = self._all()
        everything.pop(self._key(root), None)
        if record.written or record.folders:
            everything[self._key(root)] = record.to_json()
        if everything:
            files.write(self.path, json.dumps({"version": VERSION, "projects": everything}, indent=1) + "\n")
            self.path.chmod(0o600)
        else:
            self.path.unlink(missing_ok=True)

    def _key(self, root: Path) -> str:
        return os.path.relpath(root.resolve(), self._folder.resolve())

    def _all(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError) as why:
            raise self._broken(str(why)) from None
        if not isinstance(content, dict) or not isinstance(content.get("projects"), dict):
            raise self._broken("it is not as init writes it")
        if content.get("version") != VERSION:
            raise self._broken(f"it is of version {content.get('version')}, made by another kanban-mcp")
        projects: dict[str, Any] = content["projects"]
        return projects

    def _broken(self, why: str) -> ConfigError:
        return ConfigError(
            f"The record of what init wrote, {self.path}, cannot be read: {why}. Nothing was changed.",
            hint="move it away; then init starts anew, and entries written before are taken out by hand.",
        )


def _written(found: Mapping[str, Any]) -> Written:
    layers = [
        Layer(layer["before"], str(layer["after"]), [Splice(int(a), str(r), str(i)) for a, r, i in layer["splices"]])
        for layer in found["layers"]
    ]
    return Written(layers, [dict(part) for part in found["parts"]])


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one.get(key) == other.get(key) for key in ("kind", "pointer", "hooks"))
