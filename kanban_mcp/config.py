"""Settings: `.kanban/kanban.toml`, overridden by `KANBAN_*`, overridden by flags (DESIGN §15).

Unknown names are errors with the nearest known one: a setting that is silently not read is worse than none.
"""

import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kanban_mcp.domain.errors import ConfigError
from kanban_mcp.domain.inputs import duration_ms, nearest, shown
from kanban_mcp.domain.policy import Policy

SIZE_LIMIT = 1 << 20
TOOLSETS = ("worker", "orchestrator", "operator")
# Set by what starts us, not by people: who calls, and where; never settings of the board.
RESERVED_ENV = frozenset(
    {"KANBAN_TASK_ID", "KANBAN_RUN_ID", "KANBAN_SESSION_ID", "KANBAN_OPERATOR_KEY", "KANBAN_CONFIG_HOME"}
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything in force, and where each value comes from: `default`, `kanban.toml`, `KANBAN_X` or `--flag`."""

    db: str | None = None
    role: str | None = None
    toolset: str = "orchestrator"
    policy: Policy = field(default_factory=Policy)
    sources: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: str) -> str:
        """Return where the value of a setting comes from."""
        return self.sources.get(name, "default")


@dataclass(frozen=True, slots=True)
class _Setting:
    """How one setting is read: its field, and from text or a TOML value to that field."""

    field: str
    read: Callable[[str, Any], Any]
    in_policy: bool = True


def _duration(name: str, value: Any) -> int:
    if not isinstance(value, str):
        raise ConfigError(f"{name} = {value!r} is not a duration.", hint='Write for example "5m" or "90s".')
    read = duration_ms(value, name, ConfigError)
    if read <= 0:
        raise ConfigError(f"{name} = {shown(value)} is not above zero.", hint='Write for example "5m" or "90s".')
    return read


def _number(low: int, high: int) -> Callable[[str, Any], int]:
    def read(name: str, value: Any) -> int:
        text = str(value).strip()
        if isinstance(value, (bool, float)) or not text.isdecimal() or not low <= int(text) <= high:
            raise ConfigError(f"{name} = {shown(text)} is no whole number from {low} to {high}.", hint="Correct it.")
        return int(text)

    return read


def _word(words: tuple[str, ...]) -> Callable[[str, Any], str]:
    def read(name: str, value: Any) -> str:
        if value not in words:
            hint = f"{nearest(str(value), words)}Use {', '.join(words)}."
            raise ConfigError(f"{name} = {shown(str(value))} is not known.", hint=hint)
        return str(value)

    return read


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{name} = {value!r} is not a text.", hint=f'Write {name} = "…".')
    return value


KNOWN: Mapping[str, _Setting] = {
    "db": _Setting("db", _text, in_policy=False),
    "role": _Setting("role", _text, in_policy=False),
    "toolset": _Setting("toolset", _word(TOOLSETS), in_policy=False),
    "lease_for": _Setting("lease_for_ms", _duration),
    "reap_every": _Setting("reap_every_ms", _duration),
    "max_attempts": _Setting("max_attempts", _number(1, 100)),
    "max_snoozes": _Setting("max_snoozes", _number(0, 1000)),
    "max_agent_retries": _Setting("max_agent_retries", _number(0, 100)),
    "retry_base": _Setting("retry_base_ms", _duration),
    "park_after": _Setting("park_after_ms", _duration),
    "approval_for": _Setting("approval_for_ms", _duration),
    "stall_after": _Setting("stall_after_ms", _duration),
    "max_runtime": _Setting("max_runtime_ms", _duration),
    "snooze_for": _Setting("snooze_for_ms", _duration),
    "max_depth": _Setting("max_depth", _number(1, 20)),
    "max_children": _Setting("max_children", _number(0, 1000)),
    "max_descendants": _Setting("max_descendants", _number(0, 10_000)),
}
# Named in the design for parts that are not built yet; refused honestly instead of being read and ignored.
NOT_YET = frozenset(
    """verify_rounds hub max_turns max_concurrent budget_tokens max_cost_usd unattended retain_logs notify_command
    notify_webhook url_allow""".split()
)


def load_settings(folder: Path | None, environ: Mapping[str, str], flags: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings in force.

    Args:
        folder: the `.kanban` folder whose kanban.toml counts, None for none.
        environ: the environment; `KANBAN_LEASE_FOR` and so on.
        flags: values given on the command line; None values are not given.

    Raises:
        ConfigError: a name is unknown or a value cannot be read; the text names it, its place and a right form.
    """
    settings = Settings()
    for name, value in _file_values(folder).items():
        settings = _set(settings, name, value, "kanban.toml")
    for name, value in _env_values(environ).items():
        settings = _set(settings, name, value, f"KANBAN_{name.upper()}")
    for name, value in (flags or {}).items():
        if value is not None:
            settings = _set(settings, name, value, f"--{name.replace('_', '-')}")
    _check_together(settings)
    return settings


def _file_values(folder: Path | None) -> dict[str, Any]:
    path = folder / "kanban.toml" if folder is not None else None
    if path is None or not _is_there(path):
        return {}
    import tomllib  # only a board that has the file pays for it

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as why:
        raise _unreadable(str(why)) from None


def _is_there(path: Path) -> bool:
    """Say whether there is a settings file. Anything else under its name is refused: a pipe would block every command.

    Raises:
        ConfigError: it is no regular file, larger than any settings are, or cannot be reached.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as why:
        raise _unreadable(str(why)) from None
    if not stat.S_ISREG(found.st_mode):
        raise _unreadable("it is no regular file")
    if found.st_size > SIZE_LIMIT:
        raise _unreadable(f"it has {found.st_size:,} bytes, settings need at most {SIZE_LIMIT:,}")
    return True


def _unreadable(why: str) -> ConfigError:
    return ConfigError(f"kanban.toml cannot be read: {why}.", hint="Correct the file, or move it away.")


def _env_values(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        key.removeprefix("KANBAN_").lower(): value
        for key, value in environ.items()
        if key.startswith("KANBAN_") and key not in RESERVED_ENV and value != ""
    }


def _set(settings: Settings, name: str, value: Any, source: str) -> Settings:
    known = KNOWN.get(name)
    if known is None and name in NOT_YET:
        raise ConfigError(f"{name} ({source}) belongs to a part that this version does not have.", hint="Remove it.")
    if known is None:
        hint = f"{nearest(name, KNOWN)}Known: {', '.join(KNOWN)}."
        raise ConfigError(f"{shown(name)} ({source}) is not a setting.", hint=hint)
    try:
        read = known.read(name, value)
    except ConfigError as why:
        raise ConfigError(f"{why.message[:-1]} (from {source}).", hint=why.hint) from None
    sources = {**settings.sources, name: source}
    if known.in_policy:
        return replace(settings, policy=replace(settings.policy, **{known.field: read}), sources=sources)
    return replace(settings, **{known.field: read}, sources=sources)


def _check_together(settings: Settings) -> None:
    """Refuse numbers that cannot work: a lease that no worker could renew in time."""
    policy = settings.policy
    if policy.lease_for_ms < 1_000:
        raise ConfigError("lease_for is under one second.", hint='No agent calls that often; "5m" is the usual length.')


def in_force(settings: Settings) -> list[tuple[str, str, str]]:
    """Return (name, value, source) of every setting, in the order of the reference."""
    from kanban_mcp.domain.clock import duration

    rows = []
    for name, known in KNOWN.items():
        value = getattr(settings.policy if known.in_policy else settings, known.field)
        is_time = known.field.endswith("_ms")
        text = "" if value is None else duration(value // 1000) if is_time else str(value)
        rows.append((name, text, settings.source(name)))
    return rows
