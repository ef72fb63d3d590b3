"""Every refusal the board can give: what happened, which id, what to do next; a stable public code (DESIGN §6).

The texts are read by models that have to act on them in the next turn, so each one ends with the call to make.
"""

from collections.abc import Sequence


class BoardError(Exception):
    """A refusal. `str(error)` is the whole text: `[code] what happened. Next: what to do.`

    `code` is public and never changes meaning; `hint` may be empty. A refused call has changed nothing.
    """

    code = "invalid"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        text = f"[{self.code}] {self.message}"
        return f"{text} Next: {self.hint}" if self.hint else text


class Invalid(BoardError):
    """An argument does not have the form it must have."""

    code = "invalid"


class UnknownArgument(BoardError):
    """An argument that no schema names; dropping it silently would lose what the caller meant."""

    code = "unknown_argument"


class NotFound(BoardError):
    """There is no such task, run or request."""

    code = "not_found"


class LeaseLost(BoardError):
    """The run no longer holds its task; the message says since when, why and who holds it now."""

    code = "lease_lost"


class Finished(BoardError):
    """This very run has already ended its task, by another verb."""

    code = "finished"


class NotYours(BoardError):
    """The run or task belongs to another worker. A run id selects among one's own runs; it is no credential."""

    code = "not_yours"


class HeldBy(BoardError):
    """Somebody else works on the task now."""

    code = "held_by"


class WhichTask(BoardError):
    """The caller holds several tasks (or none), so the call has to name one."""

    code = "which_task"


class NeedsApproval(BoardError):
    """A person has to decide an open request first."""

    code = "needs_approval"


class GatesNotMet(BoardError):
    """Completion refused: every failed gate is listed, nothing changed, the lease is kept."""

    code = "gates_not_met"

    def __init__(self, message: str, *, failures: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.failures = tuple(failures)


class WeakSummary(BoardError):
    """The summary says nothing that a reviewer could use."""

    code = "weak_summary"


class WeakReason(BoardError):
    """The reason says nothing that a person could act on."""

    code = "weak_reason"


class IllegalTransition(BoardError):
    """The state machine knows no such move; the message names the state and what it allows."""

    code = "illegal_transition"


class Cycle(BoardError):
    """The link would let tasks wait for each other; the message shows the path."""

    code = "cycle"


class Limit(BoardError):
    """A bound of the board would be passed; the message names it and what is used."""

    code = "limit"


class Forbidden(BoardError):
    """The caller may not do this to this task (DESIGN §5, no self-dealing), whoever asks it to."""

    code = "forbidden"


class PeopleOnly(Forbidden):
    """Only a person may do this, and the caller is none. A surface that knows why it is none adds that."""


class Cancelled(BoardError):
    """The task was withdrawn while the caller worked on it."""

    code = "cancelled"


class ConfigError(BoardError):
    """A setting, or the place of the board, is not usable as written."""

    code = "config"


class BoardBusy(BoardError):
    """Another process keeps the write lock past the deadline. Nothing was written; trying again is safe."""

    code = "board_busy"


class BoardUnavailable(BoardError):
    """The board file cannot be used: full disk, read-only, damaged, foreign, newer, gone. Nothing was written."""

    code = "board_unavailable"


PUBLIC_CODES = tuple(sorted({cls.code for cls in BoardError.__subclasses__()}))
