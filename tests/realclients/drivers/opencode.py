"""OpenCode: `opencode run` in a project with the `opencode.json` that `init` wrote."""

from pathlib import Path

from tests.model_server.script import Step, call
from tests.realclients.drivers.base import MODEL_KEY, Ask, write_json
from tests.realclients.packages import OPENCODE
from tests.realclients.session import Session


class OpenCode:
    """OpenCode."""

    package = OPENCODE
    init_name = "opencode"
    config = "opencode.json"
    has_hooks = False

    def prepare(self, home: Path, project: Path, url: str) -> None:
        """Write the user's settings: the model, and what it may do without asking."""
        provider = {
            "npm": "@ai-sdk/openai-compatible",
            "name": "scripted",
            "options": {"baseURL": f"{url}/v1", "apiKey": MODEL_KEY},
            "models": {"scripted": {"name": "scripted"}},
        }
        settings = {"provider": {"scripted": provider}, "model": "scripted/scripted", "permission": {"*": "allow"}}
        write_json(home / ".config" / "opencode" / "opencode.json", settings)

    def argv(self, ask: Ask) -> list[str]:
        resumed = ["--session", ask.resume] if ask.resume else []
        return ["run", "--format", "json", *resumed, ask.prompt]

    def environment(self, url: str) -> dict[str, str]:
        names = ("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_LSP_DOWNLOAD")
        return dict.fromkeys(names, "1")

    def shell(self, command: str) -> Step:
        return call("bash", command=command, description="Run it")

    def session_id(self, session: Session) -> str:
        return str(next(event["sessionID"] for event in session.events if event.get("sessionID")))
