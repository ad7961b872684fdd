"""Splits: released documents never move, and an incident is never divided."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krisc.splits import assign
from krisc.store import Entry

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def entry(id_, incident=None):
    return Entry(id_, 1, 0, 1, incident or id_, "0" * 64)


@st.composite
def corpora(draw):
    """Documents of a few incidents, and pins that keep every incident in one split."""
    incidents = draw(st.lists(st.sampled_from("ABCDEFGH"), max_size=20))
    index = [entry(f"doc-{n:02}", incident) for n, incident in enumerate(incidents)]
    where = {incident: draw(st.sampled_from(list(SHARES))) for incident in sorted(set(incidents))}
    return index, {e.id: where[e.incident] for e in index if draw(st.booleans())}


@settings(deadline=None)
@given(corpora())
def test_every_document_has_a_split_and_pinned_ones_keep_theirs(corpus):
    index, pinned = corpus
    splits = assign(index, SHARES, pinned)
    assert list(splits) == sorted(e.id for e in index)
    assert set(splits.values()) <= set(SHARES)
    assert pinned.items() <= splits.items()


def test_pinned_documents_keep_their_splits_even_where_an_incident_was_divided():
    index = [entry("doc-1", "A"), entry("doc-2", "A"), entry("doc-3", "A")]
    splits = assign(index, SHARES, {"doc-1": "train", "doc-2": "test"})
    assert (splits["doc-1"], splits["doc-2"]) == ("train", "test")


@settings(deadline=None)
@given(corpora())
def test_documents_on_one_incident_share_a_split(corpus):
    index, pinned = corpus
    splits = assign(index, SHARES, pinned)
    assert len({(e.incident, splits[e.id]) for e in index}) == len({e.incident for e in index})


@settings(deadline=None)
@given(corpora(), st.randoms(use_true_random=False))
def test_the_order_of_the_documents_makes_no_difference(corpus, random):
    index, pinned = corpus
    shuffled = random.sample(index, len(index))
    assert assign(shuffled, SHARES, pinned) == assign(index, SHARES, pinned)


@settings(deadline=None)
@given(corpora(), st.lists(st.sampled_from("ABCDEFGHIJK"), max_size=10))
def test_what_was_released_stays_when_the_corpus_grows(corpus, more):
    index, pinned = corpus
    first = assign(index, SHARES, pinned)
    grown = assign([*index, *(entry(f"new-{n}", incident) for n, incident in enumerate(more))], SHARES, first)
    assert first.items() <= grown.items()


@pytest.mark.parametrize(
    ("shares", "split"),
    [(SHARES, "train"), ({"test": 0.2, "train": 0.8}, "train"), ({"a": 3, "b": 1}, "a"), ({"only": 1.0}, "only")],
)
def test_one_document_goes_to_the_greatest_share(shares, split):
    assert assign([entry("doc-1")], shares, {}) == {"doc-1": split}


def test_no_documents_no_splits():
    assert assign([], SHARES, {}) == {}


@pytest.mark.parametrize("size", [1, 3])
def test_the_shares_are_reached_with_many_incidents(size):
    index = [entry(f"doc-{n:04}", f"incident-{n // size}") for n in range(1200)]
    counts = Counter(assign(index, SHARES, {}).values())
    assert {split: counts[split] / len(index) for split in SHARES} == pytest.approx(SHARES, abs=0.01)


def test_shares_need_not_sum_to_one():
    index = [entry(f"doc-{n:03}") for n in range(100)]
    assert assign(index, {"a": 30, "b": 10}, {}) == assign(index, {"a": 0.75, "b": 0.25}, {})


def test_a_split_without_a_share_gets_nothing_new():
    index = [entry(f"doc-{n:03}") for n in range(50)]
    assert set(assign(index, {"train": 1.0, "test": 0.0}, {"doc-007": "test"}).values()) == {"train", "test"}
    assert Counter(assign(index, {"train": 1.0, "test": 0.0}, {"doc-007": "test"}).values())["test"] == 1


@pytest.mark.parametrize("one", range(10))
def test_pinned_documents_count_before_all_others(one):
    index = [entry(f"doc-{n}") for n in range(10)]
    splits = assign(index, SHARES, {f"doc-{one}": "test"})
    assert Counter(splits.values()) == {"train": 8, "validation": 1, "test": 1}


def test_a_large_incident_counts_with_all_its_documents():
    index = [entry(f"doc-{n:03}", "large" if n < 60 else None) for n in range(100)]
    assert Counter(assign(index, SHARES, {"doc-000": "train"}).values()) == {"train": 80, "validation": 10, "test": 10}
