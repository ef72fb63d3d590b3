"""Imported into the fork server, so that what is forked from it has loaded everything already."""

import importlib

for name in ("__main__", "app", "server.front", "server.host", "store.aio", "verify.verifier"):
    importlib.import_module(f"kanban_mcp.{name}")
importlib.import_module("tests.chaos.puppet")
