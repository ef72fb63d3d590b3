"""The pages hang together: every one is reachable, every link and anchor leads somewhere, none grows out of hand."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"
PAGES = [README, ROOT / "SECURITY.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
HAND_WRITTEN = [page for page in PAGES if page.parent.name != "reference"]

EACH = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def links(page: Path) -> list[tuple[Path, str]]:
    """Return file and anchor of every link to a file of the repository; a folder stands for the pages in it."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    found = re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)", text)
    return [((page.parent / target).resolve() if target else page, anchor) for target, anchor in found]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub names them."""
    headings = re.findall(r"^#{1,6} (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def reached() -> set[Path]:
    """Return every page that a reader of the README gets to by following links."""
    seen, to_read = {README}, [README]
    while to_read:
        for target, _ in links(to_read.pop()):
            inside = sorted(target.glob("*.md")) if target.is_dir() else [target]
            fresh = [page for page in inside if page.suffix == ".md" and page not in seen]
            seen.update(fresh)
            to_read += fresh
    return seen


@EACH
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target.name}#{anchor}"


def test_every_page_is_reachable_from_the_readme() -> None:
    missing = [page.relative_to(ROOT).as_posix() for page in PAGES if page not in reached()]
    assert missing == []


@EACH
def test_a_page_has_one_title_and_names_no_section_twice(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^(#{1,6}) (.+)$", text, re.MULTILINE)
    assert [level for level, _ in headings].count("#") == 1
    assert headings[0][0] == "#"
    assert len({heading for _, heading in headings}) == len(headings)


@pytest.mark.parametrize("page", HAND_WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_is_calm_and_plain(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "—" not in text
    assert "!" not in re.sub(r"`[^`]*`|!\[|<!--", "", _FENCE.sub("", text)), "no exclamation"
    loud = r"\b(blazing|powerful|seamless\w*|effortless\w*|robust|revolution\w*|simply|supercharge\w*|best-in-class)\b"
    assert not re.findall(loud, text, re.IGNORECASE)


def test_the_comparison_says_when_it_was_written_and_what_it_stands_on() -> None:
    text = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
    assert re.search(r"Written in [A-Z][a-z]+ 20\d\d", text)
    assert "shared cores" in text
    assert "better than here" in text


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = sorted(folder.name for folder in (ROOT / "kanban_mcp").iterdir() if (folder / "__init__.py").exists())
    assert [room for room in rooms if f"  {room}/" not in text] == []


def test_every_decision_has_a_number_of_its_own() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(page.name[:4]) for page in decisions]
    assert numbers == list(range(1, len(decisions) + 1))
    for page, number in zip(decisions, numbers, strict=True):
        assert page.read_text(encoding="utf-8").startswith(f"# {number}. "), page.name
