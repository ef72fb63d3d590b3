"""What the coding agents of this machine say of themselves: their version, whether somebody is logged in.

Nothing here touches the network or reads a secret: of a file that holds a login only the existence is looked at, of a
variable only whether it is set. Programs are asked for their version at the same time, each with a deadline.
"""

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kanban_mcp.clients.client import Client
from kanban_mcp.clients.registry import CLIENTS

_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*(?:[-+.][0-9A-Za-z.]+)?")
_ANSWER_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Login:
    """How a client shows that somebody is logged in: variables, or files below a folder; `command` logs in."""

    command: str = ""
    variables: tuple[str, ...] = ()
    home_variable: str = ""
    home: str = ""
    files: tuple[str, ...] = ()


LOGINS: Mapping[str, Login] = {
    "claude-code": Login(
        "claude, then /login",
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK",
         "CLAUDE_CODE_USE_VERTEX"),
        "CLAUDE_CONFIG_DIR", ".claude", (".credentials.json",),
    ),
    "codex": Login("codex login", ("OPENAI_API_KEY", "CODEX_API_KEY"), "CODEX_HOME", ".codex", ("auth.json",)),
    "gemini-cli": Login(
        "gemini, which asks at its start",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_APPLICATION_CREDENTIALS"),
        "", ".gemini", ("oauth_creds.json",),
    ),
    "opencode": Login(
        "opencode auth login",
        ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY"),
        "", ".local/share/opencode", ("auth.json",),
    ),
}  # fmt: skip


@dataclass(slots=True)
class Agent:
    """A client that is installed here. `version` is empty while, or if, it did not say; `logged_in` None: unknown."""

    client: Client
    program: Path
    version: str = ""
    why: str = ""
    logged_in: bool | None = None
    login: str = ""
    is_stranger: bool = False  # it lies inside the project: whoever wrote the repository wrote it, so it is not started


def installed(project: Path, which: Callable[[str], str | None] = shutil.which) -> list[Agent]:
    """Return the clients whose program is on PATH, without starting any."""
    found = []
    for client in CLIENTS:
        program = next((path for name in client.programs if (path := which(name))), None)
        if program is not None:
            login = LOGINS.get(client.name, Login())
            agent = Agent(client, Path(program), logged_in=is_logged_in(login, os.environ), login=login.command)
            if Path(program).absolute().is_relative_to(project.resolve()):
                agent.is_stranger, agent.why = True, "it lies inside the project, so it is not started"
            found.append(agent)
    return found


def is_logged_in(login: Login, environ: Mapping[str, str]) -> bool | None:
    """Say whether somebody is logged in, as far as can be told without reading a secret; None when it cannot."""
    if any(environ.get(name) for name in login.variables):
        return True
    if not login.files:
        return None
    base = environ.get(login.home_variable) if login.home_variable else None
    folder = Path(base) if base else Path(environ.get("HOME") or Path.home()) / login.home
    if any(_holds_something(folder / name) for name in login.files):
        return True
    return None if _keeps_logins_elsewhere() else False


def _holds_something(path: Path) -> bool:
    try:
        return path.stat().st_size > 2  # "{}" is nobody
    except OSError:
        return False


def _keeps_logins_elsewhere() -> bool:
    """Say whether this system has a keychain of its own, in which clients keep their logins."""
    return os.uname().sysname == "Darwin"


def ask_versions(agents: Sequence[Agent], wait_s: float) -> None:
    """Ask every agent for its version, all at the same time; who has not answered after `wait_s` seconds is left."""
    threads = [threading.Thread(target=_ask, args=(agent, wait_s), daemon=True) for agent in agents if not agent.why]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(wait_s + 1)


def _ask(agent: Agent, wait_s: float) -> None:
    said, why = output(agent.program, ("--version",), wait_s)
    found = _VERSION.search(said)
    if found:
        agent.version = found[0]
    else:
        agent.why = why or "it did not tell its version"


def output(program: Path, arguments: Sequence[str], wait_s: float) -> tuple[str, str]:
    """Return what a program prints, or why it did not, within `wait_s` seconds; nothing of it is left running."""
    try:
        asked = subprocess.Popen(  # noqa: S603 - a program of this user's PATH; no shell
            [str(program), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        return "", f"it cannot be started ({error.strerror})"
    try:
        said, _ = asked.communicate(timeout=wait_s)
    except subprocess.TimeoutExpired:
        return "", f"no answer within {wait_s:g} s"
    finally:
        end_group(asked)
    why = "" if asked.returncode == 0 else f"it ended with {asked.returncode}"
    return said[:_ANSWER_LIMIT].decode(errors="replace"), why


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of a process that leads a session of its own, and close our ends of its pipes."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(2)
    for stream in (process.stdin, process.stdout):
        with suppress(OSError):
            if stream is not None:
                stream.close()
