"""Where the board is: one for a repository and all its worktrees, never one in a worktree (DESIGN §7)."""

import os
import subprocess
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import ConfigError, NotFound
from kanban_mcp.store.location import BoardPlace, find_board, initialise, write_gitignore


def git(folder: Path, *args: str) -> str:
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *args], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "src").mkdir()
    (folder / "src" / "a.txt").write_text("a", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def board_of(folder: Path) -> Path:
    return folder / ".kanban" / "board.db"


def test_anywhere_in_a_repository_it_is_beside_the_git_directory(repository: Path) -> None:
    for folder in (repository, repository / "src", repository / ".git", repository / ".git" / "refs"):
        place = find_board(folder)
        assert (place.path, place.found) == (board_of(repository), "git")
        assert not place.exists
        assert not place.initialised


def test_every_worktree_finds_the_board_of_the_main_checkout_whatever_it_contains(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "elsewhere"))
    git(repository, "worktree", "add", "-q", str(board_of(repository).parent / "worktrees" / "TASK-1-run-1"))
    for worktree in (tmp_path / "elsewhere", board_of(repository).parent / "worktrees" / "TASK-1-run-1"):
        (worktree / ".kanban").mkdir()
        board_of(worktree).touch()
        for folder in (worktree, worktree / "src", worktree / ".kanban"):
            assert find_board(folder).path == board_of(repository)


def test_a_subdirectorys_own_folder_is_not_taken_inside_a_repository(repository: Path) -> None:
    (repository / "src" / ".kanban").mkdir()
    assert find_board(repository / "src").path == board_of(repository)


def test_worktrees_of_a_bare_repository_share_the_board_beside_it(repository: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    git(home, "clone", "-q", "--bare", str(repository), ".bare")
    (home / ".git").write_text("gitdir: ./.bare\n", encoding="utf-8")
    git(home / ".bare", "worktree", "add", "-q", str(home / "one"), "main")
    for folder in (home, home / ".bare", home / "one", home / "one" / "src"):
        assert find_board(folder).path == board_of(home)


def test_a_submodule_is_a_repository_of_its_own_and_so_are_its_worktrees(repository: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "submodule", "add", "-q", str(repository), "libs/inner")
    inner = outer / "libs" / "inner"
    git(inner, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    assert find_board(inner / "src").path == board_of(inner)
    assert find_board(tmp_path / "side").path == board_of(inner)
    assert find_board(outer / "libs").path == board_of(outer)


def test_the_environment_of_git_does_not_move_the_board(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git sets GIT_DIR in hooks; a board must not depend on who started the process."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_COMMON_DIR", str(other / ".git"))
    assert find_board(repository).path == board_of(repository)


def test_outside_of_git_the_nearest_folder_upward_is_taken(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / ".kanban").mkdir()
    assert find_board(deep).path == board_of(tmp_path)
    (tmp_path / "a" / ".kanban").mkdir()
    place = find_board(deep)
    assert (place.path, place.found, place.initialised) == (board_of(tmp_path / "a"), "upward", True)


def test_where_nothing_is_found_it_would_be_in_the_working_directory(tmp_path: Path) -> None:
    place = find_board(tmp_path)
    if place.found == "upward":
        pytest.skip("a folder above the temporary one holds a board")
    assert place == BoardPlace(board_of(tmp_path), "default", exists=False, initialised=False)


def test_a_path_that_is_given_wins_over_everything(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = find_board(repository, "data/mine.db")
    assert place == BoardPlace(repository / "data" / "mine.db", "given", exists=False, initialised=True)
    monkeypatch.setenv("HOME", str(repository))
    assert find_board(repository / "src", "~/x.db").path == repository / "x.db"
    assert find_board(repository, "").found == "git"


@pytest.mark.parametrize("url", ["postgresql://host/db", "postgres://host/db", "PostgreSQL://host/db"])
def test_a_postgresql_url_is_refused_and_says_that_it_is_not_available_yet(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="PostgreSQL is not available in this version"):
        find_board(tmp_path, url)


@pytest.mark.parametrize(
    ("given", "match"), [("mysql://x", "mysql URL"), (".", "is a directory"), ("~nobody-here/x", "home directory")]
)
def test_what_names_no_file_is_refused(tmp_path: Path, given: str, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        find_board(tmp_path, given)


@pytest.mark.parametrize(
    ("text", "match"), [("garbage", "not one that git writes"), ("gitdir: a\0b", "not one that git writes"),
     ("gitdir: /nowhere/at/all", "which is not there")],
)  # fmt: skip
def test_a_broken_link_to_a_repository_is_named_instead_of_guessed_around(
    tmp_path: Path, text: str, match: str
) -> None:
    (tmp_path / ".git").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=match):
        find_board(tmp_path)


def test_a_path_that_no_file_can_have_is_refused_as_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too long"):
        find_board(tmp_path, "x" * 300)


def test_an_empty_git_directory_makes_no_repository(repository: Path) -> None:
    (repository / "src" / ".git").mkdir()
    assert find_board(repository / "src").path == board_of(repository)


def test_only_a_write_in_an_initialised_or_given_place_may_create(tmp_path: Path) -> None:
    bare = BoardPlace(board_of(tmp_path), "default", exists=False, initialised=False)
    for create in (True, False):
        with pytest.raises(NotFound, match="run kanban-mcp init here"):
            bare.require(create=create)
    ready = initialise(bare)
    assert ready.require(create=True) == ready.path
    with pytest.raises(NotFound, match="kanban-mcp init"):
        ready.require(create=False)
    ready.path.touch()
    assert find_board(tmp_path).require(create=False) == ready.path
    given = find_board(tmp_path, "x.db")
    assert given.require(create=True) == given.path
    with pytest.raises(NotFound):
        given.require(create=False)


def test_git_ignores_the_data_of_a_board_and_sees_its_policy(repository: Path) -> None:
    place = initialise(find_board(repository))
    assert place.initialised
    folder = place.folder
    assert oct(folder.stat().st_mode & 0o777) == "0o700"
    for name in ("board.db", "board.db-wal", "board.db.lock", "kanban.toml", "profiles/implementer.md", "backups/x"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    seen = git(repository, "status", "--porcelain", "-uall").split()[1::2]
    assert sorted(seen) == [".kanban/.gitignore", ".kanban/kanban.toml", ".kanban/profiles/implementer.md"]


def test_a_gitignore_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine", encoding="utf-8")
    assert write_gitignore(tmp_path) is False
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == "mine"
