"""Circles among links: every one is found and cut, and a large graph takes no longer than it must."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanban_mcp.domain.links import Relation
from kanban_mcp.exchange.arrange import arrange
from kanban_mcp.exchange.circles import Edge, circle_of, tangles
from kanban_mcp.exchange.records import Remarks, SourceLink, SourceTask

SIZE = 7
edges = st.lists(
    st.builds(Edge, st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.sampled_from(list(Relation))).filter(
        lambda edge: edge.child != edge.parent
    ),
    max_size=14,
    unique_by=lambda edge: (edge.child, edge.parent),
)


def waits(all_edges: list[Edge]) -> set[tuple[str, str]]:
    """Write the three kinds of waiting of the design out, naively, as reachability between starts and ends."""
    steps = {(f"end {n}", f"start {n}") for n in range(SIZE)}
    for edge in all_edges:
        if edge.relation is Relation.AFTER:
            steps.add((f"start {edge.child}", f"end {edge.parent}"))
        else:
            steps |= {(f"end {edge.parent}", f"end {edge.child}"), (f"start {edge.child}", f"start {edge.parent}")}
    while True:
        more = {(a, d) for a, b in steps for c, d in steps if b == c} - steps
        if not more:
            return steps
        steps |= more


def has_circle(all_edges: list[Edge]) -> bool:
    return any(a == b for a, b in waits(all_edges))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(edges)
def test_a_circle_is_found_exactly_where_tasks_wait_for_each_other(links: list[Edge]) -> None:
    circle = circle_of(links)
    assert bool(circle) == has_circle(links)
    assert has_circle(circle) == bool(circle), "the links returned make a circle by themselves"
    among = list(tangles(SIZE, links))
    assert bool(among) == has_circle(links)
    assert all(has_circle(tangle) for tangle in among)


@pytest.mark.proves("S8")
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(edges)
def test_an_arranged_source_has_no_circle_and_loses_no_link_without_need(links: list[Edge]) -> None:
    tasks = [
        SourceTask(
            str(n), "here", "x", links=tuple(SourceLink(str(e.parent), e.relation) for e in links if e.child == n)
        )
        for n in range(SIZE)
    ]
    remarks = Remarks()
    kept = list(arrange(tasks, (), remarks).edges)
    assert not has_circle(kept)
    assert len(kept) + len(remarks.skipped) == len(links)
    if not has_circle(links):
        assert set(kept) == set(links)


def test_a_chain_of_a_hundred_thousand_tasks_with_many_circles_is_arranged() -> None:
    """Each circle of its own costs what it is long, not what the source is long."""
    count = 100_000
    chain = [Edge(n, n - 1, Relation.AFTER) for n in range(1, count)]
    backwards = [Edge(n, n + 3, Relation.AFTER) for n in range(0, count - 3, 10)]
    found = list(tangles(count, chain + backwards))
    assert len(found) == len(backwards)
    assert {len(tangle) for tangle in found} == {4}
