"""Measures of agreement against published implementations and worked examples."""

import krippendorff
import numpy as np
import pytest
import scorch.scores
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from krisc import measures
from krisc.measures import Unitized, alpha, coincidences, conll, f1, kappa, observed, unitized_alpha

# Units of two annotators on a text of 24 places: Krippendorff (1995), p. 57, labels A to D.
BERTHA_BILL = [(2, 10), (14, 20)], [(4, 8), (15, 17)]
JOHN_JILL = [(0, 18)], [(0, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 9), (9, 10)]
GERRET_GILL = [(2, 8), (10, 12), (14, 18), (20, 22)], [(0, 2), (4, 8), (10, 14), (16, 18), (20, 22)]
HEATHER_HILL = [(0, 2), (2, 10), (10, 14), (14, 20), (20, 24)], [(0, 4), (4, 8), (8, 15), (15, 17), (17, 24)]


def binary(units, length=24):
    return [int(any(s <= at < e for s, e in units)) for at in range(length)]


def crossed(one, other, size=2):
    table = np.zeros((size, size))
    for a, b in zip(one, other, strict=True):
        table[a, b] += 1
    return table


def summed(items, size):
    return sum((coincidences([v for v in item if v is not None], size) for item in items), np.zeros((size, size)))


@pytest.mark.parametrize(
    ("units", "wanted"), [(BERTHA_BILL, 0.385), (JOHN_JILL, 0.385), (GERRET_GILL, 0.314), (HEATHER_HILL, None)]
)
def test_kappa_of_krippendorff_1995(units, wanted):
    value = kappa(crossed(*map(binary, units)))
    assert np.isnan(value) if wanted is None else value == pytest.approx(wanted, abs=0.001)


def test_alpha_of_krippendorff_1995():
    pairs = list(zip(*map(binary, BERTHA_BILL), strict=True))
    assert alpha(summed(pairs, 2)) == pytest.approx(0.329, abs=0.001)


ITEMS = st.lists(st.lists(st.none() | st.integers(0, 3), min_size=3, max_size=3), min_size=2, max_size=30)


@settings(deadline=None)
@given(ITEMS)
def test_alpha_is_that_of_the_krippendorff_package(items):
    paired = [v for item in items if sum(v is not None for v in item) > 1 for v in item if v is not None]
    assume(len(set(paired)) > 1)
    ratings = np.array([[np.nan if v is None else v for v in item] for item in items]).T
    wanted = krippendorff.alpha(reliability_data=ratings, level_of_measurement="nominal")
    assert alpha(summed(items, 4)) == pytest.approx(wanted)


def test_undefined_is_not_a_number_and_never_0_or_1():
    nothing = np.zeros((2, 2))
    one_value = np.array([[7.0, 0.0], [0.0, 0.0]])
    for value in (
        kappa(nothing),
        kappa(one_value),
        alpha(nothing),
        alpha(one_value),
        observed(nothing),
        f1(np.zeros(3)),
    ):
        assert np.isnan(value)
    assert observed(one_value) == 1
    assert np.isnan(unitized_alpha([])) and np.isnan(unitized_alpha([Unitized()]))
    assert np.isnan(conll(np.zeros((3, 4))))


def unitized(*texts, length=24):
    made = Unitized()
    for one, other in texts:
        made.add(one, other, length)
    return made


@pytest.mark.parametrize(
    ("units", "wanted"),
    [(BERTHA_BILL, 0.03125), (JOHN_JILL, 2.26736), (GERRET_GILL, 0.02777), (HEATHER_HILL, 0.38715)],
)
def test_observed_disagreement_of_krippendorff_1995(units, wanted):
    assert unitized(units).observed == pytest.approx(wanted, abs=0.00001)


def test_unitized_alpha_of_krippendorff_2004():
    """The worked example of Krippendorff (2004), p. 254: two labels on a continuum of 300 places from 150 on."""
    places = {
        "c": ([(225, 295), (370, 400)], [(220, 300), (355, 375), (400, 420)]),
        "k": ([(180, 240), (300, 350)], [(180, 240), (300, 350)]),
    }
    moved = {name: [[(s - 150, e - 150) for s, e in units] for units in sides] for name, sides in places.items()}
    c, k = unitized(moved["c"], length=300), unitized(moved["k"], length=300)
    assert (c.observed, c.expected) == pytest.approx((0.0144, 0.0532), abs=0.0001)
    assert (k.observed, k.expected) == pytest.approx((0.0, 0.0490), abs=0.0001)
    assert unitized_alpha([c]) == pytest.approx(0.7286, abs=0.0001)
    assert unitized_alpha([k]) == 1
    assert unitized_alpha([c, k]) == pytest.approx(0.8591, abs=0.0005)


STRETCHES = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)), max_size=4)


