"""The tools as values, and the toolsets as filters over them (DESIGN §6)."""

from kanban_mcp.server.tool import Tool
from kanban_mcp.server.tools import operator, orchestrator, worker
from kanban_mcp.server.toolsets import TOOLSETS

TOOLS: tuple[Tool, ...] = (*worker.TOOLS, *orchestrator.TOOLS, *operator.TOOLS)
BY_NAME = {tool.name: tool for tool in TOOLS}


def tools_of(toolset: str) -> tuple[Tool, ...]:
    """Return the tools a server of this toolset offers, in listing order: worker ⊂ orchestrator ⊂ operator."""
    served = TOOLSETS[: TOOLSETS.index(toolset) + 1]
    return tuple(tool for tool in TOOLS if tool.toolset in served)
