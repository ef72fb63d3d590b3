"""Refusals: a stable code, the whole text, and the list of DESIGN §6."""

from kanban_mcp.domain.errors import PUBLIC_CODES, BoardError, Cancelled, GatesNotMet, LeaseLost

DESIGN_CODES = """lease_lost finished not_yours held_by which_task needs_approval gates_not_met weak_summary weak_reason
    illegal_transition cycle limit forbidden unknown_argument invalid not_found cancelled config board_busy
    board_unavailable""".split()


def test_the_public_codes_are_the_list_of_the_design_each_by_one_class() -> None:
    assert sorted(DESIGN_CODES) == list(PUBLIC_CODES)
    codes = [cls.code for cls in BoardError.__subclasses__() if cls.__module__.startswith("kanban_mcp")]
    assert len(codes) == len(set(codes)) == len(DESIGN_CODES)


def test_a_refusal_reads_code_what_next() -> None:
    assert str(LeaseLost("run-1 is over.", hint="Stop.")) == "[lease_lost] run-1 is over. Next: Stop."
    assert str(Cancelled("It was cancelled.")) == "[cancelled] It was cancelled."
    assert GatesNotMet("x", failures=["a", "b"]).failures == ("a", "b")
