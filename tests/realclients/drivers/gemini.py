"""Gemini CLI: `gemini -p` in a trusted project with the `.gemini/settings.json` that `init` wrote."""

from pathlib import Path

from tests.model_server.script import Step, call
from tests.realclients.drivers.base import MODEL_KEY, Ask, write_json
from tests.realclients.packages import GEMINI
from tests.realclients.session import Session


class Gemini:
    """Gemini CLI."""

    package = GEMINI
    init_name = "gemini-cli"
    config = ".gemini/settings.json"
    has_hooks = False

    def prepare(self, home: Path, project: Path, url: str) -> None:
        """Write the user's settings: how to sign in, no statistics, and the trust in the project."""
        folder = home / ".gemini"
        off = {"enableAutoUpdate": False, "enableAutoUpdateNotification": False}
        signed_in = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
        write_json(
            folder / "settings.json", {**signed_in, "general": off, "privacy": {"usageStatisticsEnabled": False}}
        )
        write_json(folder / "trustedFolders.json", {str(project): "TRUST_FOLDER"})

    def argv(self, ask: Ask) -> list[str]:
        resumed = ["--resume", ask.resume] if ask.resume else []
        modes = ["--output-format", "stream-json", "--approval-mode", "yolo", "--model", "gemini-2.5-flash"]
        return ["-p", ask.prompt, *modes, *resumed]

    def environment(self, url: str) -> dict[str, str]:
        return {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": MODEL_KEY, "GEMINI_CLI_NO_RELAUNCH": "true"}

    def shell(self, command: str) -> Step:
        return call("run_shell_command", command=command)

    def session_id(self, session: Session) -> str:
        return str(next(event["session_id"] for event in session.events if event["type"] == "init"))
