"""Claude Code: `claude -p` in a project with the `.mcp.json` and the settings that `init` wrote."""

from pathlib import Path

from tests.realclients.drivers.base import MODEL_KEY, WORKER_TOOLS, Ask
from tests.realclients.packages import Package
from tests.realclients.session import Session

OTHER_TOOLS = ("Bash", "Skill", "Agent", "Task")


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
        kanban = [f"mcp__kanban__{tool}" for tool in WORKER_TOOLS if tool != ask.denied]
        resumed = ["--resume", ask.resume] if ask.resume else []
        modes = ["--output-format", "stream-json", "--verbose", "--permission-mode", "dontAsk"]
        model = ["--model", "claude-sonnet-4-5"]
        return ["-p", ask.prompt, *modes, *model, *resumed, "--allowedTools", ",".join([*kanban, *OTHER_TOOLS])]

    def environment(self, url: str) -> dict[str, str]:
        quiet = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_AUTOUPDATER", "DISABLE_TELEMETRY")
        return {
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": MODEL_KEY,
            "CLAUDE_CODE_MAX_RETRIES": "2",
            **dict.fromkeys((*quiet, "DISABLE_ERROR_REPORTING"), "1"),
        }

    def session_id(self, session: Session) -> str:
        return next(event["session_id"] for event in session.events if event.get("session_id"))
