"""Settings: file, environment, flags, in that order; what cannot be read is refused with its place."""

from pathlib import Path

import pytest

from kanban_mcp.config import KNOWN, NOT_YET, Settings, in_force, load_settings
from kanban_mcp.domain.errors import ConfigError
from kanban_mcp.domain.policy import DAY, HOUR, MINUTE, SECOND, Policy

DESIGN_NAMES = """db role toolset lease_for reap_every max_attempts max_snoozes max_agent_retries verify_rounds
    retry_base park_after approval_for stall_after hub max_runtime max_turns snooze_for max_depth max_children
    max_descendants max_concurrent budget_tokens max_cost_usd unattended retain_logs notify_command notify_webhook
    url_allow""".split()


def toml(folder: Path, text: str) -> Path:
    (folder / "kanban.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_defaults_are_the_numbers_of_the_design() -> None:
    policy = load_settings(None, {}).policy
    assert policy == Policy()
    assert (policy.lease_for_ms, policy.reap_every_ms, policy.max_attempts) == (5 * MINUTE, 10 * SECOND, 3)
    assert (policy.max_snoozes, policy.max_agent_retries, policy.retry_base_ms) == (8, 2, 5 * SECOND)
    assert (policy.park_after_ms, policy.approval_for_ms, policy.stall_after_ms) == (5 * MINUTE, 7 * DAY, 10 * MINUTE)
    assert (policy.max_runtime_ms, policy.snooze_for_ms, policy.snooze_cap_ms) == (HOUR, 15 * MINUTE, DAY)
    assert (policy.max_depth, policy.max_children, policy.max_descendants) == (3, 5, 20)


def test_every_name_of_the_design_is_known_or_honestly_not_there_yet() -> None:
    assert set(DESIGN_NAMES) == set(KNOWN) | NOT_YET
    assert not set(KNOWN) & NOT_YET


def test_flags_beat_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    folder = toml(tmp_path, 'lease_for = "1m"\nmax_attempts = 4\nrole = "tester"\n')
    settings = load_settings(folder, {"KANBAN_LEASE_FOR": "2m", "KANBAN_MAX_ATTEMPTS": "5"}, {"lease_for": "3m"})
    assert settings.policy.lease_for_ms == 3 * MINUTE
    assert settings.policy.max_attempts == 5
    assert settings.role == "tester"
    assert [settings.source(n) for n in ("lease_for", "max_attempts", "role", "toolset")] == [
        "--lease-for", "KANBAN_MAX_ATTEMPTS", "kanban.toml", "default",
    ]  # fmt: skip


def test_what_is_not_given_does_not_count(tmp_path: Path) -> None:
    environ = {"KANBAN_ROLE": "", "HOME": "/", "KANBAN_TASK_ID": "TASK-001", "KANBAN_SESSION_ID": "s"}
    assert load_settings(tmp_path, environ, {"role": None}) == Settings()


@pytest.mark.proves("hermes-48")
def test_an_unknown_name_is_an_error_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='Did you mean "lease_for"') as refused:
        load_settings(toml(tmp_path, 'lease_fro = "5m"'), {})
    assert '"lease_fro" (kanban.toml) is not a setting' in str(refused.value)
    with pytest.raises(ConfigError, match="KANBAN_PARK_AFTR"):
        load_settings(None, {"KANBAN_PARK_AFTR": "5m"})
    with pytest.raises(ConfigError, match="does not have"):
        load_settings(None, {"KANBAN_MAX_TURNS": "5"})


def test_a_value_that_cannot_be_read_is_refused_with_its_place_and_a_right_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(toml(tmp_path, 'lease_for = "5x"'), {})
    assert str(refused.value).startswith('[config] lease_for = "5x" is not a duration')
    assert "kanban.toml" in str(refused.value)
    assert 'Write for example "5m" or "90s".' in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "lease_for = 5",
        'lease_for = "0s"',
        'lease_for = "10ms"',
        'max_attempts = "x"',
        "max_attempts = 0",
        "max_attempts = true",
        "max_attempts = 1.5",
        "max_attempts = 101",
        'toolset = "boss"',
        "role = 3",
        "role = ''",
        "not toml",
        "[lease_for]\na=1",
        "max_depth = [1]",
    ],
)
def test_values_of_the_wrong_kind_are_config_errors(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        load_settings(toml(tmp_path, text), {})


def test_a_file_that_is_not_utf8_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "kanban.toml").write_bytes(b'role = "\xff"')
    with pytest.raises(ConfigError, match=r"kanban\.toml cannot be read"):
        load_settings(tmp_path, {})


def test_a_file_that_may_not_be_read_is_a_config_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kanban.toml").write_text("")

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(ConfigError, match="Permission denied"):
        load_settings(tmp_path, {})


def test_what_is_in_force_is_shown_as_it_is_written(tmp_path: Path) -> None:
    rows = {
        name: (value, source)
        for name, value, source in in_force(load_settings(toml(tmp_path, 'park_after = "90s"'), {}))
    }
    assert rows["park_after"] == ("90s", "kanban.toml")
    assert rows["lease_for"] == ("5m", "default")
    assert rows["approval_for"] == ("7d", "default")
    assert rows["role"] == ("", "default")