def stretched(drawn):
    at, found = 0, []
    for gap, length in drawn:
        found.append((at + gap, at + gap + length))
        at += gap + length
    return found


@given(st.lists(st.tuples(STRETCHES, STRETCHES), max_size=5), st.integers(0, 5))
def test_unitized_counts_add_up_and_the_expected_disagreement_is_that_of_the_formula(texts, cut):
    texts = [(stretched(one), stretched(other)) for one, other in texts]
    whole, merged = unitized(*texts, length=50), unitized(*texts[:cut], length=50)
    merged.merge(unitized(*texts[cut:], length=50))
    assert (merged, list(merged.gaps)) == (whole, list(whole.gaps))
    number, total = whole.lengths.total(), 0.0
    for length, times in whole.lengths.items():  # every unit with every gap it fits into, one by one
        fits = sum(n * (gap - length + 1) for gap, n in whole.gaps.items() if gap >= length)
        total += times * ((number - 1) / 3 * (2 * length**3 - 3 * length**2 + length) + length**2 * fits)
    bottom = 2 * whole.length * (2 * whole.length - 1) - sum(n * k * (k - 1) for k, n in whole.lengths.items())
    assert whole.expected == (2 / whole.length * total / bottom if total else 0.0)


PARTITION = st.lists(st.integers(0, 5), min_size=2, max_size=10)


def chains(numbers):
    made = {}
    for mention, number in enumerate(numbers):
        made.setdefault(number, set()).add(mention)
    return [frozenset(chain) for chain in made.values()]


@settings(deadline=None)
@given(PARTITION, st.data())
def test_chains_are_scored_as_by_scorch(numbers, data):
    """Scorch scores two partitions of the same mentions."""
    others = data.draw(st.lists(st.integers(0, 5), min_size=len(numbers), max_size=len(numbers)))
    key, response = chains(numbers), chains(others)
    sets = [set(c) for c in key], [set(c) for c in response]
    for mine, theirs in ((measures.b_cubed, scorch.scores.b_cubed), (measures.ceaf_e, scorch.scores.ceaf_e)):
        counts = np.array(mine(key, response))
        recall, precision, f = theirs(*sets)
        assert counts[0] / counts[1] == pytest.approx(recall)
        assert counts[2] / counts[3] == pytest.approx(precision)
        assert measures.chain_f1(counts) == pytest.approx(f)
    assume(any(len(c) > 1 for c in key) and any(len(c) > 1 for c in response))
    counts = np.array(measures.muc(key, response))
    assert measures.chain_f1(counts) == pytest.approx(scorch.scores.muc(*sets)[2])
    stacked = np.array([m(key, response) for m in (measures.muc, measures.b_cubed, measures.ceaf_e)])
    assert conll(stacked) == pytest.approx(scorch.scores.conll2012(*sets))


@pytest.mark.parametrize(
    ("key", "response", "measure", "recall", "precision"),
    [
        # Vilain et al. (1995), table of examples: the links A-B-C-D against A-B and C-D
        (["abcd"], ["ab", "cd"], measures.muc, 2 / 3, 1.0),
        (["ab", "cd"], ["abcd"], measures.muc, 1.0, 2 / 3),
        # Moosavi and Strube (2016), section 4.2: key {a,b,c} {d,e,f,g}, response {a,b} {c,d} {f,g,h,i}
        (
            ["abc", "defg"],
            ["ab", "cd", "fghi"],
            measures.lea,
            (3 * 1 / 3 + 4 * 1 / 6) / 7,
            (2 * 1 + 2 * 0 + 4 * 1 / 6) / 8,
        ),
        # the same chains by the other measures, worked out by their definitions
        (["abc", "defg"], ["ab", "cd", "fghi"], measures.muc, 2 / 5, 2 / 5),
        (
            ["abc", "defg"],
            ["ab", "cd", "fghi"],
            measures.b_cubed,
            (4 / 3 + 1 / 3 + 1 / 4 + 1) / 7,
            (2 + 0.5 + 0.5 + 1) / 8,
        ),
    ],
)
def test_worked_examples_of_chains(key, response, measure, recall, precision):
    counts = measure([frozenset(c) for c in key], [frozenset(c) for c in response])
    assert counts[0] / counts[1] == pytest.approx(recall)
    assert counts[2] / counts[3] == pytest.approx(precision)


def test_chains_of_one_mention():
    single, double = [frozenset("a")], [frozenset("ab")]
    assert measures.muc(single, single) == (0, 0, 0, 0)
    assert measures.lea(single, single) == (1, 1, 1, 1)
    assert measures.lea(single, double) == (0, 1, 0, 2)
    assert measures.ceaf_e([], double) == (0, 0, 0, 1)
    assert measures.chain_f1(np.array([0.0, 1.0, 0.0, 2.0])) == 0
