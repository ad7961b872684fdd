"""Near-duplicates: who is alike is found, who is not is not, and the Jaccard index is the true one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from krisc.duplicates import Alike, near_duplicates, shingles


def found(texts, threshold=0.5):
    return list(near_duplicates(texts, texts.__getitem__, threshold))


def test_shingles_are_runs_of_three_words():
    assert shingles("The army left. The town fell!") == {
        "the army left",
        "army left the",
        "left the town",
        "the town fell",
    }
    assert shingles("Two words") == {"two words"}
    assert shingles("") == {""}
    assert shingles("هێزەکان لە کەرکووک کشانەوە") == {"هێزەکان لە کەرکووک", "لە کەرکووک کشانەوە"}


def test_a_copy_with_small_changes_is_found():
    text = " ".join(f"word{n}" for n in range(60))
    texts = {"a": text, "b": " ".join(f"other{n}" for n in range(60)), "c": text.replace("word30", "changed")}
    [pair] = found(texts)
    assert pair == Alike("a", "c", pytest.approx(55 / 61))


def test_the_threshold_is_kept_by_the_words_and_not_by_the_sketch():
    one, other = (" ".join(f"w{n}" for n in range(a, a + 52)) for a in (0, 25))
    true = len(shingles(one) & shingles(other)) / len(shingles(one) | shingles(other))
    assert found({"a": one, "b": other}, true - 0.001)[0].jaccard == true
    assert found({"a": one, "b": other}, true + 0.001) == []


def test_made_duplicates_are_found():
    """Of pairs with a Jaccard index of 0.8 and more, at least 99 in 100."""
    rng = random.Random(7)
    texts, pairs = {}, set()
    for n in range(300):
        words = [f"w{rng.randrange(20000)}" for _ in range(120)]
        texts[f"a{n}"] = " ".join(words)
        for _ in range(rng.randrange(1, 4)):
            words[rng.randrange(120)] = f"x{rng.randrange(20000)}"
        texts[f"b{n}"] = " ".join(words)
        one, other = shingles(texts[f"a{n}"]), shingles(texts[f"b{n}"])
        if len(one & other) / len(one | other) >= 0.8:
            pairs.add((f"a{n}", f"b{n}"))
    told = {(pair.one, pair.other) for pair in found(texts, 0.8)}
    assert len(pairs) > 200
    assert len(told & pairs) >= 0.99 * len(pairs)
    assert told <= pairs


@given(st.dictionaries(st.sampled_from("abcdef"), st.text(max_size=40), max_size=6), st.floats(0.05, 1))
def test_no_pair_is_told_that_is_not_alike(texts, threshold):
    for pair in found(texts, threshold):
        one, other = shingles(texts[pair.one]), shingles(texts[pair.other])
        assert pair.jaccard == len(one & other) / len(one | other) >= threshold
