"""Every property is shown by a test that is there or deferred with a reason; every claim of a test is of a property."""

from pathlib import Path

import pytest

from tests.requirements import Proof, claims, known_ids, page, proofs, properties

WORDS = 5  # a reason of fewer says nothing


@pytest.fixture(scope="module")
def shown() -> dict[str, list[Proof]]:
    found: dict[str, list[Proof]] = {}
    for proof in proofs():
        found.setdefault(proof.id, []).append(proof)
    return found


def test_the_map_has_every_property_once_and_no_other() -> None:
    assert list(properties()) == known_ids()


def test_a_property_is_shown_by_a_test_or_deferred_and_never_both(shown: dict[str, list[Proof]]) -> None:
    both = {id_: [p.test for p in shown[id_]] for id_, each in properties().items() if each.deferred and id_ in shown}
    assert not both, "say which part is `missing` instead of `deferred`"
    neither = [id_ for id_, each in properties().items() if not each.deferred and id_ not in shown]
    assert not neither, "no test names these, and none is deferred"
    twice = [id_ for id_, each in properties().items() if each.deferred and each.missing]
    assert not twice, "deferred as a whole has no missing part"


def test_a_test_claims_only_properties_that_there_are(shown: dict[str, list[Proof]]) -> None:
    assert sorted(set(shown) - set(properties())) == []


def test_every_statement_and_reason_is_a_sentence() -> None:
    for each in properties().values():
        for text in filter(None, (each.holds, each.deferred, each.missing)):
            assert text.endswith("."), f"{each.id}: {text}"
            assert "\n" not in text
        for reason in filter(None, (each.deferred, each.missing)):
            assert len(reason.split()) >= WORDS, f"{each.id}: {reason}"


def test_no_two_test_files_have_one_name() -> None:
    """Without packages pytest knows a file by its name alone, and collects nothing at all when two have the same."""
    names = [file.name for file in (Path(__file__).parent).rglob("test_*.py")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_the_page_counts_what_it_shows() -> None:
    text = page()
    held = properties()
    assert f"Of {len(held)} properties" in text
    assert all(f"| {id_} | " in text for id_ in held)


SOURCE = """
import pytest
pytestmark = [pytest.mark.timeout(3), pytest.mark.proves("S1")]

@pytest.mark.parametrize("n", [1])
@pytest.mark.proves("S2", "hermes-3")
async def test_one(n): ...

class TestMore:
    @pytest.mark.proves("L1")
    def test_two(self): ...

def helper(): ...
"""


def test_claims_are_read_from_decorators_methods_and_whole_modules(tmp_path: Path) -> None:
    file = tmp_path / "test_some.py"
    file.write_text(SOURCE, encoding="utf-8")
    assert [(proof.test, proof.id) for proof in claims(file)] == [
        ("test_one", "S1"),
        ("test_one", "S2"),
        ("test_one", "hermes-3"),
        ("test_two", "S1"),
        ("test_two", "L1"),
    ]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('@pytest.mark.proves("S1")\ndef helper(): ...', "is no test"),
        ("@pytest.mark.proves()\ndef test_x(): ...", "proves nothing"),
        ("@pytest.mark.proves(NAME)\ndef test_x(): ...", "proves nothing"),
        ('@pytest.mark.proves("S1", NAME)\ndef test_x(): ...', "is not plain text"),
    ],
)
def test_a_claim_that_cannot_be_read_is_an_error(tmp_path: Path, source: str, said: str) -> None:
    file = tmp_path / "test_some.py"
    file.write_text(source, encoding="utf-8")
    with pytest.raises(AssertionError, match=said):
        list(claims(file))
