"""Codex: `codex exec` in a trusted project with the `.codex/config.toml` that `init` wrote."""

import json
from pathlib import Path

from tests.model_server.script import Step, call
from tests.realclients.drivers.base import MODEL_KEY, Ask
from tests.realclients.packages import CODEX
from tests.realclients.session import Session

USER_CONFIG = """
model = "gpt-5"
model_provider = "scripted"
approval_policy = "never"
sandbox_mode = "workspace-write"
check_for_update_on_startup = false

[analytics]
enabled = false

[projects.{project}]
trust_level = "trusted"

[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
env_key = "SCRIPTED_KEY"
wire_api = "responses"
request_max_retries = 2
stream_max_retries = 1
"""


class Codex:
    """Codex."""

    package = CODEX
    init_name = "codex"
    config = ".codex/config.toml"
    has_hooks = True

    def prepare(self, home: Path, project: Path, url: str) -> None:
        """Write the user's settings: the model, and the trust that a person gives a project once."""
        folder = home / ".codex"
        folder.mkdir()
        (folder / "config.toml").write_text(USER_CONFIG.format(project=json.dumps(str(project)), url=url))

    def argv(self, ask: Ask) -> list[str]:
        flags = ["--json", "--skip-git-repo-check"]
        if ask.with_hooks:
            flags.append("--dangerously-bypass-hook-trust")
        return ["exec", *(["resume", *flags, ask.resume] if ask.resume else flags), ask.prompt]

    def environment(self, url: str) -> dict[str, str]:
        return {"SCRIPTED_KEY": MODEL_KEY}

    def deny(self, project: Path, tool: str) -> None:
        with (project / self.config).open("a") as file:
            file.write(f'\n[mcp_servers.kanban.tools.{tool}]\napproval_mode = "prompt"\n')

    def shell(self, command: str) -> Step:
        return call("exec_command", cmd=command)

    def session_id(self, session: Session) -> str:
        return str(next(event["thread_id"] for event in session.events if event["type"] == "thread.started"))
