"""Claude Code: `claude -p` in a project with the `.mcp.json` and the settings that `init` wrote."""

from pathlib import Path

from tests.model_server.script import Step, call
from tests.realclients.drivers.base import MODEL_KEY, Ask, write_json
from tests.realclients.packages import Package
from tests.realclients.session import Session

OTHER_TOOLS = ("Bash", "Skill", "Agent", "Task")
"""What the tests need besides the kanban tools, which the settings that `init` writes allow."""


class Claude:
    """Claude Code of one version."""

    init_name = "claude-code"
    config = ".mcp.json"
    has_hooks = True

    def __init__(self, package: Package) -> None:
        self.package = package

    def prepare(self, home: Path, project: Path, url: str) -> None:
        """Write nothing: without a terminal it takes the project's server, and the model comes by the environment."""

    def argv(self, ask: Ask) -> list[str]:
        resumed = ["--resume", ask.resume] if ask.resume else []
        modes = ["--output-format", "stream-json", "--verbose", "--permission-mode", "dontAsk"]
        model = ["--model", "claude-sonnet-4-5"]
        return ["-p", ask.prompt, *modes, *model, *resumed, "--allowedTools", ",".join(OTHER_TOOLS)]

    def environment(self, url: str) -> dict[str, str]:
        quiet = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_AUTOUPDATER", "DISABLE_TELEMETRY")
        return {
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": MODEL_KEY,
            "CLAUDE_CODE_MAX_RETRIES": "2",
            **dict.fromkeys((*quiet, "DISABLE_ERROR_REPORTING"), "1"),
        }

    def deny(self, project: Path, tool: str) -> None:
        write_json(project / ".claude" / "settings.json", {"permissions": {"ask": [f"mcp__kanban__{tool}"]}})

    def shell(self, command: str) -> Step:
        return call("Bash", command=command, description="Run it")

    def session_id(self, session: Session) -> str:
        return str(next(event["session_id"] for event in session.events if event.get("session_id")))
