"""Near-duplicates: who is alike is found, who is not is not, and how the work is cut changes nothing."""

import hashlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import tracemalloc
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passes_of_example import run

from krisc import spill
from krisc.duplicates import Alike, Sizes, groups, near_duplicates
from krisc.findings import KriscError
from krisc.minhash import MISSED, MOST, PERMUTATIONS, Bands, band_keys, bands_for, content_keys
from krisc.shingling import BLOCK, SHINGLE, Hashed, hashed, shingles
from krisc.spill import Names, Spill

TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(["a", "b", "ب", "ێ", "هێز", "𐎠", "é", "é", "ß", "ẞ", "٣", "x\u200cy", ",", "\r\n", "\t"]),
        max_size=12,
    ).map(" ".join),
)
SMALL = Sizes(chunk=3, partition=200, buffer=100, batch=2)


def found(texts, threshold=0.5, **more):
    return list(near_duplicates(texts, texts.__getitem__, threshold, **more))


def jaccard(one, other):
    return len(shingles(one) & shingles(other)) / len(shingles(one) | shingles(other))


def every_pair(texts, threshold):
    """All pairs that are alike, by comparing everything with everything."""
    compared = ((one, other, jaccard(texts[one], texts[other])) for one, other in combinations(texts, 2))
    return {Alike(*pair) for pair in compared if pair[2] >= threshold}


def crowd(rng, number, changed):
    """Documents after one template of 60 words, in each of which some words are others."""
    texts = {}
    for n in range(number):
        words = [f"w{place}" for place in range(60)]
        for place in rng.sample(range(60), changed):
            words[place] = f"x{n}at{place}"
        texts[f"d{n:04}"] = " ".join(words)
    return texts


# Shingles


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


@given(st.lists(TEXTS, max_size=8))
def test_numbers_of_shingles_are_equal_where_the_shingles_are(texts):
    block = hashed(texts)
    numbers = [part.tolist() for part in np.split(block.values, block.starts[1:])] if texts else []
    assert len(numbers) == len(texts)
    seen = {}
    for text, some in zip(texts, numbers, strict=True):
        assert len(set(some)) == len(shingles(text))
        seen |= dict.fromkeys(some, text)
    assert len(seen) == len(set().union(*map(shingles, texts)))


