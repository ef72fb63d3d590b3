"""The names of the toolsets. Stdlib only and light: the session front needs them before anything else is loaded."""

WORKER = "worker"
ORCHESTRATOR = "orchestrator"
OPERATOR = "operator"

TOOLSETS = (WORKER, ORCHESTRATOR, OPERATOR)
"""Each toolset offers its own tools and those of every toolset before it."""

DEFAULT = ORCHESTRATOR
