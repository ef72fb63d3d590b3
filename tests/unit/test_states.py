"""Every (state, kind, verb), against a table written here from DESIGN §3 and not from the code."""

import pytest

from kanban_mcp.domain.errors import IllegalTransition
from kanban_mcp.domain.states import (
    HAS_RUN,
    PLACES,
    TERMINAL,
    Facts,
    Kind,
    Place,
    TaskState,
    Verb,
    illegal,
    next_state,
    queue,
    verbs_from,
)

S, K, V = TaskState, Kind, Verb

# Rows of DESIGN §3: where from, verb, where to. "queue" is pending or ready; "queue|failed" fails when nothing is left.
TRIAGE, PENDING, READY = (S.TRIAGE, K.NONE), (S.PENDING, K.NONE), (S.READY, K.NONE)
WORKING = (S.IN_PROGRESS, K.NONE)
ASKING, PARKED, REVIEW = ((S.AWAITING_REVIEW, kind) for kind in (K.ASKING, K.PARKED, K.REVIEW))
NEEDS_INPUT, CAPABILITY = (S.BLOCKED, K.NEEDS_INPUT), (S.BLOCKED, K.CAPABILITY)
DONE, FAILED, CANCELLED = (S.DONE, K.NONE), (S.FAILED, K.NONE), (S.CANCELLED, K.NONE)
ALL = (
    TRIAGE, PENDING, READY, WORKING, ASKING, PARKED, REVIEW, NEEDS_INPUT, CAPABILITY, DONE, FAILED, CANCELLED,
)  # fmt: skip
Q, QF = "queue", "queue|failed"

TABLE = {
    (TRIAGE, V.SPECIFY): Q,
    (READY, V.CLAIM): WORKING,
    (WORKING, V.HEARTBEAT): WORKING,
    (ASKING, V.HEARTBEAT): ASKING,
    (WORKING, V.COMPLETE): DONE,
    (WORKING, V.SUBMIT): REVIEW,
    (REVIEW, V.APPROVE): DONE,
    (REVIEW, V.REJECT): Q,
    (WORKING, V.REQUEST_APPROVAL): ASKING,
    (ASKING, V.APPROVE): WORKING,
    (ASKING, V.REJECT): WORKING,
    (ASKING, V.PARK): PARKED,
    (PARKED, V.APPROVE): Q,
    (PARKED, V.REJECT): Q,
    (PARKED, V.EXPIRE): NEEDS_INPUT,
    (PARKED, V.EDIT): NEEDS_INPUT,
    (ASKING, V.EXPIRE): WORKING,
    (ASKING, V.EDIT): WORKING,
    (WORKING, V.BLOCK_NEEDS_INPUT): NEEDS_INPUT,
    (WORKING, V.BLOCK_CAPABILITY): CAPABILITY,
    (WORKING, V.BLOCK_DEPENDENCY): Q,
    (WORKING, V.SNOOZE): QF,
    (NEEDS_INPUT, V.ANSWER): Q,
    (CAPABILITY, V.ANSWER): Q,
    (WORKING, V.FAIL): QF,
    (ASKING, V.FAIL): QF,
    (WORKING, V.RECLAIM): QF,
    (WORKING, V.TIME_OUT): QF,
    (WORKING, V.UNREPORTED): QF,
    (WORKING, V.EXHAUST): CAPABILITY,
    (WORKING, V.STOP): NEEDS_INPUT,
    (ASKING, V.STOP): PARKED,
    **{(place, V.CANCEL): CANCELLED for place in ALL if place not in (DONE, CANCELLED)},
    **{(place, V.RETRY): Q for place in (FAILED, CANCELLED, DONE)},
    **{(place, V.ARCHIVE): place for place in (FAILED, CANCELLED, DONE)},
}
FACTS = [Facts(unmet, left, run) for unmet in (0, 2) for left in (0, 1, 3) for run in (False, True)]


def expected(place: tuple[S, K], verb: V, facts: Facts) -> tuple[S, K]:
    target = TABLE[place, verb]
    if target == QF and facts.attempts_left == 0:
        return FAILED
    if isinstance(target, str):
        return PENDING if facts.unmet else READY
    return target


def test_the_places_of_the_table_are_all_there_are() -> None:
    assert {(place.state, place.kind) for place in PLACES} == set(ALL)
    assert {(place.state, place.kind) for place in HAS_RUN} == {WORKING, ASKING}
    assert {S.DONE, S.FAILED, S.CANCELLED} == TERMINAL


@pytest.mark.proves("S9")
@pytest.mark.parametrize("verb", list(V), ids=str)
@pytest.mark.parametrize("place", ALL, ids=lambda place: "-".join(filter(None, map(str, place))))
def test_a_verb_leads_where_the_design_says_or_is_refused_by_name(place: tuple[S, K], verb: V) -> None:
    state, kind = place
    if (place, verb) in TABLE:
        for facts in FACTS:
            to = next_state(state, kind, verb, facts)
            assert (to.state, to.kind) == expected(place, verb, facts)
        return
    with pytest.raises(IllegalTransition) as refused:
        next_state(state, kind, verb, Facts(), name="TASK-007")
    text = str(refused.value)
    assert text.startswith("[illegal_transition] Cannot ")
    assert "TASK-007" in text
    assert f"it is {state}" in text
    for allowed in verbs_from(state, kind):
        assert allowed in text


@pytest.mark.parametrize("place", ALL, ids=lambda place: "-".join(filter(None, map(str, place))))
def test_what_a_refusal_offers_is_what_callers_can_call(place: tuple[S, K]) -> None:
    offered = verbs_from(*place)
    boards_own = {"reclaim", "time_out", "exhaust", "expire", "unreported", "edit", "snooze", "park", "submit"}
    assert not boards_own & set(offered)
    assert len(offered) == len(set(offered))
    assert offered, f"nobody can do anything from {place}"


def test_no_verb_but_claim_opens_a_run_and_no_verb_keeps_one_where_none_may_be() -> None:
    running = {WORKING, ASKING}
    for (place, verb), target in TABLE.items():
        if target in running and place not in running:
            assert verb is V.CLAIM


@pytest.mark.proves("hermes-51")
def test_no_verb_of_an_agent_leads_out_of_a_pending_approval_into_the_queue() -> None:
    """hermes 51: only a decision (or losing the whole attempt) moves a task that waits for a person."""
    out = {verb for (place, verb), target in TABLE.items() if place in (ASKING, PARKED) and target in (Q, QF, WORKING)}
    assert out == {V.APPROVE, V.REJECT, V.FAIL, V.EXPIRE, V.EDIT}
    assert {verb for (place, verb), target in TABLE.items() if place == PARKED and target == Q} == {V.APPROVE, V.REJECT}


def test_the_queue_rule_is_pending_while_anything_is_unmet() -> None:
    assert queue(0) is S.READY
    assert queue(1) is S.PENDING
    assert queue(7) is S.PENDING


def test_a_refusal_names_the_public_verb_and_the_kind() -> None:
    text = str(illegal(S.AWAITING_REVIEW, K.PARKED, V.ANSWER, "TASK-003"))
    assert text == (
        "[illegal_transition] Cannot answer TASK-003: it is awaiting_review (parked). "
        "From awaiting_review: approve, reject, cancel."
    )
    assert str(Place(S.BLOCKED, K.CAPABILITY).kind) == "capability"
