"""Stretches ``[start, end)``: the fast answers are those of the definitions."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc.spans import (
    Containers,
    contains,
    crossing,
    nest,
    overlapping,
    overlaps,
    side_by_side,
    token_range,
    token_ranges,
)

STRETCH = st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda s: (s[0], s[0] + s[1]))


@st.composite
def separate(draw):
    """Stretches in text order that do not overlap; some touch."""
    cuts = sorted(draw(st.sets(st.integers(0, 20), min_size=2)))
    pairs = list(pairwise(cuts))
    return [pair for pair in pairs if draw(st.booleans())]


@pytest.mark.parametrize(
    ("one", "other", "inside", "shared"),
    [
        ((0, 5), (0, 5), True, True),
        ((0, 5), (1, 4), True, True),
        ((0, 5), (0, 6), False, True),
        ((0, 5), (4, 9), False, True),
        ((0, 5), (5, 9), False, False),  # they touch
        ((5, 9), (0, 5), False, False),
    ],
)
def test_contains_and_overlaps(one, other, inside, shared):
    assert contains(one, other) is inside
    assert overlaps(one, other) is overlaps(other, one) is shared


@settings(deadline=None)
@given(STRETCH, STRETCH)
def test_contains_and_overlaps_are_about_positions(one, other):
    assert contains(one, other) == (set(range(*other)) <= set(range(*one)))
    assert overlaps(one, other) == bool(set(range(*other)) & set(range(*one)))


@settings(deadline=None)
@given(st.lists(STRETCH, max_size=12))
def test_overlapping_pairs_are_those_of_the_definition(stretches):
    found = list(overlapping(stretches))
    naive = {(i, j) for i, j in combinations(range(len(stretches)), 2) if overlaps(stretches[i], stretches[j])}
    assert {tuple(sorted(pair)) for pair in found} == naive
    assert len(found) == len(naive)


def test_overlapping_pairs_come_in_text_order():
    assert list(overlapping([(6, 9), (0, 9), (0, 4)])) == [(1, 2), (1, 0)]


@settings(deadline=None)
@given(st.lists(STRETCH, max_size=12))
def test_crossing_pairs_are_those_of_the_definition(stretches):
    def cross(a, b):
        return a[0] < b[0] < a[1] < b[1] or b[0] < a[0] < b[1] < a[1]

    naive = {(i, j) for i, j in combinations(range(len(stretches)), 2) if cross(stretches[i], stretches[j])}
    assert {tuple(sorted(pair)) for pair in crossing(stretches)} == naive


@settings(deadline=None)
@given(st.lists(STRETCH, max_size=8))
def test_columns_nest_or_lie_side_by_side_when_no_pair_is_in_the_way(stretches):
    starts, ends = [start for start, _ in stretches], [end for _, end in stretches]
    assert nest(starts, ends) == (not list(crossing(stretches)))
    assert side_by_side(starts, ends) == Containers(stretches).apart == (not list(overlapping(stretches)))


@pytest.mark.parametrize(
    ("stretches", "nested"),
    [
        ([(0, 9), (0, 4), (5, 9), (9, 12)], True),
        ([(0, 4), (0, 9)], True),  # the shorter comes first
        ([(5, 9), (0, 9)], True),  # not in text order
        ([(0, 4), (0, 4)], True),
        ([(0, 9), (2, 5), (4, 6)], False),
        ([], True),
    ],
)
def test_stretches_that_nest(stretches, nested):
    assert nest([start for start, _ in stretches], [end for _, end in stretches]) is nested


@settings(deadline=None)
@given(separate(), st.lists(STRETCH, max_size=5))
def test_many_are_held_when_each_is(stretches, inner):
    containers = Containers(stretches)
    held = containers.hold([start for start, _ in inner], [end for _, end in inner])
    assert held == all(containers.holding(one) is not None for one in inner)


@settings(deadline=None)
@given(st.lists(STRETCH, max_size=6), st.lists(STRETCH, max_size=5))
def test_so_they_are_among_stretches_that_overlap(stretches, inner):
    containers = Containers(stretches)
    held = containers.hold([start for start, _ in inner], [end for _, end in inner])
    assert held == all(containers.holding(one) is not None for one in inner)


@settings(deadline=None)
@given(separate(), STRETCH, st.randoms(use_true_random=False))
def test_the_container_is_the_one_that_contains(stretches, inner, random):
    naive = next((s for s in stretches if contains(s, inner)), None)
    random.shuffle(stretches)
    assert Containers(stretches).holding(inner) == naive


def test_nothing_contains_anything():
    assert Containers([]).holding((0, 1)) is None


@pytest.mark.parametrize(
    ("span", "tokens"),
    [
        ((0, 3), (0, 1)),
        ((0, 5), (0, 2)),  # touching tokens
        ((3, 9), (1, 3)),
        ((0, 4), None),  # ends inside a token
        ((1, 5), None),
        ((5, 6), None),  # between tokens
        ((3, 20), None),
    ],
)
def test_span_as_tokens(span, tokens):
    assert token_range([0, 3, 6], [3, 5, 9], span) == tokens


def test_no_tokens_no_range():
    assert token_range([], [], (0, 1)) is None


@settings(deadline=None)
@given(separate(), STRETCH)
def test_a_token_range_begins_and_ends_with_the_span(tokens, span):
    starts, ends = [s for s, _ in tokens], [e for _, e in tokens]
    pairs = ((i, j) for i in range(len(tokens)) for j in range(i, len(tokens)))
    naive = next(((i, j + 1) for i, j in pairs if (starts[i], ends[j]) == span), None)
    assert token_range(starts, ends, span) == naive


@settings(deadline=None)
@given(separate(), st.lists(STRETCH | st.tuples(st.integers(0, 21), st.integers(0, 21)), max_size=12))
def test_many_token_ranges_at_once_are_those_of_one_span(tokens, spans):
    starts, ends = [s for s, _ in tokens], [e for _, e in tokens]
    arrays = np.array(starts, np.intp), np.array(ends, np.intp)
    first, last, exact = token_ranges(*arrays, spans)
    listed = list(zip(first.tolist(), last.tolist(), exact.tolist(), strict=True))
    assert [(f, t) if whole else None for f, t, whole in listed] == [token_range(starts, ends, s) for s in spans]
    for (f, t, _), (start, end) in zip(listed, spans, strict=True):
        inside = [n for n, (s, e) in enumerate(tokens) if start <= s and e <= end]
        assert list(range(f, t)) == inside
    columns = token_ranges(*arrays, np.array(spans, np.intp).reshape(-1, 2))
    assert all((one == other).all() for one, other in zip(columns, (first, last, exact), strict=True))
