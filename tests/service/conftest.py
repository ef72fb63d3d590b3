"""A refused call has changed nothing (S17): one check, used by every test of a refusal."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from kanban_mcp.domain.errors import BoardError
from tests.service.helpers import dump

Refused = Callable[..., AbstractContextManager[pytest.ExceptionInfo[BoardError]]]


@pytest.fixture
def refused(board_path: Path) -> Refused:
    """Expect a refusal whose text matches, and that no table of the board has changed by it."""

    @contextmanager
    def expect(error: type[BoardError], match: str = "") -> Iterator[pytest.ExceptionInfo[BoardError]]:
        before = dump(board_path)
        with pytest.raises(error, match=match or None) as caught:
            yield caught
        assert caught.value.code == error.code
        assert dump(board_path) == before, "a refused call changed the board"

    return expect
