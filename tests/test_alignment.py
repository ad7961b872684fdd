"""Spans paired one to one: by the definition, against nervaluate where both agree on it, and where they do not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator

from krisc.alignment import Scores, align, score, span, spanned
from krisc.matching import shared
from krisc.model import Annotation, Segment

pytestmark = pytest.mark.one_python

SCHEMES = {"strict": "strict", "boundary": "exact", "partial": "partial", "type": "ent_type"}


def anchors():
    """One to three segments with something between them."""
    parts = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), min_size=1, max_size=3)

    def place(drawn):
        start, steps = drawn
        found = []
        for gap, length in steps:
            found.append((start + gap, start + gap + length))
            start += gap + length
        return tuple(found)

    return st.tuples(st.integers(0, 20), parts).map(place)


SPANS = st.lists(st.builds(spanned, anchors(), st.sampled_from(["X", "Y", "زیرین", "𐎠"])), max_size=12)


def words(one):
    return one[3] if len(one) == 4 else (one[:2],)


def by_definition(ones, others, key):
    """Every pair that shares a code point, the best first; each span once."""
    scored = [
        (key(words(a) == words(b), a[2] == b[2]), shared(words(a), words(b)), -i, -j)
        for i, a in enumerate(ones)
        for j, b in enumerate(others)
        if shared(words(a), words(b))
    ]
    left, right, found = set(), set(), set()
    for *_, i, j in sorted(scored, reverse=True):
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            found.add((-i, -j))
    return found


@given(SPANS, SPANS)
def test_pairs_are_those_of_the_definition(ones, others):
    """Nested, crossing, repeated and discontinuous spans; the short cuts for equal and for lone spans change nothing."""
    same, by_words, by_label = align(ones, others)
    assert set(same) | set(by_words) == by_definition(ones, others, lambda w, label: (w, label))
    assert set(same) | set(by_label) == by_definition(ones, others, lambda w, label: (label, w))
    assert all(ones[i] == others[j] for i, j in same)


def test_annotations_stand_on_their_segments_or_their_trigger():
    one, other = Segment(3, 5, "ab"), Segment(8, 9, "c")
    assert span(Annotation("a", "X", segments=(one,))) == (3, 5, "X")
    assert span(Annotation("a", "X", trigger=(other,))) == (8, 9, "X")
    assert span(Annotation("a", "X", segments=(one, other))) == (3, 9, "X", ((3, 5), (8, 9)))


# --- nervaluate -----------------------------------------------------------------------------------------------------

WINDOW = 10
DOCUMENT = st.lists(
    st.none() | st.tuples(st.integers(0, 4), st.integers(1, 5), st.sampled_from("XY")), min_size=6, max_size=6
).map(lambda drawn: [(n * WINDOW + w[0], n * WINDOW + w[0] + w[1], w[2]) for n, w in enumerate(drawn) if w])


def nervaluated(pairs, labels=("X", "Y")):
    """What nervaluate finds; its ends are inclusive."""
    true, pred = (
        [[{"start": s, "end": e - 1, "label": label} for s, e, label in pair[side]] for pair in pairs]
        for side in (0, 1)
    )
    return Evaluator(true, pred, tags=list(labels), loader="dict").evaluate()


@settings(deadline=None)
@given(st.lists(st.tuples(DOCUMENT, DOCUMENT), min_size=1, max_size=4))
def test_where_a_span_overlaps_one_other_at_most_all_figures_are_those_of_nervaluate(pairs):
    mine, wanted = score(pairs), nervaluated(pairs)
    for scheme, name in SCHEMES.items():
        theirs = wanted["overall"][name]
        assert mine.outcomes(scheme) == {outcome: getattr(theirs, outcome) for outcome in mine.outcomes(scheme)}
        if mine.f1(scheme) is not None:
            assert mine.f1(scheme) == pytest.approx(theirs.f1)
    for label, schemes in wanted["entities"].items():
        assert mine.strict[label] == schemes["strict"].correct
        assert (mine.ones[label], mine.others[label]) == (schemes["strict"].possible, schemes["strict"].actual)


def test_an_earlier_overlap_does_not_take_the_span_that_a_later_one_matches():
    """Nervaluate goes through one side in its order and gives each span the first it overlaps."""
    pair = [(4, 9, "X")], [(0, 5, "X"), (4, 9, "X")]
    assert nervaluated([pair])["overall"]["strict"].correct == 0
    assert score([pair]).outcomes("strict") == {
        "correct": 1, "incorrect": 0, "partial": 0, "missed": 0, "spurious": 1
    }  # fmt: skip


def test_the_order_of_the_lists_does_not_matter():
    """Nervaluate gives two figures for the same two lists (its issue 40 has another such case)."""
    ones, others = [(0, 12, "X"), (14, 17, "Y")], [(0, 15, "X"), (14, 17, "Y"), (0, 12, "X")]
    theirs = {nervaluated([(ones, given)])["overall"]["strict"].correct for given in (others, others[::-1])}
    assert theirs == {1, 2}
    assert {score([(ones, given)]).strict.total() for given in (others, others[::-1])} == {2}


def test_either_side_can_be_the_one():
    """By nervaluate, a long span and the two words in it are one pair; which, depends on the side and on the order."""
    long, short = [(0, 9, "X")], [(0, 4, "Y"), (5, 9, "X")]
    there, back = score([(long, short)]), score([(short, long)])
    assert there.f1("type") == back.f1("type") == pytest.approx(2 / 3)
    assert there.outcomes("type")["spurious"] == back.outcomes("type")["missed"] == 1


def test_one_shared_code_point_is_an_overlap_however_long_the_span():
    """Nervaluate asks by default for one in a hundred of the true span, which depends on the side."""
    long, short = [(0, 200, "X")], [(199, 210, "X")]
    assert nervaluated([(long, short)])["overall"]["partial"].partial == 0
    assert nervaluated([(short, long)])["overall"]["partial"].partial == 1
    assert score([(long, short)]).outcomes("partial")["partial"] == 1


def test_what_is_undefined_is_not_0():
    assert nervaluated([([], [])])["overall"]["strict"].f1 == 0
    assert score([([], [])]).f1("strict") is None
    assert score([([(0, 1, "X")], [])]).f1("strict") == 0


@given(st.lists(st.tuples(SPANS, SPANS), max_size=6), st.integers(0, 6))
def test_scores_add_up_over_documents(pairs, cut):
    whole, merged = score(pairs), Scores()
    for part in (pairs[:cut], pairs[cut:]):
        merged.merge(score(part))
    assert merged == whole