def test_a_text_longer_than_a_block_has_the_numbers_of_its_parts():
    words = [f"w{n % 977}" for n in range(BLOCK // 2)]
    whole = hashed([" ".join(words)]).values
    parts = hashed([" ".join(words[n : n + 1000]) for n in range(0, len(words) - SHINGLE + 1, 998)]).values
    assert len(" ".join(words)) > BLOCK
    assert whole.tolist() == parts.tolist()


# Sketches


@given(st.floats(0, 1, exclude_min=True))
def test_bands_follow_from_the_threshold(threshold):
    bands = bands_for(threshold)
    assert bands.rows == 1 or bands.rows * bands.bands <= PERMUTATIONS
    assert bands.missed(threshold) <= MISSED or bands.bands == MOST
    assert bands.bands < MOST or threshold < 0.006


def test_bands_that_are_written_about():
    assert (bands_for(0.8), bands_for(0.3), bands_for(1)) == (Bands(20, 6), Bands(64, 2), Bands(1, 128))
    for threshold in (0, -1, 1.01, float("nan")):
        with pytest.raises(ValueError, match="above 0 and at most 1"):
            bands_for(threshold)


@pytest.mark.parametrize(("common", "apart"), [(8, 1), (80, 10), (30, 35)])
def test_sketches_agree_as_often_as_the_jaccard_index_says(common, apart):
    """Within four standard deviations of the binomial distribution, for rows and for whole bands."""
    rng, number, true = np.random.default_rng(3), 4000, common / (common + 2 * apart)
    shared = rng.integers(0, 1 << 62, (number, common), dtype=np.uint64) << np.uint64(1)
    sides = [rng.integers(0, 1 << 62, (number, apart), dtype=np.uint64) << np.uint64(1) for _ in range(2)]
    starts = np.arange(number) * (common + apart)
    for bands, wanted in ((Bands(100, 1), true), (Bands(20, 4), true**4)):
        one, other = (band_keys(Hashed(np.hstack((shared, side)).ravel(), starts), bands) for side in sides)
        agreeing = float((one == other).mean())
        assert abs(agreeing - wanted) < 4 * (wanted * (1 - wanted) / one.size) ** 0.5


def test_sketches_are_the_same_on_every_machine():
    """What was found must be found again: these numbers may change only together with the seed or the functions."""
    block = hashed(["The army left. The town fell!", "", "هێزەکان لە کەرکووک کشانەوە", "𐎠𐎡 𐎢 a\u0301"])
    keys = [block.values, band_keys(block, bands_for(0.8)), content_keys(block)]
    told = hashlib.sha256(b"".join(np.ascontiguousarray(key, "<u8").tobytes() for key in keys)).hexdigest()
    assert told == "b190efad2e20c4a7775516a5b5921ab462675a63e506a88a9f710d054607cee2"


# Pairs


def test_a_copy_with_small_changes_is_found():
    text = " ".join(f"word{n}" for n in range(60))
    texts = {"a": text, "b": " ".join(f"other{n}" for n in range(60)), "c": text.replace("word30", "changed")}
    [pair] = found(texts)
    assert pair == Alike("a", "c", pytest.approx(55 / 61))


def test_the_threshold_is_kept_by_the_words_and_not_by_the_sketch():
    one, other = (" ".join(f"w{n}" for n in range(a, a + 52)) for a in (0, 25))
    true = jaccard(one, other)
    assert found({"a": one, "b": other}, true)[0].jaccard == true
    assert found({"a": one, "b": other}, true + 0.001) == []


def test_made_duplicates_are_found():
    """Of more than 2,000 planted pairs with a Jaccard index of 0.8 and more, at least 99 in 100, and no other pair."""
    rng = random.Random(7)
    texts, planted = {}, set()
    for n in range(3000):
        words = [f"w{rng.randrange(20000)}" for _ in range(60)]
        texts[f"a{n}"] = " ".join(words)
        for place in rng.sample(range(60), rng.randrange(1, 4)):
            words[place] = f"x{rng.randrange(20000)}"
        texts[f"b{n}"] = " ".join(words)
        if (true := jaccard(texts[f"a{n}"], texts[f"b{n}"])) >= 0.8:
            planted.add(Alike(f"a{n}", f"b{n}", true))
    told = found(texts, 0.8)
    assert len(planted) > 2000
    assert set(told) <= planted
    assert len(told) >= 0.99 * len(planted)
    assert groups(told) == sorted((pair.one, pair.other) for pair in told)


@pytest.mark.parametrize("threshold", [0.2, 0.3, 0.5, 0.8])
def test_no_more_pairs_are_missed_than_is_said(threshold):
    """Against comparing everything with everything, over many small corpora; four standard deviations are allowed."""
    rng, missed, expected, total = random.Random(11), 0, 0.0, 0
    for _ in range(80):
        base = [f"w{n}" for n in range(24)]
        texts = {}
        for n in range(14):
            start = rng.randrange(12)
            texts[f"d{n:02}"] = " ".join(base[start : start + rng.randrange(2, 13)])
        true, told = every_pair(texts, threshold), set(found(texts, threshold))
        assert told <= true
        total += len(true)
        missed += len(true - told)
        expected += sum(bands_for(threshold).missed(pair.jaccard) for pair in true)
    assert total > 200
    assert missed <= expected + 4 * expected**0.5 + 1


@given(st.dictionaries(st.sampled_from("abcdefgh"), TEXTS, max_size=8), st.floats(0.05, 1))
def test_no_pair_is_told_that_is_not_alike_and_the_same_words_always_are(texts, threshold):
    told = found(texts, threshold)
    assert set(told) <= every_pair(texts, threshold)
    assert {pair for pair in every_pair(texts, threshold) if pair.jaccard == 1} <= set(told)
    places = {name: place for place, name in enumerate(texts)}
    order = [(places[pair.other], places[pair.one]) for pair in told]
    assert order == sorted(set(order))


def test_texts_without_words_are_alike_and_the_empty_corpus_has_no_pair():
    assert found({}) == []
    assert found({"a": "two words"}) == []
    told = found({"a": "", "b": " \r\n\t", "c": "—!", "d": "word"}, 1)
    assert told == [Alike("a", "b", 1.0), Alike("a", "c", 1.0), Alike("b", "c", 1.0)]


# Crowds


def test_thousands_of_the_same_text_have_pairs_by_the_thousand_and_not_by_the_million():
    texts = {f"d{n:04}": "The army left the town." for n in range(3000)} | {"x": "the ARMY, left the town"}
    told = found(texts, 0.8)
    assert len(told) == 33 * 32 // 2 + (3001 - 33)
    assert groups(told) == [tuple(sorted(texts))]
    assert all(pair.jaccard == 1 for pair in told)


def test_what_is_like_a_crowd_of_copies_is_told_with_them():
    text = " ".join(f"w{n}" for n in range(60))
    texts = {f"d{n:03}": text for n in range(100)} | {"x": text.replace("w30", "other")}
    told = found(texts, 0.8)
    assert sum(pair.other == "x" for pair in told) >= 1
    assert groups(told) == [tuple(sorted(texts))]


def test_how_many_stand_in_a_crowd_is_told():
    counts = []
    found({f"d{n:02}": "The army left the town." for n in range(33)}, 0.8, crowded=counts.append)
    found({f"d{n:02}": "The army left the town." for n in range(40)}, 0.8, crowded=counts.append)
    found(crowd(random.Random(6), 100, 1), 0.7, crowded=counts.append)
    assert counts[:2] == [0, 7]
    assert 0 < counts[2] <= 100 - 33


def test_a_crowd_after_one_template_hangs_together():
    texts = crowd(random.Random(2), 400, 1)  # a Jaccard index of 0.81 where no change touches another
    told = found(texts, 0.7)
    assert len(told) < 400 * 399 // 2
    assert groups(told) == [tuple(sorted(texts))]


def test_pairs_in_a_crowd_that_is_not_alike_itself_are_found():
    rng = random.Random(5)
    texts = crowd(rng, 400, 3)
    planted = set()
    for name in [*texts][::4]:
        words = texts[name].split()
        words[rng.randrange(10, 50)] = "changed"
        texts[f"{name}x"] = " ".join(words)
        if jaccard(texts[name], texts[f"{name}x"]) >= 0.8:
            planted.add((name, f"{name}x"))
    rng.shuffle(names := [*texts])
    told = near_duplicates(names, texts.__getitem__, 0.8)
    assert len(planted) > 80
    assert len(planted & {tuple(sorted((pair.one, pair.other))) for pair in told}) >= 0.99 * len(planted)


# How the work is cut


SIZES = st.builds(
    Sizes,
    chunk=st.integers(1, 20),
    partition=st.integers(64, 10_000),
    buffer=st.integers(1, 5000),
    batch=st.integers(1, 30),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(TEXTS, max_size=30), st.sampled_from([0.3, 0.8]), SIZES)
def test_sizes_change_nothing(listed, threshold, sizes):
    texts = {f"d{n:02}": text for n, text in enumerate(listed)}
    assert found(texts, threshold, sizes=sizes) == found(texts, threshold)


def test_sizes_change_nothing_in_a_crowd():
    texts = crowd(random.Random(3), 150, 2)
    assert found(texts, 0.6, sizes=Sizes(7, 3000, 5000, 50)) == found(texts, 0.6) != []


def test_several_processes_change_nothing():
    texts = crowd(random.Random(4), 200, 2) | {f"e{n}": f"some words {n} and more" for n in range(100)}
    sizes = Sizes(chunk=20, partition=5000, buffer=5000, batch=100)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert found(texts, 0.5, mapped=pool.imap, sizes=sizes) == found(texts, 0.5) != []


def test_memory_grows_by_a_few_bytes_a_document():
    """Of names that nobody holds, and with parts so small that both corpora fill them."""
    sizes = Sizes(chunk=100, partition=20_000, buffer=20_000, batch=100)

    def peak(number):
        names = (f"{n}a{n}b {n}c{n}d {n}e{n}f {n}g{n}h" for n in range(number))
        tracemalloc.start()
        for _ in near_duplicates(names, lambda name: name, 0.8, sizes=sizes):
            pass
        greatest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return greatest

    peak(100)  # tables that are made once
    assert peak(8000) - peak(2000) < 6000 * 30


# Nothing is left


def killed_on_the_way(name):
    if name == "d0150":
        os.kill(os.getpid(), signal.SIGKILL)
    return name


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files, which is looked into afterwards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def opened():
    return len([*Path("/proc/self/fd").iterdir()])


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files as Linux does")
def test_a_crash_leaves_no_file(temporary):
    texts = crowd(random.Random(1), 50, 1)
    before = opened()

    def text_of(name):
        if name == "d0040":
            assert opened() > before  # there are files by then, and none has a name
            assert list(temporary.iterdir()) == []
            raise RuntimeError("the disk is gone")
        return texts[name]

    with pytest.raises(RuntimeError):
        list(near_duplicates(texts, text_of, 0.5, sizes=SMALL))
    begun = near_duplicates(texts, texts.__getitem__, 0.5, sizes=SMALL)
    next(begun)
    begun.close()
    assert opened() == before
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_a_process_that_is_killed_leaves_no_file(temporary):
    program = (
        "from test_duplicates import *\n"
        "list(near_duplicates([f'd{n:04}' for n in range(300)], killed_on_the_way, 0.5, sizes=SMALL))"
    )
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(temporary.iterdir()) == []


def test_a_full_disk_is_a_finding(monkeypatch):
    texts = {"a": "some words here", "b": "some words here"}
    if (full := Path("/dev/full")).exists():
        with monkeypatch.context() as patched, pytest.raises(KriscError, match="output-unwritable"):
            patched.setattr(spill.tempfile, "TemporaryFile", lambda: full.open("r+b", buffering=0))
            found(texts)
    monkeypatch.setattr(tempfile, "tempdir", "/there/is/no/such/folder")
    with pytest.raises(KriscError, match="output-unwritable"):
        found(texts)


@given(st.lists(st.text(st.characters(), max_size=5), max_size=20), st.data())
def test_names_are_read_as_they_were_written(names, data):
    cut = data.draw(st.integers(0, len(names)))
    first = data.draw(st.integers(0, len(names)))
    behind = data.draw(st.integers(first, len(names)))
    with Names() as listed:
        listed.extend(names[:cut])
        listed.extend(names[cut:])
        assert len(listed) == len(names)
        assert listed.slice(first, behind) == names[first:behind]
        assert [listed[n] for n in range(len(names))] == names


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1 << 63)), max_size=40), st.integers(1, 200))
def test_partitions_are_read_as_they_were_written(records, buffer):
    with Spill(5, np.dtype("<u8"), buffer) as spilled:
        for partition, record in records:
            spilled.add(np.array([partition]), np.array([record], dtype="<u8"))
        read = [part.tolist() for part in spilled]
    assert read == [[record for one, record in records if one == partition] for partition in range(5)]


