"""What may lie at kanban.toml without a command hanging on it or dying of it."""

import os
from pathlib import Path

import pytest

from kanban_mcp.config import SIZE_LIMIT, load_settings
from kanban_mcp.domain.errors import ConfigError


def test_a_named_pipe_is_refused_instead_of_waited_on(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "kanban.toml")
    with pytest.raises(ConfigError, match="no regular file"):
        load_settings(tmp_path, {})


def test_a_directory_is_refused_instead_of_ignored(tmp_path: Path) -> None:
    (tmp_path / "kanban.toml").mkdir()
    with pytest.raises(ConfigError, match="no regular file"):
        load_settings(tmp_path, {})


@pytest.mark.proves("T20")
def test_a_device_and_a_file_without_end_are_refused(tmp_path: Path) -> None:
    (tmp_path / "kanban.toml").symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match="no regular file"):
        load_settings(tmp_path, {})
    (tmp_path / "kanban.toml").unlink()
    with (tmp_path / "kanban.toml").open("wb") as file:
        file.truncate(SIZE_LIMIT + 1)
    with pytest.raises(ConfigError, match="1,048,577 bytes"):
        load_settings(tmp_path, {})


def test_a_link_in_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kanban.toml").symlink_to("kanban.toml")
    with pytest.raises(ConfigError, match=r"kanban\.toml cannot be read"):
        load_settings(tmp_path, {})


def test_no_file_and_no_folder_mean_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}) == load_settings(None, {})
    (tmp_path / "file").touch()
    assert load_settings(tmp_path / "file", {}) == load_settings(None, {})
    (tmp_path / "real.toml").write_text('lease_for = "7m"\n')
    (tmp_path / "kanban.toml").symlink_to("real.toml")
    assert load_settings(tmp_path, {}).policy.lease_for_ms == 420_000
