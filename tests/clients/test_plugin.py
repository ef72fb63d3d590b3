"""What this repository is to others: a Claude Code plugin and marketplace, a registry entry, one version."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import kanban_mcp
from kanban_mcp.clients import claude_code, entries, hooks, skills
from kanban_mcp.config import Settings, in_force
from kanban_mcp.server import toolsets

ROOT = Path(__file__).parents[2]
SEMVER = re.compile(r"\d+\.\d+\.\d+(?:[-.+a-z0-9]+)?")


def read(name: str) -> Any:
    return json.loads((ROOT / name).read_text(encoding="utf-8"))


def test_every_version_is_the_one_of_the_package() -> None:
    plugin, market, server = (
        read(name) for name in (".claude-plugin/plugin.json", ".claude-plugin/marketplace.json", "server.json")
    )
    versions = {
        "plugin": plugin["version"],
        "marketplace": market["metadata"]["version"],
        "the marketplace's plugin": market["plugins"][0]["version"],
        "registry": server["version"],
        "the registry's package": server["packages"][0]["version"],
    }
    for file in sorted((ROOT / "kanban_mcp/server/snapshot").glob("*.json")):
        found = set(re.findall(r'"version": ?"([^"]+)"', file.read_text(encoding="utf-8")))
        assert found, file
        versions |= {f"{file.name} {version}": version for version in found}
    assert {name: v for name, v in versions.items() if v != kanban_mcp.__version__} == {}
    assert SEMVER.fullmatch(kanban_mcp.__version__)


def test_the_plugin_starts_the_server_that_a_shared_entry_starts() -> None:
    plugin = read(".claude-plugin/plugin.json")
    [(name, entry)] = plugin["mcpServers"].items()
    assert (plugin["name"], name) == (claude_code.PLUGIN, entries.NAME)
    assert entries.words_of(entry) == list(entries.SHARED)
    assert entry["alwaysLoad"] is True
    assert set(plugin) <= {"name", "version", "description", "author", "license", "keywords", "mcpServers"}


def test_the_marketplace_offers_the_plugin_at_the_root() -> None:
    market, plugin = read(".claude-plugin/marketplace.json"), read(".claude-plugin/plugin.json")
    [offered] = market["plugins"]
    assert {"name", "owner", "plugins"} <= set(market)
    assert (offered["name"], offered["source"], offered["description"]) == (plugin["name"], "./", plugin["description"])
    for name in (market["name"], plugin["name"]):
        assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name)


def test_the_plugins_hooks_are_those_of_init_with_the_bare_command_and_the_plugins_server() -> None:
    own = read("hooks/hooks.json")
    assert own == {"hooks": hooks.claude_hooks(["kanban-mcp"], "plugin:kanban:kanban")}
    assert hooks.installed_events(own["hooks"]) == hooks.installed_events(hooks.claude_hooks(["kanban-mcp"]))


def test_the_plugin_has_the_skills_that_init_copies() -> None:
    assert skills.folder() == ROOT / "skills"
    assert {f"{name}/SKILL.md" for name in skills.names()} <= set(skills.files())


def test_the_wheel_brings_the_skills_where_init_looks_for_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {"skills": "kanban_mcp/skills"}
    assert (Path(skills.__file__).parent.parent / "skills").relative_to(ROOT).as_posix() == included["skills"]


def test_the_registry_entry_keeps_the_registrys_limits() -> None:
    server = read("server.json")
    assert server["$schema"].endswith("/2025-12-11/server.schema.json")
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", server["name"])
    assert 3 <= len(server["name"]) <= 200
    assert 1 <= len(server["description"]) <= 100
    assert 1 <= len(server["title"]) <= 100
    [package] = server["packages"]
    assert set(package) <= {
        "registryType", "identifier", "version", "runtimeHint", "transport", "packageArguments", "environmentVariables",
    }  # fmt: skip
    assert package["transport"] == {"type": "stdio"}
    assert [word["value"] for word in package["packageArguments"]] == list(entries.SHARED[1:])
    assert not any(variable.get("isSecret") for variable in package["environmentVariables"])


def test_the_registry_entry_names_a_program_that_the_distribution_installs() -> None:
    [package] = read("server.json")["packages"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert package["identifier"] == project["name"] == entries.DISTRIBUTION
    assert project["scripts"][package["identifier"]] == project["scripts"][entries.PROGRAM]


def test_the_registry_entry_names_settings_that_exist() -> None:
    [package] = read("server.json")["packages"]
    known = {f"KANBAN_{name.upper()}": value for name, value, _ in in_force(Settings())}
    for variable in package["environmentVariables"]:
        assert variable["name"] in known
    [toolset] = [v for v in package["environmentVariables"] if v["name"] == "KANBAN_TOOLSET"]
    assert toolset["default"] == known["KANBAN_TOOLSET"]
    assert toolset["choices"] == list(toolsets.TOOLSETS)


def test_the_readme_proves_to_the_registry_whose_package_it_is() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"<!-- mcp-name: {read('server.json')['name']} -->" in readme