# Groups


def test_groups_hang_together_by_chains():
    pairs = [Alike("d", "e", 0.8), Alike("b", "c", 0.9), Alike("a", "b", 0.8)]
    assert groups(pairs) == [("a", "b", "c"), ("d", "e")]
    assert groups([]) == []


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda p: p[0] != p[1]), max_size=20))
def test_groups_are_the_connected_components(edges):
    told = groups(Alike(f"{a:02}", f"{b:02}", 1.0) for a, b in edges)
    assert told == sorted(told)
    assert sorted(name for group in told for name in group) == sorted({f"{n:02}" for edge in edges for n in edge})
    where = {name: number for number, group in enumerate(told) for name in group}
    assert all(where[f"{a:02}"] == where[f"{b:02}"] for a, b in edges)
    for group in told:  # from any member all others are reached
        reached, more = {group[0]}, True
        while more:
            near = {n for a, b in edges for n in (f"{a:02}", f"{b:02}") if {f"{a:02}", f"{b:02}"} & reached}
            more, reached = not near <= reached, reached | near
        assert reached == set(group)


# The command


def test_the_command_lists_pairs_and_groups(starter, grow, capsys):
    grow(starter, 4)  # the same but for one of four shingles
    texts = {path.stem: path.read_text() for path in sorted((starter / "dataset/raw").glob("*.txt"))}
    true = sorted(every_pair(texts, 0.5), key=lambda pair: (pair.other, pair.one))
    assert len(true) >= 6
    assert run("duplicates", "--threshold", "0.5", "--corpus", starter) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[:-1] == [f"{pair.jaccard:.3f}  {pair.one}  {pair.other}" for pair in true]
    assert lines[-1].split() == ["group", *groups(true)[0]]
    assert f"{len(true)} pair(s) in 1 group(s)" in err
    assert run("duplicates", "--threshold", "0.5", "--json", "--quiet", "--corpus", starter) == 0
    out, err = capsys.readouterr()
    *pairs, group = map(json.loads, out.splitlines())
    assert pairs == [{"one": pair.one, "other": pair.other, "jaccard": pair.jaccard} for pair in true]
    assert group == {"group": list(groups(true)[0])}
    assert err == ""


def test_the_command_takes_the_threshold_of_the_corpus(starter, grow, capsys):
    grow(starter, 2)
    assert run("duplicates", "--corpus", starter) == 2
    assert "give --threshold" in capsys.readouterr().err
    config = starter / "dataset/corpus.toml"
    config.write_text("near_duplicates = 0.5\n" + config.read_text())
    assert run("duplicates", "--quiet", "--corpus", starter) == 0
    assert "made-0000  made-0001" in capsys.readouterr().out
    for threshold in ("0", "1.5", "nan", "-1"):
        assert run("duplicates", "--threshold", threshold, "--corpus", starter) == 2
        assert "above 0 and at most 1" in capsys.readouterr().err
