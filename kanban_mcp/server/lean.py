"""Loads the SDK without what a stdio server never uses: its client, its web servers, its high-level server class.

Importing any part of the SDK runs `mcp/__init__.py`, which imports all of it: a third of the start of every session.
Here the two packages run their `__init__` only when somebody asks them for a name, so nothing is missing, only later.
"""

import importlib.util
import sys
from types import ModuleType
from typing import Any

DEFERRED = ("mcp", "mcp.server")


class _Deferred(ModuleType):
    """A package whose `__init__` has not run yet. Its submodules can be imported all the same."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if name.startswith("__") or spec is None or spec.loader is None:
            raise AttributeError(name)
        object.__setattr__(self, "__class__", ModuleType)  # from here on it is a module like any other
        spec.loader.exec_module(self)
        return getattr(self, name)


def defer() -> bool:
    """Put the deferred packages in place; False when the SDK is loaded already or is not laid out as expected."""
    if "mcp" in sys.modules:
        return False
    try:
        for name in DEFERRED:
            _put(name)
    except (ImportError, AttributeError):
        undo()
        return False
    return True


def undo() -> None:
    """Forget the SDK and everything of ours that was loaded on top of it, for an import from scratch."""
    for name in list(sys.modules):
        if name == "mcp" or name.startswith(("mcp.", "kanban_mcp.server.")):
            del sys.modules[name]


def _put(name: str) -> None:
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    module.__class__ = _Deferred
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
