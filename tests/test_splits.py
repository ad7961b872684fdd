"""Splits: released documents never move, and an incident is never divided."""

import json
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passes_of_example import run

from krisc.index import Entry, Index
from krisc.splits import Wish, balance
from krisc.splits import assign as assigned

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def assign(entries, shares, pinned):
    return {one.id: one.split for one in assigned(Index(entries), shares, pinned)}


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


# --- balanced splits ----------------------------------------------------------------------------------------------------

THREE = {"train": 0.7, "validation": 0.15, "test": 0.15}
WISH = Wish({"documents": 20.0}, frozenset({("label", "rare")}), ("train", "test"))


def made_groups(number, seed=3):
    rng = random.Random(seed)
    return {
        f"g{n:03d}": Counter(
            {
                ("documents", "all"): rng.choice([1, 1, 1, 2, 3]),
                ("label", "common"): rng.randrange(20),
                ("label", "rare"): int(n % 17 == 0),
                ("year", str(2005 + n % 20)): 1,
            }
        )
        for n in range(number)
    }


def share(groups, splits, split, feature):
    total = sum(g.get(feature, 0) for g in groups.values())
    return sum(g.get(feature, 0) for name, g in groups.items() if splits[name] == split) / total


def test_features_are_spread_by_the_shares():
    groups = made_groups(60)
    splits = balance(groups, THREE, {}, WISH, 1)
    for split, wanted in THREE.items():
        for feature in (("documents", "all"), ("label", "common")):
            assert abs(share(groups, splits, split, feature) - wanted) < 0.03
    for split in WISH.splits:
        assert share(groups, splits, split, ("label", "rare")) > 0


def test_a_seed_gives_the_same_splits_again_and_settled_groups_stay():
    groups = made_groups(40)
    first = balance(groups, THREE, {}, WISH, 1)
    assert balance(dict(reversed(groups.items())), THREE, {}, WISH, 1) == first
    settled = {"g000": "test", "g001": "validation", "g002": "test"}
    again = balance(groups, THREE, settled, WISH, 1)
    assert {name: again[name] for name in settled} == settled


@given(st.integers(1, 12), st.integers(0, 5))
@settings(max_examples=20)
def test_every_group_has_one_declared_split(number, seed):
    splits = balance(made_groups(number, seed), THREE, {}, WISH, seed)
    assert set(splits) == set(made_groups(number, seed))
    assert set(splits.values()) <= set(THREE)


def test_planned_splits_are_kept_by_a_release(starter, grow, capsys):
    grow(starter, 12)
    config = starter / "dataset/corpus.toml"
    config.write_text(
        config.read_text().replace("homepage", "seed = 4\nhomepage", 1)
        + '\n[balance]\nlayers = ["event"]\nminimum = 5\nsplits = ["train", "test"]\n'
    )
    assert run("split", "--corpus", starter) == 0
    assert "label event/MEET" in capsys.readouterr().out
    planned = json.loads((starter / "dataset/splits.json").read_text())["documents"]
    assert Counter(planned.values()) == {"train": 10, "test": 3}
    assert run("compile", "--corpus", starter, "--quiet") == 0
    assert json.loads((starter / "dataset/splits.json").read_text())["documents"] == planned
    config.write_text(config.read_text().replace("seed = 4", "seed = 5"))
    assert run("split", "--redo", "--corpus", starter, "--quiet") == 0
    assert json.loads((starter / "dataset/splits.json").read_text())["documents"] == planned, "released ones stay"


def test_splits_are_planned_anew_until_a_release_has_them(starter, grow):
    grow(starter, 12)
    config = starter / "dataset/corpus.toml"
    assert run("split", "--corpus", starter, "--quiet") == 0
    first = (starter / "dataset/splits.json").read_text()
    config.write_text(config.read_text().replace("homepage", "seed = 99\nhomepage", 1))
    assert run("split", "--corpus", starter, "--quiet") == 0
    assert (starter / "dataset/splits.json").read_text() == first, "without --redo, what is planned stays"
    config.write_text(config.read_text().replace("train = 0.8\ntest = 0.2", "train = 0.2\ntest = 0.8"))
    assert run("split", "--redo", "--corpus", starter, "--quiet") == 0
    assert (starter / "dataset/splits.json").read_text() != first


def test_released_documents_of_an_incident_that_was_divided_are_not_moved(starter, grow):
    """Two documents were released in two splits, and turn out to be on one incident: a person has to decide."""
    grow(starter, 6)
    assert run("compile", "--corpus", starter, "--quiet") == 0
    path = starter / "dataset/splits.json"
    before = json.loads(path.read_text())["documents"]
    one, other = (next(name for name, split in before.items() if split == wanted) for wanted in ("train", "test"))
    listing = starter / "dataset/documents.jsonl"
    lines = [json.loads(line) for line in listing.read_text().splitlines()]
    listing.write_text(
        "".join(json.dumps({**r, "incident": "x" if r["id"] in (one, other) else r["incident"]}) + "\n" for r in lines)
    )
    for words in ((), ("--redo",)):
        assert run("split", "--corpus", starter, "--quiet", *words) == 0
        assert json.loads(path.read_text())["documents"] == before


def test_documents_without_a_date_are_split_too(starter, grow, capsys):
    grow(starter, 3)
    listing = starter / "dataset/documents.jsonl"
    lines = [json.loads(line) for line in listing.read_text().splitlines()]
    lines[0]["published"] = ""
    listing.write_text("".join(json.dumps(r) + "\n" for r in lines))
    assert run("split", "--corpus", starter) == 0
    shown = capsys.readouterr().out.splitlines()
    years = [sum(map(int, line.split()[2:])) for line in shown if line.startswith("year ")]
    assert sum(years) == 3, "three of four documents have a year"
    assert len(json.loads((starter / "dataset/splits.json").read_text())["documents"]) == 4


def test_no_documents_are_not_split(starter, capsys):
    (starter / "dataset/documents.jsonl").write_text("")
    for path in [*(starter / "dataset/raw").glob("*.txt"), *(starter / "annotations/gold").glob("*.json")]:
        path.unlink()
    assert run("split", "--corpus", starter) == 1
    assert "corpus-empty" in capsys.readouterr().out


def test_documents_with_errors_are_not_split(starter, capsys):
    (starter / "dataset/raw/example.txt").write_text("Other.\n")
    assert run("split", "--corpus", starter) == 1
    assert "text-hash-mismatch" in capsys.readouterr().out
    assert not (starter / "dataset/splits.json").exists()
