"""The answers that a server owes its client."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Owed:
    """Requests without an answer yet, under their ids as the protocol compares them: 7 and "7" are one.

    A client may use an id again before its first answer has come; then it is owed two.
    """

    def __init__(self) -> None:
        self._methods: dict[str, list[tuple[Any, str]]] = {}

    def __bool__(self) -> bool:
        return bool(self._methods)

    def add(self, request_id: Any, method: str) -> None:
        """Note a request."""
        self._methods.setdefault(str(request_id), []).append((request_id, method))

    def settle(self, request_id: Any) -> None:
        """Forget one request of this id, if there is one: it was answered, or cancelled and gets no answer."""
        waiting = self._methods.get(str(request_id), [])
        if waiting:
            waiting.pop()
        if not waiting:
            self._methods.pop(str(request_id), None)

    def take_all(self) -> list[tuple[Any, str]]:
        """Return the id and method of every request, and forget them."""
        everything = [one for waiting in self._methods.values() for one in waiting]
        self._methods.clear()
        return everything
